//! The patterns of Security Hub, CIS and the guide (`cloudtrail.md` 5.5 to 5.7).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{
    Corner,
    Verdict::{self, Match, NoMatch, Undetermined},
};
use super::{parse, verdict};
use crate::presets;

/// 4.1 of CIS 1.4.0 and 3.0.0 (`cloudtrail.md` 5.6).
const OR_THROUGHOUT: &str = r#"{ ($.errorCode = "*UnauthorizedOperation") || ($.errorCode = "AccessDenied*") || ($.sourceIPAddress!="delivery.logs.amazonaws.com") || ($.eventName!="HeadBucket") }"#;

fn preset(name: &str) -> &'static str {
    presets::find(name).and_then(presets::Preset::newest).unwrap().pattern
}

fn of_preset(name: &str, event: &Value) -> Verdict {
    verdict(preset(name), event)
}

#[test]
fn every_preset_keeps_its_meaning_when_it_is_printed() {
    let events = sample_events();
    for preset in presets::all() {
        let pattern = parse(preset.newest().unwrap().pattern);
        let printed = parse(&pattern.to_string());
        assert_eq!(printed, pattern, "{}", preset.name);
        assert!(printed.is_equivalent(&pattern));
        for event in &events {
            let event = event.to_string();
            assert_eq!(printed.evaluate(&event), pattern.evaluate(&event), "{}: {event}", preset.name);
            assert_eq!(
                pattern.normalised().evaluate(&event),
                pattern.evaluate(&event),
                "{}: {event}",
                preset.name
            );
        }
    }
}

fn sample_events() -> Vec<Value> {
    let mut events = vec![sign_in("IAMUser", "Success", Some("No")), json!({})];
    for preset in presets::all() {
        events.extend(parse(preset.newest().unwrap().pattern).samples());
    }
    events
}

fn root(changes: &Value) -> Value {
    let mut event =
        json!({"userIdentity": {"type": "Root"}, "eventType": "AwsApiCall", "eventName": "ListBuckets"});
    for (name, value) in changes.as_object().unwrap() {
        event[name] = value.clone();
    }
    event
}

fn sign_in(identity: &str, outcome: &str, mfa: Option<&str>) -> Value {
    let mut event = json!({
        "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn",
        "userIdentity": {"type": identity}, "responseElements": {"ConsoleLogin": outcome}, "additionalEventData": {},
    });
    if let Some(mfa) = mfa {
        event["additionalEventData"]["MFAUsed"] = mfa.into();
    }
    if outcome == "Failure" {
        event["errorMessage"] = "Failed authentication".into();
    }
    event
}

/// `cloudtrail.md` 5.5 and 5.7: the guide's own also counts what services do with root's identity.
#[test]
fn use_of_root() {
    let by_service = root(&json!({"userIdentity": {"type": "Root", "invokedBy": "support.amazonaws.com"}}));
    let of_service = root(&json!({"eventType": "AwsServiceEvent"}));
    let user = root(&json!({"userIdentity": {"type": "IAMUser"}}));
    for (event, exact, guide) in [
        (root(&json!({})), Match, Match),
        (by_service, NoMatch, Match),
        (of_service, NoMatch, Match),
        (user, NoMatch, NoMatch),
    ] {
        assert_eq!(of_preset("SecurityHub/CloudWatch.1", &event), exact, "{event}");
        assert_eq!(of_preset("CIS-5.0.0/4.3", &event), exact, "{event}");
        assert_eq!(of_preset("guide/root-usage", &event), guide, "{event}");
    }
}

/// `cloudtrail.md` 5.4 to 5.7: federated users always have MFAUsed "No"; without it, nobody knows.
#[test]
fn sign_in_without_mfa() {
    for (event, security_hub, cis) in [
        (sign_in("IAMUser", "Success", Some("No")), Match, Match),
        (sign_in("IAMUser", "Success", Some("Yes")), NoMatch, NoMatch),
        (sign_in("IAMUser", "Failure", Some("No")), NoMatch, Match),
        (sign_in("AssumedRole", "Success", Some("No")), NoMatch, Match),
        (sign_in("IAMUser", "Success", None), Undetermined, Undetermined),
        (sign_in("Root", "Success", None), NoMatch, Undetermined),
    ] {
        assert_eq!(of_preset("SecurityHub/CloudWatch.3", &event), security_hub, "{event}");
        let of_cis = verdict(
            r#"{ ($.eventName = "ConsoleLogin") && ($.additionalEventData.MFAUsed != "Yes") }"#,
            &event,
        );
        assert_eq!(of_cis, cis, "{event}");
    }
}

#[test]
fn failed_sign_ins() {
    let name = "SecurityHub/CloudWatch.6";
    assert_eq!(of_preset(name, &sign_in("IAMUser", "Failure", Some("No"))), Match);
    assert_eq!(of_preset(name, &sign_in("IAMUser", "Success", Some("No"))), NoMatch);
}

/// `cloudtrail.md` 5.6: any event whose name is not HeadBucket.
#[test]
fn the_older_cis_pattern_of_unauthorized_calls_matches_nearly_everything() {
    for (event, expected) in [
        (json!({"eventName": "GetObject", "sourceIPAddress": "delivery.logs.amazonaws.com"}), Match),
        (json!({"eventName": "HeadBucket", "sourceIPAddress": "192.0.2.1"}), Match),
        (json!({"eventName": "HeadBucket", "sourceIPAddress": "delivery.logs.amazonaws.com"}), NoMatch),
    ] {
        assert_eq!(verdict(OR_THROUGHOUT, &event), expected, "{event}");
    }
}

/// `cloudtrail.md` 5.6: && binds tighter, so the exclusions are about AccessDenied only.
#[test]
fn the_exclusions_of_cis_hold_for_one_half() {
    let delivery = |code: &str| json!({"errorCode": code, "sourceIPAddress": "delivery.logs.amazonaws.com", "eventName": "PutObject"});
    let person =
        |code: &str| json!({"errorCode": code, "sourceIPAddress": "192.0.2.1", "eventName": "PutObject"});
    let name = "CIS-5.0.0/4.1";
    for (event, expected) in [
        (delivery("Client.UnauthorizedOperation"), Match),
        (delivery("AccessDenied"), NoMatch),
        (person("AccessDeniedException"), Match),
        (
            json!({"errorCode": "AccessDenied", "sourceIPAddress": "192.0.2.1", "eventName": "HeadBucket"}),
            NoMatch,
        ),
        (json!({"eventName": "PutObject"}), NoMatch),
    ] {
        assert_eq!(of_preset(name, &event), expected, "{event}");
    }
    assert_eq!(of_preset("SecurityHub/CloudWatch.2", &delivery("AccessDenied")), Match);
}

/// `cloudtrail.md` 5.6: the audit text asks for the source of CreateRoute only.
#[test]
fn the_route_tables_of_cis_slip_likewise() {
    let audit = "{($.eventSource = ec2.amazonaws.com) && ($.eventName = CreateRoute) || ($.eventName = CreateRouteTable)}";
    let event = |source: &str, name: &str| json!({"eventSource": source, "eventName": name});
    assert_eq!(verdict(audit, &event("appmesh.amazonaws.com", "CreateRoute")), NoMatch);
    assert_eq!(verdict(audit, &event("other.amazonaws.com", "CreateRouteTable")), Match);
    assert_eq!(
        of_preset("SecurityHub/CloudWatch.13", &event("appmesh.amazonaws.com", "CreateRoute")),
        NoMatch
    );
    assert_eq!(of_preset("SecurityHub/CloudWatch.13", &event("ec2.amazonaws.com", "CreateRoute")), Match);
}

/// `cloudtrail.md` 5.7: it may never fire, and no corner is left by a regular expression but one about what is no text.
#[test]
fn the_guides_policies_have_a_star_in_the_middle() {
    let pattern = r#"{$.eventName = "Put*Policy" || $.eventName = "Delete*Policy"}"#;
    assert_eq!(verdict(pattern, &json!({"eventName": "PutRolePolicy"})), Undetermined);
    assert_eq!(parse(pattern).corners(), BTreeSet::from([Corner::StarInside]));
    assert!(Corner::StarInside.sentence().contains("may not be a wildcard"));
    let acls = r#"{$.eventName = "*NetworkAcl*"}"#;
    assert_eq!(verdict(acls, &json!({"eventName": "DescribeNetworkAcls"})), Match);
}

#[test]
fn patterns_of_security_hub_touch_corners_by_inequality_only() {
    for preset in presets::all().iter().filter(|preset| preset.standard() == "SecurityHub") {
        let corners = parse(preset.newest().unwrap().pattern).corners();
        let expected = match preset.control() {
            "CloudWatch.1" | "CloudWatch.3" => BTreeSet::from([Corner::NotEqualsMissing]),
            _ => BTreeSet::new(),
        };
        assert_eq!(corners, expected, "{}", preset.name);
    }
}

/// CIS prints 4.15 in short, with the field left out (`cloudtrail.md` 5.6): that is no pattern.
#[test]
fn a_list_of_names_is_refused() {
    let short = r#"{ ($.eventSource = organizations.amazonaws.com) && (($.eventName = "AcceptHandshake") || "AttachPolicy") }"#;
    let error = super::super::Pattern::parse(short).unwrap_err();
    assert_eq!(short.get(error.at..), Some("\"AttachPolicy\") }"));
}

#[test]
fn every_preset_but_those_that_may_never_match_has_samples() {
    for preset in presets::all() {
        let pattern = parse(preset.newest().unwrap().pattern);
        let samples = pattern.samples();
        let names: BTreeSet<_> = samples.iter().filter_map(|sample| sample["eventName"].as_str()).collect();
        let expected = match preset.control() {
            "CloudWatch.4" => 16,
            "CloudWatch.8" | "4.8" => 9,
            "CloudWatch.14" => 11,
            "4.15" => 21,
            "CloudWatch.3" | "CloudWatch.6" => 1,
            _ => names.len(),
        };
        assert_eq!(names.len(), expected, "{}", preset.name);
        assert!(!samples.is_empty(), "{}", preset.name);
        for sample in &samples {
            assert_eq!(pattern.evaluate(&sample.to_string()), Ok(Match), "{}: {sample}", preset.name);
            assert_eq!(sample["eventCategory"], "Management");
        }
    }
}

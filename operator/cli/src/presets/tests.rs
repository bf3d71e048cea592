//! What the verb says of presets.

use serde_json::Value;
use trail_operator_crds::MetricAlarm;
use trail_operator_domain::presets;

use super::{
    choosing::{Chosen, choose},
    judging,
    manifests::{self, Place},
    showing, topic,
};

const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:security";

fn chosen(names: &[&str]) -> Chosen {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    choose(&names).unwrap()
}

fn names(chosen: &Chosen) -> Vec<&str> {
    chosen.presets.iter().map(|preset| preset.name).collect()
}

fn refused(name: &str) -> String {
    choose(&[name.to_owned()]).unwrap_err().to_string()
}

#[test]
fn a_preset_and_a_standard_are_named_in_every_usual_way() {
    assert_eq!(chosen(&[]).presets.len(), presets::all().len());
    for (name, count) in
        [("cis", 15), ("CIS-5.0.0", 15), ("security-hub", 14), ("Guide", 5), ("cis-1.2.0", 14)]
    {
        assert_eq!(chosen(&[name]).presets.len(), count, "{name}");
    }
    for (name, preset) in [
        ("cis-5.0.0/4.3", "CIS-5.0.0/4.3"),
        ("cis/4.3", "CIS-5.0.0/4.3"),
        ("CIS-1.2.0/3.3", "CIS-5.0.0/4.3"),
        ("security-hub/cloudwatch.1", "SecurityHub/CloudWatch.1"),
        ("guide/root-usage", "guide/root-usage"),
    ] {
        assert_eq!(names(&chosen(&[name])), [preset], "{name}");
    }
    let twice = chosen(&["guide/root-usage", "cis/4.3", "guide", "cis-5.0.0/4.3"]);
    assert_eq!(twice.presets.len(), 6, "each once: {:?}", names(&twice));
}

#[test]
fn another_version_of_cis_is_told_to_be_one() {
    assert_eq!(chosen(&["CIS-1.2.0/3.3"]).notes, ["CIS-1.2.0/3.3 is another name for CIS-5.0.0/4.3"]);
    assert!(chosen(&["cis-7.0.0"]).notes[0].contains("numbers in CIS 5.0.0"));
    assert_eq!(chosen(&["cis", "CIS-5.0.0/4.3", "security-hub"]).notes, [] as [&str; 0]);
}

#[test]
fn a_wrong_name_is_told_with_those_that_are_closest() {
    let error = refused("SecurityHub/CloudWatch.15");
    assert!(
        error.contains("SecurityHub/CloudWatch.1") && error.contains("Standards are SecurityHub, CIS-5.0.0"),
        "{error}"
    );
    assert!(refused("root-usag").contains("Do you mean guide/root-usage"), "{}", refused("root-usag"));
    assert!(refused("cis-5.0.1").contains("Do you mean CIS-5.0.0,"), "{}", refused("cis-5.0.1"));
    assert!(!refused("xyzzy").contains("Do you mean"), "{}", refused("xyzzy"));
    // Chapters of other versions have other numbers: this is not 4.3.
    refused("CIS-7.0.0/4.3");
}

#[test]
fn manifests_are_objects_that_fill_in_their_preset() {
    let topics = [TOPIC.to_owned()];
    let place = Place { namespace: Some("security"), trail: Some("audit"), topics: &topics };
    let yaml = manifests::yaml(&chosen(&[]), &place).unwrap();
    let objects: Vec<MetricAlarm> = serde_saphyr::from_multiple(&yaml).unwrap();
    assert_eq!(objects.len(), presets::all().len());
    let mut names = std::collections::BTreeSet::new();
    for (object, preset) in objects.iter().zip(presets::all()) {
        let name = object.metadata.name.clone().unwrap();
        assert_eq!(crate::import::problem_of_name(&name), None);
        assert!(names.insert(name.clone()), "{name} is there twice");
        assert_eq!(object.metadata.namespace.as_deref(), Some("security"));
        let filled = trail_operator_reconcile::metric_alarm::effective(object).unwrap();
        assert_eq!(filled.filter.pattern.as_deref(), preset.newest().map(|revision| revision.pattern));
        assert_eq!(filled.alarm.alarm_actions.as_deref(), Some(topics.as_slice()));
    }
    let root = manifests::yaml(&chosen(&["CIS-5.0.0/4.3"]), &place).unwrap();
    assert_eq!(
        root,
        "# CIS-5.0.0/4.3: use of the root user.\napiVersion: trail-operator.dev/v1alpha1\nkind: MetricAlarm\nmetadata:\n  name: cis-4.3-root-usage\n  namespace: security\nspec:\n  trailRef:\n    name: audit\n  preset: CIS-5.0.0/4.3\n  alarm:\n    alarmActions:\n    - arn:aws:sns:us-east-1:111122223333:security\n"
    );
}

/// Filter and alarm in AWS are called after the object, so that another name would leave the old ones behind.
#[test]
fn names_of_objects_stay() {
    for (preset, name) in [
        ("CIS-5.0.0/4.1", "cis-4.1-unauthorized-api-calls"),
        ("CIS-5.0.0/4.5", "cis-4.5-cloudtrail-changes"),
        ("SecurityHub/CloudWatch.1", "cloudwatch.1-root-usage"),
        ("SecurityHub/CloudWatch.7", "cloudwatch.7-kms-keys-disabled-or-deleted"),
        ("guide/iam-policy-changes", "guide-iam-policy-changes"),
    ] {
        assert_eq!(manifests::name(presets::find(preset).unwrap()), name);
    }
}

#[test]
fn what_is_left_open_is_told() {
    let place = Place { namespace: None, trail: None, topics: &[] };
    let notes = place.notes();
    assert!(notes[0].contains("NAME-OF-THE-TRAIL") && notes[1].contains("nobody is told"), "{notes:?}");
    let yaml = manifests::yaml(&chosen(&["cis/4.3"]), &place).unwrap();
    assert!(yaml.contains("name: NAME-OF-THE-TRAIL\n") && !yaml.contains("alarm:"), "{yaml}");
    assert!(crate::import::problem_of_name("NAME-OF-THE-TRAIL").is_some(), "no Trail can be called so");
}

#[test]
fn a_guide_s_preset_says_which_control_fails_it_and_why() {
    for preset in presets::all().iter().filter(|preset| judging::is_of_guide(preset)) {
        let notes = judging::notes(preset);
        assert!(notes[0].starts_with("SecurityHub CloudWatch."), "{}: {notes:?}", preset.name);
    }
    let star = judging::notes(presets::find("guide/iam-policy-changes").unwrap());
    assert!(star.iter().any(|note| note.contains("may not be a wildcard")), "{star:?}");
    let root = judging::notes(presets::find("guide/root-usage").unwrap());
    assert!(
        root[0].contains("it lacks $.eventType != \"AwsServiceEvent\", $.userIdentity.invokedBy NOT EXISTS"),
        "{root:?}"
    );
    let cis = judging::notes(presets::find("CIS-5.0.0/4.1").unwrap());
    assert!(
        cis[0].contains("it asks for $.eventName != \"HeadBucket\", ") && cis[0].ends_with(" besides."),
        "{cis:?}"
    );
    let table = showing::table(&chosen(&["guide"]));
    assert!(table.contains("CloudWatch.1 fails it"), "{table}");
}

#[test]
fn the_table_says_who_accepts_what() {
    let table = anstream::adapter::strip_str(&showing::table(&chosen(&[]))).to_string();
    let row =
        |name: &str| table.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap().to_owned();
    let cells =
        |name: &str| row(name).split_whitespace().skip(3).take(3).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(cells("SecurityHub/CloudWatch.1"), ["2026-11", "accepts", "accepts"]);
    assert_eq!(cells("CIS-5.0.0/4.2"), ["2026-11", "fails", "accepts"]);
    assert_eq!(cells("CIS-5.0.0/4.15"), ["2026-11", "none", "accepts"]);
    assert_eq!(cells("guide/root-usage"), ["2026-11", "fails", "fails"]);
    assert!(
        row("CIS-5.0.0/4.3").contains("CIS 4.3") && row("CIS-5.0.0/4.3").ends_with("use of the root user")
    );
}

#[test]
fn programs_get_the_manifests_too() {
    let place = Place { namespace: None, trail: Some("audit"), topics: &[] };
    let document = serde_json::to_value(showing::document(&chosen(&["cis/4.3"]), &place).unwrap()).unwrap();
    assert_eq!(
        (&document["kind"], document["presets"].as_array().map(Vec::len)),
        (&Value::from("Presets"), Some(1))
    );
    let one = &document["presets"][0];
    assert_eq!(one["manifest"]["spec"]["preset"], "CIS-5.0.0/4.3");
    assert_eq!(one["controls"][0]["accepts"], true);
}

#[test]
fn only_topics_are_told() {
    assert_eq!(topic(TOPIC).as_deref(), Ok(TOPIC));
    assert!(topic("arn:aws-cn:sns:cn-north-1:111122223333:a_b-c").is_ok());
    for text in [
        "",
        "security",
        "arn:aws:sqs:us-east-1:111122223333:a",
        "arn:aws:sns:us-east-1:1:a",
        "arn:aws:sns:us-east-1:111122223333:a:b",
    ] {
        assert!(topic(text).unwrap_err().contains("arn:aws:sns:us-east-1:111122223333:security"), "{text}");
    }
}

//! What cannot change once an object is there, and that everything else can.

use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::manifests::{account, basic_event_selector, edited, event_selector, metric_alarm, trail};
use crate::refused::{Answer, Row, answer};
use crate::server::{crds, each, server};

const TRAIL_NAME: &str = "`trailName` is immutable, also from unset to set: CloudTrail cannot rename a trail";
const REGION: &str = "is immutable: the home Region of a trail cannot change; make a new Trail";
const ACCOUNT: &str = "is immutable: a trail cannot move to another account; make a new Trail";
const TRAIL: &str =
    "is immutable: make a new EventSelector for another Trail, and delete this one when that one is Applied";
const ALARMED: &str =
    "is immutable: make a new MetricAlarm for another Trail, and delete this one when that one is Ready";
const ACCOUNT_ID: &str = "is immutable; make a new AwsAccount";

/// A change of an object that is there.
struct Change {
    of: &'static str,
    row: Row,
}

fn change(
    of: &'static str,
    what: &'static str,
    spec: &Value,
    at: &'static str,
    says: &'static str,
) -> Change {
    let kind = match of {
        "kept" => "AwsAccount",
        "selecting" | "least-selecting" => "EventSelector",
        "ringing" => "MetricAlarm",
        _ => "Trail",
    };
    Change { of, row: Row { kind, what, patch: json!({"spec": spec}), at, says } }
}

/// Objects: Trail `named` sets every field, Trail `unnamed` only those it must, EventSelector `selecting` sets every field
/// of the advanced form, EventSelector `least-selecting` those of the basic form that it must, MetricAlarm `ringing` and
/// AwsAccount `kept` set every field.
#[expect(clippy::unwrap_used, reason = "without its objects no test here has anything to say")]
fn make_objects() {
    static MADE: OnceLock<()> = OnceLock::new();
    MADE.get_or_init(|| {
        let named = edited(trail(), &json!({"metadata": {"name": "named"}}));
        let least = json!({"region": "eu-central-1", "s3": {"bucketName": "audit-logs-111122223333"}});
        let mut unnamed = edited(trail(), &json!({"metadata": {"name": "unnamed"}}));
        unnamed["spec"] = least;
        let kept = edited(account(), &json!({"metadata": {"name": "kept"}}));
        let selecting = edited(event_selector(), &json!({"metadata": {"name": "selecting"}}));
        let least =
            json!({"priority": null, "trailRef": {"namespace": null}, "basic": {"readWriteType": null}});
        let least_selecting =
            edited(basic_event_selector(), &json!({"metadata": {"name": "least-selecting"}, "spec": least}));
        let ringing = edited(metric_alarm(), &json!({"metadata": {"name": "ringing"}}));
        for object in [named, unnamed, selecting, least_selecting, ringing, kept] {
            server().kubectl_with(&["create"], &object).unwrap();
        }
    });
}

fn changes() -> Vec<Change> {
    vec![
        change("named", "another trail name", &json!({"trailName": "Other"}), "spec", TRAIL_NAME),
        change(
            "named",
            "the trail name in other case",
            &json!({"trailName": "good_trail-1"}),
            "spec",
            TRAIL_NAME,
        ),
        change("named", "no trail name any more", &json!({"trailName": null}), "spec", TRAIL_NAME),
        change("unnamed", "a trail name at last", &json!({"trailName": "Other"}), "spec", TRAIL_NAME),
        change(
            "unnamed",
            "the object's name as trail name",
            &json!({"trailName": "unnamed"}),
            "spec",
            TRAIL_NAME,
        ),
        change(
            "named",
            "another home Region",
            &json!({"region": "us-east-1", "sns": {"topicArn": "arn:aws:sns:us-east-1:111122223333:cloudtrail"}}),
            "spec.region",
            REGION,
        ),
        change(
            "unnamed",
            "another home Region for a small trail",
            &json!({"region": "us-east-1"}),
            "spec.region",
            REGION,
        ),
        change(
            "named",
            "another account",
            &json!({"accountRef": {"name": "other"}}),
            "spec.accountRef",
            ACCOUNT,
        ),
        change(
            "named",
            "the default account instead",
            &json!({"accountRef": null}),
            "spec.accountRef",
            ACCOUNT,
        ),
        change(
            "unnamed",
            "an account instead of the default",
            &json!({"accountRef": {"name": "other"}}),
            "spec.accountRef",
            ACCOUNT,
        ),
        change("selecting", "another trail", &json!({"trailRef": {"name": "other"}}), "spec.trailRef", TRAIL),
        change(
            "selecting",
            "a trail of another namespace",
            &json!({"trailRef": {"namespace": "other"}}),
            "spec.trailRef",
            TRAIL,
        ),
        change(
            "selecting",
            "a trail of its own namespace",
            &json!({"trailRef": {"namespace": null}}),
            "spec.trailRef",
            TRAIL,
        ),
        change(
            "least-selecting",
            "a namespace for the trail",
            &json!({"trailRef": {"namespace": "default"}}),
            "spec.trailRef",
            TRAIL,
        ),
        change(
            "ringing",
            "another trail for an alarm",
            &json!({"trailRef": {"name": "other"}}),
            "spec.trailRef",
            ALARMED,
        ),
        change(
            "kept",
            "another account id",
            &json!({"accountId": "444455556666"}),
            "spec.accountId",
            ACCOUNT_ID,
        ),
    ]
}

/// The API server's answers to all of them.
pub fn answers() -> &'static [Answer] {
    static ANSWERS: OnceLock<Vec<Answer>> = OnceLock::new();
    ANSWERS.get_or_init(|| {
        make_objects();
        each(&changes(), |change| {
            answer(&change.row, server().dry_patch(change.row.kind, change.of, &change.row.patch))
        })
    })
}

#[test]
fn what_cannot_change_is_refused_with_what_to_do_instead() {
    let problems: Vec<_> = answers().iter().filter_map(|answer| answer.problem.as_deref()).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Field of a Trail's spec, and another value for it; `Null` takes it away.
fn other_trails() -> Vec<(&'static str, Value)> {
    vec![
        ("logging", json!({"logging": "Disabled"})),
        ("isMultiRegionTrail", json!({"isMultiRegionTrail": false})),
        (
            "includeGlobalServiceEvents",
            json!({"includeGlobalServiceEvents": false, "isMultiRegionTrail": false}),
        ),
        ("isOrganizationTrail", json!({"isOrganizationTrail": true})),
        ("enableLogFileValidation", json!({"enableLogFileValidation": false})),
        ("recursiveLogging", json!({"recursiveLogging": false})),
        ("recursiveLogging", json!({"recursiveLogging": null})),
        ("managementEvents", json!({"managementEvents": null})),
        (
            "managementEvents",
            json!({"managementEvents": {"readWriteType": "WriteOnly", "excludeEventSources": []}}),
        ),
        (
            "managementEvents",
            json!({"managementEvents": {"readWriteType": "None", "excludeEventSources": []}, "insightSelectors": null}),
        ),
        ("eventSelectorsFrom", json!({"eventSelectorsFrom": null})),
        ("eventSelectorsFrom", json!({"eventSelectorsFrom": {"namespaces": "All", "selector": null}})),
        ("s3", json!({"s3": {"bucketName": "another-bucket", "keyPrefix": null}})),
        ("kms", json!({"kms": null})),
        ("kms", json!({"kms": {"keyId": "alias/another"}})),
        ("cloudWatchLogs", json!({"cloudWatchLogs": null})),
        (
            "cloudWatchLogs",
            json!({"cloudWatchLogs": {"logGroupName": "/audit/other", "roleArn": "arn:aws:iam::111122223333:role/other"}}),
        ),
        ("sns", json!({"sns": null})),
        ("sns", json!({"sns": {"topicArn": "arn:aws:sns:eu-central-1:444455556666:other"}})),
        ("insightSelectors", json!({"insightSelectors": null})),
        ("insightSelectors", json!({"insightSelectors": [{"insightType": "ApiErrorRateInsight"}]})),
        ("aggregation", json!({"aggregation": null})),
        ("aggregation", json!({"aggregation": {"templates": ["USER_ACTIONS"]}})),
        ("tags", json!({"tags": {"Environment": null, "Team": "audit"}})),
        ("tags", json!({"tags": null})),
        ("adoptionPolicy", json!({"adoptionPolicy": "IfUnowned"})),
        ("adoptFrom", json!({"adoptFrom": null})),
        ("adoptFrom", json!({"adoptFrom": "green/audit/other"})),
        ("deletionPolicy", json!({"deletionPolicy": "Delete"})),
        ("managementPolicy", json!({"managementPolicy": "Observe"})),
        ("suspend", json!({"suspend": true})),
        ("intervalSeconds", json!({"intervalSeconds": 60})),
        ("validation", json!({"validation": {"intervalSeconds": 60}})),
        ("validation", json!({"validation": null})),
        ("cost", json!({"cost": {"monthlyBudget": "250.00"}})),
        ("cost", json!({"cost": null})),
    ]
}

/// The same of an EventSelector's.
fn other_event_selectors() -> Vec<(&'static str, Value)> {
    let buckets = json!([{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}]);
    let topics = json!([
        {"field": "eventCategory", "equals": ["Data"]},
        {"field": "resources.type", "equals": ["AWS::SNS::Topic"]},
    ]);
    vec![
        ("priority", json!({"priority": 7})),
        ("priority", json!({"priority": null})),
        (
            "basic",
            json!({"advanced": null, "basic": {"readWriteType": "ReadOnly", "dataResources": buckets}}),
        ),
        ("advanced", json!({"basic": null, "advanced": [{"name": "Topics", "fieldSelectors": topics}]})),
    ]
}

/// The same of a MetricAlarm's.
fn other_metric_alarms() -> Vec<(&'static str, Value)> {
    vec![
        ("preset", json!({"preset": "SecurityHub/CloudWatch.1"})),
        ("preset", json!({"preset": null, "presetRevision": null})),
        ("presetRevision", json!({"presetRevision": null})),
        ("filter", json!({"filter": {"name": null, "pattern": "{ $.eventName = StopLogging }"}})),
        ("filter", json!({"filter": null})),
        ("metric", json!({"metric": {"value": "$.size", "defaultValue": null}})),
        ("metric", json!({"metric": null})),
        (
            "alarm",
            json!({"alarm": {"alarmName": "other", "statistic": "Maximum", "treatMissingData": "ignore"}}),
        ),
        ("alarm", json!({"alarm": null})),
        ("tags", json!({"tags": null})),
        ("adoptionPolicy", json!({"adoptionPolicy": "IfUnowned"})),
        ("deletionPolicy", json!({"deletionPolicy": "Delete"})),
        ("managementPolicy", json!({"managementPolicy": "Observe"})),
        ("suspend", json!({"suspend": true})),
    ]
}

/// The same of an AwsAccount's.
fn other_accounts() -> Vec<(&'static str, Value)> {
    vec![
        ("roleArn", json!({"roleArn": null, "externalId": null})),
        ("roleArn", json!({"roleArn": "arn:aws:iam::111122223333:role/other"})),
        ("externalId", json!({"externalId": null})),
        ("externalId", json!({"externalId": "green-cluster"})),
        ("allowedNamespaces", json!({"allowedNamespaces": null})),
        (
            "allowedNamespaces",
            json!({"allowedNamespaces": {"names": ["other"], "selector": {"matchLabels": null}}}),
        ),
        ("allowedRegions", json!({"allowedRegions": null})),
        ("allowedRegions", json!({"allowedRegions": ["us-east-1"]})),
        ("allowedResources", json!({"allowedResources": null})),
        ("allowedResources", json!({"allowedResources": {"buckets": ["*"], "kmsKeyArns": null}})),
        ("guardrails", json!({"guardrails": null})),
        ("guardrails", json!({"guardrails": {"weakening": "Allow", "breakGlass": null}})),
    ]
}

#[test]
fn everything_else_can_change_both_ways() {
    make_objects();
    let trails = other_trails().into_iter().map(|(_, spec)| ("Trail", &["named", "unnamed"][..], spec));
    let accounts = other_accounts().into_iter().map(|(_, spec)| ("AwsAccount", &["kept"][..], spec));
    let selecting = &["selecting", "least-selecting"][..];
    let selectors = other_event_selectors().into_iter().map(|(_, spec)| ("EventSelector", selecting, spec));
    let alarms = other_metric_alarms().into_iter().map(|(_, spec)| ("MetricAlarm", &["ringing"][..], spec));
    let changes: Vec<_> = trails.chain(selectors).chain(alarms).chain(accounts).collect();
    let answers = each(&changes, |(kind, objects, spec)| {
        let patch = json!({"spec": spec});
        objects
            .iter()
            .filter_map(|of| server().dry_patch(kind, of, &patch).err())
            .map(|e| e.to_string())
            .collect::<Vec<_>>()
    });
    let refused = answers.concat();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
}

#[test]
fn each_field_of_the_specs_is_known_to_be_mutable_or_not() {
    let mutable = [other_trails(), other_event_selectors(), other_metric_alarms(), other_accounts()].concat();
    let mutable = mutable.into_iter().map(|(field, _)| field.to_owned());
    let immutable = ["trailName", "region", "accountRef", "trailRef", "accountId"].map(str::to_owned);
    let known: BTreeSet<_> = mutable.chain(immutable).collect();
    let mut fields = BTreeSet::new();
    for kind in ["trails", "eventselectors", "metricalarms", "awsaccounts"] {
        let file = crds().join(format!("{kind}.trail-operator.dev.yaml"));
        let crd: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let spec =
            &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        fields.extend(spec.as_object().unwrap().keys().cloned());
    }
    assert_eq!(known, fields);
}

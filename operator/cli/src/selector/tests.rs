//! What selectors of manifests say of events.

use std::fs;

use serde_json::{Value, json};

use super::{
    counting::{Counts, most_frequent},
    declared::{Declared, of},
    name,
};
use crate::plan::read_manifests;
use trail_operator_domain::selectors::Record;

fn trail(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: trail-operator.dev/v1alpha1\nkind: Trail\nmetadata: {{name: {name}}}\nspec: {{region: eu-west-1, s3: {{bucketName: logs}}{spec}}}\n---\n"
    )
}

fn selector(name: &str, trail: &str, spec: &str) -> String {
    format!(
        "apiVersion: trail-operator.dev/v1alpha1\nkind: EventSelector\nmetadata: {{name: {name}}}\nspec: {{trailRef: {{name: {trail}}}, {spec}}}\n---\n"
    )
}

const BASIC: &str = "basic: {readWriteType: WriteOnly, dataResources: [{type: AWS::S3::Object, values: ['arn:aws:s3:::a/']}]}";
const UNNAMED: &str = "advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: [AWS::SNS::Topic]}]}]";

fn declared(manifests: &str, wanted: Option<&str>) -> Result<Declared, String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("manifests.yaml");
    fs::write(&file, manifests).unwrap();
    let objects = read_manifests(&[file], None, None).map_err(|error| format!("{error:#}"))?;
    of(&objects, wanted).map_err(|error| format!("{error:#}"))
}

fn event(name: &str, category: &str, kind: &str, arn: &str) -> Value {
    json!({
        "eventSource": "x.amazonaws.com", "eventName": name, "eventCategory": category, "readOnly": false,
        "awsRegion": "us-east-1", "resources": [{"type": kind, "ARN": arn}],
    })
}

fn counted(declared: &Declared, events: &[Value]) -> Counts {
    let mut counts = Counts::of(&declared.selectors, true);
    for event in events {
        counts.add(&Record::from_json(event).unwrap(), &name(event), declared.is_elsewhere(event));
    }
    counts
}

#[test]
fn events_are_counted_by_the_selectors_that_take_them() {
    let manifests = [
        trail("main", ", isMultiRegionTrail: false, logging: Disabled"),
        selector("bucket", "main", BASIC),
        selector("again", "main", BASIC),
        selector("topics", "main", UNNAMED),
        selector("elsewhere", "other", UNNAMED),
    ];
    let declared = declared(&manifests.concat(), None).unwrap();
    let mut prefix = event("DeleteObjects", "Data", "AWS::S3::Object", "");
    prefix["resources"] = json!([{"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::a"}]);
    let events = [
        event("Put", "Data", "AWS::S3::Object", "arn:aws:s3:::a/b"),
        event("Put", "Data", "AWS::S3::Object", "arn:aws:s3:::z/b"),
        event("Publish", "Data", "AWS::SNS::Topic", "arn:aws:sns:us-east-1:1:t"),
        prefix,
        event("Run", "Management", "", ""),
        event("Invoke", "Data", "AWS::Lambda::Function", ""),
        event("Put", "Data", "AWS::S3::Object", "arn:aws:s3:::z/c"),
    ];
    let counts = counted(&declared, &events);
    let wanted = [
        ("Management events selector", 1),
        ("default/again", 1),
        ("default/bucket", 1),
        ("default/topics", 1),
    ];
    assert_eq!(counts.by_selector(), wanted.map(|(name, count)| (name.to_owned(), count)));
    assert_eq!((counts.events, counts.recorded, counts.undetermined), (7, 3, 1));
    let lists = counts.lists.as_ref().unwrap();
    assert_eq!(
        (lists.recorded.as_slice(), lists.undetermined.as_slice()),
        ([0, 2, 4].as_slice(), [3].as_slice())
    );
    let most = [("x.amazonaws.com Put", 2), ("x.amazonaws.com Invoke", 1)];
    assert_eq!(most_frequent(&counts.unrecorded, 9), most);
    assert_eq!(most_frequent(&counts.unrecorded, 1), most[..1]);
    let notes = declared.notes(&counts);
    assert!(
        notes[0].contains("spec.logging is Disabled") && notes[1].starts_with("3 of the recorded"),
        "{notes:?}"
    );
}

#[test]
fn one_trail_is_tested_and_it_has_to_be_clear_which() {
    let two = [trail("main", ""), trail("other", "")].concat();
    let error = declared(&two, None).unwrap_err();
    assert_eq!(error, "there is more than one Trail; say which with --trail: default/main, default/other");
    assert_eq!(declared(&two, Some("other")).unwrap().trail, "default/other");
    assert_eq!(declared(&two, Some("default/main")).unwrap().trail, "default/main");
    let error = declared(&two, Some("none")).unwrap_err();
    assert_eq!(error, "there is no Trail 'none' in the manifests; there is default/main, default/other");
}

#[test]
fn what_the_operator_would_refuse_is_an_error_with_its_place() {
    let invalid = [trail("main", ""), selector("bad", "main", &BASIC.replace("s3:::a/", "s3:::a"))].concat();
    let error = declared(&invalid, None).unwrap_err();
    assert!(
        error.starts_with("EventSelector default/bad in ") && error.contains("Invalid: spec.basic"),
        "{error}"
    );
    let foreign = selector("far", "main, namespace: default", UNNAMED)
        .replace("name: far", "name: far, namespace: team");
    let foreign = [trail("main", ""), foreign].concat();
    let error = declared(&foreign, None).unwrap_err();
    assert!(error.starts_with("EventSelector team/far in ") && error.contains("NotPermitted: "), "{error}");
    let by_label = ", eventSelectorsFrom: {namespaces: Selector, selector: {matchLabels: {team: a}}}";
    let by_label = foreign.replace(", s3:", &format!("{by_label}, s3:"));
    assert_eq!(declared(&by_label, None).unwrap().selectors.len(), 2, "labels are taken to fit");
    let nothing = trail("main", ", managementEvents: {readWriteType: None}");
    let error = declared(&nothing, None).unwrap_err();
    assert!(error.contains("would record nothing"), "{error}");
    assert_eq!(declared(&[nothing, selector("a", "main", BASIC)].concat(), None).unwrap().selectors.len(), 1);
}

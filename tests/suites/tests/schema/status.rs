//! The status of a new object, and what cannot be written there.

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::manifests::{account, edited, event_selector, trail};
use crate::server::{said, server};

fn kinds() -> [(&'static str, Value); 3] {
    [("trail", trail()), ("eventselector", event_selector()), ("awsaccount", account())]
}

#[test]
fn the_status_of_a_new_object_speaks_of_no_generation_yet() {
    // Whoever creates an object cannot vouch for it: status has an endpoint of its own.
    let boast = json!({"metadata": {"name": "new"}, "status": {"observedGeneration": 1}});
    for (kind, manifest) in kinds() {
        server().kubectl_with(&["create"], &edited(manifest, &boast)).unwrap();
        let object = server().cluster.kubectl_json(&["get", kind, "new"]).unwrap();
        assert_eq!(object["status"], json!({"observedGeneration": -1}), "{kind}");
        assert_eq!(object["metadata"]["generation"], 1, "{kind}");
    }
}

#[test]
fn conditions_keep_the_form_that_tools_rely_on() {
    let good = json!({
        "type": "Ready", "status": "Unknown", "reason": "Progressing", "message": "", "observedGeneration": 1,
        "lastTransitionTime": "2026-11-22T10:00:00Z",
    });
    let with = |patch: Value| vec![edited(good.clone(), &patch)];
    let rows = [
        (with(json!({"status": "Maybe"})), "supported values: \"True\", \"False\", \"Unknown\""),
        (with(json!({"status": true})), "must be of type string"),
        (with(json!({"status": null})), "status.conditions[0].status: Required value"),
        (
            with(json!({"reason": ""})),
            "status.conditions[0].reason: Invalid value: \"\": conditions[0].reason in body should be at least 1",
        ),
        (with(json!({"reason": null})), "status.conditions[0].reason: Required value"),
        (with(json!({"message": null})), "status.conditions[0].message: Required value"),
        (with(json!({"lastTransitionTime": "now"})), "must be of type date-time"),
        (with(json!({"type": null})), "status.conditions[0].type: Required value"),
        (vec![good.clone(), good.clone()], "status.conditions[1]: Duplicate value"),
    ];
    for (kind, manifest) in kinds() {
        let object = edited(manifest, &json!({"metadata": {"name": "told"}}));
        server().kubectl_with(&["create"], &object).unwrap();
        write_status(kind, "told", &json!({"conditions": [&good]})).context("a good condition").unwrap();
        for (conditions, says) in &rows {
            let refusal =
                write_status(kind, "told", &json!({"conditions": conditions})).unwrap_err().to_string();
            assert!(refusal.contains(says), "{kind}: {conditions:?} should give {says:?} but gave {refusal}");
        }
    }
}

#[test]
fn what_an_event_selector_records_can_be_told_whatever_the_rules_of_its_spec_say_by_now() {
    let object = edited(event_selector(), &json!({"metadata": {"name": "accepted"}}));
    server().kubectl_with(&["create"], &object).unwrap();
    let selector = |category: &str| json!({"name": "n", "fieldSelectors": [{"field": "eventCategory", "equals": [category]}]});
    for selectors in [json!([]), json!([selector("Data")]), json!([selector("Of a later version")])] {
        let status = json!({
            "observedGeneration": 2, "appliedRevision": "r1",
            "accepted": {"generation": 1, "selectors": selectors},
            "records": ["writes to S3 objects"], "overlaps": ["default/other"],
            "warnings": [{"reason": "RecordsOwnBucket", "message": "The trail records its own bucket."}],
        });
        write_status("eventselector", "accepted", &status).unwrap();
    }
}

#[test]
fn a_trail_can_tell_what_it_records() {
    let object = edited(trail(), &json!({"metadata": {"name": "recording"}}));
    server().kubectl_with(&["create"], &object).unwrap();
    let selectors = |types: &[&str]| {
        json!({"selectors": {
            "revision": "r2", "appliedRevision": "r1", "count": 2, "managementEvents": "all",
            "dataResourceTypes": types,
        }})
    };
    write_status("trail", "recording", &selectors(&["AWS::S3::Object", "AWS::Lambda::Function"])).unwrap();
    let twice = write_status("trail", "recording", &selectors(&["AWS::S3::Object"; 2])).unwrap_err();
    assert!(twice.to_string().contains("dataResourceTypes[1]: Duplicate value"), "{twice}");
}

fn write_status(kind: &str, name: &str, status: &Value) -> Result<()> {
    let patch = json!({"status": status}).to_string();
    let output = server().cluster.kubectl_output(&[
        "patch",
        kind,
        name,
        "--subresource=status",
        "--dry-run=server",
        "--type",
        "merge",
        "--patch",
        &patch,
    ])?;
    if !output.status.success() {
        bail!("{}", said(&output));
    }
    Ok(())
}

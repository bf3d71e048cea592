//! The status of a new object, and what cannot be written there.

use std::slice::from_ref;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::manifests::{account, edited, trail};
use crate::server::{said, server};

fn kinds() -> [(&'static str, Value); 2] {
    [("trail", trail()), ("awsaccount", account())]
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
        write_status(kind, from_ref(&good)).context("a good condition").unwrap();
        for (conditions, says) in &rows {
            let refusal = write_status(kind, conditions).unwrap_err().to_string();
            assert!(refusal.contains(says), "{kind}: {conditions:?} should give {says:?} but gave {refusal}");
        }
    }
}

fn write_status(kind: &str, conditions: &[Value]) -> Result<()> {
    let patch = json!({"status": {"conditions": conditions}}).to_string();
    let output = server().cluster.kubectl_output(&[
        "patch",
        kind,
        "told",
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

//! Objects that are there already: what a newer definition makes of one that it would not take.

use std::fs;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;

use crate::manifests::{account, edited, trail};
use crate::server::{crds, server};

/// A definition under a name of its own, so that no other test sees it.
fn named_apart(file: &str, singular: &str) -> Result<Value> {
    let crd: Value = serde_saphyr::from_str(&fs::read_to_string(crds().join(file))?)?;
    let plural = format!("{singular}s");
    let names = json!({"kind": singular, "plural": plural, "singular": singular});
    let mut crd = edited(
        crd,
        &json!({"metadata": {"name": format!("{plural}.stored.example")}, "spec": {"group": "stored.example"}}),
    );
    crd["spec"]["names"] = names;
    Ok(crd)
}

/// The same as it might have been: with every field, and no rule on them.
fn lax(crd: &Value) -> Value {
    fn relax(schema: &mut Value) {
        let Some(members) = schema.as_object_mut() else { return };
        for rule in ["x-kubernetes-validations", "enum", "maxLength", "minItems"] {
            // A field may be called like a rule; its value is a schema then.
            if members.get(rule).is_some_and(|value| !value.is_object()) {
                members.remove(rule);
            }
        }
        members.values_mut().for_each(relax);
    }
    let mut crd = crd.clone();
    relax(&mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
    crd
}

#[test]
fn labels_and_finalizers_of_an_object_that_is_no_longer_good_can_be_written_and_its_spec_cannot() {
    let bad_trail = json!({
        "region": "Frankfurt", "isMultiRegionTrail": true, "includeGlobalServiceEvents": false,
        "managementEvents": {"readWriteType": "ReadOnly"}, "tags": {"aws:x": "y"}, "adoptionPolicy": "Always",
        "kms": {"keyId": "x".repeat(2049)}, "aggregation": {"templates": []},
    });
    let bad_account = json!({"roleArn": "arn:aws:iam::444455556666:role/x", "allowedRegions": ["Frankfurt"]});
    let suspended = json!({"spec": {"suspend": true}});
    let allowed = json!({"spec": {"allowedNamespaces": {"names": ["other"]}}});
    for (kind, definition, good, bad, edit) in [
        ("storedtrail", "trails", trail(), bad_trail, suspended),
        ("storedaccount", "awsaccounts", account(), bad_account, allowed),
    ] {
        let crd = named_apart(&format!("{definition}.trail-operator.dev.yaml"), kind).unwrap();
        let (cluster, name) = (&server().cluster, format!("{kind}s.stored.example"));
        server().kubectl_with(&["create"], &lax(&crd)).unwrap();
        cluster
            .kubectl(&["wait", "--for", "condition=Established", "--timeout", "30s", "crd", &name])
            .unwrap();
        let object = json!({"apiVersion": "stored.example/v1alpha1", "kind": kind, "spec": bad});
        let stored = edited(good, &object);
        server().kubectl_with(&["create"], &stored).unwrap();
        server().kubectl_with(&["replace"], &crd).unwrap();

        // The rules are in force once a new object is refused by them.
        let metadata = json!({"metadata": {
            "labels": {"a": "b"}, "annotations": {"trail-operator.dev/force-finalize": "true"},
            "finalizers": ["trail-operator.dev/finalizer"],
        }});
        let again = edited(stored, &json!({"metadata": {"name": "again"}}));
        wait_for("the rules to be in force", Duration::from_secs(30), || {
            ensure!(server().dry_create(&again).is_err(), "a bad object is still taken");
            Ok(())
        })
        .unwrap();
        server().dry_patch(kind, "good", &metadata).unwrap();
        let refusal = server().dry_patch(kind, "good", &edit).unwrap_err().to_string();
        assert!(refusal.contains("spec: Invalid value: `"), "{kind}: {refusal}");
    }
}

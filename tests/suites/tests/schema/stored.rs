//! Objects that are there already: what a newer definition makes of one that it would not take.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use trail_operator_crds::{NamespacesFrom, Trail};

use crate::manifests::{account, edited, event_selector, trail};
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

/// Makes a definition and waits until its objects can be made.
fn establish(crd: &Value) -> Result<()> {
    server().kubectl_with(&["create"], crd)?;
    let name = crd["metadata"]["name"].as_str().context("a definition without a name")?;
    server().cluster.kubectl(&["wait", "--for", "condition=Established", "--timeout", "30s", "crd", name])?;
    Ok(())
}

#[test]
fn labels_and_finalizers_of_an_object_that_is_no_longer_good_can_be_written_and_its_spec_cannot() {
    let bad_trail = json!({
        "region": "Frankfurt", "isMultiRegionTrail": true, "includeGlobalServiceEvents": false,
        "managementEvents": {"readWriteType": "ReadOnly"}, "tags": {"aws:x": "y"}, "adoptionPolicy": "Always",
        "kms": {"keyId": "x".repeat(2049)}, "aggregation": {"templates": []},
    });
    let bad_account = json!({"roleArn": "arn:aws:iam::444455556666:role/x", "allowedRegions": ["Frankfurt"]});
    let management = json!({"field": "eventCategory", "equals": ["Management"], "notEquals": []});
    let bad_selector =
        json!({"advanced": [{"fieldSelectors": [management, {"field": "event name"}]}], "priority": 1});
    let still_bad = json!({"spec": {"advanced": [{"fieldSelectors": [management]}]}});
    let (at_spec, at_selector) =
        ("spec: Invalid value: `", "spec.advanced[0]: Invalid value: management events");
    let suspended = json!({"spec": {"suspend": true}});
    let allowed = json!({"spec": {"allowedNamespaces": {"names": ["other"]}}});
    for (kind, definition, good, bad, edit, says) in [
        ("storedtrail", "trails", trail(), bad_trail, suspended, at_spec),
        ("storedselector", "eventselectors", event_selector(), bad_selector, still_bad, at_selector),
        ("storedaccount", "awsaccounts", account(), bad_account, allowed, at_spec),
    ] {
        let crd = named_apart(&format!("{definition}.trail-operator.dev.yaml"), kind).unwrap();
        establish(&lax(&crd)).unwrap();
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
        assert!(refusal.contains(says), "{kind}: {refusal}");
    }
}

/// The definition as it was before Trails knew of EventSelectors.
fn before_event_selectors(crd: &Value) -> Value {
    let before = json!({
        "spec": {"properties": {
            "eventSelectorsFrom": null,
            "managementEvents": {"properties": {"readWriteType": {"enum": ["All", "ReadOnly", "WriteOnly"]}}},
        }},
        "status": {"properties": {"selectors": null}},
    });
    let mut crd = crd.clone();
    let schema = &mut crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"];
    *schema = edited(schema.take(), &before);
    crd
}

#[test]
fn a_trail_from_before_event_selectors_takes_those_of_its_own_namespace_and_nothing_else_changes() {
    let crd = named_apart("trails.trail-operator.dev.yaml", "oldtrail").unwrap();
    establish(&before_event_selectors(&crd)).unwrap();
    let object = json!({
        "apiVersion": "stored.example/v1alpha1", "kind": "oldtrail", "spec": {"eventSelectorsFrom": null},
    });
    server().kubectl_with(&["create"], &edited(trail(), &object)).unwrap();
    let read = || server().cluster.kubectl_json(&["get", "oldtrail", "good"]);
    let before = read().unwrap();
    assert_eq!(before["spec"]["eventSelectorsFrom"], Value::Null);
    server().kubectl_with(&["replace"], &crd).unwrap();

    let after = wait_for("the field to be there", Duration::from_secs(30), || {
        let after = read()?;
        ensure!(!after["spec"]["eventSelectorsFrom"].is_null(), "it is read as before");
        Ok(after)
    })
    .unwrap();
    let expected = edited(before, &json!({"spec": {"eventSelectorsFrom": {"namespaces": "Same"}}}));
    assert_eq!(after, expected);
    server().dry_patch("oldtrail", "good", &json!({"spec": {"suspend": true}})).unwrap();

    // Also for an operator that is newer than the definition.
    let mut older = edited(after, &json!({"spec": {"eventSelectorsFrom": null}}));
    older["apiVersion"] = "trail-operator.dev/v1alpha1".into();
    let older: Trail = serde_json::from_value(older).unwrap();
    assert_eq!(older.spec.event_selectors_from.namespaces, NamespacesFrom::Same);
}

//! The definitions themselves: accepted without a word, structural, and found under the names people type.

use std::fs;

use serde_json::json;

use crate::manifests::{account, edited, event_selector, metric_alarm, trail};
use crate::server::{crds, server};

#[test]
fn the_api_server_takes_the_definitions_without_a_warning() {
    let said = &server().said;
    assert_eq!(said.lines().count(), 4, "{said}");
    for line in said.lines() {
        assert!(
            line.starts_with("customresourcedefinition.apiextensions.k8s.io/") && line.ends_with(" created"),
            "{said}"
        );
    }
}

#[test]
fn every_definition_is_established_and_structural() {
    let files = fs::read_dir(crds()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let crd = server().cluster.kubectl_json(&["get", "crd", name]).unwrap();
        let conditions = crd["status"]["conditions"].as_array().unwrap();
        let status =
            |type_: &str| conditions.iter().find(|it| it["type"] == type_).map(|it| it["status"].clone());
        assert_eq!(status("Established"), Some("True".into()), "{conditions:?}");
        assert_eq!(status("NamesAccepted"), Some("True".into()), "{conditions:?}");
        assert_eq!(status("NonStructuralSchema"), None, "{conditions:?}");
    }
}

#[test]
fn people_find_the_kinds_by_short_name_and_category_and_not_among_all() {
    let named = json!({"metadata": {"name": "listed"}});
    for manifest in [trail(), event_selector(), metric_alarm(), account()] {
        server().kubectl_with(&["create"], &edited(manifest, &named)).unwrap();
    }
    let listed = |name: &str| server().cluster.kubectl(&["get", name, "--output", "name"]).unwrap();
    let objects = ["trail", "eventselector", "metricalarm", "awsaccount"]
        .map(|kind| format!("{kind}.trail-operator.dev/listed"));
    for (name, expected) in [
        ("cloudtrail", [true, true, true, true]),
        ("ctrail", [true, false, false, false]),
        ("trail", [true, false, false, false]),
        ("ctsel", [false, true, false, false]),
        ("eventselectors", [false, true, false, false]),
        ("ctalarm", [false, false, true, false]),
        ("metricalarms", [false, false, true, false]),
        ("awsacct", [false, false, false, true]),
        ("awsaccounts", [false, false, false, true]),
        // `kubectl delete all --all` must not reach a trail.
        ("all", [false, false, false, false]),
    ] {
        let listed = listed(name);
        let found = objects.each_ref().map(|object| listed.lines().any(|line| line == object));
        assert_eq!(found, expected, "kubectl get {name}: {listed}");
    }
}

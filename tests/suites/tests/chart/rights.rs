//! Who may do what in Kubernetes: the operator, and people.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::{NAMESPACE, RELEASE};
use test_suites::helm::Rendered;

use crate::{EVERYTHING, text};

/// Where, what, which of them, and how.
type Grant<'a> = [&'a str; 4];

const EVERYWHERE: &str = "every namespace";

/// What the operator may do wherever its Trails and EventSelectors are.
const ALWAYS: [Grant<'_>; 7] = [
    [EVERYWHERE, "trail-operator.dev/awsaccounts", "", "get list patch watch"],
    [EVERYWHERE, "trail-operator.dev/awsaccounts/status", "", "get patch"],
    [EVERYWHERE, "/namespaces", "", "get list watch"],
    [
        EVERYWHERE,
        "apiextensions.k8s.io/customresourcedefinitions",
        "trails.trail-operator.dev eventselectors.trail-operator.dev metricalarms.trail-operator.dev",
        "get",
    ],
    [EVERYWHERE, "events.k8s.io/events", "", "create"],
    [NAMESPACE, "coordination.k8s.io/leases", "", "create"],
    [NAMESPACE, "coordination.k8s.io/leases", "trail-operator", "get update"],
];

fn trails_in(place: &str) -> [Grant<'_>; 6] {
    [
        [place, "trail-operator.dev/trails", "", "get list patch watch"],
        [place, "trail-operator.dev/trails/status", "", "get patch"],
        [place, "trail-operator.dev/metricalarms", "", "get list patch watch"],
        [place, "trail-operator.dev/metricalarms/status", "", "get patch"],
        [place, "trail-operator.dev/eventselectors", "", "get list watch"],
        [place, "trail-operator.dev/eventselectors/status", "", "get patch"],
    ]
}

#[test]
fn the_operator_may_do_exactly_this() {
    for (flags, places) in [(&[][..], vec![EVERYWHERE]), (EVERYTHING, vec!["audit", "security"])] {
        let trails = places.into_iter().flat_map(trails_in);
        let expected = ALWAYS.into_iter().chain(trails);
        let expected: BTreeSet<_> = expected.map(|row| row.map(String::from)).collect();
        assert_eq!(granted(&Rendered::new(flags).unwrap()).unwrap(), expected, "{flags:?}");
    }
}

/// Every rule bound to the operator's ServiceAccount, one row for each resource.
fn granted(rendered: &Rendered) -> Result<BTreeSet<[String; 4]>> {
    let mut rows = BTreeSet::new();
    let bindings = ["ClusterRoleBinding", "RoleBinding"].map(|kind| rendered.all(kind)).concat();
    for binding in bindings {
        ensure!(binding["subjects"].as_array().map(Vec::len) == Some(1), "one subject in each binding");
        ensure!(binding["subjects"][0]["name"] == RELEASE, "bound to somebody else: {binding}");
        ensure!(binding["subjects"][0]["namespace"] == NAMESPACE, "bound to somebody else: {binding}");
        let everywhere = binding["kind"] == "ClusterRoleBinding";
        let place = if everywhere { EVERYWHERE.into() } else { text(&binding["metadata"]["namespace"]) };
        let role = rendered.get(&text(&binding["roleRef"]["kind"]), &text(&binding["roleRef"]["name"]))?;
        for rule in role["rules"].as_array().context("a role without rules")? {
            let mut verbs = words(&rule["verbs"]);
            verbs.sort();
            let names = words(&rule["resourceNames"]).join(" ");
            for (group, resource) in pairs(&rule["apiGroups"], &rule["resources"]) {
                let resource = format!("{group}/{resource}");
                rows.insert([place.clone(), resource, names.clone(), verbs.join(" ")]);
            }
        }
    }
    Ok(rows)
}

#[test]
fn without_leader_election_no_lease_is_granted() {
    let rendered = Rendered::new(&["--set=leaderElection.enabled=false"]).unwrap();
    assert!(rendered.all("Role").is_empty() && rendered.all("RoleBinding").is_empty());
}

#[test]
fn people_get_trails_and_event_selectors_and_never_accounts() {
    let label = |verb: &str| format!("rbac.authorization.k8s.io/aggregate-to-{verb}");
    for (flags, view, edit) in [
        (&[][..], vec!["view", "edit", "admin"], vec![]),
        (EVERYTHING, vec!["view", "edit", "admin"], vec!["edit", "admin"]),
        (&["--set=rbac.aggregateToView=false"], vec![], vec![]),
    ] {
        let rendered = Rendered::new(flags).unwrap();
        for (name, aggregated) in [("trail-operator-view", view), ("trail-operator-edit", edit)] {
            let role = rendered.get("ClusterRole", name).unwrap();
            for to in ["view", "edit", "admin"] {
                let labelled = role["metadata"]["labels"][label(to)] == "true";
                assert_eq!(labelled, aggregated.contains(&to), "{name} to {to} with {flags:?}");
            }
            for rule in role["rules"].as_array().unwrap() {
                assert_eq!(rule["resources"], json!(["trails", "eventselectors", "metricalarms"]), "{name}");
            }
        }
    }
}

#[test]
fn rbac_and_service_account_can_be_the_users_own() {
    let flags = ["--set=rbac.create=false,serviceAccount.create=false,serviceAccount.name=mine"];
    let rendered = Rendered::new(&flags).unwrap();
    for kind in ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"] {
        assert!(rendered.all(kind).is_empty(), "{kind}");
    }
    let pod = &rendered.get("Deployment", RELEASE).unwrap()["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], "mine");
}

fn words(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

fn pairs(left: &Value, right: &Value) -> Vec<(String, String)> {
    let right = words(right);
    words(left).into_iter().flat_map(|l| right.iter().map(move |r| (l.clone(), r.clone()))).collect()
}

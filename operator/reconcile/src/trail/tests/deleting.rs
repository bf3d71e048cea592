//! What deleting an object means.

use trail_operator_crds::DeletionPolicy;

use super::*;

fn deletes(policy: DeletionPolicy, with: Option<DeletedWith>, observed: &Observed) -> Vec<&'static str> {
    let input = Input { deletion_policy: policy, deleted_with: with, ..input() };
    finalize::plan(&input, observed).iter().map(Change::operation).collect()
}

#[test]
fn the_trail_stays_unless_the_manifest_says_otherwise() {
    let ours = as_declared(&input());
    assert_eq!(trail().spec.deletion_policy, DeletionPolicy::Retain, "the default");
    assert_eq!(deletes(DeletionPolicy::Retain, None, &ours), ["RemoveTags"]);
    assert_eq!(deletes(DeletionPolicy::StopLogging, None, &ours), ["StopLogging", "RemoveTags"]);
    assert_eq!(deletes(DeletionPolicy::Delete, None, &ours), ["DeleteTrail"]);
}

#[test]
fn what_is_deleted_along_with_something_else_ends_no_audit_log() {
    for with in [DeletedWith::Namespace, DeletedWith::Definition, DeletedWith::Account] {
        for policy in [DeletionPolicy::Retain, DeletionPolicy::StopLogging, DeletionPolicy::Delete] {
            let operations = deletes(policy, Some(with), &as_declared(&input()));
            assert_eq!(operations, ["RemoveTags"], "{policy:?} with {with}");
        }
    }
}

#[test]
fn a_namespace_or_account_that_is_being_deleted_is_noticed() {
    let mut cluster = cluster();
    assert_eq!(dereference(&trail(), ACTOR, &cluster, NOW).unwrap().deleted_with, None);
    cluster.account.as_mut().unwrap().metadata.deletion_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
    let with = |cluster: &Cluster| dereference(&trail(), ACTOR, cluster, NOW).unwrap().deleted_with;
    assert_eq!(with(&cluster), Some(DeletedWith::Account));
    cluster.namespace.terminating = true;
    assert_eq!(with(&cluster), Some(DeletedWith::Namespace));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let theirs = changed(|trail| {
        tags(trail).insert(OWNER_TAG.into(), "cluster/shop/audit".into());
    });
    for observed in [theirs, changed(|trail| tags(trail).clear()), Observed::default()] {
        assert_eq!(deletes(DeletionPolicy::Delete, None, &observed), [""; 0]);
    }
}

#[test]
fn an_account_that_is_only_not_ready_holds_up_what_is_to_be_done_in_it() {
    let not_ready = Unresolved::NotReady { message: "not ready".into() };
    let none = Unresolved::NoAccount { reason: Reason::NotFound, message: "none".into() };
    let released = |policy, unresolved: &Unresolved, with| {
        let mut trail = trail();
        trail.spec.deletion_policy = policy;
        let finalized = finalize::without_account(&trail, unresolved, with, &settled(), NOW);
        if let finalize::Finalized::Blocked(report) = &finalized {
            assert!(has(&report.status, condition::LOGGING), "what was known remains");
            assert_eq!(ready(&report.status).1, "DeletionBlocked");
        }
        matches!(finalized, finalize::Finalized::Released(_))
    };
    assert!(released(DeletionPolicy::Retain, &not_ready, false));
    assert!(!released(DeletionPolicy::Delete, &not_ready, false));
    assert!(!released(DeletionPolicy::StopLogging, &not_ready, false));
    assert!(released(DeletionPolicy::Delete, &not_ready, true));
    assert!(released(DeletionPolicy::Delete, &none, false));
}

#[test]
fn only_the_exact_annotation_forces() {
    let mut forced = trail();
    forced.metadata.annotations =
        Some(BTreeMap::from([("trail-operator.dev/force-finalize".into(), "yes".into())]));
    assert!(!finalize::is_forced(&forced.metadata));
    forced.metadata.annotations =
        Some(BTreeMap::from([("trail-operator.dev/force-finalize".into(), "true".into())]));
    assert!(finalize::is_forced(&forced.metadata));
}

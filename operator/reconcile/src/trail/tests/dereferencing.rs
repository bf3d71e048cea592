//! What a Trail points at, and who may use it.

use super::*;

#[test]
fn an_account_serves_only_the_namespaces_it_allows_and_only_once_verified() {
    let unresolved =
        |cluster: &Cluster, trail: &Trail| dereference(trail, ACTOR, cluster, NOW).unwrap_err().reason();
    let missing = Cluster { account: None, ..cluster() };
    assert_eq!(unresolved(&missing, &trail()), Reason::NotFound);

    let mut elsewhere = trail();
    elsewhere.spec.account_ref = AccountRef { name: "other".into() };
    assert_eq!(unresolved(&cluster(), &elsewhere), Reason::NotFound);

    let mut stranger = trail();
    stranger.metadata.namespace = Some("shop".into());
    assert_eq!(unresolved(&cluster(), &stranger), Reason::NotPermitted);
    let labels = BTreeMap::from([("audit".to_owned(), "yes".to_owned())]);
    let labelled = Cluster { namespace: Namespace { labels, terminating: false }, ..cluster() };
    assert!(dereference(&stranger, ACTOR, &labelled, NOW).is_ok());

    let mut edited = cluster();
    edited.account.as_mut().unwrap().metadata.generation = Some(2);
    assert!(
        dereference(&trail(), ACTOR, &edited, NOW).is_ok(),
        "an edit of who may use it changes no identity"
    );
}

#[test]
fn an_account_that_cannot_be_read_is_there_all_the_same() {
    let mut trail = trail();
    trail.spec.account_ref = AccountRef { name: "unreadable".into() };
    let unresolved = dereference(&trail, ACTOR, &cluster(), NOW).unwrap_err();
    assert!(matches!(unresolved, Unresolved::NotReady { .. }), "{unresolved:?}");
}

#[test]
fn only_this_process_own_answer_of_aws_counts() {
    let with = |acting_in| dereference(&trail(), ACTOR, &Cluster { acting_in, ..cluster() }, NOW);
    assert!(with(Some("111122223333")).is_ok());
    assert!(matches!(with(Some("444455556666")), Err(Unresolved::NotReady { .. })));
    assert_eq!(with(None).unwrap_err(), Unresolved::NotAskedYet, "status says that an earlier process asked");
    let mut new = Cluster { acting_in: None, ..cluster() };
    new.account.as_mut().unwrap().status = None;
    assert!(matches!(dereference(&trail(), ACTOR, &new, NOW), Err(Unresolved::NotReady { .. })));
}

#[test]
fn a_namespace_that_may_not_use_an_account_learns_nothing_of_it() {
    let mut stranger = trail();
    stranger.metadata.namespace = Some("shop".into());
    let message = dereference(&stranger, ACTOR, &cluster(), NOW).unwrap_err().message().to_owned();
    assert!(!message.contains("111122223333"), "{message}");
}

#[test]
fn the_owner_tag_names_cluster_namespace_and_object() {
    assert_eq!(input().owner, "cluster/security/audit");
    assert_eq!(input().arn, "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit");
}

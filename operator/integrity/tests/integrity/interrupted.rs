//! What an error of our own means: nothing is known, and the report says so. It is never silence.

use trail_operator_integrity::{Reason, Severity, Verdict};

use crate::support::chains::{HOURS, World};
use crate::support::memory::Trouble;
use crate::support::{found, verify};

#[test]
fn a_digest_at_which_a_task_ends_is_unknown() {
    for chain in 0..4 {
        let world = World::new();
        let object = world.chains[chain].digests[3].object.clone();
        world.memory.trouble(&object, Trouble::Panic);
        let outcome = verify(&world.memory, world.request());
        assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*object.to_string())]);
        assert_eq!(outcome.report.findings[0].severity, Severity::Unknown);
        assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
        assert_eq!(outcome.report.chains.len(), 3);
        assert!(!outcome.level);
    }
}

#[test]
fn a_digest_that_another_names_is_unknown_too() {
    let world = World::new();
    let old =
        trail_operator_integrity::Location { bucket: "old".to_owned(), prefix: None, organization: None };
    let named = trail_operator_integrity::Object {
        bucket: "old".to_owned(),
        key: {
            let made = &world.chains[1].digests[2];
            made.object.key.replace("audit/AWSLogs/o-exampleorg1", "AWSLogs")
        },
    };
    let world = World::edited(1, &|at, document| {
        if at == 3 {
            document["previousDigestS3Bucket"] = "old".into();
            document["previousDigestS3Object"] = named.key.clone().into();
        }
    });
    for made in &world.chains[1].digests[..3] {
        world.memory.remove(&made.object);
        made.logs.iter().for_each(|log| drop(world.memory.remove(log)));
    }
    // It is there, but in no list: only the digest after it names it.
    let stored = world.memory.get_of(&world.chains[1].digests[3].object);
    world.memory.put(&named, stored);
    world.memory.trouble(&named, Trouble::Panic);
    world.memory.with(|state| state.unlisted.push(named.clone()));
    let mut request = world.request();
    request.locations.push(old);
    let outcome = verify(&world.memory, request);
    assert!(
        found(&outcome).contains(&(Reason::ObjectUnreadable, &*named.to_string())),
        "{:?}",
        found(&outcome)
    );
}

#[test]
fn log_files_at_which_a_task_ends_are_unknown_at_their_digest() {
    let world = World::new();
    let made = world.chains[2].digests[HOURS - 1].clone();
    made.logs.iter().for_each(|log| world.memory.trouble(log, Trouble::Panic));
    let outcome = verify(&world.memory, world.request());
    assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*made.object.to_string())]);
    let counts = outcome.report.chains[2].log_files.files;
    assert_eq!((counts.valid, counts.unchecked), (2 * HOURS as u64 - 2, 2));
    let member = outcome.anchors.iter().find(|anchor| anchor.account_id == world.chains[2].spec.account);
    assert_eq!(member.unwrap().key, world.chains[2].digests[HOURS - 2].object.key);
}

#[test]
fn an_account_and_region_of_which_nothing_came_back_is_unknown_and_keeps_its_anchors() {
    let world = World::new();
    let mut request = world.request();
    request.anchors = verify(&world.memory, request.clone()).anchors;
    let place = world.location.digests_prefix(&world.chains[1].spec.account, "eu-west-1");
    world.memory.with(|state| state.list_panic = Some(place.clone()));
    let outcome = verify(&world.memory, request.clone());
    assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*format!("s3://logs/{place}"))]);
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
    assert_eq!(outcome.report.chains.len(), 3);
    assert_eq!((outcome.anchors, outcome.level), (request.anchors, false));
}

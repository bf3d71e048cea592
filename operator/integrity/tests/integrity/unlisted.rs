//! Log files that no digest lists.

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{Object, Reason, Request, Verdict};

use crate::support::chains::{ACCOUNT, HOURS, World, spec};
use crate::support::memory::{Stored, gzip};
use crate::support::{found, reasons, verify};

fn inject(world: &World, chain: usize, delivered: Timestamp) -> Object {
    let object = world.log_object(&world.chains[chain].spec, delivered, "INJECTEDINJECTED");
    world.memory.put(&object, Stored { body: gzip(b"{\"Records\":[]}"), ..Stored::default() });
    object
}

fn minutes(minutes: i64) -> SignedDuration {
    SignedDuration::from_mins(minutes)
}

#[test]
fn log_files_no_digest_lists_are_found_where_digests_cover_the_time() {
    for chain in 0..3 {
        let world = World::new();
        let digests = &world.chains[chain].digests;
        let inside = inject(&world, chain, digests[2].start + minutes(20));
        // At the edge of what is covered, and too new: a digest yet to come may list them.
        inject(&world, chain, digests[0].start + minutes(5));
        inject(&world, chain, digests[HOURS - 1].start);
        let outcome = verify(&world.memory, world.request());
        assert_eq!(found(&outcome), [(Reason::LogFileUnlisted, inside.to_string().as_str())]);
        assert_eq!(outcome.report.verdict, Verdict::Incomplete);
        let unasked = Request { unlisted: false, ..world.request() };
        assert_eq!(verify(&world.memory, unasked).report.verdict, Verdict::Valid);
    }
}

#[test]
fn nothing_is_unlisted_beside_a_digest_that_does_not_verify() {
    let world = World::new();
    let digests = &world.chains[0].digests;
    inject(&world, 0, digests[2].start + minutes(20));
    world.memory.edit(&digests[2].object, |stored| stored.metadata.clear());
    assert_eq!(reasons(&verify(&world.memory, world.request())), [Reason::DigestUnsigned]);
}

#[test]
fn log_files_of_another_trail_are_looked_up_in_its_digests() {
    let world = World::new();
    // Names sort before and after ours, one begins with ours.
    for name in ["aaa", "audit_us-east-1_x", "zzz"] {
        let mut other = spec(ACCOUNT, "us-east-1", false);
        name.clone_into(&mut other.trail);
        world.make(other, HOURS, &|_, _| ());
    }
    let outcome = verify(&world.memory, world.request());
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    assert_eq!(outcome.report.chains[1].digests.valid, HOURS as u64);
    let injected = inject(&world, 0, world.chains[0].digests[2].start + minutes(20));
    let outcome = verify(&world.memory, world.request());
    assert_eq!(found(&outcome), [(Reason::LogFileUnlisted, injected.to_string().as_str())]);
}

#[test]
fn where_another_trails_digests_leave_a_hole_nothing_is_unlisted() {
    let world = World::new();
    let mut other = spec(ACCOUNT, "us-east-1", false);
    other.trail = "zzz".to_owned();
    let made = world.make(other, HOURS, &|_, _| ());
    world.memory.remove(&made.digests[2].object);
    assert_eq!(verify(&world.memory, world.request()).report.verdict, Verdict::Valid);
}

//! Log files that no digest lists.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::names::DigestName;
use trail_operator_integrity::{Object, ReadError, Reason, Request, Verdict};

use crate::support::chains::{ACCOUNT, HOURS, World, spec};
use crate::support::memory::{Stored, Trouble, gzip};
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
fn where_another_trails_digests_leave_a_hole_it_is_unknown_whose_the_log_files_are() {
    let world = World::new();
    let mut other = spec(ACCOUNT, "us-east-1", false);
    other.trail = "zzz".to_owned();
    let made = world.make(other, HOURS, &|_, _| ());
    let gone = world.memory.remove(&made.digests[2].object);
    let folder = format!("s3://logs/{}", world.location.digests_prefix(ACCOUNT, "us-east-1"));
    let outcome = verify(&world.memory, world.request());
    assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*folder)]);
    assert!(outcome.report.findings[0].message.contains(&*made.digests[2].logs[0].key));
    // A digest that is there and says nothing is named.
    world.memory.put(&made.digests[2].object, Stored { metadata: BTreeMap::new(), ..gone });
    let outcome = verify(&world.memory, world.request());
    assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*made.digests[2].object.to_string())]);
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
}

#[test]
fn a_name_like_that_of_another_trails_digest_hides_nothing() {
    for backfill in [false, true] {
        for beside_a_trail in [false, true] {
            let world = World::new();
            let mut other = spec(ACCOUNT, "us-east-1", false);
            other.trail = "zzz".to_owned();
            // Its hourly digests are sound, and cover everything.
            if beside_a_trail && backfill {
                world.make(other, HOURS, &|_, _| ());
            }
            let digests = &world.chains[0].digests;
            let injected = inject(&world, 0, digests[2].start + minutes(20));
            let end = digests[4].end + minutes(7);
            let name = DigestName { trail: "zzz_us-east-1".to_owned(), end, backfill };
            let object =
                Object { bucket: "logs".to_owned(), key: name.key(&world.location, ACCOUNT, "us-east-1") };
            world.memory.put(&object, Stored { body: b"hello".to_vec(), ..Stored::default() });
            let outcome = verify(&world.memory, world.request());
            assert_eq!(found(&outcome), [(Reason::LogFileUnlisted, &*injected.to_string())]);
            // What cannot be read may be another trail's.
            world.memory.trouble(&object, Trouble::Error(ReadError::AccessDenied("no".to_owned())));
            let outcome = verify(&world.memory, world.request());
            assert_eq!(found(&outcome), [(Reason::ObjectUnreadable, &*object.to_string())]);
        }
    }
}

#[test]
fn what_no_log_file_is_named_like_is_found_among_them_too() {
    let world = World::new();
    let made = &world.chains[0].digests[2];
    let (day, file) = made.logs[0].key.rsplit_once('/').unwrap();
    let stem = file.rsplit_once('_').unwrap().0;
    let keys = [
        format!("{day}/{stem}_INJECTED.json"),
        format!("{day}/sub/{file}"),
        format!("{day}/extra.json.gz"),
        format!("{day}/{stem}_A B.json.gz"),
        format!("{day}/{}", file.replace("20260105T", "20260104T")),
    ];
    let put = |key: &str, written: Timestamp| {
        let object = Object { bucket: "logs".to_owned(), key: key.to_owned() };
        let stored = Stored { last_modified: Some(written), ..Stored::default() };
        world.memory.put(&object, stored);
        object
    };
    for key in keys {
        // Too new, outside of what is covered, and what stands for a folder.
        let object = put(&key, world.chains[0].digests[HOURS - 1].start);
        assert_eq!(verify(&world.memory, world.request()).report.verdict, Verdict::Valid, "{key}");
        put(&key, "2026-01-09T00:00:00Z".parse().unwrap());
        assert_eq!(verify(&world.memory, world.request()).report.verdict, Verdict::Valid, "{key}");
        put(&format!("{key}/"), made.start + minutes(20));
        put(&key, made.start + minutes(20));
        let outcome = verify(&world.memory, world.request());
        assert_eq!(found(&outcome), [(Reason::LogFileUnlisted, &*object.to_string())]);
        world.memory.remove(&object);
    }
}

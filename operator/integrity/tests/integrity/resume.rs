//! Where a run goes on from.

use jiff::SignedDuration;
use serde_json::{Value, json};
use trail_operator_integrity::{
    Anchor, Delivery, Expiration, Hooks, Location, Object, ReadError, Reason, Request, RunError, Verdict,
    recall,
};

use crate::support::chains::{ACCOUNT, HOURS, World};
use crate::support::memory::{Stored, Trouble, gzip};
use crate::support::{block_on, found, only, reasons, try_verify, verify};

#[test]
fn a_run_goes_on_where_the_last_one_stopped() {
    let world = World::new();
    let mut request = world.request();
    request.window.end = world.chains[0].digests[2].end - SignedDuration::from_hours(1);
    let first = verify(&world.memory, request.clone());
    assert_eq!(first.anchors.len(), 4);
    assert!(first.anchors.iter().all(|anchor| anchor.end == world.chains[0].digests[2].end));
    assert!(first.level);
    world.memory.with(|state| state.gets.clear());
    request.window.end = world.request().window.end;
    request.anchors = first.anchors.clone();
    request.unlisted = false;
    let second = verify(&world.memory, request.clone());
    assert_eq!(second.report.verdict, Verdict::Valid, "{:#?}", second.report.findings);
    for (number, made) in world.chains[0].digests.iter().enumerate() {
        assert_eq!(world.memory.times_read(&made.object), usize::from(number >= 2), "{number}");
        for log in &made.logs {
            assert_eq!(world.memory.times_read(log), usize::from(number >= 3), "{number}");
        }
    }
    assert!(second.level);
    let mut whole = first.report.clone();
    whole.merge(second.report);
    let valid: Vec<u64> = whole.chains.iter().map(|chain| chain.digests.valid).collect();
    assert_eq!(valid, [HOURS as u64; 3], "neither repeated nor skipped");
    assert_ne!(Anchor::hash(&first.anchors), Anchor::hash(&second.anchors));
    let mut reversed = first.anchors.clone();
    reversed.reverse();
    assert_eq!(Anchor::hash(&first.anchors), Anchor::hash(&reversed));
}

#[test]
fn an_anchor_that_is_changed_or_gone_is_found() {
    let world = World::new();
    let mut request = world.request();
    only(&mut request, ACCOUNT, "eu-west-1");
    let anchors = verify(&world.memory, request.clone()).anchors;
    let [anchor] = &anchors[..] else { panic!("{anchors:?}") };
    let newest = world.chains[1].digests[HOURS - 1].object.clone();
    assert_eq!((anchor.bucket.as_str(), anchor.key.as_str()), (newest.bucket.as_str(), newest.key.as_str()));
    request.anchors = anchors.clone();
    assert_eq!(verify(&world.memory, request.clone()).report.verdict, Verdict::Valid);

    let mut edited = request.clone();
    edited.anchors[0].sha256 = "0".repeat(64);
    assert_eq!(found(&verify(&world.memory, edited)), [(Reason::ChainBroken, newest.to_string().as_str())]);

    let mut forward = request.clone();
    forward.anchors[0].key = forward.anchors[0].key.replace("070131Z", "100131Z");
    forward.anchors[0].end = "2026-01-05T10:01:31Z".parse().unwrap();
    assert_eq!(reasons(&verify(&world.memory, forward)), [Reason::DigestMissing]);

    world.memory.remove(&newest);
    assert_eq!(
        found(&verify(&world.memory, request.clone())),
        [(Reason::DigestMissing, newest.to_string().as_str())]
    );
    for made in &world.chains[1].digests[..HOURS - 1] {
        world.memory.remove(&made.object);
    }
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::ChainDisappeared]);
}

#[test]
fn a_chain_that_begins_anew_after_its_anchor_leaves_a_gap() {
    let world = World::edited(1, &|at, document| {
        if at == 3 {
            for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
                document[format!("previousDigest{member}")] = Value::Null;
            }
        }
    });
    let mut request = world.request();
    only(&mut request, ACCOUNT, "eu-west-1");
    request.window.end = world.chains[1].digests[2].end - SignedDuration::from_hours(1);
    let first = verify(&world.memory, request.clone());
    request.window.end = world.request().window.end;
    request.anchors = first.anchors;
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::DeliveryGap]);
}

/// A request for the second Region, and the anchor that a run up to its third digest leaves.
fn half_way(world: &World) -> Request {
    let mut request = world.request();
    only(&mut request, ACCOUNT, "eu-west-1");
    request.window.end = world.chains[1].digests[2].end - SignedDuration::from_hours(1);
    request.anchors = verify(&world.memory, request.clone()).anchors;
    assert_eq!(request.anchors.len(), 1);
    request.window.end = world.request().window.end;
    request
}

#[test]
fn an_anchor_in_doubt_moves_nothing_forward() {
    type Damage = fn(&World, &mut Request);
    let doubts: [(&str, Damage, Reason); 8] = [
        ("hash edited", |_, request| request.anchors[0].sha256 = "0".repeat(64), Reason::ChainBroken),
        (
            "end edited",
            |_, request| request.anchors[0].end += SignedDuration::from_hours(2),
            Reason::ChainBroken,
        ),
        (
            "key edited",
            |_, request| request.anchors[0].key = "AWSLogs/x.json.gz".to_owned(),
            Reason::ChainBroken,
        ),
        ("hash gone", |_, request| request.anchors[0].sha256.clear(), Reason::ChainBroken),
        (
            "the key of another trail",
            |_, request| {
                request.anchors[0].key = request.anchors[0].key.replace("_audit_", "_audits_");
            },
            Reason::ChainBroken,
        ),
        (
            "the bucket is not the trail's",
            |_, request| request.anchors[0].bucket = "victim".to_owned(),
            Reason::ObjectUnreadable,
        ),
        (
            "signature changed",
            |world, request| {
                let object = anchored(request);
                world.memory.edit(&object, |stored| {
                    stored.metadata.insert("signature".to_owned(), "00".repeat(256));
                });
            },
            Reason::DigestModified,
        ),
        ("removed", |world, request| drop(world.memory.remove(&anchored(request))), Reason::DigestMissing),
    ];
    for (name, damage, reason) in doubts {
        let world = World::new();
        let mut request = half_way(&world);
        damage(&world, &mut request);
        let outcome = verify(&world.memory, request.clone());
        let object = anchored(&request).to_string();
        assert_eq!(found(&outcome), [(reason, object.as_str())], "{name}");
        assert_eq!(outcome.anchors, request.anchors, "{name}");
        assert!(!outcome.level, "{name}");
        assert!(!world.memory.with(|state| state.gets.iter().any(|get| get.bucket == "victim")), "{name}");
    }
}

fn anchored(request: &Request) -> Object {
    let anchor = &request.anchors[0];
    Object { bucket: anchor.bucket.clone(), key: anchor.key.clone() }
}

#[test]
fn what_was_changed_or_could_not_be_read_is_read_again_by_the_next_run() {
    type Damage = fn(&World, &Object, &Object);
    let damages: [(&str, Damage); 5] = [
        ("a log file denied", |world, _, log| {
            world.memory.trouble(log, Trouble::Error(ReadError::AccessDenied("no".to_owned())));
        }),
        ("a log file changed", |world, _, log| world.memory.edit(log, |stored| stored.body = gzip(b"{}"))),
        ("a log file gone", |world, _, log| drop(world.memory.remove(log))),
        ("a digest denied", |world, digest, _| {
            world.memory.trouble(digest, Trouble::Error(ReadError::AccessDenied("no".to_owned())));
        }),
        ("a digest gone", |world, digest, _| drop(world.memory.remove(digest))),
    ];
    for (name, damage) in damages {
        let world = World::new();
        let request = half_way(&world);
        let made = &world.chains[1].digests;
        let whole = world.memory.copy();
        damage(&world, &made[5].object, &made[5].logs[1]);
        let troubled = verify(&world.memory, request.clone());
        assert_eq!(reasons(&troubled).len(), 1, "{name}");
        assert_eq!(troubled.anchors[0].key, made[4].object.key, "{name}");
        assert!(!troubled.level);
        // Repeated until it is put right.
        let next = Request { anchors: troubled.anchors.clone(), ..request.clone() };
        assert_eq!(reasons(&verify(&world.memory, next.clone())), reasons(&troubled), "{name}");
        let right = verify(&whole, next.clone());
        assert_eq!((right.report.verdict, right.level), (Verdict::Valid, true), "{name}");
        assert_eq!(right.report.chains[0].digests.valid, 2);
        assert_eq!(right.anchors[0].key, made[6].object.key);
        // But not for ever.
        let short = Request { hold: SignedDuration::from_mins(50), ..next };
        let beyond = verify(&world.memory, short);
        assert_eq!(beyond.anchors[0].key, made[6].object.key, "{name}");
        assert!(!reasons(&beyond).is_empty());
    }
}

#[test]
fn a_chain_without_an_anchor_is_verified_from_the_start_of_the_window() {
    let world = World::new();
    let mut request = world.request();
    request.window.end = world.chains[0].digests[2].end - SignedDuration::from_hours(1);
    let first = verify(&world.memory, request.clone());
    request.window.end = world.request().window.end;
    request.anchors = first.anchors.into_iter().filter(|anchor| anchor.region == "us-east-1").collect();
    assert_eq!(request.anchors.len(), 3);
    let second = verify(&world.memory, request);
    assert_eq!(second.report.verdict, Verdict::Valid, "{:#?}", second.report.findings);
    let counted: Vec<_> =
        second.report.chains.iter().map(|chain| (&*chain.region, chain.digests.valid)).collect();
    let rest = HOURS as u64 - 3;
    assert_eq!(counted, [("eu-west-1", HOURS as u64), ("us-east-1", rest), ("us-east-1", rest)]);
    assert_eq!(second.anchors.len(), 4);
}

#[test]
fn chains_that_vanished_are_missed_in_every_run() {
    let world = World::new();
    let mut request = world.request();
    request.anchors = verify(&world.memory, request.clone()).anchors;
    for made in world.chains[1].digests.iter().chain(&world.chains[2].digests) {
        world.memory.remove(&made.object);
        made.logs.iter().for_each(|log| drop(world.memory.remove(log)));
    }
    let vanished = verify(&world.memory, request.clone());
    let place = |chain: usize| {
        let spec = &world.chains[chain].spec;
        format!("s3://logs/{}", world.location.digests_prefix(&spec.account, &spec.region))
    };
    assert_eq!(
        found(&vanished),
        [(Reason::ChainDisappeared, &*place(1)), (Reason::ChainDisappeared, &*place(2))]
    );
    assert_eq!(vanished.anchors, request.anchors);
    let again = verify(&world.memory, Request { anchors: vanished.anchors.clone(), ..request.clone() });
    assert_eq!(again, vanished);
    // A lifecycle rule explains it, and then it is not evidence of change.
    let rule = Expiration { bucket: "logs".to_owned(), prefix: "audit/".to_owned(), days: 1 };
    request.now = "2026-01-08T00:00:00Z".parse().unwrap();
    request.window.end = world.chains[0].digests[HOURS - 1].end;
    request.expirations = vec![rule];
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::Expired; 2]);
}

#[test]
fn the_link_to_the_anchor_is_compared_though_the_windows_overlap() {
    let earlier = |at: usize, document: &mut Value| {
        if at == 3 {
            document["digestStartTime"] = json!("2026-01-05T03:01:20Z");
            document["previousDigestHashValue"] = json!("0".repeat(64));
        }
    };
    let world = World::edited(1, &earlier);
    let request = half_way(&world);
    let broken = world.chains[1].digests[3].object.to_string();
    assert_eq!(found(&verify(&world.memory, request)), [(Reason::ChainBroken, &*broken)]);
}

#[test]
fn a_place_that_cannot_be_listed_makes_nothing_missing() {
    let world = World::new();
    let mut request = half_way(&world);
    request.locations.insert(0, Location { bucket: "old".to_owned(), prefix: None, organization: None });
    request.delivery.insert(
        "eu-west-1".to_owned(),
        Delivery { latest_digest: Some("2026-01-05T09:00:00Z".parse().unwrap()), stopped: None },
    );
    let denied = ReadError::AccessDenied("no".to_owned());
    world.memory.with(|state| state.list_trouble = Some(("old/".to_owned(), denied.clone())));
    let outcome = verify(&world.memory, request.clone());
    assert_eq!(reasons(&outcome), [Reason::AccessDenied]);
    assert_eq!(outcome.report.chains[0].digests.valid, HOURS as u64 - 3, "the other place is verified");
    assert_eq!(outcome.anchors, request.anchors);
    world.memory.with(|state| state.list_trouble = Some(("logs/".to_owned(), denied)));
    let outcome = verify(&world.memory, request.clone());
    assert_eq!(reasons(&outcome), [Reason::AccessDenied]);
    assert_eq!(outcome.anchors, request.anchors);
}

#[test]
fn an_unlisted_log_file_is_found_by_runs_that_go_on_every_hour() {
    let world = World::new();
    let spec = &world.chains[1].spec;
    let delivered = world.chains[1].digests[2].start + SignedDuration::from_mins(20);
    let injected = world.log_object(spec, delivered, "INJECTEDINJECTED");
    world.memory.put(&injected, Stored { body: gzip(b"{\"Records\":[]}"), ..Stored::default() });
    let mut request = world.request();
    only(&mut request, ACCOUNT, "eu-west-1");
    let mut seen = 0;
    for hour in 0..HOURS {
        // Each run sees one digest more.
        let now = world.chains[1].digests[hour].end + SignedDuration::from_mins(20);
        request.window.end = now - SignedDuration::from_hours(1);
        request.now = now;
        let outcome = verify(&world.memory, request.clone());
        request.anchors = outcome.anchors.clone();
        let here = found(&outcome);
        assert!(here.is_empty() || here == [(Reason::LogFileUnlisted, &*injected.to_string())], "{here:?}");
        seen += here.len();
    }
    assert!(seen >= 1);
}

#[test]
fn anchors_are_found_again_by_the_time_they_reached() {
    let world = World::new();
    let mut request = world.request();
    let verified = verify(&world.memory, request.clone());
    let through = verified.anchors.iter().map(|anchor| anchor.end).max().unwrap();
    request.window.end = through;
    let source = world.memory.clone();
    let recalled = block_on(recall(source, request.clone(), Hooks::default())).unwrap();
    assert_eq!(recalled.anchors, verified.anchors);
    assert_eq!(Anchor::hash(&recalled.anchors), Anchor::hash(&verified.anchors));
    assert!(recalled.level && recalled.report.findings.is_empty());
    // Four digests and no log file.
    let source = world.memory.copy();
    block_on(recall(source.clone(), request.clone(), Hooks::default())).unwrap();
    assert_eq!(source.with(|state| state.gets.len()), 4);
    let changed = &world.chains[2].digests[HOURS - 1].object;
    source.edit(changed, |stored| stored.metadata.clear());
    let recalled = block_on(recall(source, request, Hooks::default())).unwrap();
    assert_eq!(found(&recalled), [(Reason::DigestUnsigned, &*changed.to_string())]);
    assert_eq!((recalled.anchors.len(), recalled.level), (3, false));
}

#[test]
fn anchors_of_no_account_are_refused() {
    let world = World::new();
    let mut request = half_way(&world);
    request.anchors[0].account_id = "../../x".to_owned();
    let refused = try_verify(&world.memory, request, Hooks::default());
    assert!(matches!(refused, Err(RunError::Request(message)) if message.contains("no account")));
}

//! Where a run goes on from.

use jiff::SignedDuration;
use serde_json::Value;
use trail_operator_integrity::{Anchor, Reason, Verdict};

use crate::support::chains::{ACCOUNT, HOURS, World};
use crate::support::{found, only, reasons, verify};

#[test]
fn a_run_goes_on_where_the_last_one_stopped() {
    let world = World::new();
    let mut request = world.request();
    request.window.end = world.chains[0].digests[2].end - SignedDuration::from_hours(1);
    let first = verify(&world.memory, request.clone());
    assert_eq!(first.anchors.len(), 4);
    assert!(first.anchors.iter().all(|anchor| anchor.end == world.chains[0].digests[2].end));
    world.memory.with(|state| state.gets.clear());
    request.window.end = world.request().window.end;
    request.anchors = first.anchors.clone();
    let second = verify(&world.memory, request.clone());
    assert_eq!(second.report.verdict, Verdict::Valid, "{:#?}", second.report.findings);
    for (number, made) in world.chains[0].digests.iter().enumerate() {
        assert_eq!(world.memory.was_read(&made.object), number >= 2, "{number}");
        assert_eq!(world.memory.was_read(&made.logs[0]), number >= 3, "{number}");
    }
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

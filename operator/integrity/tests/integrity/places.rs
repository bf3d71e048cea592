//! Keys and buckets that change.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::KeyPair as _;
use serde_json::{Value, json};
use trail_operator_integrity::names::DigestName;
use trail_operator_integrity::{
    Delivery, ListedKey, Location, Object, ReadError, Reason, Request, Verdict, content, signature,
};

use crate::support::chains::{ACCOUNT, HOURS, MEMBER, Made, Spec, World, key, listed, sign_by, spec};
use crate::support::memory::Stored;
use crate::support::{found, only, reasons, verify};

#[test]
fn keys_are_fetched_once_a_region_and_in_both_encodings() {
    let world = World::new();
    // The second half of the hourly chain is signed by another key, given as SubjectPublicKeyInfo.
    let spki = key(1).public_key().as_der().unwrap().as_ref().to_vec();
    let fingerprint = signature::fingerprint(&spki);
    let mut previous: Option<(Vec<u8>, String)> = None;
    for (at, made) in world.chains[0].digests.iter().enumerate() {
        let mut document = made.document.clone();
        if let Some((raw, signed)) = &previous {
            document["previousDigestHashValue"] = json!(hex::encode(content::sha256(raw)));
            document["previousDigestSignature"] = json!(signed);
        }
        let number = usize::from(at >= 3);
        if number == 1 {
            document["digestPublicKeyFingerprint"] = json!(fingerprint);
        }
        let raw = document.to_string().into_bytes();
        let signed = sign_by(number, &document, &raw);
        world.put_digest(&made.object, &raw, &signed, false, made.end);
        previous = Some((raw, signed));
    }
    let rotated = ListedKey { fingerprint, value: spki };
    world.memory.with(|state| state.keys.get_mut("us-east-1").unwrap().push(rotated));
    let mut request = world.request();
    only(&mut request, ACCOUNT, "us-east-1");
    let outcome = verify(&world.memory, request);
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    // Once for the window; once for each hour in which a backfill digest was made.
    assert_eq!(world.memory.with(|state| state.key_calls), 1 + HOURS);
}

#[test]
fn keys_that_a_region_lacks_are_not_taken_from_another() {
    let world = World::new();
    let foreign = ListedKey { fingerprint: "other".to_owned(), value: listed(0).value };
    world.memory.with(|state| state.keys.insert("eu-west-1".to_owned(), vec![foreign]));
    let outcome = verify(&world.memory, world.request());
    assert_eq!(reasons(&outcome), [Reason::PublicKeyNotFound; HOURS]);
}

#[test]
fn the_chain_is_followed_into_an_earlier_bucket_that_is_allowed() {
    let world = World::new();
    let old = Location { bucket: "old".to_owned(), prefix: Some("before".to_owned()), organization: None };
    // The older digests and their log files lie in the old place, signed for it.
    let moved = old_chain(&world, &old, 3);
    let mut request = world.request();
    only(&mut request, ACCOUNT, "us-east-1");
    let refused = verify(&world.memory, request.clone());
    assert_eq!(reasons(&refused), [Reason::ObjectUnreadable]);
    assert!(!world.memory.was_read(&moved[2].object));
    request.locations.push(old);
    let outcome = verify(&world.memory, request);
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    assert_eq!(outcome.report.chains[0].digests.valid, HOURS as u64);
}

/// Makes the hourly chain anew so that its first digests lie at `old`.
fn old_chain(world: &World, old: &Location, until: usize) -> Vec<Made> {
    let chain = &world.chains[0];
    for made in &chain.digests[..until] {
        world.memory.remove(&made.object);
        made.logs.iter().for_each(|log| drop(world.memory.remove(log)));
    }
    let elsewhere = World {
        memory: world.memory.clone(),
        location: old.clone(),
        trail: world.trail.clone(),
        chains: Vec::new(),
    };
    let moved = elsewhere.make(chain.spec.clone(), until, &|_, _| ()).digests;
    let last = &moved[until - 1];
    let mut previous = (
        last.object.clone(),
        last.document.to_string().into_bytes(),
        world.memory.get_of(&last.object).metadata["signature"].clone(),
    );
    for made in &chain.digests[until..] {
        let mut document: Value = made.document.clone();
        document["previousDigestS3Bucket"] = json!(previous.0.bucket);
        document["previousDigestS3Object"] = json!(previous.0.key);
        document["previousDigestHashValue"] = json!(hex::encode(content::sha256(&previous.1)));
        document["previousDigestSignature"] = json!(previous.2);
        let raw = document.to_string().into_bytes();
        let signed = sign_by(0, &document, &raw);
        world.put_digest(&made.object, &raw, &signed, false, made.end);
        previous = (made.object.clone(), raw, signed);
    }
    moved
}

#[test]
fn a_folder_of_another_trail_alone_is_nothing_to_miss() {
    let world = World::new();
    let mut other = spec(ACCOUNT, "ap-south-1", false);
    other.trail = "other".to_owned();
    world.make(other, HOURS, &|_, _| ());
    world.memory.with(|state| state.keys.insert("ap-south-1".to_owned(), vec![listed(0)]));
    let outcome = verify(&world.memory, world.request());
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    assert_eq!(outcome.report.chains.len(), 3);
    // Asked for by name, or reported by CloudTrail, it is missed.
    let mut asked = world.request();
    only(&mut asked, ACCOUNT, "ap-south-1");
    assert_eq!(reasons(&verify(&world.memory, asked)), [Reason::NothingFound]);
    let mut reported = world.request();
    let latest_digest = Some("2026-01-05T07:10:00Z".parse().unwrap());
    reported.delivery.insert("ap-south-1".to_owned(), Delivery { latest_digest, stopped: None });
    assert_eq!(reasons(&verify(&world.memory, reported)), [Reason::DigestMissing]);
}

#[test]
fn a_region_that_was_delivered_for_and_is_no_more_is_missed() {
    let world = World::new();
    let mut earlier = spec(ACCOUNT, "ap-south-1", false);
    earlier.start = "2025-11-05T00:01:31Z".parse().unwrap();
    world.make(earlier, 2, &|_, _| ());
    assert_eq!(reasons(&verify(&world.memory, world.request())), [Reason::NothingFound]);
}

#[test]
fn log_files_of_nobody_are_missed_digests() {
    for (chain, account, region) in [(1, ACCOUNT, "eu-west-1"), (2, MEMBER, "us-east-1")] {
        let world = World::new();
        world.chains[chain].digests.iter().for_each(|made| drop(world.memory.remove(&made.object)));
        let folder = format!("s3://logs/{}", world.location.digests_prefix(account, region));
        let outcome = verify(&world.memory, world.request());
        assert_eq!(found(&outcome), [(Reason::NothingFound, &*folder)]);
        assert_eq!((outcome.report.verdict, outcome.level), (Verdict::Inconclusive, true));
        // A name alone is no other trail.
        let end = world.chains[chain].digests[3].end;
        let name = DigestName { trail: "zzz_us-east-1".to_owned(), end, backfill: false };
        let key = name.key(&world.location, account, region);
        world.memory.put(&Object { bucket: "logs".to_owned(), key }, Stored::default());
        assert_eq!(reasons(&verify(&world.memory, world.request())), [Reason::NothingFound]);
        // Another trail delivers there without digests; the log files are of another time.
        let shared = Request { unlisted: false, ..world.request() };
        assert_eq!(verify(&world.memory, shared).report.verdict, Verdict::Valid);
        for made in &world.chains[chain].digests {
            made.logs.iter().for_each(|log| drop(world.memory.remove(log)));
        }
        world
            .make(
                Spec { start: "2025-12-05T00:01:31Z".parse().unwrap(), ..spec(account, region, false) },
                2,
                &|_, _| (),
            )
            .digests
            .iter()
            .for_each(|made| drop(world.memory.remove(&made.object)));
        assert_eq!(verify(&world.memory, world.request()).report.verdict, Verdict::Valid);
    }
}

#[test]
fn an_account_of_the_organization_without_any_region_is_said() {
    let world = World::new();
    let key = format!("{}333344445555/x", world.location.accounts_prefix());
    world.memory.put(&Object { bucket: "logs".to_owned(), key }, Stored::default());
    let outcome = verify(&world.memory, world.request());
    let folder = format!("s3://logs/{}", world.location.digests_prefix("333344445555", "us-east-1"));
    assert_eq!(found(&outcome), [(Reason::NothingFound, &*folder)]);
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
}

#[test]
fn a_place_that_is_given_twice_counts_once() {
    let world = World::new();
    let mut request = world.request();
    request.locations.push(Location { prefix: Some("audit/".to_owned()), ..world.location.clone() });
    let outcome = verify(&world.memory, request);
    assert_eq!(outcome.report.chains[1].digests.valid, HOURS as u64);
    assert_eq!(outcome.report.verdict, Verdict::Valid);
}

#[test]
fn folders_are_asked_about_nowhere_else_and_are_bounded() {
    let world = World::new();
    verify(&world.memory, world.request());
    let calls = world.memory.with(|state| std::mem::take(&mut state.key_calls));
    for number in 0..20 {
        let key = format!("{}evil-{number}/x", world.location.regions_prefix(ACCOUNT));
        world.memory.put(&Object { bucket: "logs".to_owned(), key }, Stored::default());
    }
    assert_eq!(verify(&world.memory, world.request()).report.verdict, Verdict::Valid);
    assert_eq!(world.memory.with(|state| state.key_calls), calls);
    let mut bounded = world.request();
    bounded.limits.pairs = 22;
    let outcome = verify(&world.memory, bounded);
    assert_eq!(reasons(&outcome), [Reason::TooMuch]);
    assert_eq!(outcome.report.chains.len(), 2);
}

#[test]
fn folders_without_end_are_not_followed() {
    let world = World::new();
    for number in 0..300 {
        let key = format!("{}x-{number}/x", world.location.regions_prefix(ACCOUNT));
        world.memory.put(&Object { bucket: "logs".to_owned(), key }, Stored::default());
    }
    let outcome = verify(&world.memory, world.request());
    assert_eq!(reasons(&outcome), [Reason::TooMuch]);
}

#[test]
fn what_is_not_there_reads_as_forbidden_to_those_who_may_not_list_and_is_unknown() {
    let world = World::new();
    let gone = world.chains[0].digests[3].object.clone();
    world.memory.remove(&gone);
    world.memory.with(|state| state.absent = ReadError::AccessDenied("Access Denied".to_owned()));
    let mut request = world.request();
    only(&mut request, ACCOUNT, "us-east-1");
    let outcome = verify(&world.memory, request);
    assert_eq!(found(&outcome), [(Reason::AccessDenied, &*gone.to_string())]);
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
}

//! Keys and buckets that change.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::KeyPair as _;
use serde_json::{Value, json};
use trail_operator_integrity::{ListedKey, Location, Reason, Verdict, content, signature};

use crate::support::chains::{ACCOUNT, HOURS, Made, World, key, listed, sign_by};
use crate::support::{only, reasons, verify};

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

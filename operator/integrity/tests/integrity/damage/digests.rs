//! Damage to single digests and their keys.

use serde_json::{Value, json};
use trail_operator_integrity::{Limits, ListedKey, Object, ReadError, Reason, Request, Severity};

use super::{SPOTS, Spot, assert_found, digest, each_signed, each_stored, raw, rewrite};
use crate::support::chains::{World, listed, sign_by};
use crate::support::memory::{Trouble, gzip};
use crate::support::{impatient, verify};

#[test]
fn digests_that_were_changed() {
    let modified = Some(Reason::DigestModified);
    each_stored(
        "a listed hash",
        digest,
        |stored| {
            let hash = serde_json::from_slice::<Value>(&raw(stored)).unwrap()["logFiles"][0]["hashValue"]
                .as_str()
                .unwrap()
                .to_owned();
            rewrite(stored, &hash, &"0".repeat(64));
        },
        modified,
    );
    each_stored(
        "a listed file left out",
        digest,
        |stored| {
            let mut document: Value = serde_json::from_slice(&raw(stored)).unwrap();
            document["logFiles"].as_array_mut().unwrap().pop();
            stored.body = gzip(document.to_string().as_bytes());
        },
        modified,
    );
    each_stored(
        "a space more",
        digest,
        |stored| stored.body = gzip(&[raw(stored), b" ".to_vec()].concat()),
        modified,
    );
    each_stored(
        "its start",
        digest,
        |stored| rewrite(stored, "\"digestStartTime\":\"2026", "\"digestStartTime\":\"2025"),
        modified,
    );
}

#[test]
fn digests_whose_signature_was_changed() {
    let modified = Some(Reason::DigestModified);
    let unsigned = Some(Reason::DigestUnsigned);
    each_stored(
        "one bit of the signature",
        digest,
        |stored| {
            let signature = stored.metadata.get_mut("signature").unwrap();
            let last = if signature.ends_with('0') { "1" } else { "0" };
            signature.replace_range(signature.len() - 1.., last);
        },
        modified,
    );
    each_stored(
        "a short signature",
        digest,
        |stored| stored.metadata.get_mut("signature").unwrap().truncate(510),
        modified,
    );
    each_stored(
        "no hexadecimal signature",
        digest,
        |stored| drop(stored.metadata.insert("signature".to_owned(), "zz".repeat(256))),
        modified,
    );
    each_stored("no signature", digest, |stored| drop(stored.metadata.remove("signature")), unsigned);
    each_stored(
        "no signature algorithm",
        digest,
        |stored| drop(stored.metadata.remove("signature-algorithm")),
        unsigned,
    );
    each_stored(
        "no metadata at all",
        digest,
        |stored| {
            stored.metadata.retain(|key, _| key.starts_with("backfill"));
        },
        unsigned,
    );
    each_stored(
        "another signature algorithm",
        digest,
        |stored| drop(stored.metadata.insert("signature-algorithm".to_owned(), "none".to_owned())),
        Some(Reason::UnsupportedAlgorithm),
    );
}

#[test]
fn digests_that_are_none() {
    let malformed = Some(Reason::DigestMalformed);
    each_stored("not compressed", digest, |stored| stored.body = raw(stored), malformed);
    each_stored("truncated", digest, |stored| stored.body.truncate(40), malformed);
    each_stored(
        "wrong checksum",
        digest,
        |stored| {
            let at = stored.body.len() - 8;
            stored.body[at] ^= 1;
        },
        malformed,
    );
    each_stored("no JSON", digest, |stored| stored.body = gzip(b"{\"awsAccountId\":"), malformed);
    each_stored("a list", digest, |stored| stored.body = gzip(b"[]"), malformed);
    each_stored(
        "nested without end",
        digest,
        |stored| stored.body = gzip("[".repeat(1 << 20).as_bytes()),
        malformed,
    );
    each_stored("a byte more", digest, |stored| stored.body.push(0), Some(Reason::DigestTrailingData));
    each_stored(
        "a second member",
        digest,
        |stored| {
            let member = gzip(b"{}");
            stored.body.extend(member);
        },
        Some(Reason::DigestTrailingData),
    );
}

#[test]
fn digests_that_cannot_be_read_are_not_called_invalid() {
    let unreadable = Some(Reason::ObjectUnreadable);
    each_stored(
        "denied",
        digest,
        |stored| stored.trouble = Some(Trouble::Error(ReadError::AccessDenied("no".to_owned()))),
        Some(Reason::AccessDenied),
    );
    each_stored(
        "archived",
        digest,
        |stored| stored.trouble = Some(Trouble::Error(ReadError::Unreadable("GLACIER".to_owned()))),
        unreadable,
    );
    each_stored("always cut", digest, |stored| stored.trouble = Some(Trouble::Cut(u32::MAX)), unreadable);
    each_stored(
        "always failing",
        digest,
        |stored| stored.trouble = Some(Trouble::Failing(u32::MAX)),
        unreadable,
    );
    each_stored("cut twice", digest, |stored| stored.trouble = Some(Trouble::Cut(2)), None);
    each_stored("failing thrice", digest, |stored| stored.trouble = Some(Trouble::Failing(3)), None);
    each_stored(
        "damaged on the way once",
        digest,
        |stored| {
            let changed = [raw(stored), b" ".to_vec()].concat();
            stored.trouble = Some(Trouble::Flips(1, gzip(&changed)));
        },
        None,
    );
}

#[test]
fn digests_larger_than_anybody_can_mean() {
    for spot in SPOTS {
        let world = World::new();
        let object = digest(spot, &world);
        world.memory.edit(&object, |stored| stored.body = gzip(&vec![b' '; 3 << 20]));
        let mut request = world.request();
        request.limits.large_file = 2 << 20;
        assert_found("bomb", spot, &world, request, &[(Reason::TooMuch, &object)]);
        let allowed = world.request();
        assert_found("large, not a digest", spot, &world, allowed, &[(Reason::DigestMalformed, &object)]);
    }
}

#[test]
fn digests_that_lie_elsewhere_than_they_say() {
    for spot in SPOTS {
        let world = World::new();
        let object = digest(spot, &world);
        let other = Spot { chain: (spot.chain + 1) % 3, at: spot.at };
        let mut elsewhere = world.memory.get_of(&digest(other, &world));
        elsewhere
            .metadata
            .insert("backfill-generation-timestamp".to_owned(), "2026-01-05T00:00:00.000Z".to_owned());
        world.memory.put(&object, elsewhere);
        assert_found("another chain's", spot, &world, world.request(), &[(Reason::DigestMoved, &object)]);

        let world = World::new();
        let neighbour = Spot { at: if spot.is_oldest() { 1 } else { spot.at - 1 }, ..spot };
        let copy = world.memory.get_of(&digest(neighbour, &world));
        world.memory.put(&object, copy);
        assert_found("the neighbour's", spot, &world, world.request(), &[(Reason::DigestMoved, &object)]);
    }
}

#[test]
fn digests_that_are_signed_as_they_are_and_wrong() {
    let malformed = Reason::DigestMalformed;
    each_signed(
        "no log files",
        |digest| drop(digest.as_object_mut().unwrap().remove("logFiles")),
        malformed,
        false,
    );
    each_signed(
        "no fingerprint",
        |digest| drop(digest.as_object_mut().unwrap().remove("digestPublicKeyFingerprint")),
        malformed,
        false,
    );
    each_signed("bad start", |digest| digest["digestStartTime"] = json!("yesterday"), malformed, false);
    each_signed("bad end", |digest| digest["digestEndTime"] = json!("2026-01-05 01:01:31"), malformed, false);
    each_signed("bad hash", |digest| digest["logFiles"][0]["hashValue"] = json!("abc"), malformed, false);
    each_signed(
        "half of a previous digest",
        |digest| {
            digest["previousDigestHashValue"] =
                if digest["previousDigestHashValue"].is_null() { json!("00") } else { Value::Null };
        },
        malformed,
        false,
    );
    each_signed(
        "another signature algorithm",
        |digest| digest["digestSignatureAlgorithm"] = json!("MD5withRSA"),
        Reason::UnsupportedAlgorithm,
        false,
    );
    each_signed(
        "an unknown key",
        |digest| digest["digestPublicKeyFingerprint"] = json!("00112233"),
        Reason::PublicKeyNotFound,
        false,
    );
    each_signed(
        "another hash algorithm",
        |digest| digest["logFiles"][1]["hashAlgorithm"] = json!("SHA-1"),
        Reason::UnsupportedAlgorithm,
        true,
    );
}

#[test]
fn a_hash_by_an_unknown_algorithm_is_unknown_and_a_signature_an_error() {
    for (member, severity) in [("digest", Severity::Error), ("log", Severity::Unknown)] {
        let world = World::edited(0, &|at, document| {
            if at == 3 && member == "digest" {
                document["digestSignatureAlgorithm"] = json!("SHA512withRSA");
            } else if at == 3 {
                document["logFiles"][0]["hashAlgorithm"] = json!("SHA-512");
            }
        });
        let report = verify(&world.memory, world.request()).report;
        assert_eq!(report.findings[0].severity, severity);
    }
}

#[test]
fn keys_that_are_not_cloudtrails() {
    for spot in SPOTS {
        // Signed by a key of the attacker's under the name of CloudTrail's.
        let world = World::new();
        let object = digest(spot, &world);
        let mut document = spot.digest(&world).document.clone();
        document["logFiles"] = json!([]);
        let raw = document.to_string().into_bytes();
        let signature = sign_by(1, &document, &raw);
        world.memory.edit(&object, |stored| {
            stored.body = gzip(&raw);
            stored.metadata.insert("signature".to_owned(), signature);
        });
        assert_found("another key", spot, &world, world.request(), &[(Reason::DigestModified, &object)]);
    }
    each_unusable_key(b"a\n".to_vec());
    each_unusable_key(Vec::new());
    each_unusable_key(listed(0).value[..200].to_vec());
}

fn each_unusable_key(value: Vec<u8>) {
    let world = World::new();
    let fingerprint = listed(0).fingerprint;
    world
        .memory
        .with(|state| state.keys.insert("eu-west-1".to_owned(), vec![ListedKey { fingerprint, value }]));
    let objects: Vec<Object> = world.chains[1].digests.iter().map(|made| made.object.clone()).collect();
    let expected: Vec<_> = objects.iter().map(|object| (Reason::PublicKeyUnusable, object)).collect();
    assert_found("unusable key", Spot { chain: 1, at: 0 }, &world, world.request(), &expected);
}

#[test]
fn a_backfill_digest_says_when_it_was_made() {
    for spot in SPOTS.into_iter().filter(|spot| spot.is_backfill()) {
        for metadata in [None, Some("soon")] {
            let world = World::new();
            let object = digest(spot, &world);
            world.memory.edit(&object, |stored| {
                stored.metadata.remove("backfill-generation-timestamp");
                stored.metadata.extend(
                    metadata.map(|text| ("backfill-generation-timestamp".to_owned(), text.to_owned())),
                );
            });
            assert_found("no time", spot, &world, world.request(), &[(Reason::DigestMalformed, &object)]);
        }
    }
}

#[test]
fn a_time_without_any_key_makes_no_changed_digest_unknown() {
    for spot in SPOTS.into_iter().filter(|spot| spot.is_backfill()) {
        let world = World::new();
        world.memory.with(|state| state.keys_since = Some("2025-12-01T00:00:00Z".parse().unwrap()));
        let object = digest(spot, &world);
        world.memory.edit(&object, |stored| {
            rewrite(stored, "SHA-256", "SHA-25G");
            let made = "2012-01-01T00:00:00.000Z".to_owned();
            stored.metadata.insert("backfill-generation-timestamp".to_owned(), made);
        });
        assert_found("2012", spot, &world, world.request(), &[(Reason::PublicKeyNotFound, &object)]);
    }
}

#[test]
fn few_large_digests_are_held_until_they_verify() {
    let world = World::edited(3, &|_, document| document["padding"] = json!("x".repeat(3 << 19)));
    assert_eq!(verify(&world.memory, world.request()).report.findings, []);
    // Each asks for the keys of an hour of its own, and never gets them.
    world.memory.with(|state| state.keys_stall = true);
    let limits = Limits { attempts: 1, ..impatient() };
    let outcome = verify(&world.memory, Request { limits, ..world.request() });
    assert!(outcome.report.findings.iter().all(|finding| finding.severity == Severity::Unknown));
    // Beside two of them those wait that ask for the window, once a Region.
    let most = world.memory.with(|state| state.most_keys_waiting);
    assert!((2..=4).contains(&most), "{most}");
}

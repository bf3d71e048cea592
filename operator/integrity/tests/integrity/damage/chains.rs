//! Damage to chains: digests that are gone, links that do not fit, chains that begin anew.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trail_operator_integrity::names::DigestName;
use trail_operator_integrity::{Delivery, Expiration, Object, ReadError, Reason, Request, Selection};

use super::{SPOTS, Spot, assert_found, digest, rewrite};
use crate::support::chains::{ACCOUNT, HOURS, World, sign};
use crate::support::memory::{Stored, Trouble, gzip};
use crate::support::verify;

#[test]
fn digests_that_are_gone() {
    for spot in SPOTS.into_iter().filter(|spot| !spot.is_newest()) {
        let world = World::new();
        let object = digest(spot, &world);
        world.memory.remove(&object);
        assert_found("one", spot, &world, world.request(), &[(Reason::DigestMissing, &object)]);
        if spot.at + 2 < HOURS {
            let above = digest(Spot { at: spot.at + 1, ..spot }, &world);
            world.memory.remove(&above);
            let both = [(Reason::DigestMissing, &object), (Reason::DigestMissing, &above)];
            // Backfill digests are not hourly, and nothing is below the oldest: only the one that is named is known.
            let expected = if spot.is_backfill() || spot.is_oldest() { &both[1..] } else { &both };
            assert_found("two", spot, &world, world.request(), expected);
        }

        let world = World::new();
        world.memory.remove(&object);
        let rule = Expiration { bucket: "logs".to_owned(), prefix: String::new(), days: 5 };
        let now = "2026-01-12T00:00:00Z".parse().unwrap();
        let mut request = Request { expirations: vec![rule], now, ..world.request() };
        request.window.end = world.chains[0].digests[HOURS - 1].end;
        assert_found("expired", spot, &world, request, &[(Reason::Expired, &object)]);
    }
}

#[test]
fn a_digest_deleted_beside_one_that_was_changed_leaves_a_gap() {
    for spot in [Spot { chain: 0, at: 3 }, Spot { chain: 1, at: 3 }, Spot { chain: 2, at: 3 }] {
        let world = World::new();
        let (changed, gone) = (digest(spot, &world), digest(Spot { at: 2, ..spot }, &world));
        world.memory.edit(&changed, |stored| rewrite(stored, "SHA-256", "SHA-25G"));
        world.memory.remove(&gone);
        let expected = [(Reason::DigestModified, &changed), (Reason::DeliveryGap, &changed)];
        assert_found("both", spot, &world, world.request(), &expected);
    }
}

#[test]
fn links_that_do_not_fit() {
    type Damage = fn(&mut Value);
    let broken = Reason::ChainBroken;
    let links: [(&str, Damage, Reason); 9] = [
        ("another hash", |digest| digest["previousDigestHashValue"] = json!("0".repeat(64)), broken),
        ("another signature", |digest| digest["previousDigestSignature"] = json!("00".repeat(256)), broken),
        ("a short signature", |digest| digest["previousDigestSignature"] = json!("00"), broken),
        ("itself", |digest| digest["previousDigestS3Object"] = digest["digestS3Object"].clone(), broken),
        (
            "a later one",
            |digest| {
                let key = digest["digestS3Object"].as_str().unwrap().replace("0131Z", "5931Z");
                digest["previousDigestS3Object"] = json!(key);
            },
            broken,
        ),
        (
            "another bucket",
            |digest| digest["previousDigestS3Bucket"] = json!("victim"),
            Reason::ObjectUnreadable,
        ),
        (
            "another trail",
            |digest| {
                let key = digest["previousDigestS3Object"].as_str().unwrap().replace("_audit_", "_audits_");
                digest["previousDigestS3Object"] = json!(key);
            },
            Reason::ObjectUnreadable,
        ),
        (
            "one of the other chain",
            |digest| {
                let key = digest["previousDigestS3Object"].as_str().unwrap();
                let other = match key.strip_suffix("_backfill.json.gz") {
                    Some(stem) => format!("{stem}.json.gz"),
                    None => key.replace(".json.gz", "_backfill.json.gz"),
                };
                digest["previousDigestS3Object"] = json!(other);
            },
            Reason::ObjectUnreadable,
        ),
        (
            "another hash algorithm",
            |digest| digest["previousDigestHashAlgorithm"] = json!("MD5"),
            Reason::UnsupportedAlgorithm,
        ),
    ];
    for (name, damage, reason) in links {
        for spot in SPOTS.into_iter().filter(|spot| !spot.is_oldest()) {
            let world = World::edited(spot.chain, &|at, document| {
                if at == spot.at {
                    damage(document);
                }
            });
            let object = digest(spot, &world);
            assert_found(name, spot, &world, world.request(), &[(reason, &object)]);
            assert!(!world.memory.with(|state| state.gets.iter().any(|get| get.bucket == "victim")));
        }
    }
}

#[test]
fn a_genuine_digest_in_the_place_of_another_breaks_the_chain() {
    for spot in SPOTS.into_iter().filter(|spot| !spot.is_newest()) {
        let world = World::new();
        let object = digest(spot, &world);
        let mut document = spot.digest(&world).document.clone();
        document["newestEventTime"] = json!("2026-01-05T00:30:00Z");
        let raw = document.to_string().into_bytes();
        let signature = sign(&document, &raw);
        world.memory.edit(&object, |stored| {
            stored.body = gzip(&raw);
            stored.metadata.insert("signature".to_owned(), signature);
        });
        let successor = digest(Spot { at: spot.at + 1, ..spot }, &world);
        assert_found("replaced", spot, &world, world.request(), &[(Reason::ChainBroken, &successor)]);
    }
}

#[test]
fn chains_that_begin_anew_leave_a_gap() {
    for spot in SPOTS.into_iter().filter(|spot| !spot.is_oldest() && !spot.is_backfill()) {
        let begin = |document: &mut Value| {
            for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
                document[format!("previousDigest{member}")] = Value::Null;
            }
        };
        for later in [0, 30] {
            let world = World::edited(spot.chain, &|at, document| {
                if at == spot.at {
                    begin(document);
                    let start =
                        document["digestStartTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
                    document["digestStartTime"] =
                        json!((start + SignedDuration::from_mins(later)).to_string());
                }
            });
            let object = digest(spot, &world);
            assert_found("anew", spot, &world, world.request(), &[(Reason::DeliveryGap, &object)]);
        }
        // Linked, and still the windows leave half an hour out.
        let world = World::edited(spot.chain, &|at, document| {
            if at == spot.at {
                let start = document["digestStartTime"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
                document["digestStartTime"] = json!((start + SignedDuration::from_mins(30)).to_string());
            }
        });
        let object = digest(spot, &world);
        assert_found("half an hour", spot, &world, world.request(), &[(Reason::DeliveryGap, &object)]);
    }
}

#[test]
fn a_chain_that_begins_within_the_window_leaves_its_start_out_where_that_is_asked() {
    for spot in [Spot { chain: 0, at: 3 }, Spot { chain: 1, at: 3 }, Spot { chain: 2, at: 3 }] {
        let world = World::edited(spot.chain, &|at, document| {
            if at == spot.at {
                for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
                    document[format!("previousDigest{member}")] = Value::Null;
                }
            }
        });
        for at in 0..spot.at {
            let made = Spot { at, ..spot }.digest(&world).clone();
            std::iter::once(&made.object).chain(&made.logs).for_each(|gone| drop(world.memory.remove(gone)));
        }
        assert_found("not asked", spot, &world, world.request(), &[]);
        let whole = Request { whole_window: true, ..world.request() };
        let object = digest(spot, &world);
        assert_found("asked", spot, &world, whole.clone(), &[(Reason::DeliveryGap, &object)]);
        let outcome = verify(&world.memory, whole.clone());
        let message = &outcome.report.findings[0].message;
        assert!(message.contains("between 2026-01-05T00:00:00Z and 2026-01-05T03:01:31Z"), "{message}");
        let later = Request { anchors: outcome.anchors, ..whole };
        assert_found("gone on", spot, &world, later, &[]);
    }
    let world = World::new();
    let whole = Request { whole_window: true, ..world.request() };
    assert_found("from the start", Spot { chain: 0, at: 0 }, &world, whole, &[]);
}

#[test]
fn a_digest_that_lies_beside_the_hours_is_not_the_newest_one() {
    for chain in 0..2 {
        let spot = Spot { chain, at: HOURS - 1 };
        let world = World::new();
        let spec = world.chains[chain].spec.clone();
        let mut request = world.request();
        let newest = world.chains[chain].digests[HOURS - 1].end;
        let delivery = Delivery { latest_digest: Some(newest), stopped: None };
        request.delivery.insert(spec.region.clone(), delivery);
        let denied = Trouble::Error(ReadError::AccessDenied("no".to_owned()));
        world.memory.trouble(&digest(spot, &world), denied.clone());
        let expected = [(Reason::AccessDenied, &digest(spot, &world))];
        assert_found("the newest", spot, &world, request.clone(), &expected);
        for at in [HOURS - 3, HOURS - 2, HOURS - 1] {
            world.memory.remove(&digest(Spot { chain, at }, &world));
        }
        let plant = plant(&world, chain, newest + SignedDuration::from_mins(10));
        world.memory.trouble(&plant, denied);
        let key = world.location.digests_prefix(&spec.account, &spec.region);
        let place = Object { bucket: "logs".to_owned(), key };
        let expected =
            [(Reason::DigestMissing, &place), (Reason::AccessDenied, &plant), (Reason::DeliveryGap, &plant)];
        assert_found("a plant", spot, &world, request, &expected);
    }
}

/// Something under the name of a digest that ends then.
fn plant(world: &World, chain: usize, end: Timestamp) -> Object {
    let spec = &world.chains[chain].spec;
    let name = DigestName { trail: "audit_us-east-1".to_owned(), end, backfill: false };
    let key = name.key(&world.location, &spec.account, &spec.region);
    let object = Object { bucket: "logs".to_owned(), key };
    world.memory.put(&object, Stored { body: b"hello".to_vec(), ..Stored::default() });
    object
}

#[test]
fn newest_digests_that_are_gone() {
    for chain in 0..3 {
        let spot = Spot { chain, at: HOURS - 1 };
        let world = World::new();
        for at in [HOURS - 3, HOURS - 2, HOURS - 1] {
            world.memory.remove(&digest(Spot { chain, at }, &world));
        }
        let spec = &world.chains[chain].spec;
        let place = Object {
            bucket: "logs".to_owned(),
            key: world.location.digests_prefix(&spec.account, &spec.region),
        };
        assert_found("no word", spot, &world, world.request(), &[(Reason::DigestsStale, &place)]);
        let mut request = world.request();
        let latest_digest = Some(world.chains[chain].digests[HOURS - 1].end);
        request.delivery.insert(spec.region.clone(), Delivery { latest_digest, stopped: None });
        // GetTrailStatus is about the trail's own account.
        let reason = if spec.account == ACCOUNT { Reason::DigestMissing } else { Reason::DigestsStale };
        let outcome = verify(&world.memory, request);
        let found: Vec<_> = outcome
            .report
            .findings
            .iter()
            .filter(|finding| finding.object == Some(place.to_string()))
            .map(|finding| finding.reason)
            .collect();
        assert_eq!(found, [reason]);
    }
}

#[test]
fn digests_missing_between_the_window_and_the_next_one_are_found_by_its_link() {
    for chain in 0..3 {
        let spot = Spot { chain, at: 3 };
        let world = World::new();
        let made = |at| digest(Spot { chain, at }, &world);
        for at in [2, 3, 4] {
            world.memory.remove(&made(at));
        }
        let mut request = world.request();
        request.window.end = world.chains[chain].digests[2].end;
        request.now = "2026-01-06T00:00:00Z".parse().unwrap();
        request.accounts = Selection::Only(vec![world.chains[chain].spec.account.clone()]);
        request.regions = Selection::Only(vec![world.chains[chain].spec.region.clone()]);
        let expected = [
            (Reason::DigestMissing, &made(2)),
            (Reason::DigestMissing, &made(3)),
            (Reason::DigestMissing, &made(4)),
        ];
        assert_found("after the window", spot, &world, request.clone(), &expected);
        // What somebody put before the next one keeps nothing away.
        for minutes in [30, 10] {
            let end = world.chains[chain].digests[4].end - SignedDuration::from_mins(minutes);
            let plant = plant(&world, chain, end);
            let expected = [&expected[..], &[(Reason::DigestMalformed, &plant)]].concat();
            assert_found("behind a plant", spot, &world, request.clone(), &expected);
            world.memory.remove(&plant);
        }
    }
}

//! Trees on which awscli has a blind spot, each with what it does not see and we do.

use std::collections::BTreeSet;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::signature::KeyPair as _;
use jiff::SignedDuration;
use serde_json::json;
use trail_operator_integrity::{ListedKey, ReadError, Reason, Verdict};

use crate::equal::{AWAY, MEMBER, OWN, begins_anew, signed, stored};
use crate::judges::{Judged, Tree, judge_all};
use crate::support::chains::{HOURS, World, key, sign, spec};
use crate::support::memory::{Stored, Trouble, gzip};

/// What the judgements differ in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Difference {
    /// They call valid what we do not.
    they_pass: BTreeSet<String>,
    /// They call invalid what we do not.
    they_fail: BTreeSet<String>,
    /// We call invalid what they do not even name.
    they_miss: BTreeSet<String>,
    /// We call valid what they do not.
    only_we_pass: BTreeSet<String>,
}

fn difference(judged: &Judged) -> Difference {
    let (aws, ours) = (&judged.aws, &judged.ours);
    let named: BTreeSet<String> = aws.valid.union(&aws.invalid).cloned().collect();
    Difference {
        they_pass: aws.valid.difference(&ours.valid).cloned().collect(),
        they_fail: aws.invalid.difference(&ours.invalid).cloned().collect(),
        they_miss: ours.invalid.difference(&named).cloned().collect(),
        only_we_pass: ours.valid.difference(&aws.valid).cloned().collect(),
    }
}

/// Has one tree judged and compares the difference, their exit code and our findings with what is stated.
fn assert_differs(tree: Tree, stated: &Difference, exit: i32, verdict: Verdict, reasons: &[Reason]) {
    let judged = judge_all(vec![tree]).remove(0);
    let name = &judged.name;
    assert_eq!(difference(&judged), *stated, "{name}");
    assert_eq!(judged.exit, Some(exit), "{name}: {}", judged.said);
    let found: Vec<Reason> = judged.report.findings.iter().map(|finding| finding.reason).collect();
    assert_eq!((judged.report.verdict, found.as_slice()), (verdict, reasons), "{name}");
}

fn one(object: &impl ToString) -> BTreeSet<String> {
    BTreeSet::from([object.to_string()])
}

fn passes(object: &impl ToString) -> Difference {
    Difference { they_pass: one(object), ..Difference::default() }
}

#[test]
fn awscli_compares_neither_hash_nor_signature_of_the_digest_before() {
    let tree = signed("another hash of the digest before", OWN, 3, |digest| {
        digest["previousDigestHashValue"] = json!("0".repeat(64));
    });
    let stated = passes(&tree.world.chains[OWN].digests[3].object);
    assert_differs(tree, &stated, 0, Verdict::Invalid, &[Reason::ChainBroken]);

    let tree = stored("signed anew", MEMBER, 2, |world, made| {
        let mut document = made.document.clone();
        document["newestEventTime"] = json!("2026-01-05T00:30:00Z");
        let raw = document.to_string().into_bytes();
        let signature = sign(&document, &raw);
        world.put_digest(&made.object, &raw, &signature, false, made.end);
    });
    let stated = passes(&tree.world.chains[MEMBER].digests[3].object);
    assert_differs(tree, &stated, 0, Verdict::Invalid, &[Reason::ChainBroken]);
}

#[test]
fn awscli_names_one_of_two_missing_digests() {
    let tree = stored("two removed", OWN, 2, |world, made| {
        world.memory.remove(&made.object);
        world.memory.remove(&world.chains[OWN].digests[3].object);
    });
    let stated =
        Difference { they_miss: one(&tree.world.chains[OWN].digests[2].object), ..Difference::default() };
    assert_differs(tree, &stated, 1, Verdict::Invalid, &[Reason::DigestMissing; 2]);
}

#[test]
fn awscli_ignores_what_follows_a_digest() {
    let tree = stored("a byte more", AWAY, 3, |world, made| {
        world.memory.edit(&made.object, |digest| digest.body.push(0));
    });
    let made = &tree.world.chains[AWAY].digests[3];
    let stated = Difference {
        they_pass: made.logs.iter().chain([&made.object]).map(ToString::to_string).collect(),
        ..Difference::default()
    };
    assert_differs(tree, &stated, 0, Verdict::Invalid, &[Reason::DigestTrailingData]);
}

#[test]
fn awscli_believes_every_signature_algorithm() {
    let tree = signed("another signature algorithm", OWN, 3, |digest| {
        digest["digestSignatureAlgorithm"] = json!("MD5withRSA");
    });
    let made = &tree.world.chains[OWN].digests[3];
    let stated = Difference {
        they_pass: made.logs.iter().chain([&made.object]).map(ToString::to_string).collect(),
        ..Difference::default()
    };
    assert_differs(tree, &stated, 0, Verdict::Invalid, &[Reason::UnsupportedAlgorithm]);
}

#[test]
fn awscli_does_not_miss_the_newest_digests_nor_what_no_digest_lists_nor_a_gap() {
    let removed = stored("the newest removed", AWAY, HOURS - 1, |world, _| {
        for made in &world.chains[AWAY].digests[HOURS - 3..] {
            world.memory.remove(&made.object);
        }
    });
    assert_differs(removed, &Difference::default(), 0, Verdict::Incomplete, &[Reason::DigestsStale]);

    let injected = stored("injected", MEMBER, 2, |world, made| {
        let delivered = made.start + SignedDuration::from_mins(20);
        let object = world.log_object(&world.chains[MEMBER].spec, delivered, "INJECTEDINJECTED");
        world.memory.put(&object, Stored { body: gzip(b"{\"Records\":[]}"), ..Stored::default() });
    });
    assert_differs(injected, &Difference::default(), 0, Verdict::Incomplete, &[Reason::LogFileUnlisted]);

    let gap = signed("begun anew", OWN, 3, begins_anew);
    assert_differs(gap, &Difference::default(), 0, Verdict::Incomplete, &[Reason::DeliveryGap]);

    // Nor all that was before one that names none before it.
    let headless = signed("begun anew, and nothing before", AWAY, 3, begins_anew);
    for made in &headless.world.chains[AWAY].digests[..3] {
        for object in made.logs.iter().chain([&made.object]) {
            headless.world.memory.remove(object);
        }
    }
    assert_differs(headless, &Difference::default(), 0, Verdict::Incomplete, &[Reason::DeliveryGap]);
}

#[test]
fn awscli_takes_the_digests_of_a_trail_whose_name_begins_alike() {
    let world = World::new();
    let mut other = spec(&world.chains[AWAY].spec.account, "eu-west-1", false);
    "audit_us-east-1_x".clone_into(&mut other.trail);
    other.start += SignedDuration::from_mins(30);
    let other = world.make(other, HOURS, &|_, _| ());
    let tree = Tree { name: "a name that begins alike".to_owned(), chain: AWAY, world };
    let theirs = other.digests.iter().flat_map(|made| made.logs.iter().chain([&made.object]));
    let judged = judge_all(vec![tree]).remove(0);
    // Which chain it starts with is chance; it walks that one alone, or both.
    let passed = difference(&judged).they_pass;
    assert!(!passed.is_empty(), "{}", judged.said);
    assert!(passed.is_subset(&theirs.map(ToString::to_string).collect()), "{}", judged.said);
    assert_eq!(judged.report.verdict, Verdict::Valid);
    assert_eq!(judged.report.chains[0].digests.valid, HOURS as u64);
}

#[test]
fn awscli_refuses_public_keys_in_the_other_encoding() {
    let world = World::new();
    let value = key(0).public_key().as_der().unwrap().as_ref().to_vec();
    let fingerprint = crate::support::chains::listed(0).fingerprint;
    world
        .memory
        .with(|state| state.keys.insert("eu-west-1".to_owned(), vec![ListedKey { fingerprint, value }]));
    let digests = &world.chains[AWAY].digests;
    let stated = Difference {
        they_fail: digests.iter().map(|made| made.object.to_string()).collect(),
        only_we_pass: digests
            .iter()
            .flat_map(|made| made.logs.iter().chain([&made.object]))
            .map(ToString::to_string)
            .collect(),
        ..Difference::default()
    };
    let tree = Tree { name: "another encoding".to_owned(), chain: AWAY, world };
    assert_differs(tree, &stated, 1, Verdict::Valid, &[]);
}

#[test]
fn awscli_ends_at_the_first_log_file_it_may_not_read() {
    let tree = stored("denied", OWN, HOURS - 1, |world, made| {
        world.memory.trouble(&made.logs[0], Trouble::Error(ReadError::AccessDenied("no".to_owned())));
    });
    let newest = tree.world.chains[OWN].digests[HOURS - 1].clone();
    let judged = judge_all(vec![tree]).remove(0);
    assert!(judged.said.contains("AccessDenied"), "{}", judged.said);
    assert_ne!(judged.exit, Some(0));
    assert_eq!(judged.aws.valid, one(&newest.object));
    assert_eq!(judged.report.verdict, Verdict::Inconclusive);
    assert_eq!(judged.ours.invalid, one(&newest.logs[0]));
    assert_eq!(judged.ours.valid.len(), 2 * 3 * HOURS - 1);
}

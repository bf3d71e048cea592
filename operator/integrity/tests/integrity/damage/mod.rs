//! Every kind of damage, at the newest, a middle and the oldest digest, in a second Region, in a member account and in a
//! backfill chain: each is found by its reason at its object, and nothing else is found.

mod chains;
mod digests;
mod log_files;

use std::collections::BTreeSet;

use serde_json::Value;
use trail_operator_integrity::{Object, Reason, Request, content};

use crate::support::chains::{ACCOUNT, HOURS, MEMBER, Made, World};
use crate::support::memory::{Stored, gzip};
use crate::support::verify;

/// Where damage is done.
#[derive(Debug, Clone, Copy)]
struct Spot {
    chain: usize,
    at: usize,
}

const SPOTS: [Spot; 12] = [
    Spot { chain: 0, at: HOURS - 1 },
    Spot { chain: 0, at: 3 },
    Spot { chain: 0, at: 0 },
    Spot { chain: 1, at: HOURS - 1 },
    Spot { chain: 1, at: 2 },
    Spot { chain: 1, at: 0 },
    Spot { chain: 2, at: HOURS - 1 },
    Spot { chain: 2, at: 4 },
    Spot { chain: 2, at: 0 },
    Spot { chain: 3, at: HOURS - 1 },
    Spot { chain: 3, at: 3 },
    Spot { chain: 3, at: 0 },
];

impl Spot {
    fn digest(self, world: &World) -> &Made {
        &world.chains[self.chain].digests[self.at]
    }

    fn log(self, world: &World) -> Object {
        self.digest(world).logs[1].clone()
    }

    fn is_backfill(self) -> bool {
        self.chain == 3
    }

    fn is_newest(self) -> bool {
        self.at == HOURS - 1
    }

    fn is_oldest(self) -> bool {
        self.at == 0
    }
}

type Found = BTreeSet<(Reason, String)>;

/// Runs, and compares what is found with what should be, exactly.
fn assert_found(name: &str, spot: Spot, world: &World, request: Request, expected: &[(Reason, &Object)]) {
    let outcome = verify(&world.memory, request);
    let found: Found = outcome
        .report
        .findings
        .iter()
        .map(|finding| (finding.reason, finding.object.clone().unwrap_or_default()))
        .collect();
    let expected: Found = expected.iter().map(|(reason, object)| (*reason, object.to_string())).collect();
    assert_eq!(found, expected, "{name} at {spot:?}: {:#?}", outcome.report.findings);
    for finding in &outcome.report.findings {
        let chain = &world.chains[spot.chain].spec;
        assert_eq!(finding.account_id.as_deref(), Some(chain.account.as_str()), "{name} at {spot:?}");
        assert_eq!(finding.region.as_deref(), Some(chain.region.as_str()), "{name} at {spot:?}");
    }
}

/// Damage to a stored object after everything was signed.
fn each_stored(
    name: &str,
    what: fn(Spot, &World) -> Object,
    damage: fn(&mut Stored),
    expected: Option<Reason>,
) {
    for spot in SPOTS {
        let world = World::new();
        let object = what(spot, &world);
        world.memory.edit(&object, damage);
        let expected: Vec<_> = expected.iter().map(|reason| (*reason, &object)).collect();
        assert_found(name, spot, &world, world.request(), &expected);
    }
}

fn log(spot: Spot, world: &World) -> Object {
    spot.log(world)
}

fn digest(spot: Spot, world: &World) -> Object {
    spot.digest(world).object.clone()
}

/// A digest that CloudTrail signed as it is, wrong.
fn each_signed(name: &str, damage: fn(&mut Value), expected: Reason, at_log: bool) {
    for spot in SPOTS {
        let world = World::edited(spot.chain, &|at, document| {
            if at == spot.at {
                damage(document);
            }
        });
        let object = if at_log { spot.log(&world) } else { digest(spot, &world) };
        assert_found(name, spot, &world, world.request(), &[(expected, &object)]);
    }
}

fn raw(stored: &Stored) -> Vec<u8> {
    content::read(&stored.body, 1 << 20).unwrap().1
}

fn rewrite(stored: &mut Stored, from: &str, to: &str) {
    let text = String::from_utf8(raw(stored)).unwrap();
    assert!(text.contains(from));
    stored.body = gzip(text.replacen(from, to, 1).as_bytes());
}

#[test]
fn nothing_is_found_where_nothing_was_done() {
    let world = World::new();
    let report = verify(&world.memory, world.request()).report;
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    let counts: Vec<_> = report
        .chains
        .iter()
        .map(|chain| {
            (
                chain.account_id.as_str(),
                chain.region.as_str(),
                chain.digests.valid,
                chain.backfill_digests.valid,
                chain.log_files.files.valid,
            )
        })
        .collect();
    let (digests, logs) = (HOURS as u64, 2 * HOURS as u64);
    assert_eq!(
        counts,
        [
            (ACCOUNT, "eu-west-1", digests, 0, logs),
            (ACCOUNT, "us-east-1", digests, digests, 2 * logs),
            (MEMBER, "us-east-1", digests, 0, logs)
        ]
    );
}

//! Trees on which both say the same.

use serde_json::{Value, json};
use trail_operator_integrity::{Object, Verdict, content};

use crate::judges::{Tree, judge_all};
use crate::support::chains::{HOURS, Made, World};
use crate::support::memory::{Stored, gzip, gzip_at};

/// Chains of [`World`]: the trail's own, a second Region, a member account, backfill.
pub const OWN: usize = 0;
pub const AWAY: usize = 1;
pub const MEMBER: usize = 2;
pub const BACKFILL: usize = 3;

const OLDEST: usize = 0;
const MIDDLE: usize = 3;
const NEWEST: usize = HOURS - 1;

/// A tree whose objects were changed after they were signed.
pub fn stored(name: &str, chain: usize, at: usize, damage: impl Fn(&World, &Made)) -> Tree {
    let world = World::new();
    damage(&world, &world.chains[chain].digests[at].clone());
    Tree { name: format!("{name} in chain {chain} at {at}"), chain, world }
}

/// A tree with a digest that was signed as it is.
pub fn signed(name: &str, chain: usize, at: usize, damage: impl Fn(&mut Value)) -> Tree {
    let edit = |hour: usize, document: &mut Value| {
        if hour == at {
            damage(document);
        }
    };
    Tree { name: format!("{name} in chain {chain} at {at}"), chain, world: World::edited(chain, &edit) }
}

pub fn begins_anew(document: &mut Value) {
    for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
        document[format!("previousDigest{member}")] = Value::Null;
    }
}

fn edit(world: &World, object: &Object, damage: impl FnOnce(&mut Stored)) {
    world.memory.edit(object, damage);
}

fn raw(stored: &Stored) -> Vec<u8> {
    content::read(&stored.body, 1 << 20).unwrap().1
}

fn rewritten(stored: &Stored, from: &str, to: &str) -> Vec<u8> {
    let text = String::from_utf8(raw(stored)).unwrap();
    assert!(text.contains(from));
    gzip(text.replacen(from, to, 1).as_bytes())
}

fn whole() -> Vec<Tree> {
    let tree = |name: &str, chain| Tree { name: name.to_owned(), chain, world: World::new() };
    vec![tree("whole, own", OWN), tree("whole, away", AWAY), tree("whole, member", MEMBER)]
}

fn damaged_logs() -> Vec<Tree> {
    vec![
        stored("a log file changed", OWN, NEWEST, |world, made| {
            edit(world, &made.logs[0], |log| log.body = rewritten(log, "eventID", "eventId"));
        }),
        stored("a log file removed", MEMBER, MIDDLE, |world, made| drop(world.memory.remove(&made.logs[1]))),
        stored("a log file with a byte more", AWAY, OLDEST, |world, made| {
            edit(world, &made.logs[1], |log| log.body.push(0));
        }),
        stored("a log file with a member more", MEMBER, NEWEST, |world, made| {
            edit(world, &made.logs[0], |log| log.body.extend(gzip(b"{}")));
        }),
        stored("a log file cut short", AWAY, MIDDLE, |world, made| {
            edit(world, &made.logs[1], |log| log.body.truncate(log.body.len() / 2));
        }),
        stored("a log file not compressed", OWN, OLDEST, |world, made| {
            edit(world, &made.logs[0], |log| log.body = raw(log));
        }),
        stored("a log file with a wrong checksum", OWN, MIDDLE, |world, made| {
            edit(world, &made.logs[0], |log| {
                let at = log.body.len() - 8;
                log.body[at] ^= 1;
            });
        }),
        stored("a log file compressed anew", OWN, MIDDLE, |world, made| {
            edit(world, &made.logs[0], |log| log.body = gzip_at(&raw(log), flate2::Compression::best()));
        }),
        stored("two log files exchanged", MEMBER, OLDEST, |world, made| {
            let [one, other] = [0, 1].map(|at| world.memory.get_of(&made.logs[at]));
            world.memory.put(&made.logs[0], other);
            world.memory.put(&made.logs[1], one);
        }),
        stored("a late log file removed", BACKFILL, MIDDLE, |world, made| {
            world.memory.remove(&made.logs[0]);
        }),
        stored("a late log file changed", BACKFILL, OLDEST, |world, made| {
            edit(world, &made.logs[0], |log| log.body = gzip(b"{}"));
        }),
    ]
}

fn damaged_digests() -> Vec<Tree> {
    vec![
        stored("a digest changed", OWN, NEWEST, |world, made| {
            edit(world, &made.object, |digest| digest.body = rewritten(digest, "SHA-256", "SHA-265"));
        }),
        stored("a digest with a space more", AWAY, MIDDLE, |world, made| {
            edit(world, &made.object, |digest| digest.body = gzip(&[raw(digest), b" ".to_vec()].concat()));
        }),
        stored("a signature changed", MEMBER, OLDEST, |world, made| {
            edit(world, &made.object, |digest| {
                let signature = digest.metadata.get_mut("signature").unwrap();
                let other = if signature.starts_with('0') { "1" } else { "0" };
                signature.replace_range(..1, other);
            });
        }),
        stored("no signature", OWN, MIDDLE, |world, made| {
            edit(world, &made.object, |digest| drop(digest.metadata.remove("signature")));
        }),
        stored("no signature algorithm", AWAY, NEWEST, |world, made| {
            edit(world, &made.object, |digest| drop(digest.metadata.remove("signature-algorithm")));
        }),
        stored("a digest in the place of another", OWN, MIDDLE, |world, made| {
            let other = world.memory.get_of(&world.chains[OWN].digests[1].object);
            world.memory.put(&made.object, other);
        }),
        stored("a digest that is no JSON", MEMBER, MIDDLE, |world, made| {
            edit(world, &made.object, |digest| digest.body = gzip(b"{"));
        }),
        stored("a digest cut short", AWAY, OLDEST, |world, made| {
            edit(world, &made.object, |digest| digest.body.truncate(40));
        }),
        stored("a digest removed", OWN, MIDDLE, |world, made| drop(world.memory.remove(&made.object))),
        stored("the oldest digest removed", MEMBER, OLDEST, |world, made| {
            drop(world.memory.remove(&made.object));
        }),
        stored("a late digest removed", BACKFILL, MIDDLE, |world, made| {
            drop(world.memory.remove(&made.object));
        }),
        stored("a late digest changed", BACKFILL, NEWEST, |world, made| {
            edit(world, &made.object, |digest| digest.body = gzip(&[raw(digest), b" ".to_vec()].concat()));
        }),
        stored("a late digest without its time", BACKFILL, OLDEST, |world, made| {
            edit(world, &made.object, |digest| drop(digest.metadata.remove("backfill-generation-timestamp")));
        }),
        signed("an unknown key", AWAY, MIDDLE, |digest| {
            digest["digestPublicKeyFingerprint"] = json!("00112233");
        }),
        signed("no start", MEMBER, NEWEST, |digest| {
            drop(digest.as_object_mut().unwrap().remove("digestStartTime"));
        }),
    ]
}

#[test]
fn both_say_the_same_of_every_object() {
    let trees: Vec<Tree> = whole().into_iter().chain(damaged_logs()).chain(damaged_digests()).collect();
    assert_eq!(trees.len(), 29);
    let mut objects = 0;
    for judged in judge_all(trees) {
        for (aws, ours) in
            [(&judged.aws.valid, &judged.ours.valid), (&judged.aws.invalid, &judged.ours.invalid)]
        {
            let differing: Vec<_> = aws.symmetric_difference(ours).collect();
            assert!(differing.is_empty(), "{}: {differing:#?}", judged.name);
        }
        let is_invalid = !judged.ours.invalid.is_empty();
        assert_eq!(judged.exit, Some(i32::from(is_invalid)), "{}: {}", judged.name, judged.said);
        assert_eq!(judged.report.verdict == Verdict::Invalid, is_invalid, "{}", judged.name);
        objects += judged.ours.valid.len() + judged.ours.invalid.len();
    }
    assert!(objects > 700, "{objects}");
}

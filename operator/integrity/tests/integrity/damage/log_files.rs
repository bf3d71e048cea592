//! Damage to log files.

use serde_json::{Value, json};
use trail_operator_integrity::{Expiration, Object, ReadError, Reason, Request};

use super::{SPOTS, assert_found, each_stored, log, raw, rewrite};
use crate::support::chains::{ACCOUNT, MEMBER, World};
use crate::support::memory::{Trouble, gzip, gzip_at};

#[test]
fn log_files_that_were_changed() {
    let modified = Some(Reason::LogFileModified);
    let corrupt = Some(Reason::LogFileCorrupt);
    let trailing = Some(Reason::LogFileTrailingData);
    each_stored("one byte of content", log, |stored| rewrite(stored, "eventID", "eventId"), modified);
    each_stored("emptied content", log, |stored| stored.body = gzip(b""), modified);
    each_stored(
        "a record more",
        log,
        |stored| stored.body = gzip(&[raw(stored), b"{}".to_vec()].concat()),
        modified,
    );
    each_stored("truncated", log, |stored| stored.body.truncate(stored.body.len() - 9), corrupt);
    each_stored("no bytes at all", log, |stored| stored.body.clear(), corrupt);
    each_stored(
        "wrong checksum",
        log,
        |stored| {
            let at = stored.body.len() - 8;
            stored.body[at] ^= 1;
        },
        corrupt,
    );
    each_stored(
        "wrong length",
        log,
        |stored| {
            let at = stored.body.len() - 1;
            stored.body[at] ^= 1;
        },
        corrupt,
    );
    each_stored("not compressed", log, |stored| stored.body = raw(stored), corrupt);
    each_stored("wrong method in the header", log, |stored| stored.body[2] = 7, corrupt);
    each_stored("a byte more", log, |stored| stored.body.push(0), trailing);
    each_stored(
        "a second member",
        log,
        |stored| {
            let member = gzip(b"{}");
            stored.body.extend(member);
        },
        trailing,
    );
    each_stored("the same member twice", log, |stored| stored.body = stored.body.repeat(2), trailing);
    each_stored(
        "bytes behind a copied trailer",
        log,
        |stored| {
            let trailer = stored.body[stored.body.len() - 8..].to_vec();
            stored.body.extend_from_slice(b"hidden");
            stored.body.extend(trailer);
        },
        trailing,
    );
    each_stored(
        "compressed anew",
        log,
        |stored| stored.body = gzip_at(&raw(stored), flate2::Compression::best()),
        None,
    );
}

#[test]
fn log_files_that_are_gone_or_exchanged() {
    for spot in SPOTS {
        let world = World::new();
        world.memory.remove(&spot.log(&world));
        assert_found(
            "deleted",
            spot,
            &world,
            world.request(),
            &[(Reason::LogFileMissing, &spot.log(&world))],
        );

        let world = World::new();
        let logs = spot.digest(&world).logs.clone();
        let (one, other) = (world.memory.get_of(&logs[0]), world.memory.get_of(&logs[1]));
        world.memory.put(&logs[0], other);
        world.memory.put(&logs[1], one);
        let expected = [(Reason::LogFileModified, &logs[0]), (Reason::LogFileModified, &logs[1])];
        assert_found("exchanged", spot, &world, world.request(), &expected);

        let world = World::new();
        let object = spot.log(&world);
        world.memory.remove(&object);
        let rule = |days| Expiration { bucket: "logs".to_owned(), prefix: "audit/AWSLogs/".to_owned(), days };
        let now = "2026-01-12T00:00:00Z".parse().unwrap();
        let mut request = Request { expirations: vec![rule(5)], now, ..world.request() };
        request.window.end = spot.digest(&world).end;
        assert_found("expired", spot, &world, request.clone(), &[(Reason::Expired, &object)]);
        let elsewhere = Expiration { bucket: "other".to_owned(), ..rule(5) };
        let beside = Expiration { prefix: "other/".to_owned(), ..rule(5) };
        request.expirations = vec![rule(8), elsewhere, beside];
        assert_found("not expired yet", spot, &world, request, &[(Reason::LogFileMissing, &object)]);
    }
}

#[test]
fn log_files_that_cannot_be_read_are_not_called_invalid() {
    let unreadable = Some(Reason::ObjectUnreadable);
    each_stored(
        "denied",
        log,
        |stored| stored.trouble = Some(Trouble::Error(ReadError::AccessDenied("no".to_owned()))),
        Some(Reason::AccessDenied),
    );
    each_stored(
        "archived",
        log,
        |stored| stored.trouble = Some(Trouble::Error(ReadError::Unreadable("GLACIER".to_owned()))),
        unreadable,
    );
    each_stored("always cut", log, |stored| stored.trouble = Some(Trouble::Cut(u32::MAX)), unreadable);
    each_stored(
        "always failing",
        log,
        |stored| stored.trouble = Some(Trouble::Failing(u32::MAX)),
        unreadable,
    );
    each_stored("cut twice", log, |stored| stored.trouble = Some(Trouble::Cut(2)), None);
    each_stored("failing thrice", log, |stored| stored.trouble = Some(Trouble::Failing(3)), None);
    each_stored(
        "damaged on the way once",
        log,
        |stored| {
            let mut other = stored.body.clone();
            other[20] ^= 1;
            stored.trouble = Some(Trouble::Flips(1, other));
        },
        None,
    );
}

#[test]
fn log_files_larger_than_anybody_can_mean() {
    for spot in SPOTS {
        let world = World::new();
        let object = spot.log(&world);
        world.memory.edit(&object, |stored| stored.body = gzip(&vec![b' '; 2 << 20]));
        let mut request = world.request();
        request.limits.log_file = 1 << 20;
        assert_found("bomb", spot, &world, request.clone(), &[(Reason::TooMuch, &object)]);

        world.memory.trouble(&object, Trouble::Endless);
        world.memory.edit(&object, |stored| {
            stored.body =
                [[31, 139, 8, 0, 0, 0, 0, 0, 0, 3].as_slice(), &[0, 0, 0, 255, 255].repeat(998)].concat();
        });
        // Empty blocks without end: the transfer is bounded too.
        assert_found("endless", spot, &world, request, &[(Reason::TooMuch, &object)]);
    }
}

#[test]
fn nothing_outside_the_trails_places_is_fetched() {
    type Damage = fn(&mut Value);
    let places: [(&str, Damage); 5] = [
        ("bucket", |file| file["s3Bucket"] = json!("victim")),
        ("prefix", |file| replace(file, "audit/AWSLogs", "other/AWSLogs")),
        ("account", |file| {
            replace(file, ACCOUNT, "999999999999");
            replace(file, MEMBER, "999999999999");
        }),
        ("region", |file| {
            replace(file, "us-east-1", "ap-south-1");
            replace(file, "eu-west-1", "ap-south-1");
        }),
        ("path", |file| file["s3Object"] = json!("audit/AWSLogs/o-exampleorg1/../../secret")),
    ];
    for (name, damage) in places {
        for spot in SPOTS {
            let world = World::edited(spot.chain, &|at, document| {
                if at == spot.at {
                    damage(&mut document["logFiles"][1]);
                }
            });
            let named = &spot.digest(&world).document["logFiles"][1];
            let text = |member: &str| named[member].as_str().unwrap().to_owned();
            let object = Object { bucket: text("s3Bucket"), key: text("s3Object") };
            // The file itself is in no digest then.
            world.memory.remove(&spot.log(&world));
            assert_found(name, spot, &world, world.request(), &[(Reason::ObjectUnreadable, &object)]);
            assert!(!world.memory.was_read(&object), "{name} at {spot:?}");
        }
    }
}

fn replace(file: &mut Value, from: &str, to: &str) {
    file["s3Object"] = json!(file["s3Object"].as_str().unwrap().replace(from, to));
}

//! Names from a bucket, whatever they are: read or refused, never a panic; and a chain made of arbitrary links is walked
//! to an end.

use std::sync::OnceLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use trail_operator_integrity::content::{self, Reader};
use trail_operator_integrity::digest::{Digest, DigestError, MOST_LOG_FILES, Previous};
use trail_operator_integrity::link::{Link, Outcome, Place, Role};
use trail_operator_integrity::names::{DigestName, log_file_delivery};
use trail_operator_integrity::walker::Walker;
use trail_operator_integrity::{Chain, Fault, Location, Object, Range, Reason};

use crate::support::chains::World;
use crate::support::memory::gzip;

/// What a file may inflate to here.
const LIMIT: u64 = 1 << 16;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";

fn location() -> Location {
    Location { bucket: "logs".to_owned(), prefix: None, organization: None }
}

fn object(hour: i64) -> (Object, jiff::Timestamp) {
    let end = jiff::Timestamp::from_second(1_767_571_291 + hour * 3600).unwrap();
    let name = DigestName { trail: "audit_us-east-1".to_owned(), end, backfill: false };
    (Object { bucket: "logs".to_owned(), key: name.key(&location(), ACCOUNT, REGION) }, end)
}

/// What is read at one hour: nothing, a fault, or a digest that names the one of another hour.
#[derive(Debug, Clone)]
enum Read {
    Absent,
    Fault,
    Names(i64, u8),
    Begins,
}

fn read() -> impl Strategy<Value = Read> {
    prop_oneof![
        Just(Read::Absent),
        Just(Read::Fault),
        (-3_i64..24, 0_u8..2).prop_map(|(hour, hash)| Read::Names(hour, hash)),
        Just(Read::Begins),
    ]
}

fn outcome(read: &Read, hour: i64) -> Outcome {
    let end = object(hour).1;
    let start = end - jiff::SignedDuration::from_hours(1);
    let link =
        |previous| Outcome::Verified(Link { start, end, sha256: [0; 32], signature: Vec::new(), previous });
    match read {
        Read::Absent => Outcome::Absent,
        Read::Fault => Outcome::Faulty(Fault::new(Reason::DigestModified, "x")),
        Read::Begins => link(None),
        Read::Names(named, hash) => {
            link(Some(Previous { object: object(*named).0, hash: Ok([*hash; 32]), signature: Vec::new() }))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_walk_ends_and_counts_each_digest_once(
        reads in proptest::collection::vec(read(), 24),
        listed in proptest::collection::vec(any::<bool>(), 24),
    ) {
        let chain = Chain { account: ACCOUNT.to_owned(), region: REGION.to_owned(), backfill: false };
        let locations = [location()];
        let places: Vec<Place> = (0..24)
            .filter(|hour| listed[usize::try_from(*hour).unwrap()])
            .map(|hour| { let (object, end) = object(hour); Place { object, end, role: Role::Window } })
            .collect();
        let window = Range { start: object(-2).1, end: object(30).1 };
        let mut walker = Walker::new(&chain, "audit_us-east-1", &locations, window, places.clone());
        let mut visited = Vec::new();
        while let Some(place) = walker.next() {
            prop_assert!(!visited.contains(&place.object), "{} twice", place.object);
            let hour = (place.end.as_second() - 1_767_571_291) / 3600;
            let read = usize::try_from(hour).ok().and_then(|hour| reads.get(hour)).cloned().unwrap_or(Read::Absent);
            visited.push(place.object);
            walker.read(outcome(&read, hour));
        }
        for place in &places {
            prop_assert!(visited.contains(&place.object), "{} is not left out", place.object);
        }
        let walk = walker.finish();
        let counts = walk.counts;
        prop_assert!(counts.valid + counts.invalid + counts.unchecked >= visited.len() as u64);
        prop_assert!(walk.gaps.iter().all(|gap| gap.start <= gap.end));
    }

    #[test]
    fn any_key_is_read_or_refused(key in ".{0,200}", cut in 0_usize..200, with in ".{0,3}") {
        let _ = DigestName::parse(&key, &location(), ACCOUNT, REGION);
        let _ = log_file_delivery(&key, &location(), ACCOUNT, REGION);
        let mut changed = object(3).0.key;
        let cut = cut % changed.len();
        changed.replace_range(cut..=cut, &with);
        if let Some(name) = DigestName::parse(&changed, &location(), ACCOUNT, REGION) {
            prop_assert_eq!(name.key(&location(), ACCOUNT, REGION), changed);
        }
    }
}

/// A valid document with one thing changed in it: a value exchanged, a member left out or given twice, a text stretched.
fn structured() -> impl Strategy<Value = (usize, u8, String)> {
    (any::<usize>(), 0_u8..8, ".{0,40}")
}

fn changed_document(mut document: Value, (at, how, text): &(usize, u8, String)) -> Vec<u8> {
    let mut pointers = Vec::new();
    collect(&document, String::new(), &mut pointers);
    let pointer = &pointers[at % pointers.len()];
    let place = document.pointer_mut(pointer).unwrap();
    match how {
        0 => *place = Value::Null,
        1 => *place = Value::String(text.clone()),
        2 => *place = json!(-1.5e300),
        3 => *place = json!([[[{}]]]),
        4 => *place = Value::String(format!("{}{text}", place.as_str().unwrap_or_default())),
        5 => *place = Value::String("ab".repeat(at % 5000)),
        6 => *place = json!({"logFiles": text}),
        _ => {
            let raw = document.to_string();
            let cut = raw.char_indices().map(|(at, _)| at).nth(at % raw.chars().count()).unwrap();
            return [&raw.as_bytes()[..cut], text.as_bytes(), &raw.as_bytes()[cut..]].concat();
        }
    }
    document.to_string().into_bytes()
}

fn collect(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, member)| collect(member, format!("{pointer}/{name}"), pointers));
        }
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(at, one)| collect(one, format!("{pointer}/{at}"), pointers));
        }
        _ => {}
    }
    pointers.push(pointer);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

    #[test]
    fn a_digest_with_anything_changed_is_read_or_refused(change in structured()) {
        let document = World::new_document();
        let raw = changed_document(document.clone(), &change);
        if let Ok(digest) = Digest::parse(&raw) {
            // What is signed is what stands there: nothing that is read may differ from it unseen.
            prop_assert!(String::from_utf8_lossy(&raw).contains(&digest.end_text));
            prop_assert!(digest.log_files.len() <= MOST_LOG_FILES);
        }
    }

    #[test]
    fn a_key_with_anything_changed_is_refused_or_is_the_same(
        at in any::<usize>(), byte in any::<u8>(), how in 0_u8..4, log in any::<bool>(),
    ) {
        let mut key = if log {
            format!("{}2026/01/05/{ACCOUNT}_CloudTrail_{REGION}_20260105T0330Z_z2pyLaVtKfgJayHO.json.gz", location().logs_prefix(ACCOUNT, REGION))
        } else {
            object(3).0.key
        }
        .into_bytes();
        let at = at % key.len();
        match how {
            0 => key[at] = byte,
            1 => drop(key.remove(at)),
            2 => key.insert(at, byte),
            _ => key.truncate(at),
        }
        let key = String::from_utf8_lossy(&key).into_owned();
        if let Some(name) = DigestName::parse(&key, &location(), ACCOUNT, REGION) {
            prop_assert_eq!(name.key(&location(), ACCOUNT, REGION), key.as_str());
        }
        if log_file_delivery(&key, &location(), ACCOUNT, REGION).is_some() {
            prop_assert!(key.starts_with(&location().logs_prefix(ACCOUNT, REGION)) || key.contains("/CloudTrail-"));
            // A folder of dots could lead an HTTP client out of the place; dots within a name cannot.
            prop_assert!(!key.split('/').any(|part| matches!(part, "" | "." | "..")));
        }
    }

    #[test]
    fn gzip_with_anything_changed_is_refused_or_the_same(
        at in any::<usize>(), byte in any::<u8>(), how in 0_u8..5, cut in 1_usize..64,
    ) {
        let (raw, object) = stored();
        let mut object = object.clone();
        let at = at % object.len();
        match how {
            0 => object[at] = byte,
            1 => object.truncate(at),
            2 => object.insert(at, byte),
            // Past the header: into the blocks, their lengths and tables.
            3 => { let at = 10 + at % 60; object[at] ^= byte; }
            _ => { let end = object.len().min(at + cut); object[at..end].fill(byte); }
        }
        // Pieces of every size, and what is kept is bounded whatever it inflates to.
        let mut reader = Reader::new(LIMIT);
        let mut kept = 0;
        let read = object.chunks(cut).try_for_each(|piece| reader.push(piece, |piece| kept += piece.len()));
        prop_assert!(kept as u64 <= LIMIT + content::PIECE as u64);
        if let Ok(content) = read.and_then(|()| reader.finish()) {
            prop_assert_eq!(content.sha256, content::sha256(raw));
        }
    }
}

/// A log file, inflated and as it is stored.
fn stored() -> &'static (Vec<u8>, Vec<u8>) {
    static STORED: OnceLock<(Vec<u8>, Vec<u8>)> = OnceLock::new();
    STORED.get_or_init(|| {
        let raw: Vec<u8> =
            (0..200_u32).flat_map(|n| format!("{{\"eventID\":\"{:x}\"}},", n * n).into_bytes()).collect();
        let object = gzip(&raw);
        (raw, object)
    })
}

#[test]
fn a_digest_with_a_million_log_files_takes_no_more_than_one_that_is_read() {
    let entry = r#"{"s3Bucket":"b","s3Object":"k","hashValue":"","hashAlgorithm":""}"#;
    let raw = format!("{{\"logFiles\":[{}{entry}]}}", format!("{entry},").repeat(1_000_000));
    let mut whole: Value = World::new_document();
    whole["logFiles"] = json!([]);
    let text = whole.to_string().replace("\"logFiles\":[]", &raw[1..raw.len() - 1]);
    let error = Digest::parse(text.as_bytes()).unwrap_err();
    assert_eq!(error, DigestError::TooManyLogFiles(1_000_001));
}

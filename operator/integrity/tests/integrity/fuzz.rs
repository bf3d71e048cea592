//! Names from a bucket, whatever they are: read or refused, never a panic; and a chain made of arbitrary links is walked
//! to an end.

use proptest::prelude::*;
use trail_operator_integrity::digest::Previous;
use trail_operator_integrity::link::{Link, Outcome, Place, Role};
use trail_operator_integrity::names::{DigestName, log_file_delivery};
use trail_operator_integrity::walker::Walker;
use trail_operator_integrity::{Chain, Fault, Location, Object, Range, Reason};

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

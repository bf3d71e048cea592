//! The translated form admits exactly what the basic form admits.
//!
//! What the basic form admits is stated here a second time, over what happened and what was wanted, and never over ARNs:
//! it shares nothing with the code that it judges.

use std::{cell::Cell, collections::BTreeSet};

use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::select,
    test_runner::TestRunner,
};

use super::super::{Admission, BasicSelector, ReadWrite, Selectors};
use super::events::{BUCKETS, Event, FUNCTIONS, KEYS, TABLES, What, event, function_arn, table_arn};

/// A basic selector as somebody means it.
#[derive(Clone, Debug)]
struct Wanted {
    half: ReadWrite,
    management: bool,
    excluded: BTreeSet<&'static str>,
    data: Vec<Data>,
}

#[derive(Clone, Debug)]
enum Data {
    EveryObject { historic: bool },
    Bucket(&'static str),
    Keys { bucket: &'static str, beginning: &'static str },
    EveryFunction,
    Function(&'static str),
    EveryTable,
    Table(&'static str),
}

impl Data {
    fn written(&self) -> (String, String) {
        let (kind, value) = match self {
            Self::EveryObject { historic: false } => ("AWS::S3::Object", "arn:aws:s3".into()),
            Self::EveryObject { historic: true } => ("AWS::S3::Object", "arn:aws:s3:::".into()),
            Self::Bucket(bucket) => ("AWS::S3::Object", format!("arn:aws:s3:::{bucket}/")),
            Self::Keys { bucket, beginning } => {
                ("AWS::S3::Object", format!("arn:aws:s3:::{bucket}/{beginning}"))
            }
            Self::EveryFunction => ("AWS::Lambda::Function", "arn:aws:lambda".into()),
            Self::Function(name) => ("AWS::Lambda::Function", function_arn(name)),
            Self::EveryTable => ("AWS::DynamoDB::Table", "arn:aws:dynamodb".into()),
            Self::Table(name) => ("AWS::DynamoDB::Table", table_arn(name)),
        };
        (kind.to_owned(), value)
    }

    /// `cloudtrail.md` 2.1. What a prefix of keys means for calls on the whole bucket is documented nowhere.
    fn admits(&self, what: &What) -> Option<bool> {
        Some(match (self, what) {
            (Self::EveryObject { .. }, What::Objects { .. })
            | (Self::EveryFunction, What::Invocation { .. })
            | (Self::EveryTable, What::Items { .. } | What::Stream { .. }) => true,
            (Self::Bucket(wanted), What::Objects { bucket, .. }) => wanted == bucket,
            (Self::Keys { bucket: wanted, beginning }, What::Objects { bucket, keys }) => {
                if wanted == bucket && keys.is_empty() {
                    return None;
                }
                wanted == bucket && keys.iter().any(|key| key.starts_with(beginning))
            }
            (Self::Function(wanted), What::Invocation { function }) => wanted == function,
            (Self::Table(wanted), What::Items { tables }) => tables.contains(wanted),
            (Self::Table(wanted), What::Stream { table, .. }) => wanted == table,
            _ => false,
        })
    }
}

impl Wanted {
    fn written(&self) -> BasicSelector {
        BasicSelector {
            read_write_type: self.half,
            include_management_events: self.management,
            exclude_management_event_sources: self
                .excluded
                .iter()
                .map(|source| (*source).to_owned())
                .collect(),
            data_resources: self.data.iter().map(Data::written).collect(),
        }
    }

    fn admits(&self, event: &Event) -> Option<bool> {
        let half = match self.half {
            ReadWrite::All => true,
            ReadWrite::ReadOnly => event.read,
            ReadWrite::WriteOnly => !event.read,
        };
        if !half {
            return Some(false);
        }
        match &event.what {
            What::Management { source } => Some(self.management && !self.excluded.contains(source)),
            what => one_of(self.data.iter().map(|data| data.admits(what))),
        }
    }
}

/// Whether any is true; `None` where that depends on what is not known.
fn one_of(answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let answers = answers.collect::<Vec<_>>();
    if answers.contains(&Some(true)) { Some(true) } else { (!answers.contains(&None)).then_some(false) }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let data = prop_oneof![
        1 => any::<bool>().prop_map(|historic| Data::EveryObject { historic }),
        3 => select(&BUCKETS[..]).prop_map(Data::Bucket),
        3 => (select(&BUCKETS[..]), select(&KEYS[..])).prop_map(|(bucket, beginning)| Data::Keys { bucket, beginning }),
        1 => Just(Data::EveryFunction),
        3 => select(&FUNCTIONS[..]).prop_map(Data::Function),
        1 => Just(Data::EveryTable),
        3 => select(&TABLES[..]).prop_map(Data::Table),
    ];
    let half = select(&[ReadWrite::All, ReadWrite::ReadOnly, ReadWrite::WriteOnly][..]);
    let excluded = btree_set(select(&["kms.amazonaws.com", "rdsdata.amazonaws.com"][..]), 0..3);
    (half, any::<bool>(), excluded, vec(data, 0..5)).prop_map(|(half, management, excluded, data)| Wanted {
        half,
        management,
        excluded,
        data,
    })
}

#[test]
fn the_translated_form_admits_exactly_what_the_basic_form_admits() {
    const CASES: u32 = 4_000;
    let mut runner =
        TestRunner::new(ProptestConfig { cases: CASES, failure_persistence: None, ..<_>::default() });
    let counts = [Cell::new(0), Cell::new(0), Cell::new(0)];
    let outcome = runner.run(&(vec(wanted(), 1..4), event()), |(wanted, event)| {
        let expected = match one_of(wanted.iter().map(|one| one.admits(&event))) {
            Some(true) => Admission::Yes,
            Some(false) => Admission::No,
            None => Admission::Undetermined,
        };
        let count = &counts[expected as usize];
        count.set(count.get() + 1);
        let basic = wanted.iter().map(Wanted::written).collect::<Vec<_>>();
        let named = basic.iter().flat_map(|selector| selector.to_advanced("team")).collect();
        let record = event.record();
        for form in [Selectors::Basic(basic.clone()), Selectors::Advanced(named)] {
            prop_assert_eq!(form.admits(&record), expected, "{:?} of {}", form, event.json());
            let by_one = form.admitting(&record).into_iter().fold(Admission::No, |all, (_, one)| all.or(one));
            prop_assert_eq!(by_one, expected);
        }
        Ok(())
    });
    outcome.unwrap();
    for (admission, least) in
        [(Admission::Yes, CASES / 5), (Admission::No, CASES / 5), (Admission::Undetermined, CASES / 300)]
    {
        let times = counts[admission as usize].get();
        assert!(times > least, "{admission:?} occurred only {times} times in {CASES}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn translations_are_taken_and_translated_once(wanted in vec(wanted(), 1..5)) {
        let basic = Selectors::Basic(wanted.iter().map(Wanted::written).collect());
        let translated = basic.advanced();
        prop_assert_eq!(&Selectors::Advanced(translated.clone()).advanced(), &translated);
        prop_assert_eq!(translated.iter().collect::<BTreeSet<_>>().len(), translated.len(), "no duplicates");
        for selector in &translated {
            prop_assert_eq!(selector.problems(), Vec::<String>::new());
            prop_assert_eq!(selector.hints(), Vec::<String>::new());
            prop_assert!(selector.can_match());
        }
        let advanced = Selectors::Advanced(translated);
        prop_assert_eq!(advanced.management_events(), basic.management_events());
        prop_assert_eq!(advanced.record_data_events(), basic.record_data_events());
        prop_assert_eq!(advanced.data_resource_types(), basic.data_resource_types());
    }
}

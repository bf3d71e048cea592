//! What holds for any selectors and any events.

use std::cell::Cell;

use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    sample::{select, subsequence},
    test_runner::TestRunner,
};
use serde_json::{Value, json};

use super::super::{Admission, AdvancedSelector, FieldSelector, Record, Selectors};
use super::events::{BUCKETS, KEYS, SOURCES, TABLES, event, table_arn};

/// Values that hit the events of the small world, whole or in part.
fn values(field: &'static str) -> Vec<String> {
    let mut values = match field {
        "readOnly" => vec!["true".to_owned(), "false".into()],
        "eventName" => ["GetObject", "Get", "GetItem", "GetRecords", "Object", "Decrypt", "Describe"]
            .map(str::to_owned)
            .to_vec(),
        "errorCode" => ["VpceAccessDenied", "Vpce", "Denied"].map(str::to_owned).to_vec(),
        "eventSource" => SOURCES.iter().map(|source| (*source).to_owned()).collect(),
        "eventType" | "sessionCredentialFromConsole" => vec!["true".to_owned(), "AwsApiCall".into()],
        _ => vec!["arn:aws:s3:::".to_owned(), "/stream/2026-01-01T00:00:00.000".into(), "000".into()],
    };
    if field == "resources.ARN" {
        values.extend(BUCKETS.iter().map(|bucket| format!("arn:aws:s3:::{bucket}")));
        values
            .extend(BUCKETS.iter().flat_map(|bucket| KEYS.map(|key| format!("arn:aws:s3:::{bucket}/{key}"))));
        values.extend(
            TABLES.iter().flat_map(|table| [table_arn(table), format!("{}/stream/", table_arn(table))]),
        );
        values.extend(TABLES.iter().chain(&KEYS).map(|end| (*end).to_owned()));
    }
    values
}

fn field(name: &'static str) -> impl Strategy<Value = FieldSelector> {
    vec((0..6_usize, select(values(name))), 1..4).prop_map(move |chosen| {
        let mut field = FieldSelector { field: name.to_owned(), ..<_>::default() };
        for (operator, value) in chosen {
            let values = match operator {
                0 => &mut field.equals,
                1 => &mut field.starts_with,
                2 => &mut field.ends_with,
                3 => &mut field.not_equals,
                4 => &mut field.not_starts_with,
                _ => &mut field.not_ends_with,
            };
            values.insert(value);
        }
        field
    })
}

fn any_field() -> impl Strategy<Value = FieldSelector> {
    prop_oneof![
        4 => field("resources.ARN"),
        2 => field("eventName"),
        1 => field("readOnly"),
        1 => field("eventSource"),
        1 => field("errorCode"),
        1 => field("sessionCredentialFromConsole"),
        1 => field("eventType"),
    ]
}

fn advanced() -> impl Strategy<Value = AdvancedSelector> {
    let kind = prop_oneof![
        3 => Just("AWS::S3::Object"),
        1 => Just("AWS::Lambda::Function"),
        2 => Just("AWS::DynamoDB::Table"),
        1 => Just("AWS::DynamoDB::Stream"),
    ];
    let data = (kind, vec(any_field(), 0..3)).prop_map(|(kind, mut fields)| {
        fields.push(FieldSelector::equals("eventCategory", ["Data"]));
        fields.push(FieldSelector::equals("resources.type", [kind]));
        fields
    });
    let other = (select(vec!["Management", "NetworkActivity"]), vec(any_field(), 0..3)).prop_map(
        |(category, mut fields)| {
            fields.push(FieldSelector::equals("eventCategory", [category]));
            fields
        },
    );
    prop_oneof![3 => data, 1 => other]
        .prop_map(|fields| AdvancedSelector { name: String::new(), fields: fields.into_iter().collect() })
}

/// Two selectors that are close to each other: one without some fields of the other, or with others in their place.
fn neighbours() -> impl Strategy<Value = (AdvancedSelector, AdvancedSelector)> {
    (advanced(), vec(any_field(), 0..2), 0..4_usize).prop_map(|(one, more, drop)| {
        let mut other = one.clone();
        if let Some(field) = one.fields.iter().nth(drop).filter(|field| field.field != "eventCategory") {
            other.fields.remove(field);
        }
        other.fields.extend(more);
        (one, other)
    })
}

fn run<T: std::fmt::Debug>(
    cases: u32,
    strategy: &impl Strategy<Value = T>,
    holds: impl Fn(T) -> Result<(), TestCaseError>,
) {
    let config = ProptestConfig { cases, failure_persistence: None, ..<_>::default() };
    TestRunner::new(config).run(strategy, holds).unwrap();
}

fn add(count: &Cell<u32>, happened: bool) {
    count.set(count.get() + u32::from(happened));
}

#[test]
fn what_covers_another_admits_all_that_the_other_admits() {
    let (covering, admitted) = (Cell::new(0), Cell::new(0));
    run(6_000, &(neighbours(), vec(event(), 4)), |((one, other), events)| {
        for (wide, narrow) in [(&one, &other), (&other, &one)] {
            if wide != narrow && wide.covers(narrow) {
                add(&covering, true);
                for event in &events {
                    let record = event.record();
                    let narrow_admits = narrow.admits(&record) == Admission::Yes;
                    add(&admitted, narrow_admits);
                    prop_assert!(
                        !narrow_admits || wide.admits(&record) == Admission::Yes,
                        "{:?}\ncovers\n{:?}\nbut not {}",
                        wide,
                        narrow,
                        event.json()
                    );
                }
            }
        }
        Ok(())
    });
    assert!(covering.get() > 300, "only {} covered another", covering.get());
    assert!(admitted.get() > 100, "only {} events were admitted", admitted.get());
}

#[test]
fn fields_alone_cover_only_what_they_take_in() {
    let covering = Cell::new(0);
    let objects = |field: FieldSelector| {
        let fields = [
            FieldSelector::equals("eventCategory", ["Data"]),
            FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
            field,
        ];
        AdvancedSelector { name: String::new(), fields: fields.into() }
    };
    let pairs = prop_oneof![
        (field("resources.ARN"), field("resources.ARN")),
        (field("eventName"), field("eventName"))
    ];
    run(8_000, &(pairs, vec(event(), 4)), |((one, other), events)| {
        let (one, other) = (objects(one), objects(other));
        if one != other && one.covers(&other) {
            add(&covering, true);
            for event in events {
                let record = event.record();
                prop_assert!(
                    other.admits(&record) != Admission::Yes || one.admits(&record) == Admission::Yes,
                    "{:?}\ncovers\n{:?}\nbut not {}",
                    one,
                    other,
                    event.json()
                );
            }
        }
        Ok(())
    });
    assert!(covering.get() > 50, "only {} covered another", covering.get());
}

#[test]
fn what_cannot_match_admits_nothing() {
    let impossible = Cell::new(0);
    run(6_000, &(advanced(), vec(event(), 4)), |(selector, events)| {
        if !selector.can_match() {
            add(&impossible, true);
            for event in events {
                prop_assert_ne!(
                    selector.admits(&event.record()),
                    Admission::Yes,
                    "{:?} of {}",
                    selector,
                    event.json()
                );
            }
        }
        Ok(())
    });
    assert!(impossible.get() > 100, "only {} were impossible", impossible.get());
}

/// An answer over a record that tells less is the same, or it is not determined.
#[test]
fn a_record_that_tells_less_never_changes_the_answer() {
    let (kept, lost) = (Cell::new(0), Cell::new(0));
    let erasable = [
        "eventCategory",
        "managementEvent",
        "eventSource",
        "eventName",
        "eventType",
        "readOnly",
        "resources",
    ];
    run(
        8_000,
        &(advanced(), event(), subsequence(erasable.to_vec(), 0..4), 0..30_usize),
        |(selector, event, erased, cut)| {
            let mut record = event.json();
            let whole = selector.admits(&Record::from_json(&record).unwrap());
            for name in erased {
                record.as_object_mut().unwrap().remove(name);
            }
            shorten(&mut record, cut);
            let less = selector.admits(&Record::from_json(&record).unwrap());
            add(&kept, less == whole && whole != Admission::Undetermined);
            add(&lost, less != whole);
            prop_assert!(
                less == whole || less == Admission::Undetermined,
                "{:?} of {}: {:?}, then {:?} of {}",
                selector,
                event.json(),
                whole,
                less,
                record
            );
            Ok(())
        },
    );
    assert!(kept.get() > 4_000 && lost.get() > 100, "kept {}, lost {}", kept.get(), lost.get());
}

/// Tells of objects' ARNs only what they begin with.
fn shorten(record: &mut Value, cut: usize) {
    for resource in record["resources"].as_array_mut().into_iter().flatten() {
        if resource["type"] == "AWS::S3::Object" && resource["ARN"].is_string() {
            let beginning = resource["ARN"].as_str().unwrap().chars().take(cut).collect::<String>();
            *resource = json!({"type": "AWS::S3::Object", "ARNPrefix": beginning});
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..<_>::default() })]

    #[test]
    fn order_is_no_difference_and_normalising_twice_neither(list in vec(advanced(), 0..5), turn in 0..5_usize) {
        let mut turned = list.clone();
        turned.rotate_left(turn % list.len().max(1));
        let normalised = Selectors::Advanced(list.clone()).normalised();
        prop_assert_eq!(&Selectors::Advanced(turned).normalised(), &normalised);
        prop_assert_eq!(&normalised.normalised(), &normalised);
    }

    #[test]
    fn the_order_of_selectors_does_not_decide_what_is_recorded(list in vec(advanced(), 1..5), event in event()) {
        let record = event.record();
        let mut reversed = list.clone();
        reversed.reverse();
        prop_assert_eq!(Selectors::Advanced(list).admits(&record), Selectors::Advanced(reversed).admits(&record));
    }

    #[test]
    fn whatever_is_judged_is_judged_in_sentences(
        name in "\\PC{0,20}",
        fields in btree_set(("[a-zA-Z.]{0,8}", btree_set("\\PC{0,12}", 0..3)), 0..4),
    ) {
        let fields = fields.into_iter().map(|(field, starts_with)| FieldSelector { field, starts_with, ..<_>::default() });
        let selector = AdvancedSelector { name, fields: fields.collect() };
        prop_assert!(!selector.problems().is_empty(), "without a category");
        for sentence in selector.problems().into_iter().chain(selector.hints()).chain([selector.describe()]) {
            prop_assert!(!sentence.is_empty() && sentence.len() < 2_000, "{}", sentence);
        }
    }
}

//! Which management events selectors record, and how far one set reaches over another.

use super::super::{AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors};
use super::{KMS, RDS, objects};
use std::collections::BTreeSet;

fn recorded(read_write: ReadWrite, excluded: &[&str]) -> Selectors {
    let management = AdvancedSelector::management(read_write, excluded.iter().copied());
    Selectors::declared(Some(management), &[])
}

#[test]
fn fewer_management_events_are_told_from_more() {
    let all = recorded(ReadWrite::All, &[]).management_events();
    let writes = recorded(ReadWrite::WriteOnly, &[]).management_events();
    let reads = recorded(ReadWrite::ReadOnly, &[]).management_events();
    let without_kms = recorded(ReadWrite::All, &[KMS]).management_events();
    let without_both = recorded(ReadWrite::All, &[KMS, RDS]).management_events();
    let none = Selectors::declared(None, &[objects(&[])]).management_events();
    for (new, old, covers) in [
        (&all, &writes, true),
        (&writes, &all, false),
        (&reads, &writes, false),
        (&writes, &reads, false),
        (&all, &without_kms, true),
        (&without_kms, &all, false),
        (&without_kms, &without_both, true),
        (&without_both, &without_kms, false),
        (&all, &none, true),
        (&none, &reads, false),
        (&none, &none, true),
    ] {
        assert_eq!(new.covers(old), covers, "{new:?} over {old:?}");
    }
}

#[test]
fn what_one_selector_excludes_another_brings_back() {
    let without = |source| AdvancedSelector::management(ReadWrite::All, [source]);
    let both = Selectors::Advanced(vec![without(KMS), without(RDS)]);
    assert!(both.management_events().covers(&Selectors::Default.management_events()));
    let basic = BasicSelector {
        exclude_management_event_sources: BTreeSet::from([KMS.to_owned()]),
        ..BasicSelector::all_management()
    };
    let same = Selectors::Basic(vec![basic.clone(), basic]);
    assert!(!same.management_events().covers(&Selectors::Default.management_events()));
}

#[test]
fn only_everything_is_sure_to_cover_what_is_not_understood() {
    let mut odd = AdvancedSelector::management(ReadWrite::All, []);
    odd.fields.insert(FieldSelector::equals("eventName", ["Decrypt"]));
    let odd = Selectors::Advanced(vec![odd]).management_events();
    assert!(Selectors::Default.management_events().covers(&odd));
    assert!(!recorded(ReadWrite::All, &[KMS]).management_events().covers(&odd));
    assert!(!odd.covers(&recorded(ReadWrite::WriteOnly, &[]).management_events()));
    assert_eq!(odd.describe(), "some, by conditions that are not known here");
}

#[test]
fn a_second_operator_in_the_field_is_not_overlooked() {
    let mut odd = AdvancedSelector::management(ReadWrite::All, []);
    odd.fields.insert(FieldSelector {
        not_starts_with: BTreeSet::from(["t".to_owned()]),
        ..FieldSelector::equals("readOnly", ["true"])
    });
    let odd = Selectors::Advanced(vec![odd]).management_events();
    assert!(!odd.has_any(), "{odd:?}");
}

#[test]
fn coverage_is_told_in_few_words() {
    for (read_write, excluded, words) in [
        (ReadWrite::All, &[][..], "all"),
        (ReadWrite::WriteOnly, &[], "writes only"),
        (ReadWrite::ReadOnly, &[], "reads only"),
        (ReadWrite::All, &[KMS], "all without kms.amazonaws.com"),
        (
            ReadWrite::WriteOnly,
            &[KMS, RDS],
            "writes only without kms.amazonaws.com and rdsdata.amazonaws.com",
        ),
    ] {
        assert_eq!(recorded(read_write, excluded).management_events().describe(), words);
    }
    assert_eq!(Selectors::declared(None, &[objects(&[])]).management_events().describe(), "none");
    let halves = Selectors::Advanced(vec![
        AdvancedSelector::management(ReadWrite::ReadOnly, [KMS]),
        AdvancedSelector::management(ReadWrite::WriteOnly, []),
    ]);
    assert_eq!(halves.management_events().describe(), "reads without kms.amazonaws.com and writes");
}

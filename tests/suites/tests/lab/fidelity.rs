//! What the lab says of itself: each thing it imitates, and what that rests on.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::world::lab;

const BASES: [&str; 3] = ["documented", "reported", "assumed"];

#[test]
fn every_behaviour_has_a_basis_and_a_source_and_the_counts_are_theirs() {
    let fidelity = lab().fidelity().unwrap();
    let text = |behaviour: &serde_json::Value, member: &str| {
        behaviour[member].as_str().unwrap_or_default().to_owned()
    };
    for behaviour in &fidelity.behaviours {
        let source = text(behaviour, "source");
        let section =
            source.strip_prefix("cloudtrail.md ").or_else(|| source.strip_prefix("aws-emulators.md "));
        let numbered = section.is_some_and(|section| section.starts_with(|it: char| it.is_ascii_digit()));
        // The facts are about CloudTrail; of its neighbours AWS's own reference is the source.
        let reference = source.strip_prefix("AWS ").is_some_and(|page| page.split(' ').count() > 1);
        assert!(numbered || reference, "a source is a file and a section, or a page of AWS: {behaviour}");
        assert!(BASES.contains(&text(behaviour, "basis").as_str()), "{behaviour}");
        assert!(!text(behaviour, "what").is_empty(), "{behaviour}");
    }
    for basis in BASES {
        let count = fidelity.behaviours.iter().filter(|it| it["basis"] == basis).count();
        assert!(count > 0, "nothing is {basis}");
        assert_eq!(fidelity.counts.get(basis).copied(), u64::try_from(count).ok(), "{basis}");
    }
    let ids: BTreeSet<_> = fidelity.behaviours.iter().map(|it| text(it, "id")).collect();
    assert_eq!(ids.len(), fidelity.behaviours.len(), "an id is used twice");
}

#[test]
fn the_readme_of_the_lab_lists_every_behaviour_with_its_basis_and_source() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lab/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let rows: BTreeSet<Vec<_>> = readme
        .lines()
        .filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'))
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for behaviour in lab().fidelity().unwrap().behaviours {
        let [id, basis, source] =
            ["id", "basis", "source"].map(|member| behaviour[member].as_str().unwrap_or_default());
        let listed = rows.iter().any(|row| row.first() == Some(&id) && row.ends_with(&[basis, source]));
        assert!(listed, "tests/lab/README.md has no row for {id}, {basis}, {source}");
    }
}

//! Tags: those that the manifest sets, without touching any that are not ours and never were. Pure.

use std::collections::BTreeSet;

use super::{Applied, Change, FieldChange, Input, Mark, change::field};
use crate::aws::Tags;

/// What makes the tags as declared. `managed` are the keys that were set from here before: they alone are removed.
pub(crate) fn changes(declared: &Tags, actual: &Tags, managed: &BTreeSet<String>) -> Vec<Change> {
    let differs = |(key, value): &(&String, &String)| actual.get(*key) != Some(*value);
    let added: Tags =
        declared.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect();
    let gone = |(key, _): &(&String, &String)| managed.contains(*key) && !declared.contains_key(*key);
    let removed: Tags = actual.iter().filter(gone).map(|(key, value)| (key.clone(), value.clone())).collect();
    let told = |tags: &Tags, to: &dyn Fn(&String) -> String| -> Vec<FieldChange> {
        let from = |key| actual.get(key).cloned().unwrap_or_default();
        tags.keys().map(|key| FieldChange::new(field::tag(key), from(key), to(key))).collect()
    };
    let mut changes = Vec::new();
    if !added.is_empty() {
        let fields = told(&added, &|key| added.get(key).cloned().unwrap_or_default());
        changes.push(Change::AddTags(fields, added.clone()));
    }
    if !removed.is_empty() {
        changes.push(Change::RemoveTags(told(&removed, &|_| String::new()), removed));
    }
    changes
}

/// The change in two where some of its tags have to wait: a tag that others fight over holds up no other.
pub(super) fn apart(change: Change, waits: impl Fn(&str) -> bool) -> Vec<Change> {
    let (make, fields, tags): (fn(_, _) -> _, _, _) = match change {
        Change::AddTags(fields, tags) => (Change::AddTags, fields, tags),
        Change::RemoveTags(fields, tags) => (Change::RemoveTags, fields, tags),
        other => return vec![other],
    };
    let (later, at_once): (Vec<_>, Vec<_>) = fields.into_iter().partition(|change| waits(&change.field));
    let parts = [at_once, later].into_iter().filter(|fields| !fields.is_empty());
    let part = |fields: Vec<FieldChange>| {
        let is_of = |key: &String| fields.iter().any(|change| change.field == field::tag(key));
        let tags = tags.iter().filter(|(key, _)| is_of(key)).map(|(key, value)| (key.clone(), value.clone()));
        let tags: Tags = tags.collect();
        make(fields, tags)
    };
    parts.map(part).collect()
}

/// The keys that are ours once the declared tags are set: those declared, and those still to be removed.
pub(crate) fn managed(declared: &Tags, actual: &Tags, before: &BTreeSet<String>) -> Vec<String> {
    let waiting = before.iter().filter(|key| actual.contains_key(*key));
    declared.keys().chain(waiting).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// The keys that may have been set from here before this round ended, whether AWS was seen to have them or not. What is
/// created is created with its tags, and the answer may get lost; what is taken over carries none of ours.
pub(super) fn sent(input: &Input, applied: &Applied) -> Vec<String> {
    let failed = applied.failed.iter().map(|failure| &failure.change);
    let tried = |is: fn(&Change) -> bool| applied.done.iter().chain(failed.clone()).any(is);
    let created = tried(|change| matches!(change, Change::CreateTrail(..)));
    let adopted = tried(|change| matches!(change, Change::MarkOwner(Mark::Adopted, _)));
    let before = input.managed_tag_keys.iter().filter(|_| !adopted);
    let declared = input.tags.keys().filter(|_| created);
    before.chain(declared).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(list: &[(&str, &str)]) -> Tags {
        list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn keys(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|key| (*key).to_owned()).collect()
    }

    fn told(changes: &[Change]) -> Vec<String> {
        let of = |change: &Change| {
            let fields = change.fields();
            fields.iter().map(|field| format!("{} {field}", change.operation())).collect::<Vec<_>>()
        };
        changes.iter().flat_map(of).collect()
    }

    #[test]
    fn only_what_was_set_from_here_is_ever_removed() {
        let actual = tags(&[("Team", "old"), ("Gone", "x"), ("Theirs", "y")]);
        let changes =
            changes(&tags(&[("Team", "new"), ("Stage", "prod")]), &actual, &keys(&["Team", "Gone"]));
        assert_eq!(
            told(&changes),
            [
                "AddTags tags.Stage: '' → 'prod'",
                "AddTags tags.Team: 'old' → 'new'",
                "RemoveTags tags.Gone: 'x' → ''"
            ]
        );
    }

    #[test]
    fn tags_as_declared_need_nothing() {
        let declared = tags(&[("Team", "a"), ("Empty", "")]);
        let actual = tags(&[("Team", "a"), ("Empty", ""), ("Theirs", "y")]);
        assert_eq!(changes(&declared, &actual, &keys(&["Team"])), []);
    }

    #[test]
    fn a_key_stays_ours_until_it_is_gone() {
        let before = keys(&["Gone", "Waiting"]);
        let actual = tags(&[("Waiting", "x"), ("Theirs", "y")]);
        assert_eq!(managed(&tags(&[("New", "")]), &actual, &before), ["New", "Waiting"]);
    }
}

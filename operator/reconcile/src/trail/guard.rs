//! What weakens the record: after it AWS records or protects less than before. Pure, a function of the change alone.
//!
//! The list is the contract's ("Nobody weakens the record by accident" in docs/trail.md). Data events and `CloudTrail`'s
//! own deliveries (`recursiveLogging`) are decisions about cost and not guarded.

use trail_operator_crds::Destination;
use trail_operator_domain::selectors::ManagementCoverage;

use super::{FieldChange, change::field};
use crate::aws::{Insights, TrailSettings};

/// Whether a field that is judged by its values alone is weakened.
pub(super) fn weakens(name: &str, from: &str, to: &str) -> bool {
    match name {
        // Files that are looked for in one place arrive in another.
        field::BUCKET | field::PREFIX => from != to,
        // Another key, or none: whoever holds it decides who reads the log.
        field::KEY => !from.is_empty() && from != to,
        field::LOG_GROUP => !from.is_empty() && to.is_empty(),
        field::MULTI_REGION | field::GLOBAL_EVENTS | field::ORGANIZATION | field::VALIDATION => to == "false",
        field::LOGGING => to == "Disabled",
        _ => false,
    }
}

/// Whether fewer management events would be recorded.
pub(super) fn management_weakens(from: &ManagementCoverage, to: &ManagementCoverage) -> bool {
    !to.covers(from)
}

/// Whether an Insight would go.
pub(super) fn insights_weaken(from: &Insights, to: &Insights) -> bool {
    from.iter().any(|(type_, categories)| to.get(type_).is_none_or(|kept| !categories.is_subset(kept)))
}

/// The three fields that say where a trail delivers and who can read it, as AWS has them.
pub(super) fn destination_of(settings: &TrailSettings) -> [(&'static str, &str); 3] {
    [
        (field::BUCKET, &settings.s3_bucket_name),
        (field::PREFIX, &settings.s3_key_prefix),
        (field::KEY, &settings.kms_key_id),
    ]
}

/// The same, as status remembers them.
pub(super) fn known(destination: &Destination) -> [(&'static str, &str); 3] {
    [
        (field::BUCKET, &destination.bucket_name),
        (field::PREFIX, &destination.key_prefix),
        (field::KEY, &destination.kms_key_arn),
    ]
}

/// Declares for these fields what status remembers.
pub(super) fn hold(declared: &mut TrailSettings, destination: &Destination, fields: &[FieldChange]) {
    for change in fields {
        match change.field.as_str() {
            field::BUCKET => declared.s3_bucket_name.clone_from(&destination.bucket_name),
            field::PREFIX => declared.s3_key_prefix.clone_from(&destination.key_prefix),
            field::KEY => declared.kms_key_id.clone_from(&destination.kms_key_arn),
            _ => {}
        }
    }
}

/// Whether the change brings back what was there when AWS was last as declared: then it undoes what others did, and
/// the record is as strong as it was. Needed where the values do not tell which way is the weaker.
pub(super) fn restores(change: &FieldChange, destination: Option<&Destination>) -> bool {
    // Where there was no key, taking one off is to protect less, whoever put it on.
    let strips = change.field == field::KEY && change.to.is_empty();
    !strips
        && destination.is_some_and(|was| known(was).contains(&(change.field.as_str(), change.to.as_str())))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trail_operator_domain::selectors::{AdvancedSelector, ReadWrite, Selectors};

    use super::*;

    /// Every field in both directions, by the contract's list.
    #[test]
    fn each_field_weakens_one_way_or_neither() {
        for (name, from, to, there, back) in [
            (field::BUCKET, "a", "b", true, true),
            (field::PREFIX, "", "b", true, true),
            (field::KEY, "", "key", false, true),
            (field::KEY, "key", "other", true, true),
            (field::TOPIC, "", "topic", false, false),
            (field::LOG_GROUP, "", "group", false, true),
            (field::LOG_GROUP, "group", "other", false, false),
            (field::ROLE, "", "role", false, false),
            (field::MULTI_REGION, "false", "true", false, true),
            (field::GLOBAL_EVENTS, "false", "true", false, true),
            (field::ORGANIZATION, "false", "true", false, true),
            (field::VALIDATION, "false", "true", false, true),
            (field::LOGGING, "Disabled", "Enabled", false, true),
            (field::RECURSIVE, "true", "false", false, false),
            (field::AGGREGATION, "A", "", false, false),
            ("tags.Environment", "a", "", false, false),
        ] {
            assert_eq!(weakens(name, from, to), there, "{name}: {from} → {to}");
            assert_eq!(weakens(name, to, from), back, "{name}: {to} → {from}");
        }
    }

    #[test]
    fn an_insight_less_weakens() {
        let insights = |list: &[(&str, &[&str])]| -> Insights {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
            list.iter().map(|(type_, categories)| ((*type_).to_owned(), set(categories))).collect()
        };
        let (none, rate) = (insights(&[]), insights(&[("Rate", &["Management"])]));
        let both = insights(&[("Rate", &["Management", "Data"]), ("Error", &["Management"])]);
        assert!(!insights_weaken(&none, &rate) && insights_weaken(&rate, &none));
        assert!(!insights_weaken(&rate, &both) && insights_weaken(&both, &rate));
        let data = insights(&[("Rate", &["Data"])]);
        assert!(insights_weaken(&rate, &data), "AWS replaces the categories");
    }

    #[test]
    fn fewer_management_events_weaken() {
        let all = Selectors::Default.management_events();
        let writes = AdvancedSelector::management(ReadWrite::WriteOnly, []);
        let writes = Selectors::declared(Some(writes), &[]).management_events();
        assert!(management_weakens(&all, &writes));
        assert!(!management_weakens(&writes, &all));
        let none = Selectors::declared(None, &[]).management_events();
        assert!(management_weakens(&writes, &none) && !management_weakens(&none, &writes));
    }

    #[test]
    fn what_was_there_before_is_brought_back_whatever_the_values() {
        let destination =
            Destination { bucket_name: "ours".into(), key_prefix: String::new(), kms_key_arn: "key".into() };
        let change = FieldChange::new(field::BUCKET, "theirs", "ours");
        assert!(change.weakening && restores(&change, Some(&destination)));
        assert!(!restores(&change, None), "who cannot know treats it as an edit");
        let bare = Destination { kms_key_arn: String::new(), ..destination.clone() };
        let strip = FieldChange::new(field::KEY, "theirs", "");
        assert!(!restores(&strip, Some(&bare)), "taking a key off is not undoing anything");
        assert!(!restores(&FieldChange::new(field::BUCKET, "ours", "other"), Some(&destination)));
        assert!(!restores(&FieldChange::new(field::VALIDATION, "true", "false"), Some(&destination)));
    }
}

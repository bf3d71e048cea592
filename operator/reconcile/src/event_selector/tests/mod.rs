//! What composition and report promise, told by cases.

mod composing;
mod judging;
mod reporting;

use std::collections::BTreeSet;

use trail_operator_domain::selectors::{AdvancedSelector, FieldSelector};

use super::{
    composition::{Key, Member, compose},
    *,
};
use crate::reason::Reason;

/// A selector of objects with so many values, two of them its category and type.
fn selector(name: &str, values: usize) -> AdvancedSelector {
    let arns = (0..values.saturating_sub(2)).map(|n| format!("arn:aws:s3:::{name}-{n}/"));
    let mut fields = BTreeSet::from([
        FieldSelector::equals("eventCategory", ["Data"]),
        FieldSelector::equals("resources.type", ["AWS::S3::Object"]),
    ]);
    let starts_with: BTreeSet<_> = arns.collect();
    if !starts_with.is_empty() {
        fields.insert(FieldSelector { field: "resources.ARN".into(), starts_with, ..<_>::default() });
    }
    AdvancedSelector { name: name.into(), fields }
}

fn key(name: &str) -> Key {
    ("security".to_owned(), name.to_owned())
}

/// An object that was never accepted.
fn new(name: &str, priority: i32, values: usize) -> Member {
    Member {
        key: key(name),
        priority,
        form: Ok(vec![selector(name, values)]),
        accepted: None,
        judged: false,
        is_edited: false,
    }
}

/// The same after it was accepted.
fn accepted(member: Member) -> Member {
    Member { accepted: member.form.clone().ok(), judged: true, ..member }
}

fn reason(composition: &Composition, name: &str) -> Option<Reason> {
    composition.verdicts[&key(name)].refusal().map(|refusal| refusal.reason)
}

fn values(composition: &Composition) -> usize {
    composition.selectors.iter().map(AdvancedSelector::values).sum()
}

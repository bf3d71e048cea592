//! The advanced form of a selector (`cloudtrail.md` 2.2).
//!
//! Knows its parts and what they are called. Must not know which of them AWS takes, nor which events they admit.

use std::collections::BTreeSet;

use super::{ReadWrite, basic::S3_OBJECT, operators::Operator};

/// Name of the selector of management events. Auditing tools accept an advanced selector by this very name
/// (`peers.md` 1, finding 11).
pub const MANAGEMENT_SELECTOR_NAME: &str = "Management events selector";

/// One advanced selector: fields that must all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct AdvancedSelector {
    /// `Name`; empty for none.
    pub name: String,
    /// `FieldSelectors`
    pub fields: BTreeSet<FieldSelector>,
}

/// One field of an advanced selector with its operators; lists are sets, since their order means nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldSelector {
    /// `Field`
    pub field: String,
    /// `Equals`
    pub equals: BTreeSet<String>,
    /// `StartsWith`
    pub starts_with: BTreeSet<String>,
    /// `EndsWith`
    pub ends_with: BTreeSet<String>,
    /// `NotEquals`
    pub not_equals: BTreeSet<String>,
    /// `NotStartsWith`
    pub not_starts_with: BTreeSet<String>,
    /// `NotEndsWith`
    pub not_ends_with: BTreeSet<String>,
}

impl FieldSelector {
    /// `field` Equals these values.
    pub fn equals<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let equals = values.into_iter().map(str::to_owned).collect();
        Self { field: field.to_owned(), equals, ..Self::default() }
    }

    /// `field` StartsWith these values.
    pub fn starts_with<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let starts_with = values.into_iter().map(str::to_owned).collect();
        Self { field: field.to_owned(), starts_with, ..Self::default() }
    }

    /// `field` NotEquals these values.
    pub fn not_equals<'a>(field: &str, values: impl IntoIterator<Item = &'a str>) -> Self {
        let not_equals = values.into_iter().map(str::to_owned).collect();
        Self { field: field.to_owned(), not_equals, ..Self::default() }
    }

    /// The value, if the field says nothing but Equals this one value.
    pub(super) fn only_value(&self) -> Option<&str> {
        let mut values = self.each_value();
        match (values.next(), values.next()) {
            (Some((Operator::Equals, value)), None) => Some(value),
            _ => None,
        }
    }
}

impl AdvancedSelector {
    /// The selector of management events that AWS's console makes: no `readOnly` field unless one half is asked for.
    pub fn management<'a>(read_write: ReadWrite, excluded: impl IntoIterator<Item = &'a str>) -> Self {
        let mut fields = BTreeSet::from([FieldSelector::equals("eventCategory", ["Management"])]);
        fields.extend(read_write.field());
        let excluded = FieldSelector::not_equals("eventSource", excluded);
        if !excluded.not_equals.is_empty() {
            fields.insert(excluded);
        }
        Self { name: MANAGEMENT_SELECTOR_NAME.to_owned(), fields }
    }

    /// `Management`, `Data`, `NetworkActivity`, or whatever else it names; `None` when it does not name exactly one.
    pub fn category(&self) -> Option<&str> {
        self.only_value("eventCategory")
    }

    /// Whether it selects management events.
    pub fn is_management(&self) -> bool {
        self.category() == Some("Management")
    }

    /// Whether it selects data events of objects in general-purpose S3 buckets.
    pub fn selects_objects(&self) -> bool {
        self.category() == Some("Data") && self.resource_type() == Some(S3_OBJECT)
    }

    /// How many values it lists, in every operator of every field. All selectors of a trail may list
    /// [`MOST_VALUES`](super::MOST_VALUES) together.
    pub fn values(&self) -> usize {
        self.fields.iter().map(|field| field.each_value().count()).sum()
    }

    /// The type of resources whose data events it selects; `None` when it does not name exactly one.
    pub(super) fn resource_type(&self) -> Option<&str> {
        self.only_value("resources.type")
    }

    /// The one value that a field must equal.
    pub(super) fn only_value(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|field| field.field == name);
        match (named.next(), named.next()) {
            (Some(field), None) => field.only_value(),
            _ => None,
        }
    }
}

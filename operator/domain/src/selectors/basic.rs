//! The basic form of a selector (`cloudtrail.md` 2.1) and its translation into the advanced form (2.4).
//!
//! Knows what the values of basic selectors mean. Must not know which of them AWS takes.

use std::collections::{BTreeMap, BTreeSet};

use super::{AdvancedSelector, FieldSelector};

/// `AWS::S3::Object`
pub(super) const S3_OBJECT: &str = "AWS::S3::Object";
/// `AWS::Lambda::Function`
pub(super) const LAMBDA_FUNCTION: &str = "AWS::Lambda::Function";
/// `AWS::DynamoDB::Table`
pub(super) const DYNAMODB_TABLE: &str = "AWS::DynamoDB::Table";

/// One basic selector.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BasicSelector {
    /// `ReadWriteType`
    pub read_write_type: ReadWrite,
    /// `IncludeManagementEvents`
    pub include_management_events: bool,
    /// `ExcludeManagementEventSources`
    pub exclude_management_event_sources: BTreeSet<String>,
    /// `DataResources`: type and value, one pair for each value.
    pub data_resources: BTreeSet<(String, String)>,
}

/// Reads, writes, or both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReadWrite {
    /// Both.
    #[default]
    All,
    /// `ReadOnly`
    ReadOnly,
    /// `WriteOnly`
    WriteOnly,
}

impl ReadWrite {
    pub(super) fn reads(self) -> bool {
        self != Self::WriteOnly
    }

    pub(super) fn writes(self) -> bool {
        self != Self::ReadOnly
    }

    /// The same as a field of the advanced form: none for both halves.
    pub(super) fn field(self) -> Option<FieldSelector> {
        let value = match self {
            Self::All => return None,
            Self::ReadOnly => "true",
            Self::WriteOnly => "false",
        };
        Some(FieldSelector::equals("readOnly", [value]))
    }
}

impl BasicSelector {
    /// AWS's default.
    pub fn all_management() -> Self {
        Self {
            read_write_type: ReadWrite::All,
            include_management_events: true,
            exclude_management_event_sources: BTreeSet::new(),
            data_resources: BTreeSet::new(),
        }
    }

    /// The same in the advanced form (`cloudtrail.md` 2.4): management events first, then one selector for each type of
    /// resource. Those are called `name`, each with its type behind it when there are several; nameless when `name` is
    /// empty.
    pub fn to_advanced(&self, name: &str) -> Vec<AdvancedSelector> {
        let management = self.include_management_events.then(|| {
            let excluded = self.exclude_management_event_sources.iter().map(String::as_str);
            AdvancedSelector::management(self.read_write_type, excluded)
        });
        let mut types = BTreeMap::<&str, Vec<&str>>::new();
        for (kind, value) in &self.data_resources {
            types.entry(kind).or_default().push(value);
        }
        let with_type = types.len() > 1 && !name.is_empty();
        let data = types.into_iter().map(|(kind, values)| AdvancedSelector {
            name: if with_type { format!("{name}: {kind}") } else { name.to_owned() },
            fields: self.data_fields(kind, &values),
        });
        management.into_iter().chain(data).collect()
    }

    fn data_fields(&self, kind: &str, values: &[&str]) -> BTreeSet<FieldSelector> {
        let mut fields = BTreeSet::from([
            FieldSelector::equals("eventCategory", ["Data"]),
            FieldSelector::equals("resources.type", [kind]),
        ]);
        fields.extend(self.read_write_type.field());
        if !values.iter().any(|value| is_everything(kind, value)) {
            fields.insert(resources(kind, values));
        }
        fields
    }
}

/// Whether this value of a basic selector means every resource of the type. `arn:aws:s3:::` is the older way to say
/// `arn:aws:s3`; other partitions have their own name in place of `aws` (`cloudtrail.md` 2.1).
pub(super) fn is_everything(kind: &str, value: &str) -> bool {
    let service = match kind {
        S3_OBJECT => "s3",
        LAMBDA_FUNCTION => "lambda",
        DYNAMODB_TABLE => "dynamodb",
        _ => return false,
    };
    match value.split(':').collect::<Vec<_>>().as_slice() {
        ["arn", _, named] => *named == service,
        ["arn", _, "s3", "", "", ""] => service == "s3",
        _ => false,
    }
}

/// The resources that these values name. S3 takes prefixes, the others exact ARNs.
///
/// A table's basic selector records the calls on its streams too (`cloudtrail.md` 2.1), whose ARNs are
/// `<table ARN>/stream/<label>`: hence that prefix beside the table's ARN, in the same field, where positive values are
/// OR-ed. The table's bare ARN as a prefix would also take tables whose names begin alike.
fn resources(kind: &str, values: &[&str]) -> FieldSelector {
    let values = values.iter().copied();
    match kind {
        S3_OBJECT => FieldSelector::starts_with("resources.ARN", values),
        DYNAMODB_TABLE => FieldSelector {
            starts_with: values.clone().map(|table| format!("{table}/stream/")).collect(),
            ..FieldSelector::equals("resources.ARN", values)
        },
        _ => FieldSelector::equals("resources.ARN", values),
    }
}

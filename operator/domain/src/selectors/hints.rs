//! Advice on selectors that AWS takes, but that may not say what was meant (`cloudtrail.md` 2.2).
//!
//! Knows common slips. Must not refuse anything.

use super::{
    AdvancedSelector, FieldSelector,
    basic::{DYNAMODB_TABLE, S3_OBJECT},
    operators::Operator,
    problems::KNOWN_FIELDS,
};

impl AdvancedSelector {
    /// The fields that are not known here. AWS adds to them, so it may take them all the same.
    pub fn unknown_fields(&self) -> Vec<&str> {
        let names = self.fields.iter().map(|field| field.field.as_str());
        names.filter(|name| !KNOWN_FIELDS.contains(name)).collect()
    }

    /// What AWS takes but is likely to record more, less or other events than was meant: a sentence each.
    pub fn hints(&self) -> Vec<String> {
        let misspelled = self.unknown_fields().into_iter().filter_map(|name| {
            let known = KNOWN_FIELDS.into_iter().find(|known| known.eq_ignore_ascii_case(name))?;
            Some(format!("{name} is not a field that is known here; CloudTrail spells it {known}"))
        });
        let arns = self.fields.iter().filter(|field| field.field == "resources.ARN");
        let of_values = arns.flat_map(|field| {
            let kind = self.resource_type().unwrap_or_default();
            field.each_value().filter_map(move |(operator, value)| {
                let advice = match kind {
                    S3_OBJECT => of_objects(operator, value),
                    DYNAMODB_TABLE => of_tables(field, operator, value),
                    _ => None,
                };
                advice.map(|advice| format!("resources.ARN {} '{value}': {advice}", operator.name()))
            })
        });
        misspelled.chain(of_values).collect()
    }
}

/// AWS's own page gives the bucket's ARN without a slash, which takes in all buckets whose names begin alike.
fn of_objects(operator: Operator, value: &str) -> Option<String> {
    let objects = value.splitn(6, ':').nth(5)?;
    let is_bucket = !objects.is_empty() && !objects.contains('/');
    match operator {
        Operator::StartsWith | Operator::NotStartsWith if is_bucket => Some(format!(
            "also matches {objects}-2 and every other bucket whose name begins so; end it with '/'"
        )),
        Operator::Equals | Operator::NotEquals if is_bucket || objects.ends_with('/') => {
            let (bucket, other) = (value.trim_end_matches('/'), prefix_operator(operator));
            Some(format!("matches no object of the bucket, only this very ARN; use {other} '{bucket}/'"))
        }
        _ => None,
    }
}

fn of_tables(field: &FieldSelector, operator: Operator, value: &str) -> Option<String> {
    let table = value.splitn(6, ':').nth(5)?.strip_prefix("table/")?;
    let is_table = !table.is_empty() && !table.contains('/');
    match operator {
        Operator::StartsWith | Operator::NotStartsWith if is_table => Some(format!(
            "also matches {table}-2 and every other table whose name begins so; use {} '{value}', and '{value}/' here for its streams",
            if operator == Operator::StartsWith { "equals" } else { "notEquals" }
        )),
        Operator::Equals | Operator::NotEquals if is_table && !tells_of_streams(field, operator, value) => {
            Some(format!(
                "AWS does not say whether this holds for the table's streams; add {} '{value}/stream/' to be sure",
                prefix_operator(operator)
            ))
        }
        _ => None,
    }
}

/// Whether the field says of the table's streams what this operator says of the table.
fn tells_of_streams(field: &FieldSelector, operator: Operator, table: &str) -> bool {
    let prefixes = if operator.is_negative() { &field.not_starts_with } else { &field.starts_with };
    prefixes.iter().any(|prefix| format!("{table}/stream/").starts_with(prefix.as_str()))
}

fn prefix_operator(operator: Operator) -> &'static str {
    if operator.is_negative() { "notStartsWith" } else { "startsWith" }
}

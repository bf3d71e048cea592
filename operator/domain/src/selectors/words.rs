//! Selectors in words.
//!
//! Knows how to say what is recorded to people who read no JSON. Must not decide anything.

use std::collections::BTreeSet;

use super::{AdvancedSelector, FieldSelector, ManagementCoverage, operators::Operator};

impl AdvancedSelector {
    /// What it records: "writes of AWS::S3::Object where resources.ARN begins with 'arn:aws:s3:::bucket/'".
    pub fn describe(&self) -> String {
        let (subject, told) = self.subject();
        let conditions = self.fields.iter().filter(|field| !told.contains(&field.field.as_str()));
        let conditions = conditions.map(FieldSelector::describe).collect::<Vec<_>>();
        if conditions.is_empty() { subject } else { format!("{subject} where {}", conditions.join(" and ")) }
    }

    /// What the events are, and the fields that this tells.
    fn subject(&self) -> (String, Vec<&'static str>) {
        let (halves, half_told) = match self.only_value("readOnly") {
            Some("true") => ("reads", Some("readOnly")),
            Some("false") => ("writes", Some("readOnly")),
            _ => ("reads and writes", None),
        };
        let mut told = vec!["eventCategory"];
        let subject = match (self.category(), self.resource_type(), self.only_value("eventSource")) {
            (Some("Management"), ..) => {
                told.extend(half_told);
                format!("management events ({halves})")
            }
            (Some("Data"), Some(kind), _) => {
                told.extend(half_told);
                told.push("resources.type");
                format!("{halves} of {kind}")
            }
            (Some("NetworkActivity"), _, Some(source)) => {
                told.push("eventSource");
                format!("network activity of {source}")
            }
            _ => return ("events".to_owned(), vec![]),
        };
        (subject, told)
    }
}

impl FieldSelector {
    fn describe(&self) -> String {
        let (negative, positive): (Vec<_>, Vec<_>) =
            self.operators().partition(|(operator, _)| operator.is_negative());
        let mut let_in = positive
            .iter()
            .map(|(operator, values)| phrase(*operator, values))
            .collect::<Vec<_>>()
            .join(" or ");
        if positive.len() > 1 && !negative.is_empty() {
            let_in = format!("({let_in})");
        }
        let shut_out = negative.iter().map(|(operator, values)| phrase(*operator, values));
        let all =
            Some(let_in).filter(|text| !text.is_empty()).into_iter().chain(shut_out).collect::<Vec<_>>();
        let all = if all.is_empty() { "has no operator".to_owned() } else { all.join(" and ") };
        format!("{} {all}", self.field)
    }
}

fn phrase(operator: Operator, values: &BTreeSet<String>) -> String {
    let verb = match operator {
        Operator::Equals => "is",
        Operator::StartsWith => "begins with",
        Operator::EndsWith => "ends with",
        Operator::NotEquals => "is not",
        Operator::NotStartsWith => "does not begin with",
        Operator::NotEndsWith => "does not end with",
    };
    format!("{verb} {}", listed(values))
}

/// A few of the values and how many more there are: a sentence is no place for five hundred.
fn listed(values: &BTreeSet<String>) -> String {
    const SHOWN: usize = 5;
    let mut items = values.iter().take(SHOWN).map(|value| format!("'{value}'")).collect::<Vec<_>>();
    if values.len() > SHOWN {
        items.push(format!("{} more", values.len() - SHOWN));
    }
    match items.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => items.concat(),
    }
}

impl ManagementCoverage {
    /// Which management events are recorded: "all", "writes only", "none", "all without kms.amazonaws.com".
    pub fn describe(&self) -> String {
        let known = match (&self.reads, &self.writes) {
            (None, None) if self.unclear => return "some, by conditions that are not known here".into(),
            (None, None) => "none".into(),
            (Some(reads), None) => without("reads only", reads),
            (None, Some(writes)) => without("writes only", writes),
            (Some(reads), Some(writes)) if reads == writes => without("all", reads),
            (Some(reads), Some(writes)) => {
                format!("{} and {}", without("reads", reads), without("writes", writes))
            }
        };
        if self.unclear { format!("{known}, and some by conditions that are not known here") } else { known }
    }
}

fn without(what: &str, excluded: &BTreeSet<String>) -> String {
    if excluded.is_empty() {
        return what.to_owned();
    }
    let excluded = excluded.iter().map(String::as_str).collect::<Vec<_>>();
    format!("{what} without {}", excluded.join(" and "))
}

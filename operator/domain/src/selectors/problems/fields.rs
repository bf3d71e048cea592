//! What each field of an advanced selector takes, by the category of its events (`cloudtrail.md` 2.2).
//!
//! Knows the table of fields. Must not judge fields that are not in it: AWS adds to them.

use super::super::{AdvancedSelector, FieldSelector, operators::Operator};
use super::{either, place, quoted};

const POSSIBLE_CATEGORIES: &str =
    "'Data' or 'NetworkActivity' ('Management' for a trail's management events)";

/// What a field takes.
struct Rule {
    /// None for all operators.
    operators: &'static [Operator],
    values: Values,
    /// What to do about a second value, where only one is possible.
    only_one: Option<&'static str>,
}

enum Values {
    Any,
    OneOf(&'static [&'static str]),
    ResourceType,
    EventSource,
    Arn,
}

const EQUALS: &[Operator] = &[Operator::Equals];
const ANY: Rule = Rule { operators: &[], values: Values::Any, only_one: None };
const READ_ONLY: Rule = Rule {
    operators: EQUALS,
    values: Values::OneOf(&["true", "false"]),
    only_one: Some("leave the field out to record both reads and writes"),
};

/// The fields that are known, each with the categories that take it.
fn rule(category: &str, field: &str) -> Option<Rule> {
    Some(match (category, field) {
        ("Management" | "Data", "readOnly") => READ_ONLY,
        ("Management", "eventSource") => Rule {
            operators: &[Operator::NotEquals],
            values: Values::OneOf(&["kms.amazonaws.com", "rdsdata.amazonaws.com"]),
            only_one: None,
        },
        ("Data", "resources.type") => Rule {
            operators: EQUALS,
            values: Values::ResourceType,
            only_one: Some("write one selector for each resource type"),
        },
        ("Data", "resources.ARN") => Rule { values: Values::Arn, ..ANY },
        ("Data", "sessionCredentialFromConsole") => Rule {
            operators: &[Operator::Equals, Operator::NotEquals],
            values: Values::OneOf(&["true"]),
            only_one: None,
        },
        ("NetworkActivity", "eventSource") => Rule {
            operators: EQUALS,
            values: Values::EventSource,
            only_one: Some("write one selector for each event source"),
        },
        ("NetworkActivity", "errorCode") => {
            Rule { operators: EQUALS, values: Values::OneOf(&["VpceAccessDenied"]), only_one: None }
        }
        ("Data", "eventSource" | "eventName" | "eventType" | "userIdentity.arn")
        | ("NetworkActivity", "eventName" | "vpcEndpointId" | "userIdentity.arn") => ANY,
        _ => return None,
    })
}

/// Every field that some category of events has, as CloudTrail spells it.
pub(in super::super) const KNOWN_FIELDS: [&str; 11] = [
    "errorCode",
    "eventCategory",
    "eventName",
    "eventSource",
    "eventType",
    "readOnly",
    "resources.ARN",
    "resources.type",
    "sessionCredentialFromConsole",
    "userIdentity.arn",
    "vpcEndpointId",
];

impl AdvancedSelector {
    /// What is wrong for events of the selector's category, or with the category.
    pub(super) fn category_problems(&self) -> Vec<String> {
        let category = match self.category() {
            Some(category @ ("Management" | "Data" | "NetworkActivity")) => category,
            Some(other) => {
                return vec![format!(
                    "eventCategory equals {}: trails have no such category; it is {POSSIBLE_CATEGORIES}, spelled so",
                    quoted(other)
                )];
            }
            None if self.has("eventCategory") => {
                return vec![format!(
                    "eventCategory takes the operator equals with exactly one value, {POSSIBLE_CATEGORIES}; write one selector for each category"
                )];
            }
            None => {
                return vec![format!(
                    "eventCategory is missing; every selector needs it, with the operator equals and {POSSIBLE_CATEGORIES}"
                )];
            }
        };
        let mut problems = self.missing(category);
        let known = |field: &&FieldSelector| {
            field.field != "eventCategory" && KNOWN_FIELDS.contains(&field.field.as_str())
        };
        problems.extend(self.fields.iter().filter(known).flat_map(|field| judged(category, field)));
        problems
    }

    fn missing(&self, category: &str) -> Vec<String> {
        let needed = match category {
            "Data" if !self.has("resources.type") => {
                "resources.type is missing; data events need it, with the operator equals and one type such as 'AWS::S3::Object'"
            }
            "NetworkActivity" if !self.has("eventSource") => {
                "eventSource is missing; network activity needs it, with the operator equals and one source such as 'kms.amazonaws.com'"
            }
            _ => return Vec::new(),
        };
        vec![needed.to_owned()]
    }

    fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.field == name)
    }
}

fn judged(category: &str, field: &FieldSelector) -> Vec<String> {
    let Some(rule) = rule(category, &field.field) else {
        return vec![not_for_this_category(category, &field.field)];
    };
    let mut problems = Vec::new();
    for (operator, _) in field.operators() {
        if !rule.operators.is_empty() && !rule.operators.contains(&operator) {
            problems.push(format!(
                "{} {}: the field does not take this operator, only {}",
                field.field,
                operator.name(),
                either(&rule.operators.iter().map(|operator| operator.name()).collect::<Vec<_>>())
            ));
        }
    }
    if let Some(advice) = rule.only_one.filter(|_| field.equals.len() > 1) {
        let values = field.equals.iter().map(|value| quoted(value)).collect::<Vec<_>>();
        problems.push(format!(
            "{} equals {}: the field takes exactly one value; {advice}",
            field.field,
            values.join(", ")
        ));
    }
    for (operator, value) in field.each_value().filter(|(_, value)| !value.is_empty()) {
        let problem = rule.values.problem(operator, value);
        problems.extend(problem.map(|problem| format!("{}: {problem}", place(field, operator, value))));
    }
    problems
}

fn not_for_this_category(category: &str, field: &str) -> String {
    let events = match category {
        "Management" => "a trail's management events",
        "Data" => "data events",
        _ => "network activity",
    };
    let possible =
        KNOWN_FIELDS.into_iter().filter(|known| rule(category, known).is_some()).collect::<Vec<_>>();
    format!("{field} is not a field for {events}; those take {}", either(&possible))
}

impl Values {
    fn problem(&self, operator: Operator, value: &str) -> Option<String> {
        // AWS's rule for every value (`cloudtrail.md` 2.2). Only keys of objects could have them, and those can be told by
        // the part before.
        if value.contains(['*', '?']) {
            return Some(
                "CloudTrail knows no wildcards; use startsWith or endsWith with the part that is fixed"
                    .into(),
            );
        }
        match self {
            Self::Any => None,
            Self::OneOf(possible) => (!possible.contains(&value)).then(|| {
                let possible = possible.iter().map(|value| quoted(value)).collect::<Vec<_>>();
                let possible = possible.iter().map(String::as_str).collect::<Vec<_>>();
                format!("the only possible value is {}", either(&possible))
            }),
            Self::ResourceType => (!is_resource_type(value))
                .then(|| "this is not a resource type; they look like 'AWS::S3::Object'".into()),
            Self::EventSource => (!is_event_source(value)).then(|| {
                "this is not an event source; they look like 'kms.amazonaws.com' or 'kms.amazonaws.com.cn'".into()
            }),
            Self::Arn => arn_problem(operator, value),
        }
    }
}

/// `^AWS::[A-Za-z0-9]+::[A-Za-z0-9]+$` (`cloudtrail.md` 2.5)
fn is_resource_type(value: &str) -> bool {
    let word = |text: &str| !text.is_empty() && text.chars().all(|letter| letter.is_ascii_alphanumeric());
    matches!(value.split("::").collect::<Vec<_>>().as_slice(), ["AWS", service, kind] if word(service) && word(kind))
}

fn is_event_source(value: &str) -> bool {
    let service = value.strip_suffix(".amazonaws.com").or_else(|| value.strip_suffix(".amazonaws.com.cn"));
    let letters = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    service
        .is_some_and(|service| service.split('.').all(|part| !part.is_empty() && part.chars().all(letters)))
}

fn arn_problem(operator: Operator, value: &str) -> Option<String> {
    let whole = match operator {
        Operator::Equals | Operator::NotEquals => true,
        Operator::StartsWith | Operator::NotStartsWith => false,
        Operator::EndsWith | Operator::NotEndsWith => return None,
    };
    if !value.starts_with("arn:") {
        return Some("ARNs begin with 'arn:'; write it from there".into());
    }
    // arn:partition:service:region:account:resource
    let complete = value.splitn(6, ':').nth(5).is_some_and(|resource| !resource.is_empty());
    (whole && !complete).then(|| {
        let prefix = if operator == Operator::Equals { "startsWith" } else { "notStartsWith" };
        format!("{} needs a whole ARN; use {prefix} for its beginning", operator.name())
    })
}

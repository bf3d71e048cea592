//! What the generated definitions demand, read from their YAML, and whether the tables meet all of it.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::refused::Answer;
use crate::server::crds;
use crate::{immutable, refused};

/// A demand of a definition on one field, and what the API server says when it is not met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rule {
    kind: String,
    path: String,
    says: String,
}

/// Which constraints of a schema an object can hurt, and the API server's words for it.
const CONSTRAINTS: [(&str, &str); 8] = [
    ("maxLength", "may not be more than {} bytes"),
    ("minLength", "should be at least {} chars long"),
    ("maximum", "should be less than or equal to {}"),
    ("minimum", "should be greater than or equal to {}"),
    ("maxItems", "must have at most {} items"),
    ("minItems", "should have at least {} items"),
    ("maxProperties", "must have at most {} items"),
    ("enum", "supported values: "),
];

/// What else a schema may hold: nothing that a person can get wrong, or read where it stands.
const OTHERS: [&str; 12] = [
    "type",
    "format",
    "default",
    "description",
    "title",
    "properties",
    "items",
    "additionalProperties",
    "required",
    "x-kubernetes-validations",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
];

/// Every rule on what a person writes; status is written by the operator.
pub fn of_the_definitions() -> Result<BTreeSet<Rule>> {
    let mut rules = BTreeSet::new();
    for entry in fs::read_dir(crds())? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let crd: Value = serde_saphyr::from_str(&fs::read_to_string(&path)?)?;
            let kind = crd["spec"]["names"]["kind"].as_str().context("a definition without a kind")?;
            for version in crd["spec"]["versions"].as_array().context("a definition without versions")? {
                collect(kind, "", &version["schema"]["openAPIV3Schema"], &mut rules);
            }
        }
    }
    Ok(rules)
}

fn collect(kind: &str, path: &str, schema: &Value, rules: &mut BTreeSet<Rule>) {
    let mut add = |path: &str, says: String| {
        rules.insert(Rule { kind: kind.into(), path: path.into(), says });
    };
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        add(path, rule["message"].as_str().unwrap_or("a rule without a message").into());
    }
    for (keyword, words) in CONSTRAINTS {
        if !schema[keyword].is_null() {
            add(path, words.replace("{}", &schema[keyword].to_string()));
        }
    }
    let known =
        |name: &str| OTHERS.contains(&name) || CONSTRAINTS.iter().any(|(keyword, _)| *keyword == name);
    for keyword in schema.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| !known(name))
    {
        add(path, format!("keyword {keyword}, of which this test must be taught"));
    }
    if ["set", "map"].iter().any(|unique| schema["x-kubernetes-list-type"] == *unique) {
        add(path, "Duplicate value".into());
    }
    if schema["format"] == "date-time" {
        add(path, "must be of type date-time".into());
    }
    for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        add(&below(path, name), "Required value".into());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if !(path.is_empty() && name == "status") {
            collect(kind, &below(path, name), property, rules);
        }
    }
    if schema["items"].is_object() {
        collect(kind, path, &schema["items"], rules);
    }
    if schema["additionalProperties"].is_object() {
        collect(kind, &below(path, ANY_KEY), &schema["additionalProperties"], rules);
    }
}

/// Stands for the key of a map.
const ANY_KEY: &str = "*";

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Whether this is what the API server says when the rule is hurt: field and words in one of its lines.
fn is_met_by(rule: &Rule, answer: &Answer) -> bool {
    // A rule on the whole object has no path.
    let path = if rule.path.is_empty() { "<nil>" } else { &rule.path };
    let mut lines = answer.said.lines().map(without_indices);
    answer.kind == rule.kind && lines.any(|line| speaks_of(&line, path) && line.contains(&rule.says))
}

fn speaks_of(line: &str, path: &str) -> bool {
    let Some(map) = path.strip_suffix(ANY_KEY) else { return line.contains(&format!(" {path}: ")) };
    let Some((_, rest)) = line.split_once(&format!(" {map}")) else { return false };
    rest.split_once(": ").is_some_and(|(key, _)| !key.contains(' '))
}

/// `names[0]` is `names`: which element it was is of no interest.
fn without_indices(line: &str) -> String {
    let mut parts = line.split('[');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_once(']') {
        Some((index, rest)) if index.parse::<usize>().is_ok() => text + rest,
        _ => text + "[" + part,
    })
}

#[test]
fn every_rule_of_the_definitions_is_hurt_by_a_row_of_the_tables() {
    let rules = of_the_definitions().unwrap();
    assert!(rules.len() > 40, "only {} rules were read", rules.len());
    let answers: Vec<_> = refused::answers().iter().chain(immutable::answers()).collect();
    let unmet: Vec<_> = rules
        .iter()
        .filter(|rule| !answers.iter().any(|answer| is_met_by(rule, answer)))
        .map(|rule| format!("\n  {} {}: {}", rule.kind, rule.path, rule.says))
        .collect();
    assert!(
        unmet.is_empty(),
        "no bad manifest shows these rules at work; add a row for each:{}",
        unmet.concat()
    );
}

//! What the documentation says is there, and what is there it says.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

#[test]
fn every_field_of_a_spec_has_its_row() {
    for (definition, page) in [("trails", "docs/trail.md"), ("awsaccounts", "docs/aws-account.md")] {
        let crd = read(&format!("crds/{definition}.trail-operator.dev.yaml")).unwrap();
        let crd: Value = serde_saphyr::from_str(&crd).unwrap();
        let spec = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
        let there = fields("", spec);
        assert!(there.len() > 2, "{definition} has no fields");
        let text = read(page).unwrap();
        let section = text.split("## Spec").nth(1).unwrap().split("\n## ").next().unwrap();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(rows.map(ToOwned::to_owned).collect::<BTreeSet<_>>(), there, "{page}");
    }
}

/// Paths of all fields that are not made of others.
fn fields(path: &str, schema: &Value) -> BTreeSet<String> {
    let Some(properties) = schema["properties"].as_object() else { return [path.to_owned()].into() };
    let dot = if path.is_empty() { "" } else { "." };
    properties.iter().flat_map(|(name, schema)| fields(&format!("{path}{dot}{name}"), schema)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for page in pages().unwrap() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if target.starts_with("https://") || file.is_empty() {
                continue;
            }
            links += 1;
            let path = page.parent().unwrap().join(file);
            assert!(path.exists(), "{} links to {target}", page.display());
        }
    }
    assert!(links > 20, "only {links} links were followed");
}

#[test]
fn the_permissions_are_those_of_the_calls_that_are_made() {
    let policy: Value = serde_json::from_str(&read("docs/operator-iam-policy.json").unwrap()).unwrap();
    let statements = policy["Statement"].as_array().unwrap();
    let granted: BTreeSet<_> = statements
        .iter()
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
            action => Vec::from_iter(action.as_str()),
        })
        .filter_map(|action| action.strip_prefix("cloudtrail:"))
        .map(ToOwned::to_owned)
        .collect();
    // The trait is the whole of what is asked of CloudTrail: one method for each operation, named like it.
    let source = read("operator/reconcile/src/aws.rs").unwrap();
    let cloud_trail = source.split("trait CloudTrail").nth(1).unwrap().split("\n}").next().unwrap();
    let called: BTreeSet<_> = cloud_trail
        .split("fn ")
        .skip(1)
        .map(|method| method.split('(').next().unwrap_or_default())
        .map(|method| method.split('_').map(capitalised).collect::<String>())
        .collect();
    assert_eq!(granted, called);
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1.min(word.len()));
    first.to_uppercase() + rest
}

#[test]
fn every_reason_is_explained() {
    let source = read("operator/reconcile/src/reason.rs").unwrap();
    let list = source.split("\nreasons! {").nth(1).unwrap().split("\n}").next().unwrap();
    let reasons: Vec<_> = list
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.strip_suffix(','))
        .collect();
    assert!(reasons.len() > 20, "{reasons:?}");
    let pages = read("docs/trail.md").unwrap() + &read("docs/aws-account.md").unwrap();
    for reason in reasons {
        assert!(pages.contains(&format!("`{reason}`")), "{reason} is explained nowhere in docs/");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))
}

/// Every Markdown file for users.
fn pages() -> Result<Vec<PathBuf>> {
    let mut pages = vec![root().join("README.md"), root().join("SECURITY.md")];
    let mut folders = vec![root().join("docs"), root().join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    Ok(pages)
}

//! What the documentation says is there, and what is there it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use test_suites::examples;
use trail_operator_domain::selectors::{AdvancedSelector, FieldSelector};

/// Definitions and their pages.
const KINDS: [(&str, &str); 4] = [
    ("trails", "docs/trail.md"),
    ("eventselectors", "docs/event-selector.md"),
    ("metricalarms", "docs/metric-alarm.md"),
    ("awsaccounts", "docs/aws-account.md"),
];

#[test]
fn every_field_of_a_spec_has_its_row_with_its_default_and_its_values() {
    for (definition, page) in KINDS {
        let there = fields("", &schema(definition).unwrap()["spec"]);
        assert!(there.len() > 10, "{definition} has only {} fields", there.len());
        let rows = rows(page).unwrap();
        assert_eq!(rows.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>(), "{page}");
        for (field, schema) in there {
            let [default, meaning] = &rows[&field];
            let told = default.trim_matches('`');
            match &schema["default"] {
                Value::Null => assert_ne!(default.as_bytes()[0], b'`', "{field} has no default {told}"),
                Value::String(value) => assert_eq!(told, value, "{field}"),
                value => assert_eq!(told, value.to_string(), "{field}"),
            }
            for value in schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let quoted = format!("`{value}`");
                // What the policies for deletion mean has a table of its own.
                let elsewhere =
                    field == "deletionPolicy" && read(page).unwrap().contains(&format!("| {quoted} |"));
                let said = *default == quoted || meaning.contains(&quoted) || elsewhere;
                assert!(said, "{page} says nothing of {field}: {value}");
            }
        }
    }
}

/// Of a definition: the schema of its spec and of its status.
fn schema(definition: &str) -> Result<Value> {
    let crd = read(&format!("crds/{definition}.trail-operator.dev.yaml"))?;
    let mut crd: Value = serde_saphyr::from_str(&crd)?;
    Ok(crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"].take())
}

/// What an object says of itself is explained as what one says to it.
#[test]
fn every_status_field_and_every_condition_of_an_event_selector_and_its_trail_is_explained() {
    let page = read("docs/event-selector.md").unwrap();
    for (definition, page, of) in
        [("eventselectors", &page, ""), ("trails", &read("docs/trail.md").unwrap(), "selectors")]
    {
        let schema = &schema(definition).unwrap()["status"];
        let schema = if of.is_empty() { schema } else { &schema["properties"][of] };
        // By Kubernetes' conventions: they mean the same in every object.
        let conventional = ["conditions", "observedGeneration"];
        let properties = schema["properties"].as_object().unwrap().keys();
        let names: Vec<_> = properties.filter(|name| !conventional.contains(&name.as_str())).collect();
        assert!(names.len() > 4, "{definition}: {names:?}");
        for name in names {
            assert!(page.contains(&format!("`{name}`")), "status.{of} {name} is explained nowhere");
        }
    }
    let table = section(&page, "## Conditions").unwrap();
    for condition in ["Ready", "Reconciling", "Stalled", "Accepted", "Applied"] {
        let has_row =
            table.lines().any(|line| line.starts_with("| `") && line.contains(&format!("`{condition}`")));
        assert!(has_row, "{condition} has no row");
    }
}

/// The page of a kind is enough for it: nobody has to look for a reason in that of another.
#[test]
fn every_reason_of_an_event_selector_is_on_its_page() {
    let page = read("docs/event-selector.md").unwrap();
    let mut reasons = BTreeSet::new();
    for file in ["report", "view", "composition", "warnings"] {
        let source = read(&format!("operator/reconcile/src/event_selector/{file}.rs")).unwrap();
        let named = source.split("Reason::").skip(1).map(|rest| {
            rest.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default().to_owned()
        });
        reasons.extend(
            named.filter(|name| name.chars().next().is_some_and(char::is_uppercase) && name != "ALL"),
        );
    }
    assert!(reasons.len() > 12, "{reasons:?}");
    for reason in reasons {
        assert!(page.contains(&format!("`{reason}`")), "docs/event-selector.md does not explain {reason}");
    }
}

/// What keeps data events from being given up, and the row that tells of it.
const HOLDS: [(&str, &str); 8] = [
    ("LatelyDeleted", "| an EventSelector was deleted |"),
    ("New", "| the Trail object is new"),
    ("Unreadable", "| an EventSelector cannot be read"),
    ("Unjudged", "| an EventSelector is invalid and was never judged before"),
    ("OneByOne", "| EventSelectors are [tried one by one]"),
    ("Namespace", "| the Trail's namespace is being deleted |"),
    // What is asked then is the row of the definition.
    ("NotAskedYet", "| the CustomResourceDefinition of EventSelector"),
    ("Definition", "| the CustomResourceDefinition of EventSelector"),
];

#[test]
fn every_hold_has_its_row() {
    let source = read("operator/reconcile/src/trail/selecting.rs").unwrap();
    let variants = source.split("pub enum Hold {").nth(1).unwrap().split("\n}").next().unwrap();
    let variants = variants.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    let variants: Vec<_> = variants.filter_map(|line| line.split(['(', ',']).next()).collect();
    assert_eq!(variants, HOLDS.map(|(variant, _)| variant));
    let page = read("docs/event-selector.md").unwrap();
    let table = section(&page, "## What is not given up by accident").unwrap();
    for (variant, row) in HOLDS {
        assert!(table.contains(row), "{variant} has no row {row}");
    }
}

/// The six operators, as manifests have them.
const OPERATORS: [&str; 6] =
    ["equals", "startsWith", "endsWith", "notEquals", "notStartsWith", "notEndsWith"];

/// The table of fields is held against what judges manifests: each field, each category, each operator.
#[test]
fn the_table_of_fields_says_which_operators_each_takes() {
    let page = read("docs/event-selector.md").unwrap();
    let source = read("operator/domain/src/selectors/problems/fields.rs").unwrap();
    let known = source.split("KNOWN_FIELDS: [").nth(1).unwrap().split("];").next().unwrap();
    let known: BTreeSet<_> = known.split('"').skip(1).step_by(2).collect();
    let table = section(&page, "### Fields").unwrap();
    let rows = table.lines().filter_map(|line| {
        let (field, cells) = line.strip_prefix("| `")?.split_once("` | ")?;
        let (data, network) = cells.trim_end_matches(" |").split_once(" | ")?;
        Some((field, [("Data", data), ("NetworkActivity", network)]))
    });
    let rows: BTreeMap<_, _> = rows.collect();
    assert_eq!(rows.keys().copied().collect::<BTreeSet<_>>(), known);
    for (field, cells) in rows {
        for (category, told) in cells {
            for operator in OPERATORS {
                let quoted = format!("`{operator}`");
                let allowed =
                    told == "any operator" || told.starts_with("any operator;") || told.contains(&quoted);
                let problems = selector(category, field, operator).problems();
                assert_eq!(
                    problems.is_empty(),
                    allowed,
                    "{category} {field} {operator}: {told}; {problems:?}"
                );
            }
        }
    }
}

/// A selector of nothing but what its category needs, and this field with this operator.
fn selector(category: &str, field: &str, operator: &str) -> AdvancedSelector {
    let needed = if category == "Data" {
        ("resources.type", "AWS::S3::Object")
    } else {
        ("eventSource", "kms.amazonaws.com")
    };
    let value = match field {
        "eventCategory" => category,
        "resources.type" => "AWS::S3::Object",
        "resources.ARN" => "arn:aws:s3:::bucket/key",
        "readOnly" | "sessionCredentialFromConsole" => "true",
        "eventSource" => "kms.amazonaws.com",
        "errorCode" => "VpceAccessDenied",
        _ => "Value",
    };
    let mut fields: BTreeMap<_, _> = [("eventCategory", category), needed]
        .into_iter()
        .map(|(name, value)| (name, FieldSelector::equals(name, [value])))
        .collect();
    let mut judged = FieldSelector { field: field.to_owned(), ..FieldSelector::default() };
    let values = match operator {
        "equals" => &mut judged.equals,
        "startsWith" => &mut judged.starts_with,
        "endsWith" => &mut judged.ends_with,
        "notEquals" => &mut judged.not_equals,
        "notStartsWith" => &mut judged.not_starts_with,
        _ => &mut judged.not_ends_with,
    };
    values.insert(value.to_owned());
    fields.insert(field, judged);
    AdvancedSelector { name: String::new(), fields: fields.into_values().collect() }
}

/// What a page has under a heading, up to the next.
fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let rest = page.split(&format!("{heading}\n")).nth(1)?;
    rest.split("\n## ").next()?.split("\n### ").next()
}

/// The guide's table names files and tests that are there, and every manifest of the example.
#[test]
fn the_table_of_the_guide_names_what_is_there() {
    let page = read("docs/guide.md").unwrap();
    let folder = root().join("examples/guide");
    let quoted: BTreeSet<_> = page.split('`').skip(1).step_by(2).collect();
    let fields: BTreeSet<_> = KINDS
        .iter()
        .flat_map(|(definition, _)| fields("", &schema(definition).unwrap()["spec"]).into_keys())
        .collect();
    let mut tests = 0;
    for name in &quoted {
        if [".yaml", ".json"].iter().any(|ending| name.ends_with(ending)) {
            assert!(folder.join(name).is_file(), "there is no examples/guide/{name}");
        } else if let Some((module, test)) = name.split_once("::").filter(|_| !name.starts_with("AWS::")) {
            assert!(is_a_test(module, test).unwrap(), "there is no test {name}");
            tests += 1;
        }
    }
    assert!(tests > 8, "only {tests} tests are named");
    for manifest in examples::manifests(&folder).unwrap() {
        let name = manifest.file.file_name().unwrap().to_str().unwrap();
        assert!(quoted.contains(name), "docs/guide.md does not name examples/guide/{name}");
    }
    // The second column begins with a field of a spec, wherever it has one.
    let heads =
        page.lines().filter(|line| line.starts_with("| ")).filter_map(|line| line.split(" | ").nth(1));
    let named: Vec<_> = heads.filter_map(|cell| cell.strip_prefix('`')?.split(['`', ':']).next()).collect();
    assert!(named.len() > 25, "{named:?}");
    for name in named {
        let of_a_field = |field: &String| field == name || field.starts_with(&format!("{name}."));
        let is_there = name == "metadata.name" || name == "warnings" || fields.iter().any(of_a_field);
        assert!(
            is_there || fields.iter().any(|field| field.starts_with(&format!("{name}["))),
            "{name} is no field"
        );
    }
}

/// Whether a suite has this test in this module.
fn is_a_test(module: &str, test: &str) -> Result<bool> {
    for suite in ["e2e", "lab"] {
        let path = root().join(format!("tests/suites/tests/{suite}/{module}.rs"));
        if path.is_file() {
            let source = fs::read_to_string(path)?;
            let end = format!("fn {test}()");
            return Ok(source
                .split("#[test]")
                .chain(source.split("#[tokio::test]"))
                .skip(1)
                .any(|rest| rest.lines().take(4).any(|line| line.contains(&end))));
        }
    }
    Ok(false)
}

/// Of the table of the spec: default and meaning of each field.
fn rows(page: &str) -> Result<BTreeMap<String, [String; 2]>> {
    let text = read(page)?;
    let section = text.split("## Spec").nth(1).and_then(|rest| rest.split("\n## ").next());
    let rows = section.context("no section on the spec")?.lines().filter_map(|line| {
        let (field, rest) = line.strip_prefix("| `")?.split_once('`')?;
        let (default, meaning) = rest.strip_prefix(" | ")?.split_once(" | ")?;
        // Said instead of a value, where it comes from another field.
        let default = if default == "`metadata.name`" { "its name" } else { default };
        Some((field.to_owned(), [default.to_owned(), meaning.to_owned()]))
    });
    Ok(rows.collect())
}

/// All fields that are not made of others, by their path.
fn fields(path: &str, schema: &Value) -> BTreeMap<String, Value> {
    let items = &schema["items"]["properties"];
    let (mark, properties) = if items.is_object() { ("[]", items) } else { ("", &schema["properties"]) };
    let Some(properties) = properties.as_object() else { return [(path.to_owned(), schema.clone())].into() };
    let dot = if path.is_empty() { "" } else { "." };
    properties.iter().flat_map(|(name, schema)| fields(&format!("{path}{mark}{dot}{name}"), schema)).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut links = 0;
    for page in pages().unwrap() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if target.starts_with("https://") {
                continue;
            }
            links += 1;
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let path = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            assert!(path.exists(), "{} links to {target}", page.display());
            let is_there = section.is_empty() || sections(&path).unwrap().contains(section);
            assert!(is_there, "{} links to {target}, and there is no such section", page.display());
        }
    }
    assert!(links > 40, "only {links} links were followed");
}

/// The anchors that a page's headings get where Markdown is shown.
fn sections(page: &Path) -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(page)?;
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|char| char.is_alphanumeric() || "-_".contains(*char)).collect()
    };
    Ok(headings.map(anchor).collect())
}

#[test]
fn every_flag_of_the_operator_has_its_row() {
    let source = read("operator/controller/src/cli.rs").unwrap();
    let arguments = source.split("struct RunArgs {").nth(1).unwrap().split("\n}").next().unwrap();
    let fields = between(arguments, "pub(crate) ", ":");
    assert!(fields.len() > 5, "{fields:?}");
    let page = read("docs/operations.md").unwrap();
    let table = page.split("## Leader").next().unwrap();
    for flag in fields.iter().map(|field| format!("`--{}`", field.replace('_', "-"))) {
        let has_row = table.lines().any(|line| line.starts_with("| ") && line.contains(&flag));
        assert!(has_row, "docs/operations.md has no row for {flag}");
    }
}

/// Every action in the published policies is of a call that is made, and every call that is made has its action there.
/// Whether the resources are right too only AWS, or the lab, can tell.
#[test]
fn the_permissions_are_those_of_the_calls_that_are_made() {
    let mut granted = BTreeSet::new();
    for file in ["docs/operator-iam-policy.json", "examples/cross-account/operator-permissions.json"] {
        granted.extend(actions(&serde_json::from_str(&read(file).unwrap()).unwrap()));
    }
    // Not calls: AWS asks for them when a role is named, and when an encrypted object is read.
    assert!(granted.remove("iam:PassRole") && granted.remove("kms:Decrypt"));
    let called: BTreeSet<_> = calls().unwrap().iter().filter_map(iam_action).collect();
    assert!(called.len() > 15, "{called:?}");
    // Only whoever asks for --price-refresh needs it.
    let (of_prices, called): (BTreeSet<_>, BTreeSet<_>) =
        called.into_iter().partition(|action| action.starts_with("pricing:"));
    let install = read("docs/install.md").unwrap();
    assert!(of_prices.len() == 1 && of_prices.iter().all(|action| install.contains(action)), "{of_prices:?}");
    // Only whoever keeps an organization's trail needs them.
    let (of_organizations, called): (BTreeSet<_>, BTreeSet<_>) =
        called.into_iter().partition(|action| action.starts_with("organizations:"));
    let of_examples = read("examples/organization/operator-permissions.json").unwrap();
    assert!(of_organizations.len() == 2, "{of_organizations:?}");
    assert!(of_organizations.is_subset(&actions(&serde_json::from_str(&of_examples).unwrap())));
    assert_eq!(granted, called);
}

fn actions(policy: &Value) -> BTreeSet<String> {
    let statements = policy["Statement"].as_array().into_iter().flatten();
    let actions = statements.flat_map(|statement| match &statement["Action"] {
        Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
        action => Vec::from_iter(action.as_str()),
    });
    actions.map(ToOwned::to_owned).collect()
}

fn iam_action((service, operation): &(String, String)) -> Option<String> {
    match operation.as_str() {
        // Takes no permission (STS, "GetCallerIdentity").
        // The latter is asked only by `kubectl cloudtrail pattern test --aws`, with the caller's own credentials.
        "GetCallerIdentity" | "TestMetricFilter" => None,
        // S3's actions are older than some of its operations.
        "HeadBucket" | "ListObjectsV2" => Some("s3:ListBucket".into()),
        "GetBucketLifecycleConfiguration" => Some("s3:GetLifecycleConfiguration".into()),
        _ => Some(format!("{service}:{operation}")),
    }
}

/// Every call in the crate that makes them, as service and operation. One that is sent without being named in one of the
/// ways read here is an error, and so is a name whose operation is not called beside it.
fn calls() -> Result<BTreeSet<(String, String)>> {
    let mut calls = BTreeSet::new();
    let sources = root().join("operator/aws/src");
    let entries = fs::read_dir(&sources)?.chain(fs::read_dir(sources.join("objects"))?);
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() || path.ends_with("fake.rs") || path.ends_with("tests.rs") {
            continue;
        }
        let source = fs::read_to_string(&path)?;
        let source = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let by_macros = ["send!(", "change!("].iter().flat_map(|name| sent_by(source, name));
        // Where one of them is defined by the other it names no operation.
        let by_macros: Vec<_> = by_macros.filter(|(_, name)| !name.starts_with('$')).collect();
        let by_constant = between(source, "const OPERATION: &str = \"", "\"");
        // Past the SDK's clients a request is sent by the connections they share.
        let past = source.matches("connections.call(").count();
        let sent = past + source.matches(".send()").count() - source.matches("$request.send()").count();
        ensure!(
            sent == by_constant.len(),
            "{}: {sent} requests are sent there, and {by_constant:?} are named",
            path.display()
        );
        // Public keys are read beside what is in S3.
        let s3 = source.contains("aws_sdk_s3::").then(|| "s3".to_owned());
        let service = s3.or_else(|| between(source, "aws_sdk_", "::").into_iter().next());
        for operation in by_macros.iter().map(|(_, operation)| operation).chain(&by_constant) {
            let method = format!("{}(", snake_case(operation));
            ensure!(past > 0 || source.contains(&method), "{}: {operation} without {method}", path.display());
        }
        let of_file = match path.file_name().and_then(|name| name.to_str()) {
            Some("metric_filters.rs" | "filter_tests.rs") => "logs",
            Some("metric_alarms.rs") => "cloudwatch",
            _ => "cloudtrail",
        };
        for (handle, operation) in by_macros {
            // Where a file speaks to two services, what a call is sent by says which.
            let of_handle =
                ["logs", "cloudwatch"].into_iter().find(|it| handle.ends_with(&format!("{it}()")));
            calls.insert((of_handle.unwrap_or(of_file).to_owned(), operation));
        }
        for operation in by_constant {
            let service =
                service.clone().with_context(|| format!("{}: {operation} of no service", path.display()))?;
            calls.insert((service, operation));
        }
        if source.contains("AssumeRoleProvider::builder") {
            calls.insert(("sts".into(), "AssumeRole".into()));
        }
    }
    Ok(calls)
}

/// What stands between two texts, wherever it does.
fn between(source: &str, before: &str, after: &str) -> Vec<String> {
    let found = source.split(before).skip(1).filter_map(|rest| Some(rest.split_once(after)?.0.to_owned()));
    found.collect()
}

/// The first and the third argument of each use of a macro: what sends, and the operation's name.
fn sent_by(source: &str, start: &str) -> Vec<(String, String)> {
    let sent = |rest: &str| {
        let mut arguments = rest.split(',').map(|argument| argument.trim().trim_matches('"').to_owned());
        (arguments.next().unwrap_or_default(), arguments.nth(1).unwrap_or_default())
    };
    source.split(start).skip(1).map(sent).collect()
}

fn snake_case(name: &str) -> String {
    let char = |(at, char): (usize, char)| {
        let joint = if char.is_uppercase() && at > 0 { "_" } else { "" };
        format!("{joint}{}", char.to_lowercase())
    };
    name.chars().enumerate().map(char).collect()
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
    let pages = KINDS.iter().map(|(_, page)| *page).chain(["docs/cost.md"]);
    let pages: String = pages.map(|page| read(page).unwrap()).collect();
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

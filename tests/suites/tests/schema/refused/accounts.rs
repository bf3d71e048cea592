//! Bad AwsAccounts.

use serde_json::{Map, Value, json};

use super::{Row, row};

const ACCOUNT_ID: &str = "must be an AWS account id: 12 digits, in quotes";

pub fn rows() -> Vec<Row> {
    const NAMES: &str = "spec.allowedNamespaces.names";
    let account = |what, spec: Value, at, says| row("AwsAccount", what, json!({"spec": spec}), at, says);
    let id = |what, id: &str| account(what, json!({"accountId": id}), "spec.accountId", ACCOUNT_ID);
    let names = |names: Vec<String>| json!({"allowedNamespaces": {"names": names}});
    // The good manifest has a label already.
    let labels: Map<_, _> = (0..16).map(|n| (format!("label-{n}"), json!("x"))).collect();
    vec![
        id("an empty account id", ""),
        id("an account id of 11 digits", "11112222333"),
        id("an account id with a letter", "11112222333x"),
        id("an account id with dashes", "1111-2222-33"),
        account(
            "an account id of 13 digits",
            json!({"accountId": "1111222233334"}),
            "spec.accountId",
            "may not be more than 12 bytes",
        ),
        account(
            "an account id without quotes",
            json!({"accountId": 111_122_223_333_u64}),
            "spec.accountId",
            "must be of type string",
        ),
        account("no account id", json!({"accountId": null}), "spec.accountId", "Required value"),
        row("AwsAccount", "an account without spec", json!({"spec": null}), "spec", "Required value"),
        account(
            "257 namespaces",
            names((0..257).map(|n| format!("n{n}")).collect()),
            NAMES,
            "must have at most 256 items",
        ),
        account("an empty namespace", names(vec![String::new()]), NAMES, "should be at least 1 chars long"),
        account(
            "a namespace of 64 characters",
            names(vec!["n".repeat(64)]),
            NAMES,
            "may not be more than 63 bytes",
        ),
        account(
            "a namespace named twice",
            names(vec!["audit".into(), "audit".into()]),
            NAMES,
            "Duplicate value",
        ),
        account(
            "17 labels",
            json!({"allowedNamespaces": {"selector": {"matchLabels": labels}}}),
            "spec.allowedNamespaces.selector.matchLabels",
            "must have at most 16 items",
        ),
        account(
            "a selector with expressions",
            json!({"allowedNamespaces": {"selector": {"matchExpressions": []}}}),
            "strict decoding error",
            "unknown field \"spec.allowedNamespaces.selector.matchExpressions\"",
        ),
    ]
}

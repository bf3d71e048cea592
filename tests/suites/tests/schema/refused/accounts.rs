//! Bad AwsAccounts.

use serde_json::{Map, Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    [identity(), namespaces(), regions(), resources(), guardrails()].into_iter().flatten().collect()
}

fn spec(what: &'static str, spec: &Value, at: &'static str, says: &'static str) -> Row {
    row("AwsAccount", what, json!({"spec": spec}), at, says)
}

fn identity() -> Vec<Row> {
    const ACCOUNT_ID: &str = "must be an AWS account id: 12 digits, in quotes";
    const ROLE: &str =
        "must be the ARN of an IAM role, such as 'arn:aws:iam::111122223333:role/trail-operator'";
    const EXTERNAL_ID: &str = "must have at least 2 letters, digits or '_+=,.@:/-', as STS asks";
    let id = |what, id: &str| spec(what, &json!({"accountId": id}), "spec.accountId", ACCOUNT_ID);
    let role = |what, arn: &str| spec(what, &json!({"roleArn": arn}), "spec.roleArn", ROLE);
    let external = |what, id: &str| spec(what, &json!({"externalId": id}), "spec.externalId", EXTERNAL_ID);
    vec![
        id("an empty account id", ""),
        id("an account id of 11 digits", "11112222333"),
        id("an account id with a letter", "11112222333x"),
        id("an account id with dashes", "1111-2222-33"),
        spec(
            "an account id of 13 digits",
            &json!({"accountId": "1111222233334"}),
            "spec.accountId",
            "may not be more than 12 bytes",
        ),
        spec(
            "an account id without quotes",
            &json!({"accountId": 111_122_223_333_u64}),
            "spec.accountId",
            "must be of type string",
        ),
        spec("no account id", &json!({"accountId": null}), "spec.accountId", "Required value"),
        row("AwsAccount", "an account without spec", json!({"spec": null}), "spec", "Required value"),
        role("an empty role to assume", ""),
        role("a role to assume by its name", "trail-operator"),
        role("a user for a role to assume", "arn:aws:iam::111122223333:user/trail-operator"),
        role("a session for a role to assume", "arn:aws:sts::111122223333:assumed-role/trail-operator/x"),
        spec(
            "a role of another account to assume",
            &json!({"roleArn": "arn:aws:iam::444455556666:role/trail-operator"}),
            "spec",
            "`roleArn` must be a role of the account `accountId`",
        ),
        spec(
            "a role to assume of 2049 characters",
            &json!({"roleArn": format!("arn:aws:iam::111122223333:role/{}", "a".repeat(2018))}),
            "spec.roleArn",
            "may not be more than 2048 bytes",
        ),
        external("an empty external id", ""),
        external("an external id of one character", "x"),
        external("an external id with a blank", "blue cluster"),
        external("an external id with a sign that STS refuses", "blue#cluster"),
        spec(
            "an external id of 1225 characters",
            &json!({"externalId": "x".repeat(1225)}),
            "spec.externalId",
            "may not be more than 1224 bytes",
        ),
        spec(
            "an external id without a role",
            &json!({"roleArn": null}),
            "spec",
            "`externalId` belongs to `roleArn`: set both, or remove it",
        ),
    ]
}

fn namespaces() -> Vec<Row> {
    const NAMES: &str = "spec.allowedNamespaces.names";
    let of = |what, names: Vec<String>, says| {
        spec(what, &json!({"allowedNamespaces": {"names": names}}), NAMES, says)
    };
    // The good manifest has a label already.
    let labels: Map<_, _> = (0..16).map(|n| (format!("label-{n}"), json!("x"))).collect();
    vec![
        of("257 namespaces", (0..257).map(|n| format!("n{n}")).collect(), "must have at most 256 items"),
        of("an empty namespace", vec![String::new()], "should be at least 1 chars long"),
        of("a namespace of 64 characters", vec!["n".repeat(64)], "may not be more than 63 bytes"),
        of("a namespace named twice", vec!["audit".into(), "audit".into()], "Duplicate value"),
        spec(
            "17 labels",
            &json!({"allowedNamespaces": {"selector": {"matchLabels": labels}}}),
            "spec.allowedNamespaces.selector.matchLabels",
            "must have at most 16 items",
        ),
        spec(
            "a label value of 64 characters",
            &json!({"allowedNamespaces": {"selector": {"matchLabels": {"team": "a".repeat(64)}}}}),
            "spec.allowedNamespaces.selector.matchLabels.team",
            "may not be more than 63 bytes",
        ),
        spec(
            "a selector with expressions",
            &json!({"allowedNamespaces": {"selector": {"matchExpressions": []}}}),
            "strict decoding error",
            "unknown field \"spec.allowedNamespaces.selector.matchExpressions\"",
        ),
    ]
}

fn regions() -> Vec<Row> {
    const REGIONS: &str = "must be AWS Regions such as 'eu-central-1'";
    let of = |what, regions: &[String], says| {
        spec(what, &json!({"allowedRegions": regions}), "spec.allowedRegions", says)
    };
    let one = |what, region: &str| of(what, &[region.to_owned()], REGIONS);
    let many: Vec<_> = (1..=65).map(|n| format!("eu-west-{n}")).collect();
    vec![
        one("an empty Region for trails", ""),
        one("a pattern for a Region", "eu-*"),
        one("an availability zone for a Region", "eu-central-1a"),
        of("65 Regions", &many, "must have at most 64 items"),
        of("a Region named twice", &["eu-west-1".into(), "eu-west-1".into()], "Duplicate value"),
        of(
            "a Region of 33 characters for trails",
            &[format!("eu-{}-1", "x".repeat(28))],
            "may not be more than 32 bytes",
        ),
    ]
}

fn resources() -> Vec<Row> {
    let of = |list: &'static str, at: &'static str, longest: usize, too_long: &'static str| {
        let row = |what, patterns: Vec<String>, says| {
            spec(what, &json!({"allowedResources": {list: patterns}}), at, says)
        };
        [
            row("65 patterns", (0..65).map(|n| format!("p{n}")).collect(), "must have at most 64 items"),
            row("an empty pattern", vec![String::new()], "should be at least 1 chars long"),
            row("a long pattern", vec!["p".repeat(longest + 1)], too_long),
            row("a pattern twice", vec!["*".into(), "*".into()], "Duplicate value"),
        ]
    };
    let long_arn = "may not be more than 2048 bytes";
    [
        of("buckets", "spec.allowedResources.buckets", 63, "may not be more than 63 bytes"),
        of("kmsKeyArns", "spec.allowedResources.kmsKeyArns", 2048, long_arn),
        of("topicArns", "spec.allowedResources.topicArns", 256, "may not be more than 256 bytes"),
        of("roleArns", "spec.allowedResources.roleArns", 2048, long_arn),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn guardrails() -> Vec<Row> {
    const REASON: &str = "spec.guardrails.breakGlass.reason";
    const UNTIL: &str = "spec.guardrails.breakGlass.until";
    let glass =
        |what, glass: Value, at, says| spec(what, &json!({"guardrails": {"breakGlass": glass}}), at, says);
    vec![
        spec(
            "an unknown answer to weakening",
            &json!({"guardrails": {"weakening": "Warn"}}),
            "spec.guardrails.weakening",
            "supported values: \"Refuse\", \"Allow\"",
        ),
        glass("broken glass without end", json!({"until": null}), UNTIL, "Required value"),
        glass("broken glass until a day", json!({"until": "2026-12-01"}), UNTIL, "must be of type date-time"),
        glass("broken glass without reason", json!({"reason": null}), REASON, "Required value"),
        glass(
            "broken glass with an empty reason",
            json!({"reason": ""}),
            REASON,
            "should be at least 1 chars long",
        ),
        glass(
            "broken glass with a long reason",
            json!({"reason": "r".repeat(257)}),
            REASON,
            "may not be more than 256 bytes",
        ),
    ]
}

//! Bad ways to validate log files.

use serde_json::{Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        spec(
            "validation every ten seconds",
            &json!({"intervalSeconds": 10}),
            "spec.validation.intervalSeconds",
            "must be 0, which means only when asked for, or 30 and more",
        ),
        spec(
            "an unknown choice of log files",
            &json!({"logFiles": "Some"}),
            "spec.validation.logFiles",
            "supported values: \"All\", \"Sample\", \"None\"",
        ),
        spec(
            "an unknown failure policy",
            &json!({"failurePolicy": "Fail"}),
            "spec.validation.failurePolicy",
            "supported values: \"Report\", \"NotReady\"",
        ),
        bucket_owner("a bucket owner that is no account", "root", "must be an AWS account id: 12 digits"),
        bucket_owner("a bucket owner of 13 digits", "1112222333344", "may not be more than 12 bytes"),
    ];
    rows.extend(bounds(
        "intervalSeconds",
        "spec.validation.intervalSeconds",
        |n| json!({"intervalSeconds": n}),
        0,
        604_800,
    ));
    rows.extend(bounds(
        "lookbackHours",
        "spec.validation.lookbackHours",
        |n| json!({"lookbackHours": n}),
        6,
        2160,
    ));
    rows.extend(bounds(
        "unknownGraceSeconds",
        "spec.validation.unknownGraceSeconds",
        |n| json!({"unknownGraceSeconds": n}),
        0,
        2_592_000,
    ));
    let deep = "spec.validation.deepPass.intervalHours";
    rows.extend(bounds(
        "deepPass.intervalHours",
        deep,
        |n| json!({"deepPass": {"intervalHours": n}}),
        0,
        8760,
    ));
    let deep = "spec.validation.deepPass.lookbackDays";
    rows.extend(bounds("deepPass.lookbackDays", deep, |n| json!({"deepPass": {"lookbackDays": n}}), 1, 3650));
    rows
}

fn spec(what: impl Into<String>, validation: &Value, at: &'static str, says: impl Into<String>) -> Row {
    row("Trail", leaked(what), json!({"spec": {"validation": validation}}), at, leaked(says))
}

/// Rows are made of texts that live as long as the tests.
fn leaked(text: impl Into<String>) -> &'static str {
    text.into().leak()
}

fn bounds(field: &str, at: &'static str, with: impl Fn(i64) -> Value, least: i64, most: i64) -> [Row; 2] {
    [
        spec(
            format!("a {field} below {least}"),
            &with(least - 1),
            at,
            format!("should be greater than or equal to {least}"),
        ),
        spec(
            format!("a {field} above {most}"),
            &with(most + 1),
            at,
            format!("should be less than or equal to {most}"),
        ),
    ]
}

fn bucket_owner(what: &'static str, owner: &str, says: &'static str) -> Row {
    row("Trail", what, json!({"spec": {"s3": {"bucketOwner": owner}}}), "spec.s3.bucketOwner", says)
}

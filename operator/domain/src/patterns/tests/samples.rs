//! Records that patterns match.

use serde_json::{Value, json};

use super::parse;

/// Samples, without what all of them have.
fn samples(pattern: &str) -> Vec<Value> {
    let mut samples = parse(pattern).samples();
    for sample in &mut samples {
        let fields = sample.as_object_mut().unwrap();
        fields.retain(|name, value| match name.as_str() {
            "eventVersion" => false,
            "eventCategory" => *value != "Management",
            "eventType" => *value != "AwsApiCall",
            _ => true,
        });
    }
    samples
}

#[test]
fn every_alternative_has_one() {
    for (pattern, expected) in [
        ("", json!([{}])),
        ("{$.a = x}", json!([{"a": "x"}])),
        ("{$.a = x || $.a = \"*y*\"}", json!([{"a": "x"}, {"a": "y"}])),
        ("{$.a = x || $.a = \"x\"}", json!([{"a": "x"}])),
        (
            "{($.a = x || $.a = y) && ($.b = 1 || $.b > 1.5)}",
            json!([
                {"a": "x", "b": 1}, {"a": "x", "b": 2.5}, {"a": "y", "b": 1}, {"a": "y", "b": 2.5},
            ]),
        ),
        ("{$.a < 5 || $.a <= 4 || $.a >= 7}", json!([{"a": 4}, {"a": 7}])),
        (
            "{$.a.b[1].c IS TRUE && $.a.['d.e'] IS NULL}",
            json!([{"a": {"b": [null, {"c": true}], "d.e": null}}]),
        ),
        ("{$.a[*] = x}", json!([{"a": ["x"]}])),
        ("{$.eventType = AwsConsoleSignIn}", json!([{"eventType": "AwsConsoleSignIn"}])),
        ("{$.eventType != AwsApiCall}", json!([{"eventType": "other"}])),
        ("{$.eventType != AwsServiceEvent}", json!([{}])),
        ("{$.MFAUsed != \"Yes\" && $.n != 5}", json!([{"MFAUsed": "No", "n": 6}])),
        ("{$.a NOT EXISTS && $.b.c = x}", json!([{"b": {"c": "x"}}])),
        (r"{$.a = %^De[lm]e*te\.\d{3}\x28.%}", json!([{"a": "Delte.000(x"}])),
        (r"{$.a = %abc|def%}", json!([{"a": "abc"}])),
        ("{$.a = x || $.a != *}", json!([{"a": "x"}])),
        ("{$.a = x && $.a.b = y}", json!([])),
        ("{$.a[99999] = x}", json!([])),
        ("ERROR", json!([])),
    ] {
        assert_eq!(json!(samples(pattern)), expected, "{pattern}");
    }
}

#[test]
fn they_are_not_more_than_can_be_looked_at() {
    let four = |name: &str| {
        let all = ["a", "b", "c", "d"].map(|value| format!("$.{name} = {value}"));
        format!("({})", all.join(" || "))
    };
    let pattern = format!("{{{}}}", ["p", "q", "r", "s", "t"].map(four).join(" && "));
    assert_eq!(samples(&pattern).len(), 64);
}

//! What AWS does not document: every corner has a pattern that touches it alone, and an event that nobody can judge.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{
    Corner::{self, *},
    Verdict::Undetermined,
};
use super::{parse, verdict};

fn touches(pattern: &str, corners: &[Corner], event: &Value) {
    assert_eq!(parse(pattern).corners(), corners.iter().copied().collect::<BTreeSet<_>>(), "{pattern}");
    assert_eq!(verdict(pattern, event), Undetermined, "{pattern} of {event}");
}

#[test]
fn every_corner_is_told_where_it_matters() {
    for (pattern, corners, event) in [
        ("{$.a != x}", vec![NotEqualsMissing], json!({})),
        ("{$.a[*] != x}", vec![NotEqualsMissing, NotEqualsSeveral], json!({"a": ["x", "y"]})),
        ("{$.a[*].b NOT EXISTS}", vec![NotExistsSeveral], json!({"a": [{"b": 1}, {}]})),
        ("{$.a = x*y}", vec![StarInside], json!({"a": "x-y"})),
        (r#"{$.a = "x\y"}"#, vec![Backslash], json!({"a": "xy"})),
        ("{$.a = \"400\"}", vec![NumberInQuotes], json!({"a": 400})),
        ("{$.a = 400}", vec![NumberWithoutQuotes], json!({"a": "400"})),
        ("{$.a = 4*}", vec![NumberWithoutQuotes], json!({"a": 4.5})),
        ("{$.a = true}", vec![WordOrLiteral], json!({"a": true})),
        ("{$.a = \"nul*\"}", vec![WordOrLiteral], json!({"a": null})),
        ("{$.a = \"*\"}", vec![NumberInQuotes, WordOrLiteral], json!({"a": false})),
        ("{$.a = %1%}", vec![RegexBesideText], json!({"a": 1})),
        ("{$.a > 1}", vec![ComparedText], json!({"a": "2"})),
        ("[a, b]", vec![WholeText], json!({})),
    ] {
        touches(pattern, &corners, &event);
    }
}

/// Nothing is undetermined about these: AWS may refuse the one, and may see another text for the other.
#[test]
fn corners_that_are_not_of_evaluation_are_told_too() {
    assert_eq!(parse("{$.a = us-east-1}").corners(), BTreeSet::from([SignsWithoutQuotes]));
    assert_eq!(parse("ERROR").corners(), BTreeSet::from([WholeText]));
    for plain in [
        "{$.a = iam.amazonaws.com}",
        "{$.a = \"us-east-1\"}",
        "{$.a = Denied*}",
        "{$.a IS NULL}",
        "{$.a NOT EXISTS}",
        "{$.a[*] NOT EXISTS}",
        "",
    ] {
        assert_eq!(parse(plain).corners(), BTreeSet::new(), "{plain}");
    }
}

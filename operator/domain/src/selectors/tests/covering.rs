//! When one selector surely records everything that another records.

use serde_json::{Value, json};

use super::super::{AdvancedSelector, ReadWrite};
use super::{KMS, objects, of, with};

fn arn(operators: &Value) -> AdvancedSelector {
    objects(&[with(operators, &json!({"Field": "resources.ARN"}))])
}

fn name(operators: &Value) -> AdvancedSelector {
    objects(&[with(operators, &json!({"Field": "eventName"}))])
}

#[test]
fn wider_selectors_cover_narrower_ones_and_not_the_other_way() {
    let cat = "arn:aws:s3:::photos/cat.jpg";
    let writes = json!({"Field": "readOnly", "Equals": ["false"]});
    for (wide, narrow) in [
        (objects(&[]), arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]}))),
        (objects(&[]), objects(&[writes])),
        (
            arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]})),
            arn(&json!({"StartsWith": ["arn:aws:s3:::photos/2026/"]})),
        ),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]})), arn(&json!({"Equals": [cat]}))),
        (arn(&json!({"EndsWith": [".jpg"]})), arn(&json!({"Equals": [cat], "EndsWith": ["t.jpg"]}))),
        (
            arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/tmp"]})),
            arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/"]})),
        ),
        (
            arn(&json!({"NotEquals": ["arn:aws:s3:::logs/1"]})),
            arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/"]})),
        ),
        (name(&json!({"NotEquals": ["GetObject"]})), name(&json!({"Equals": ["PutObject", "DeleteObject"]}))),
        (name(&json!({"NotStartsWith": ["Get"]})), name(&json!({"StartsWith": ["Put"]}))),
        (name(&json!({"NotEndsWith": ["Acl"]})), name(&json!({"Equals": ["GetObject"]}))),
        (name(&json!({"NotEquals": ["PutObjectAcl"]})), name(&json!({"NotEndsWith": ["Acl"]}))),
        (
            AdvancedSelector::management(ReadWrite::All, [KMS]),
            AdvancedSelector::management(ReadWrite::WriteOnly, [KMS]),
        ),
    ] {
        assert!(wide.covers(&narrow), "{} covers {}", wide.describe(), narrow.describe());
        assert!(!narrow.covers(&wide), "{} covers {}", narrow.describe(), wide.describe());
        assert!(wide.covers(&wide) && narrow.covers(&narrow));
    }
}

#[test]
fn what_is_not_sure_is_not_said() {
    let functions = of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]})]);
    for (one, other) in [
        (objects(&[]), functions),
        (objects(&[]), AdvancedSelector::management(ReadWrite::All, [])),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::a/"]})), arn(&json!({"EndsWith": ["/x"]}))),
        (name(&json!({"NotStartsWith": ["Get"]})), name(&json!({"EndsWith": ["Object"]}))),
        // A copy is about two objects: one may be let in by the narrow selector, the other be shut out by the wide one.
        (
            arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/"]})),
            arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]})),
        ),
        (AdvancedSelector::default(), objects(&[])),
    ] {
        assert!(!one.covers(&other) && !other.covers(&one), "{} and {}", one.describe(), other.describe());
    }
}

#[test]
fn names_mean_nothing() {
    let named = AdvancedSelector { name: "Photos".into(), ..objects(&[]) };
    assert!(named.covers(&objects(&[])) && objects(&[]).covers(&named));
}

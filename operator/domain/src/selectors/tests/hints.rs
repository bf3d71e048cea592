//! Advice on what AWS takes and may not be meant.

use serde_json::json;

use super::{objects, of};

fn tables(field: serde_json::Value) -> super::AdvancedSelector {
    of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]}), field])
}

#[test]
fn a_bucket_without_slash_takes_other_buckets_in() {
    let selector = objects(&[json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::photos"]})]);
    assert!(selector.problems().is_empty(), "AWS takes it");
    let hints = selector.hints();
    assert_eq!(hints.len(), 1);
    assert!(
        hints[0].starts_with("resources.ARN startsWith 'arn:aws:s3:::photos': also matches photos-2"),
        "{hints:?}"
    );
    assert!(hints[0].ends_with("end it with '/'"), "{hints:?}");
}

#[test]
fn advice_is_given_only_where_it_is_due() {
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/music";
    for (selector, says) in [
        (objects(&[json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::photos/"]})]), None),
        (objects(&[json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::"]})]), None),
        (objects(&[json!({"Field": "resources.ARN", "Equals": ["arn:aws:s3:::photos/cat.jpg"]})]), None),
        (
            objects(&[json!({"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::logs"]})]),
            Some("also matches logs-2"),
        ),
        (
            objects(&[json!({"Field": "resources.ARN", "Equals": ["arn:aws:s3:::photos/"]})]),
            Some("use startsWith 'arn:aws:s3:::photos/'"),
        ),
        (
            objects(&[json!({"Field": "resources.ARN", "NotEquals": ["arn:aws:s3:::logs"]})]),
            Some("use notStartsWith 'arn:aws:s3:::logs/'"),
        ),
        (tables(json!({"Field": "resources.ARN", "StartsWith": [table]})), Some("also matches music-2")),
        (
            tables(json!({"Field": "resources.ARN", "Equals": [table]})),
            Some("table/music/stream/' to be sure"),
        ),
        (
            tables(
                json!({"Field": "resources.ARN", "Equals": [table], "StartsWith": [format!("{table}/stream/")]}),
            ),
            None,
        ),
        (
            objects(&[json!({"Field": "resources.arn", "StartsWith": ["arn:"]})]),
            Some("CloudTrail spells it resources.ARN"),
        ),
        (objects(&[json!({"Field": "tlsDetails.tlsVersion", "Equals": ["TLSv1.1"]})]), None),
    ] {
        let hints = selector.hints();
        match says {
            Some(says) => assert!(hints.len() == 1 && hints[0].contains(says), "{hints:?}"),
            None => assert!(hints.is_empty(), "{hints:?}"),
        }
    }
}

#[test]
fn fields_that_are_not_known_are_named_and_not_refused() {
    let selector = objects(&[json!({"Field": "tlsDetails.tlsVersion", "Equals": ["TLSv1.1"]})]);
    assert_eq!(selector.unknown_fields(), ["tlsDetails.tlsVersion"]);
    assert!(selector.problems().is_empty());
    assert!(objects(&[]).unknown_fields().is_empty());
}

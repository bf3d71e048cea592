//! Selectors in words.

use serde_json::{Value, json};

use super::super::{AdvancedSelector, ReadWrite};
use super::{KMS, objects, of};

#[test]
fn selectors_are_told_in_words() {
    let arn = |operators: Value| {
        let mut field = operators;
        field["Field"] = "resources.ARN".into();
        field
    };
    for (selector, words) in [
        (AdvancedSelector::management(ReadWrite::All, []), "management events (reads and writes)"),
        (AdvancedSelector::management(ReadWrite::ReadOnly, []), "management events (reads)"),
        (
            AdvancedSelector::management(ReadWrite::WriteOnly, [KMS]),
            "management events (writes) where eventSource is not 'kms.amazonaws.com'",
        ),
        (objects(&[]), "reads and writes of AWS::S3::Object"),
        (
            objects(&[
                json!({"Field": "readOnly", "Equals": ["false"]}),
                arn(json!({"StartsWith": ["arn:aws:s3:::sensitive-bucket/"]})),
            ]),
            "writes of AWS::S3::Object where resources.ARN begins with 'arn:aws:s3:::sensitive-bucket/'",
        ),
        (
            objects(&[
                arn(json!({"StartsWith": ["a", "b"], "Equals": ["c"], "NotEndsWith": ["d", "e", "f"]})),
                json!({"Field": "eventName", "NotEquals": ["HeadObject"]}),
            ]),
            "reads and writes of AWS::S3::Object where eventName is not 'HeadObject' and resources.ARN (is 'c' or begins with 'a' or 'b') and does not end with 'd', 'e' or 'f'",
        ),
        (
            of(
                "NetworkActivity",
                &[
                    json!({"Field": "eventSource", "Equals": [KMS]}),
                    json!({"Field": "errorCode", "Equals": ["VpceAccessDenied"]}),
                ],
            ),
            "network activity of kms.amazonaws.com where errorCode is 'VpceAccessDenied'",
        ),
        (of("Other", &[]), "events where eventCategory is 'Other'"),
        (
            of("Data", &[json!({"Field": "resources.type"})]),
            "events where eventCategory is 'Data' and resources.type has no operator",
        ),
        (AdvancedSelector::default(), "events"),
    ] {
        assert_eq!(selector.describe(), words);
    }
}

#[test]
fn a_sentence_lists_few_values_and_counts_the_others() {
    let values = (0..12).map(|number| format!("Get{number:02}")).collect::<Vec<_>>();
    let words = objects(&[json!({"Field": "eventName", "Equals": values})]).describe();
    assert!(words.ends_with("eventName is 'Get00', 'Get01', 'Get02', 'Get03', 'Get04' or 7 more"), "{words}");
}

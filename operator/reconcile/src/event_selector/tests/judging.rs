//! What an object asks for, or what is wrong with it.

use trail_operator_crds::EventSelectorSpec;

use super::*;

fn judged(yaml: &str) -> Result<Vec<AdvancedSelector>, Vec<String>> {
    let spec: EventSelectorSpec =
        serde_saphyr::from_str(&format!("trailRef: {{name: audit}}\n{yaml}")).unwrap();
    form(&spec, "security/objects")
}

#[test]
fn the_basic_form_is_syntax() {
    let all = judged(
        r#"basic: {readWriteType: WriteOnly, dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::a/"]}, {type: "AWS::Lambda::Function", values: ["arn:aws:lambda"]}]}"#,
    )
    .unwrap();
    let told: Vec<_> = all.iter().map(|one| (one.name.as_str(), one.fields.len())).collect();
    assert_eq!(
        told,
        [("security/objects: AWS::Lambda::Function", 3), ("security/objects: AWS::S3::Object", 4)]
    );
}

#[test]
fn management_events_belong_to_the_trail() {
    let refused = judged("advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}]}]");
    let [told] = refused.unwrap_err().try_into().unwrap();
    let told: String = told;
    assert!(told.starts_with("spec.advanced[0]: ManagementEventsBelongToTrail"), "{told}");
    assert!(told.contains("spec.managementEvents"), "{told}");
}

#[test]
fn every_problem_is_told_with_its_place() {
    let refused = judged(
        r#"advanced:
  - fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}]
  - fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: eventCategory, equals: [Data]}, {field: resources.type, equals: [S3]}]"#,
    )
    .unwrap_err();
    assert!(refused.iter().all(|told| told.starts_with("spec.advanced[1]: ")), "{refused:?}");
    assert!(refused.iter().any(|told| told.contains("a field is there twice")), "{refused:?}");
    assert!(refused.iter().any(|told| told.contains("'S3'")), "{refused:?}");
}

#[test]
fn what_could_not_be_kept_in_status_is_refused() {
    let values: Vec<_> = (0..400).map(|n| format!("arn:aws:s3:::bucket/{n}{}", "x".repeat(1000))).collect();
    let yaml = format!(
        r#"advanced: [{{fieldSelectors: [{{field: eventCategory, equals: [Data]}}, {{field: resources.type, equals: ["AWS::S3::Object"]}}, {{field: resources.ARN, startsWith: [{}]}}]}}]"#,
        values.join(", ")
    );
    let refused = judged(&yaml).unwrap_err();
    assert!(refused[0].contains("make several EventSelectors of it"), "{refused:?}");
}

#[test]
fn what_is_kept_in_status_comes_back_as_it_was() {
    let one = FieldSelector {
        field: "resources.ARN".into(),
        equals: ["arn:a".into()].into(),
        starts_with: ["arn:b".into()].into(),
        ends_with: ["c".into()].into(),
        not_equals: ["arn:d".into()].into(),
        not_starts_with: ["arn:e".into()].into(),
        not_ends_with: ["f".into()].into(),
    };
    let mut all = selector("named", 2);
    all.fields.insert(one);
    for selector in [all.clone(), AdvancedSelector { name: String::new(), ..all }] {
        assert_eq!(from_advanced(&to_advanced(&selector)), selector);
    }
}

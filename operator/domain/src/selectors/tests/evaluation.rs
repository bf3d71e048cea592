//! Which events a selector admits.

use serde_json::{Value, json};

use super::super::{Admission, AdvancedSelector, ReadWrite, Record, Selectors};
use super::{
    KMS, admission, create_role, denied_at_the_endpoint, get_object, list_objects, objects, of, with,
};
use Admission::{No, Undetermined, Yes};

#[test]
fn three_answers_are_combined_over_all_that_they_may_mean() {
    let all = [Yes, No, Undetermined];
    let worlds = |one: Admission| match one {
        Yes => vec![true],
        No => vec![false],
        Undetermined => vec![true, false],
    };
    let of_worlds = |answers: Vec<bool>| match (answers.contains(&true), answers.contains(&false)) {
        (true, true) => Undetermined,
        (true, false) => Yes,
        _ => No,
    };
    for one in all {
        assert_eq!(!one, of_worlds(worlds(one).into_iter().map(|a| !a).collect()));
        for other in all {
            let pairs =
                || worlds(one).into_iter().flat_map(|a| worlds(other).into_iter().map(move |b| (a, b)));
            assert_eq!(
                one.and(other),
                of_worlds(pairs().map(|(a, b)| a && b).collect()),
                "{one:?} and {other:?}"
            );
            assert_eq!(
                one.or(other),
                of_worlds(pairs().map(|(a, b)| a || b).collect()),
                "{one:?} or {other:?}"
            );
        }
    }
}

/// Each field with operators, a record, and the answer.
fn check(cases: &[(AdvancedSelector, Value, Admission)]) {
    for (selector, record, expected) in cases {
        assert_eq!(admission(selector, record), *expected, "{} of {record}", selector.describe());
    }
}

fn arn(operators: &Value) -> AdvancedSelector {
    objects(&[with(operators, &json!({"Field": "resources.ARN"}))])
}

#[test]
fn management_events_are_told_by_half_and_source() {
    let management =
        |read_write, excluded: &[&str]| AdvancedSelector::management(read_write, excluded.iter().copied());
    let decrypt =
        with(&create_role(), &json!({"eventSource": KMS, "eventName": "Decrypt", "readOnly": true}));
    check(&[
        (management(ReadWrite::All, &[]), create_role(), Yes),
        (management(ReadWrite::WriteOnly, &[]), create_role(), Yes),
        (management(ReadWrite::ReadOnly, &[]), create_role(), No),
        (management(ReadWrite::All, &[KMS]), create_role(), Yes),
        (management(ReadWrite::All, &[KMS]), decrypt.clone(), No),
        (management(ReadWrite::ReadOnly, &[]), decrypt.clone(), Yes),
        (management(ReadWrite::ReadOnly, &[]), with(&decrypt, &json!({"readOnly": null})), Undetermined),
        (management(ReadWrite::All, &[]), with(&decrypt, &json!({"readOnly": null})), Yes),
        (management(ReadWrite::All, &[]), get_object(), No),
        (management(ReadWrite::All, &[]), denied_at_the_endpoint(), No),
        (objects(&[]), create_role(), No),
    ]);
}

#[test]
fn operators_let_in_together_and_shut_out_each_alone() {
    let cat = "arn:aws:s3:::photos/2026/cat.jpg";
    check(&[
        (objects(&[]), get_object(), Yes),
        (arn(&json!({"Equals": [cat]})), get_object(), Yes),
        (arn(&json!({"Equals": ["arn:aws:s3:::photos/2026/dog.jpg"]})), get_object(), No),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/2026/"]})), get_object(), Yes),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photo/"]})), get_object(), No),
        (arn(&json!({"EndsWith": [".jpg"]})), get_object(), Yes),
        (arn(&json!({"EndsWith": [".gif"], "StartsWith": ["arn:aws:s3:::photos/"]})), get_object(), Yes),
        (arn(&json!({"NotEquals": [cat]})), get_object(), No),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/"]})), get_object(), Yes),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/", "arn:aws:s3:::photos/"]})), get_object(), No),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"], "NotEndsWith": [".jpg"]})), get_object(), No),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"], "NotEndsWith": [".gif"]})), get_object(), Yes),
        (arn(&json!({})), get_object(), Undetermined),
    ]);
}

#[test]
fn a_bucket_matches_the_events_on_the_bucket_as_a_whole() {
    check(&[
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]})), list_objects(), Yes),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::pho"]})), list_objects(), Yes),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos/2026/"]})), list_objects(), Undetermined),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::photos-2/"]})), list_objects(), No),
        (arn(&json!({"Equals": ["arn:aws:s3:::photos/cat.jpg"]})), list_objects(), Undetermined),
        (arn(&json!({"Equals": ["arn:aws:s3:::films/cat.jpg"]})), list_objects(), No),
        (arn(&json!({"EndsWith": [".jpg"]})), list_objects(), Undetermined),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::photos/"]})), list_objects(), No),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::photos/tmp/"]})), list_objects(), Undetermined),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::logs/"]})), list_objects(), Yes),
        (arn(&json!({"NotEquals": ["arn:aws:s3:::photos/cat.jpg"]})), list_objects(), Undetermined),
    ]);
}

#[test]
fn several_resources_let_in_together_and_shutting_out_one_of_them_is_not_documented() {
    let resources = |arns: &[&str]| {
        let list = arns.iter().map(|arn| json!({"type": "AWS::S3::Object", "ARN": arn})).collect::<Vec<_>>();
        with(&get_object(), &json!({"resources": list}))
    };
    let both = resources(&["arn:aws:s3:::a/1", "arn:aws:s3:::b/1"]);
    let only_a = resources(&["arn:aws:s3:::a/1", "arn:aws:s3:::a/2"]);
    check(&[
        (arn(&json!({"StartsWith": ["arn:aws:s3:::b/"]})), both.clone(), Yes),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::b/"]})), only_a.clone(), No),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::b/"]})), both.clone(), Undetermined),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::b/"]})), only_a.clone(), Yes),
        (arn(&json!({"NotStartsWith": ["arn:aws:s3:::a/", "arn:aws:s3:::b/"]})), both.clone(), No),
        (arn(&json!({"StartsWith": ["arn:aws:s3:::c/"], "NotStartsWith": ["arn:aws:s3:::a/"]})), both, No),
    ]);
}

#[test]
fn resources_are_looked_at_by_type() {
    let bucket = json!({"StartsWith": ["arn:aws:s3:::photos"]});
    let only_bucket = json!([{"type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::photos"}]);
    let without_type = json!([{"ARN": "arn:aws:s3:::photos/1"}]);
    check(&[
        (arn(&bucket), with(&get_object(), &json!({"resources": only_bucket})), No),
        (arn(&bucket), with(&get_object(), &json!({"resources": without_type})), Undetermined),
        (arn(&bucket), with(&get_object(), &json!({"resources": []})), Undetermined),
        (
            arn(&bucket),
            with(&get_object(), &json!({"resources": [{"type": "AWS::S3::Object"}]})),
            Undetermined,
        ),
        (objects(&[]), with(&get_object(), &json!({"resources": [{"type": "AWS::S3::Object"}]})), Yes),
    ]);
}

#[test]
fn a_tables_selector_takes_the_calls_on_its_streams() {
    let table = "arn:aws:dynamodb:us-east-1:111122223333:table/music";
    let tables = |operators: Value| {
        let kind = json!({"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]});
        of("Data", &[kind, with(&operators, &json!({"Field": "resources.ARN"}))])
    };
    let stream = |table: &str| {
        let entry = json!({"type": "AWS::DynamoDB::Stream", "ARN": format!("{table}/stream/2026-01-01T00:00:00.000")});
        with(&get_object(), &json!({"eventSource": "dynamodb.amazonaws.com", "resources": [entry]}))
    };
    let all = of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]})]);
    let streams = of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::DynamoDB::Stream"]})]);
    let item = with(&get_object(), &json!({"resources": [{"type": "AWS::DynamoDB::Table", "ARN": table}]}));
    check(&[
        (all, stream(table), Yes),
        (streams.clone(), stream(table), Yes),
        (streams, item.clone(), No),
        (tables(json!({"Equals": [table]})), item, Yes),
        (tables(json!({"Equals": [table]})), stream(table), Undetermined),
        (tables(json!({"NotEquals": [table]})), stream(table), Undetermined),
        (tables(json!({"Equals": [table]})), stream(&format!("{table}-2")), No),
        (tables(json!({"EndsWith": ["music"]})), stream(table), Undetermined),
        (tables(json!({"StartsWith": [format!("{table}/stream/")]})), stream(table), Yes),
        (tables(json!({"StartsWith": [format!("{table}/stream/")]})), stream(&format!("{table}-2")), No),
    ]);
}

#[test]
fn every_field_of_a_record_is_asked_for() {
    let console =
        |operator: &str| objects(&[json!({"Field": "sessionCredentialFromConsole", operator: ["true"]})]);
    let by_console = with(&get_object(), &json!({"sessionCredentialFromConsole": "true"}));
    let role = "arn:aws:sts::111122223333:assumed-role/reader/";
    let one =
        |field: &str, operator: &str, value: &str| objects(&[json!({"Field": field, operator: [value]})]);
    check(&[
        (one("eventName", "Equals", "GetObject"), get_object(), Yes),
        (one("eventName", "StartsWith", "Put"), get_object(), No),
        (one("eventSource", "NotEquals", "s3.amazonaws.com"), get_object(), No),
        (one("eventType", "NotEquals", "AwsServiceEvent"), get_object(), Yes),
        (one("readOnly", "Equals", "true"), get_object(), Yes),
        (one("readOnly", "Equals", "false"), get_object(), No),
        (one("readOnly", "Equals", "false"), with(&get_object(), &json!({"readOnly": null})), Undetermined),
        (one("userIdentity.arn", "StartsWith", role), get_object(), Yes),
        (one("userIdentity.arn", "NotStartsWith", role), get_object(), No),
        (
            one("userIdentity.arn", "NotStartsWith", role),
            with(&get_object(), &json!({"userIdentity": {}})),
            Undetermined,
        ),
        (console("Equals"), by_console.clone(), Yes),
        (console("NotEquals"), by_console, No),
        (console("Equals"), get_object(), No),
        (console("NotEquals"), get_object(), Yes),
        (one("sessionCredentialFromConsole", "Equals", "false"), get_object(), Undetermined),
        (one("tlsDetails.tlsVersion", "Equals", "TLSv1.3"), get_object(), Undetermined),
    ]);
}

#[test]
fn network_activity_is_told_by_source_error_and_endpoint() {
    let kms = |others: &[Value]| {
        of("NetworkActivity", &[&[json!({"Field": "eventSource", "Equals": [KMS]})], others].concat())
    };
    let denied = json!({"Field": "errorCode", "Equals": ["VpceAccessDenied"]});
    let endpoint = |operator: &str, value: &str| json!({"Field": "vpcEndpointId", operator: [value]});
    let allowed = with(&denied_at_the_endpoint(), &json!({"errorCode": null}));
    let elsewhere = with(&denied_at_the_endpoint(), &json!({"eventSource": "ec2.amazonaws.com"}));
    let no_endpoint = with(&denied_at_the_endpoint(), &json!({"vpcEndpointId": null}));
    check(&[
        (kms(&[]), denied_at_the_endpoint(), Yes),
        (kms(&[]), elsewhere, No),
        (kms(std::slice::from_ref(&denied)), denied_at_the_endpoint(), Yes),
        (kms(&[denied]), allowed.clone(), No),
        (kms(&[json!({"Field": "errorCode", "NotEquals": ["VpceAccessDenied"]})]), allowed, Undetermined),
        (kms(&[endpoint("StartsWith", "vpce-0123")]), denied_at_the_endpoint(), Yes),
        (kms(&[endpoint("NotEquals", "vpce-0123456789abcdef0")]), denied_at_the_endpoint(), No),
        (kms(&[endpoint("Equals", "vpce-1")]), no_endpoint.clone(), No),
        (kms(&[endpoint("NotEquals", "vpce-1")]), no_endpoint, Undetermined),
    ]);
}

#[test]
fn what_cloudtrail_makes_itself_is_not_selected_and_what_has_no_category_is_not_known() {
    for category in ["Insight", "Aggregated"] {
        let record = with(&get_object(), &json!({"eventCategory": category}));
        check(&[
            (objects(&[]), record.clone(), No),
            (AdvancedSelector::management(ReadWrite::All, []), record.clone(), No),
            (of(category, &[]), record, No),
        ]);
    }
    let untold = with(&get_object(), &json!({"eventCategory": null, "managementEvent": null}));
    check(&[
        (objects(&[]), untold.clone(), Undetermined),
        (AdvancedSelector::management(ReadWrite::All, []), untold, Undetermined),
        (AdvancedSelector::default(), get_object(), Undetermined),
    ]);
}

#[test]
fn the_selectors_that_admit_an_event_are_named_by_their_place() {
    let selectors = Selectors::Advanced(vec![
        AdvancedSelector::management(ReadWrite::All, []),
        arn(&json!({"EndsWith": [".jpg"]})),
        arn(&json!({"StartsWith": ["arn:aws:s3:::photos/"]})),
    ]);
    let [one, whole, management] =
        [get_object(), list_objects(), create_role()].map(|it| Record::from_json(&it).unwrap());
    assert_eq!(selectors.admitting(&one), [(1, Yes), (2, Yes)]);
    assert_eq!(selectors.admitting(&whole), [(1, Undetermined), (2, Yes)]);
    assert_eq!(selectors.admits(&whole), Yes);
    assert_eq!(selectors.admitting(&management), [(0, Yes)]);
    assert_eq!(Selectors::Default.admitting(&one), []);
    assert_eq!(Selectors::Default.admits(&one), No);
    assert_eq!(Selectors::Default.admits(&management), Yes);
}

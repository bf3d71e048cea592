//! What is refused before AWS refuses it, and that nothing else is.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::{AdvancedSelector, BasicSelector, FieldSelector, ReadWrite};
use super::{KMS, RDS, objects, of, selector};

fn refused(selector: &AdvancedSelector, says: &str) {
    let problems = selector.problems();
    assert_eq!(problems.len(), 1, "{says}: {problems:#?}");
    assert!(problems[0].contains(says), "{problems:?} should say: {says}");
}

fn network(others: &[Value]) -> AdvancedSelector {
    of("NetworkActivity", &[&[json!({"Field": "eventSource", "Equals": [KMS]})], others].concat())
}

fn management(others: &[Value]) -> AdvancedSelector {
    of("Management", others)
}

#[test]
fn what_the_fields_table_allows_is_taken() {
    let arn = |operators: Value| super::with(&operators, &json!({"Field": "resources.ARN"}));
    let six = |value: &str| {
        let other = format!("{value}x");
        json!({"Equals": [value], "StartsWith": [value], "EndsWith": [value],
               "NotEquals": [other], "NotStartsWith": [other], "NotEndsWith": [other]})
    };
    let any = |field: &str, value: &str| super::with(&six(value), &json!({"Field": field}));
    for taken in [
        management(&[]),
        management(&[json!({"Field": "readOnly", "Equals": ["false"]})]),
        management(&[json!({"Field": "eventSource", "NotEquals": [KMS, RDS]})]),
        objects(&[]),
        objects(&[json!({"Field": "readOnly", "Equals": ["true"]})]),
        objects(&[arn(six("arn:aws:s3:::photos/"))]),
        objects(&[arn(json!({"EndsWith": [".jpg"]}))]),
        objects(&[
            any("eventName", "GetObject"),
            any("eventSource", "s3.amazonaws.com"),
            any("eventType", "AwsApiCall"),
        ]),
        objects(&[any("userIdentity.arn", "arn:aws:iam::111122223333:user/alice")]),
        objects(&[json!({"Field": "sessionCredentialFromConsole", "NotEquals": ["true"]})]),
        of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::Quicksight::ActionConnector"]})]),
        of("Data", &[json!({"Field": "resources.type", "Equals": ["AWS::NotYet::Invented9"]})]),
        network(&[]),
        network(&[json!({"Field": "errorCode", "Equals": ["VpceAccessDenied"]})]),
        network(&[
            any("eventName", "Decrypt"),
            any("vpcEndpointId", "vpce-1"),
            any("userIdentity.arn", "arn:aws:iam::"),
        ]),
        of("NetworkActivity", &[json!({"Field": "eventSource", "Equals": ["s3.amazonaws.com.cn"]})]),
        of(
            "NetworkActivity",
            &[json!({"Field": "eventSource", "Equals": ["not-yet-invented.amazonaws.com"]})],
        ),
        objects(&[json!({"Field": "requestParameters.bucket_name", "Equals": ["*"]})]),
        AdvancedSelector { name: "n".repeat(1000), ..objects(&[]) },
        objects(&[json!({"Field": "eventName", "Equals": ["n".repeat(2048)]})]),
    ] {
        assert_eq!(taken.problems(), [""; 0], "{taken:?}");
        assert!(taken.can_match());
    }
}

#[test]
fn selectors_as_administrators_write_them_are_taken() {
    for written in [
        json!({"Name": "Sensitive bucket writes", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "readOnly", "Equals": ["false"]},
            {"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::sensitive-bucket/"]},
        ]}),
        json!({"Name": "All buckets but the trail's", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "resources.ARN", "NotStartsWith": ["arn:aws:s3:::trail-logs/"]},
        ]}),
        json!({"Name": "Deletions of objects and snapshots", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            {"Field": "eventName", "Equals": ["PutObject"], "StartsWith": ["Delete"]},
            {"Field": "eventType", "NotEquals": ["AwsServiceEvent"]},
        ]}),
        json!({"Name": "A table without its streams", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::DynamoDB::Table"]},
            {"Field": "eventName", "NotEquals": ["GetRecords", "GetShardIterator", "DescribeStream", "ListStreams"]},
        ]}),
        json!({"Name": "People in the console", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["Data"]},
            {"Field": "resources.type", "Equals": ["AWS::Lambda::Function"]},
            {"Field": "sessionCredentialFromConsole", "Equals": ["true"]},
            {"Field": "userIdentity.arn", "NotStartsWith": ["arn:aws:sts::111122223333:assumed-role/ci/"]},
        ]}),
        json!({"Name": "Denied at the endpoint", "FieldSelectors": [
            {"Field": "eventCategory", "Equals": ["NetworkActivity"]},
            {"Field": "eventSource", "Equals": ["ec2.amazonaws.com"]},
            {"Field": "errorCode", "Equals": ["VpceAccessDenied"]},
            {"Field": "vpcEndpointId", "Equals": ["vpce-0123456789abcdef0"]},
        ]}),
    ] {
        let selector = selector(&written);
        assert_eq!(selector.problems(), [""; 0], "{written}");
        assert_eq!(selector.hints(), [""; 0], "{written}");
        assert!(selector.describe().len() > 20);
    }
}

#[test]
fn form_is_judged_whatever_the_field() {
    let name = |field: &str| objects(&[json!({"Field": field, "Equals": ["x"]})]);
    let value = |value: &str| objects(&[json!({"Field": "eventName", "Equals": [value]})]);
    refused(&AdvancedSelector::default(), "no fields; eventCategory is always needed");
    refused(
        &AdvancedSelector { name: "n".repeat(1001), ..objects(&[]) },
        "1001 characters; CloudTrail takes up to 1000",
    );
    refused(&AdvancedSelector { name: "two\nlines".into(), ..objects(&[]) }, "line break");
    refused(&name(""), "'' is no name of a field");
    refused(&name("event-name"), "'event-name' is no name of a field");
    refused(&name(&"n".repeat(1001)), "is no name of a field: those have 1 to 1000");
    refused(&objects(&[json!({"Field": "eventName"})]), "eventName has no operator");
    refused(&value(""), "eventName equals '': a value must not be empty");
    refused(&value(&"v".repeat(2049)), "2049 characters; CloudTrail takes up to 2048");
    refused(
        &value("a\u{7}b"),
        "eventName equals 'a\\u{7}b': the value has a line break or another control character",
    );
    let twice = objects(&[
        json!({"Field": "eventName", "StartsWith": ["Get"]}),
        json!({"Field": "eventName", "NotEquals": ["GetObjectAcl"]}),
    ]);
    refused(
        &twice,
        "eventName is given 2 times; CloudTrail takes a field once, so put the operators into one",
    );
}

#[test]
fn the_category_is_one_of_those_of_trails() {
    let category = |fields: &[FieldSelector]| AdvancedSelector {
        name: String::new(),
        fields: fields.iter().cloned().collect(),
    };
    refused(&category(&[FieldSelector::equals("readOnly", ["true"])]), "eventCategory is missing");
    refused(
        &of("data", &[]),
        "eventCategory equals 'data': trails have no such category; it is 'Data' or 'NetworkActivity'",
    );
    refused(&of("Insight", &[]), "trails have no such category");
    let both = FieldSelector::equals("eventCategory", ["Data", "NetworkActivity"]);
    refused(&category(&[both]), "exactly one value");
    refused(&category(&[FieldSelector::starts_with("eventCategory", ["Data"])]), "the operator equals");
}

#[test]
fn data_events_take_their_fields_only() {
    let kinds = |values: &[&str]| of("Data", &[json!({"Field": "resources.type", "Equals": values})]);
    let one =
        |field: &str, operator: &str, value: &str| objects(&[json!({"Field": field, operator: [value]})]);
    refused(&of("Data", &[]), "resources.type is missing");
    refused(
        &kinds(&["AWS::S3::Object", "AWS::Lambda::Function"]),
        "exactly one value; write one selector for each resource type",
    );
    for wrong in ["S3", "AWS::S3", "AWS::S3::", "AWS::S3::Object::X", "aws::s3::object", "AWS::S3::My-Object"]
    {
        refused(&kinds(&[wrong]), &format!("resources.type equals '{wrong}': this is not a resource type"));
    }
    refused(
        &of("Data", &[json!({"Field": "resources.type", "StartsWith": ["AWS::S3::Object"]})]),
        "only equals",
    );
    refused(
        &one("readOnly", "NotEquals", "true"),
        "readOnly notEquals: the field does not take this operator, only equals",
    );
    refused(&one("readOnly", "Equals", "True"), "the only possible value is 'true' or 'false'");
    refused(
        &objects(&[json!({"Field": "readOnly", "Equals": ["true", "false"]})]),
        "leave the field out to record both reads and writes",
    );
    refused(&one("sessionCredentialFromConsole", "StartsWith", "true"), "only equals or notEquals");
    refused(&one("sessionCredentialFromConsole", "Equals", "false"), "the only possible value is 'true'");
    refused(
        &one("errorCode", "Equals", "VpceAccessDenied"),
        "errorCode is not a field for data events; those take eventName, ",
    );
    refused(&one("vpcEndpointId", "Equals", "vpce-1"), "vpcEndpointId is not a field for data events");
}

#[test]
fn arns_are_written_out() {
    let arn = |operator: &str, value: &str| objects(&[json!({"Field": "resources.ARN", operator: [value]})]);
    for (operator, value, says) in [
        ("StartsWith", "arn:aws:s3:::photos/*", "CloudTrail knows no wildcards; use startsWith"),
        ("Equals", "arn:aws:s3:::photo?/cat.jpg", "CloudTrail knows no wildcards"),
        ("EndsWith", "*.jpg", "CloudTrail knows no wildcards"),
        ("StartsWith", "photos/", "ARNs begin with 'arn:'"),
        ("NotStartsWith", "s3://photos/", "ARNs begin with 'arn:'"),
        ("Equals", "photos", "ARNs begin with 'arn:'"),
        ("Equals", "arn:aws:s3", "equals needs a whole ARN; use startsWith"),
        ("NotEquals", "arn:aws:s3:::", "notEquals needs a whole ARN; use notStartsWith"),
    ] {
        refused(&arn(operator, value), says);
    }
    refused(
        &objects(&[json!({"Field": "userIdentity.arn", "Equals": ["arn:aws:iam::*:root"]})]),
        "no wildcards",
    );
    refused(&objects(&[json!({"Field": "eventName", "Equals": ["Get*"]})]), "no wildcards");
}

#[test]
fn network_activity_takes_its_fields_only() {
    let source = |operator: &str, values: &[&str]| {
        of("NetworkActivity", &[json!({"Field": "eventSource", operator: values})])
    };
    refused(&of("NetworkActivity", &[]), "eventSource is missing");
    refused(&source("Equals", &[KMS, "ec2.amazonaws.com"]), "write one selector for each event source");
    refused(
        &source("NotEquals", &[KMS]),
        "eventSource notEquals: the field does not take this operator, only equals",
    );
    for wrong in ["kms", "amazonaws.com", ".amazonaws.com", "KMS.amazonaws.com", "kms.example.com"] {
        refused(&source("Equals", &[wrong]), "this is not an event source");
    }
    refused(
        &network(&[json!({"Field": "errorCode", "Equals": ["AccessDenied"]})]),
        "the only possible value is 'VpceAccessDenied'",
    );
    for field in ["readOnly", "resources.type", "resources.ARN", "eventType", "sessionCredentialFromConsole"]
    {
        let problems = network(&[json!({"Field": field, "Equals": ["true"]})]).problems();
        let says = format!(
            "{field} is not a field for network activity; those take errorCode, eventName, eventSource, "
        );
        assert!(problems.iter().any(|problem| problem.starts_with(&says)), "{problems:?}");
    }
}

#[test]
fn management_events_take_their_fields_only() {
    let source =
        |operator: &str, value: &str| management(&[json!({"Field": "eventSource", operator: [value]})]);
    refused(
        &source("Equals", KMS),
        "eventSource equals: the field does not take this operator, only notEquals",
    );
    refused(
        &source("NotEquals", "s3.amazonaws.com"),
        "the only possible value is 'kms.amazonaws.com' or 'rdsdata.amazonaws.com'",
    );
    refused(
        &management(&[json!({"Field": "eventName", "Equals": ["Decrypt"]})]),
        "eventName is not a field for a trail's management events; those take eventSource or readOnly",
    );
}

#[test]
fn what_can_never_match_is_said() {
    for operators in [
        json!({"Equals": ["GetObject"], "NotEquals": ["GetObject"]}),
        json!({"StartsWith": ["GetObject", "Get"], "NotStartsWith": ["G"]}),
        json!({"EndsWith": ["Acl"], "Equals": ["PutObjectAcl"], "NotEndsWith": ["l"]}),
    ] {
        let selector = objects(&[super::with(&operators, &json!({"Field": "eventName"}))]);
        assert!(!selector.can_match());
        refused(&selector, "eventName: no event can ever match");
    }
    for operators in [
        json!({"StartsWith": ["Get"], "NotStartsWith": ["GetObject"]}),
        json!({"Equals": ["GetObject", "PutObject"], "NotEquals": ["GetObject"]}),
        json!({"StartsWith": ["Get"], "NotEndsWith": ["Get"]}),
        json!({"NotEquals": ["GetObject"], "NotStartsWith": ["Put"]}),
    ] {
        let selector = objects(&[super::with(&operators, &json!({"Field": "eventName"}))]);
        assert!(selector.can_match() && selector.problems().is_empty(), "{operators}");
    }
    for flags in [json!({"Equals": ["yes"]}), json!({"NotEquals": ["true", "false"]})] {
        assert!(!objects(&[super::with(&flags, &json!({"Field": "readOnly"}))]).can_match(), "{flags}");
    }
}

fn basic(resources: &[(&str, &str)]) -> BasicSelector {
    BasicSelector {
        read_write_type: ReadWrite::All,
        include_management_events: false,
        exclude_management_event_sources: BTreeSet::new(),
        data_resources: resources.iter().map(|(kind, value)| ((*kind).into(), (*value).into())).collect(),
    }
}

const S3: &str = "AWS::S3::Object";
const LAMBDA: &str = "AWS::Lambda::Function";
const TABLE: &str = "AWS::DynamoDB::Table";

#[test]
fn basic_values_of_the_documented_forms_are_taken() {
    for (kind, value) in [
        (S3, "arn:aws:s3"),
        (S3, "arn:aws:s3:::"),
        (S3, "arn:aws-us-gov:s3"),
        (S3, "arn:aws:s3:::bucket/"),
        (S3, "arn:aws-cn:s3:::bucket/path/to"),
        (LAMBDA, "arn:aws:lambda"),
        (LAMBDA, "arn:aws:lambda:us-east-1:111122223333:function:resize"),
        (TABLE, "arn:aws:dynamodb"),
        (TABLE, "arn:aws:dynamodb:us-east-1:111122223333:table/music"),
    ] {
        let selector = basic(&[(kind, value)]);
        assert_eq!(selector.problems(), [""; 0], "{value}");
        for translated in selector.to_advanced("team") {
            assert_eq!(translated.problems(), [""; 0], "{value}");
            assert_eq!(translated.hints(), [""; 0], "{value}");
        }
    }
    assert_eq!(BasicSelector::all_management().problems(), [""; 0]);
}

#[test]
fn basic_values_of_other_forms_are_refused() {
    for (kind, value, says) in [
        (S3, "arn:aws:s3:::bucket", "must end with a slash; write 'arn:aws:s3:::bucket/'"),
        (S3, "arn:aws:s3:::*", "knows no wildcards; write 'arn:aws:s3:::bucket/'"),
        (S3, "arn:aws:s3:::bucket/*", "knows no wildcards"),
        (S3, "bucket/", "does not take this value; write 'arn:aws:s3:::bucket/'"),
        (S3, "arn:aws:s3:::/key", "does not take this value"),
        (S3, "arn:azure:s3", "does not take this value"),
        (S3, "arn:aws:lambda", "does not take this value"),
        (S3, "", "must not be empty"),
        (LAMBDA, "arn:aws:lambda:*", "knows no wildcards; write 'arn:aws:lambda:us-east-1:"),
        (LAMBDA, "resize", "does not take this value"),
        (LAMBDA, "arn:aws:lambda:us-east-1:1111:function:resize", "does not take this value"),
        (LAMBDA, "arn:aws:lambda:us-east-1:111122223333:layer:resize", "does not take this value"),
        (
            TABLE,
            "arn:aws:dynamodb:us-east-1:111122223333:table/music/index/artist",
            "does not take this value",
        ),
        (TABLE, "arn:aws:dynamodb:us-east-1:111122223333:table/", "does not take this value"),
        ("AWS::SNS::Topic", "arn:aws:sns", "use the advanced form for others"),
    ] {
        let problems = basic(&[(kind, value)]).problems();
        assert_eq!(problems.len(), 1, "{value}: {problems:?}");
        assert!(problems[0].starts_with(&format!("dataResources {kind} '{value}': ")), "{problems:?}");
        assert!(problems[0].contains(says), "{problems:?}");
    }
}

#[test]
fn a_basic_selector_must_record_something_and_exclude_what_can_be_excluded() {
    assert_eq!(basic(&[]).problems(), ["it records nothing; list at least one data resource"]);
    let mut excluding = BasicSelector::all_management();
    excluding.exclude_management_event_sources.extend([KMS.to_owned(), RDS.to_owned()]);
    assert_eq!(excluding.problems(), [""; 0]);
    excluding.exclude_management_event_sources.insert("s3.amazonaws.com".into());
    let problems = excluding.problems();
    assert!(
        problems.len() == 1 && problems[0].starts_with("management events of 's3.amazonaws.com' cannot be"),
        "{problems:?}"
    );
    let without = BasicSelector {
        exclude_management_event_sources: BTreeSet::from([KMS.to_owned()]),
        ..basic(&[(S3, "arn:aws:s3")])
    };
    assert!(without.problems()[0].contains("records no management events"), "{:?}", without.problems());
}

//! Statements about selectors, and what they share: selectors written as AWS writes them, and records.

mod covering;
mod describing;
mod evaluation;
mod events;
mod forms;
mod generated;
mod hints;
mod judging;
mod management;
mod records;
mod translation;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Admission, AdvancedSelector, FieldSelector, Record};

const KMS: &str = "kms.amazonaws.com";
const RDS: &str = "rdsdata.amazonaws.com";

/// An advanced selector from AWS's own JSON.
fn selector(json: &Value) -> AdvancedSelector {
    let list = |of: &Value, operator: &str| -> BTreeSet<String> {
        let values = of[operator].as_array().into_iter().flatten();
        values.map(|value| value.as_str().unwrap().to_owned()).collect()
    };
    let fields = json["FieldSelectors"].as_array().unwrap().iter().map(|field| FieldSelector {
        field: field["Field"].as_str().unwrap().to_owned(),
        equals: list(field, "Equals"),
        starts_with: list(field, "StartsWith"),
        ends_with: list(field, "EndsWith"),
        not_equals: list(field, "NotEquals"),
        not_starts_with: list(field, "NotStartsWith"),
        not_ends_with: list(field, "NotEndsWith"),
    });
    AdvancedSelector { name: json["Name"].as_str().unwrap_or_default().to_owned(), fields: fields.collect() }
}

/// A selector of these fields: the category, then each other field as AWS writes it.
fn of(category: &str, others: &[Value]) -> AdvancedSelector {
    let category = json!({"Field": "eventCategory", "Equals": [category]});
    let fields = [&[category], others].concat();
    selector(&json!({"FieldSelectors": fields}))
}

/// Data events of objects, with these other fields.
fn objects(others: &[Value]) -> AdvancedSelector {
    let kind = json!({"Field": "resources.type", "Equals": ["AWS::S3::Object"]});
    of("Data", &[&[kind], others].concat())
}

fn admission(selector: &AdvancedSelector, record: &Value) -> Admission {
    selector.admits(&Record::from_json(record).unwrap())
}

/// A copy of a record with other fields; null takes one away.
fn with(record: &Value, changes: &Value) -> Value {
    let mut record = record.clone();
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            record.as_object_mut().unwrap().remove(name);
        } else {
            record[name] = value.clone();
        }
    }
    record
}

/// A read of one object.
fn get_object() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/reader/session"},
        "eventTime": "2026-03-01T10:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "us-east-1",
        "readOnly": true,
        "resources": [
            {"type": "AWS::S3::Object", "ARN": "arn:aws:s3:::photos/2026/cat.jpg"},
            {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::photos"},
        ],
        "eventType": "AwsApiCall",
        "managementEvent": false,
        "recipientAccountId": "111122223333",
        "eventCategory": "Data",
    })
}

/// A read of a bucket's list of objects: their ARNs are told by what they begin with.
fn list_objects() -> Value {
    let resources = json!([
        {"type": "AWS::S3::Object", "ARNPrefix": "arn:aws:s3:::photos/"},
        {"accountId": "111122223333", "type": "AWS::S3::Bucket", "ARN": "arn:aws:s3:::photos"},
    ]);
    with(&get_object(), &json!({"eventName": "ListObjects", "resources": resources}))
}

/// A management event that changes something.
fn create_role() -> Value {
    json!({
        "eventVersion": "1.11",
        "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/alice"},
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateRole",
        "readOnly": false,
        "eventType": "AwsApiCall",
        "managementEvent": true,
        "eventCategory": "Management",
        "sessionCredentialFromConsole": "true",
    })
}

/// A call through an endpoint whose policy denied it.
fn denied_at_the_endpoint() -> Value {
    json!({
        "eventVersion": "1.09",
        "userIdentity": {"type": "AWSAccount", "accountId": "444455556666"},
        "eventSource": "kms.amazonaws.com",
        "eventName": "Decrypt",
        "errorCode": "VpceAccessDenied",
        "eventType": "AwsVpceEvents",
        "vpcEndpointId": "vpce-0123456789abcdef0",
        "eventCategory": "NetworkActivity",
    })
}

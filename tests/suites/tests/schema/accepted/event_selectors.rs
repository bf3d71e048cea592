//! Good EventSelectors.

use serde_json::{Value, json};

pub fn rows() -> Vec<(&'static str, Value)> {
    let advanced = [resources(), other_fields(), network_activity(), at_the_limits()];
    [places(), basic_forms()].into_iter().chain(advanced).flatten().collect()
}

/// Resources in the basic form, instead of the advanced one.
fn basic_forms() -> Vec<(&'static str, Value)> {
    let of = |resources: &[(&str, &[&str])]| {
        let resources: Vec<_> =
            resources.iter().map(|(kind, values)| json!({"type": kind, "values": values})).collect();
        json!({"spec": {"advanced": null, "basic": {"dataResources": resources}}})
    };
    let buckets = |values: &[&str]| of(&[("AWS::S3::Object", values)]);
    let functions = |values: &[&str]| of(&[("AWS::Lambda::Function", values)]);
    let tables = |values: &[&str]| of(&[("AWS::DynamoDB::Table", values)]);
    let many: Vec<_> = (0..250).map(|n| format!("arn:aws:s3:::bucket-{n}/")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let long_key = format!("arn:aws-us-gov:s3:::{}/{}", "b".repeat(63), "k".repeat(1024));
    vec![
        ("all buckets", buckets(&["arn:aws:s3"])),
        ("all buckets as they were named once", buckets(&["arn:aws:s3:::"])),
        ("all buckets of China", buckets(&["arn:aws-cn:s3"])),
        ("a bucket", buckets(&["arn:aws:s3:::payments/"])),
        ("a bucket of the days when names could be in capitals", buckets(&["arn:aws:s3:::Old_Bucket.1/"])),
        (
            "keys by their beginning",
            buckets(&["arn:aws:s3:::payments/2026/in", "arn:aws:s3:::refunds/a b?/ü"]),
        ),
        ("a key as long as can be in a bucket with a name as long as can be", buckets(&[&long_key])),
        ("250 buckets", buckets(&many)),
        ("250 keys as long as can be", buckets(&vec![long_key.as_str(); 250])),
        ("all functions", functions(&["arn:aws:lambda"])),
        ("a function", functions(&["arn:aws:lambda:us-east-1:111122223333:function:My_function-1"])),
        (
            "a version of a function",
            functions(&["arn:aws:lambda:us-east-1:111122223333:function:job:$LATEST"]),
        ),
        ("all tables", tables(&["arn:aws:dynamodb"])),
        ("a table", tables(&["arn:aws-us-gov:dynamodb:us-gov-west-1:111122223333:table/My_table-1.x"])),
        (
            "some of every type",
            of(&[
                ("AWS::S3::Object", &["arn:aws:s3:::payments/"]),
                ("AWS::Lambda::Function", &["arn:aws:lambda"]),
                ("AWS::DynamoDB::Table", &["arn:aws:dynamodb:us-east-1:111122223333:table/orders"]),
            ]),
        ),
        (
            "reads of all buckets",
            json!({"spec": {"advanced": null, "basic": {
                "readWriteType": "ReadOnly", "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}],
            }}}),
        ),
    ]
}

/// The advanced form with one selector.
fn one(category: &str, fields: &[Value]) -> Value {
    let fields = [&[is("eventCategory", &[category])], fields].concat();
    json!({"spec": {"advanced": [{"fieldSelectors": fields}]}})
}

fn is(field: &str, equals: &[&str]) -> Value {
    json!({"field": field, "equals": equals})
}

fn data(kind: &str, fields: &[Value]) -> Value {
    one("Data", &[&[is("resources.type", &[kind])], fields].concat())
}

/// Data events of S3 objects for which this holds.
fn objects(field: Value) -> Value {
    data("AWS::S3::Object", &[field])
}

fn resources() -> Vec<(&'static str, Value)> {
    vec![
        ("all objects", data("AWS::S3::Object", &[])),
        (
            "objects of a bucket",
            objects(json!({"field": "resources.ARN", "startsWith": ["arn:aws:s3:::payments/"]})),
        ),
        ("one object", objects(is("resources.ARN", &["arn:aws:s3:::payments/ledger"]))),
        (
            "all objects but those of the trail's own bucket",
            objects(json!({"field": "resources.ARN", "notStartsWith": ["arn:aws:s3:::audit-logs/"]})),
        ),
        (
            "objects by the end of their keys",
            objects(json!({"field": "resources.ARN", "endsWith": [".csv"]})),
        ),
        ("reads of objects", objects(is("readOnly", &["true"]))),
        (
            "a function",
            data(
                "AWS::Lambda::Function",
                &[is("resources.ARN", &["arn:aws:lambda:us-east-1:111122223333:function:f"])],
            ),
        ),
        (
            "a table and its streams",
            data(
                "AWS::DynamoDB::Table",
                &[json!({
                    "field": "resources.ARN", "startsWith": ["arn:aws:dynamodb:us-east-1:111122223333:table/orders"],
                })],
            ),
        ),
        ("a type that may come", data("AWS::NewService2027::NewThing", &[])),
    ]
}

fn other_fields() -> Vec<(&'static str, Value)> {
    let of_every_operator = json!({
        "field": "eventName", "equals": ["GetObject"], "startsWith": ["Put"], "endsWith": ["Tagging"],
        "notEquals": ["PutObjectAcl"], "notStartsWith": ["PutBucket"], "notEndsWith": ["Retention"],
    });
    vec![
        ("events by name with every operator", objects(of_every_operator)),
        (
            "what people and roles do to objects",
            objects(json!({"field": "userIdentity.arn", "notEndsWith": ["/backup"]})),
        ),
        ("what the console does", objects(is("sessionCredentialFromConsole", &["true"]))),
        (
            "what calls do, and services do not",
            objects(json!({"field": "eventType", "notEquals": ["AwsServiceEvent"]})),
        ),
        (
            "events of a service, whatever the type",
            objects(json!({"field": "eventSource", "startsWith": ["s3"]})),
        ),
    ]
}

fn network_activity() -> Vec<(&'static str, Value)> {
    let network = |service: &str, fields: &[Value]| {
        one("NetworkActivity", &[&[is("eventSource", &[service])], fields].concat())
    };
    vec![
        ("all network activity of a service", network("kms.amazonaws.com", &[])),
        ("network activity of a service of China", network("kms.amazonaws.com.cn", &[])),
        ("network activity of a service that may come", network("new-service.api.amazonaws.com", &[])),
        ("what endpoints denied", network("kms.amazonaws.com", &[is("errorCode", &["VpceAccessDenied"])])),
        (
            "network activity through endpoints, of callers, by name",
            network(
                "s3.amazonaws.com",
                &[
                    json!({"field": "vpcEndpointId", "startsWith": ["vpce-0"]}),
                    json!({"field": "userIdentity.arn", "notStartsWith": ["arn:aws:sts::111122223333:assumed-role/"]}),
                    is("eventName", &["GetObject"]),
                ],
            ),
        ),
    ]
}

fn at_the_limits() -> Vec<(&'static str, Value)> {
    let values: Vec<_> = (0..498).map(|n| format!("Event{n}")).collect();
    let long_arn = format!("arn:{}", "v".repeat(2044));
    let long = "f".repeat(1000);
    let others: Vec<_> = (0..14).map(|n| is(&format!("field_{n}.x"), &["y"])).collect();
    vec![
        ("a field that may come", objects(is("newField_2027.x", &["y"]))),
        ("16 fields", data("AWS::SNS::Topic", &others)),
        ("a field with a name of 1000 characters", objects(is(&long, &["y"]))),
        ("a value of 2048 characters", objects(is("eventName", &[&"v".repeat(2048)]))),
        (
            "500 values as long as can be",
            objects(
                json!({"field": "resources.ARN", "equals": vec![&long_arn; 249], "notEquals": vec![&long_arn; 249]}),
            ),
        ),
        ("500 values with category and type", objects(json!({"field": "eventName", "equals": values}))),
        ("a name of 1000 characters", {
            let mut named = data("AWS::SNS::Topic", &[]);
            named["spec"]["advanced"][0]["name"] = json!("n".repeat(1000));
            named
        }),
        ("64 selectors", {
            let mut many = data("AWS::SNS::Topic", &[]);
            many["spec"]["advanced"] = json!(vec![many["spec"]["advanced"][0].clone(); 64]);
            many
        }),
    ]
}

fn places() -> Vec<(&'static str, Value)> {
    [
        ("the first of all", json!({"priority": 0})),
        ("the last of all", json!({"priority": 1_000_000})),
        ("no priority", json!({"priority": null})),
        ("a trail of its own namespace", json!({"trailRef": {"namespace": null}})),
        ("a trail with a name as long as can be", json!({"trailRef": {"name": "t".repeat(128)}})),
        ("a namespace with a name as long as can be", json!({"trailRef": {"namespace": "n".repeat(63)}})),
    ]
    .map(|(what, spec)| (what, json!({"spec": spec})))
    .into()
}

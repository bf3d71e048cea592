//! Bad EventSelectors: whose they are, and the basic form.

use serde_json::{Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    [shapes(), references(), basic(), basic_values()].into_iter().flatten().collect()
}

fn spec(what: &'static str, spec: &Value, at: &'static str, says: &'static str) -> Row {
    row("EventSelector", what, json!({"spec": spec}), at, says)
}

fn shapes() -> Vec<Row> {
    const FORMS: &str = "exactly one of `basic` and `advanced` must be set";
    let priority =
        |what, priority: i64, says| spec(what, &json!({"priority": priority}), "spec.priority", says);
    let resources = json!([{"type": "AWS::S3::Object", "values": ["arn:aws:s3"]}]);
    vec![
        row(
            "EventSelector",
            "an EventSelector without spec",
            json!({"spec": null}),
            "spec",
            "Required value",
        ),
        spec("neither form", &json!({"advanced": null}), "spec", FORMS),
        spec("both forms", &json!({"basic": {"dataResources": resources}}), "spec", FORMS),
        priority("a priority below 0", -1, "should be greater than or equal to 0"),
        priority("a priority above a million", 1_000_001, "should be less than or equal to 1000000"),
    ]
}

fn references() -> Vec<Row> {
    const NAME: &str = "spec.trailRef.name";
    const NAMESPACE: &str = "spec.trailRef.namespace";
    let name = |what, name: Value, says| spec(what, &json!({"trailRef": {"name": name}}), NAME, says);
    let namespace =
        |what, name: String, says| spec(what, &json!({"trailRef": {"namespace": name}}), NAMESPACE, says);
    vec![
        spec("no trail", &json!({"trailRef": null}), "spec.trailRef", "Required value"),
        name("a trail without a name", json!(null), "Required value"),
        name("a trail with an empty name", json!(""), "should be at least 1 chars long"),
        name(
            "a trail with a name of 129 characters",
            json!("t".repeat(129)),
            "may not be more than 128 bytes",
        ),
        namespace("a trail in an empty namespace", String::new(), "should be at least 1 chars long"),
        namespace("a trail in a namespace of 64 characters", "n".repeat(64), "may not be more than 63 bytes"),
    ]
}

/// In the basic form instead of the advanced one.
fn in_basic(what: &'static str, basic: &Value, at: &'static str, says: &'static str) -> Row {
    spec(what, &json!({"advanced": null, "basic": basic}), at, says)
}

fn basic() -> Vec<Row> {
    const RESOURCES: &str = "spec.basic.dataResources";
    const TYPE: &str = "spec.basic.dataResources[0].type";
    const TYPES: &str = "must be 'AWS::S3::Object', 'AWS::Lambda::Function' or 'AWS::DynamoDB::Table': other types need `advanced`";
    let resources =
        |what, resources: Value, at, says| in_basic(what, &json!({"dataResources": resources}), at, says);
    let of_type = |what, kind: &str, says| {
        resources(what, json!([{"type": kind, "values": ["arn:aws:sns"]}]), TYPE, says)
    };
    let all = |kind: &str, service: &str| json!({"type": kind, "values": [format!("arn:aws:{service}")]});
    let (buckets, functions, tables) = (
        all("AWS::S3::Object", "s3"),
        all("AWS::Lambda::Function", "lambda"),
        all("AWS::DynamoDB::Table", "dynamodb"),
    );
    vec![
        in_basic(
            "events that neither read nor write",
            &json!({"readWriteType": "None", "dataResources": [buckets]}),
            "spec.basic.readWriteType",
            "supported values: \"All\", \"ReadOnly\", \"WriteOnly\"",
        ),
        in_basic("no resources", &json!({"readWriteType": "All"}), RESOURCES, "Required value"),
        in_basic(
            "management events in the basic form",
            &json!({"includeManagementEvents": true, "dataResources": [buckets]}),
            "strict decoding error",
            "unknown field \"spec.basic.includeManagementEvents\"",
        ),
        resources("an empty list of resources", json!([]), RESOURCES, "should have at least 1 items"),
        resources(
            "more lists than types",
            json!([buckets, functions, tables, buckets]),
            RESOURCES,
            "must have at most 3 items",
        ),
        resources(
            "a type twice",
            json!([buckets, functions, buckets]),
            RESOURCES,
            "must not name a type twice: put its values together",
        ),
        resources("a resource without its type", json!([{"values": ["arn:aws:s3"]}]), TYPE, "Required value"),
        of_type("a type for the advanced form only", "AWS::SNS::Topic", TYPES),
        of_type("a type in small letters", "aws::s3::object", TYPES),
        of_type("an empty type", "", TYPES),
        resources(
            "a type of 129 characters",
            json!([{"type": "T".repeat(129), "values": ["arn:aws:s3"]}]),
            TYPE,
            "may not be more than 128 bytes",
        ),
    ]
}

fn basic_values() -> Vec<Row> {
    const AT: &str = "spec.basic.dataResources[0]";
    const VALUES: &str = "spec.basic.dataResources[0].values";
    const BUCKETS: &str =
        "`values` of 'AWS::S3::Object' must be a bucket with '/' after its name ('arn:aws:s3:::my-bucket/')";
    const FUNCTIONS: &str = "`values` of 'AWS::Lambda::Function' must be the ARN of a function";
    const TABLES: &str = "`values` of 'AWS::DynamoDB::Table' must be the ARN of a table";
    let of = |kind: &str, values: Value| json!({"dataResources": [{"type": kind, "values": values}]});
    let bucket = |what, value: &str| in_basic(what, &of("AWS::S3::Object", json!([value])), AT, BUCKETS);
    let function =
        |what, value: &str| in_basic(what, &of("AWS::Lambda::Function", json!([value])), AT, FUNCTIONS);
    let table = |what, value: &str| in_basic(what, &of("AWS::DynamoDB::Table", json!([value])), AT, TABLES);
    let values = |what, values: Value, at, says| in_basic(what, &of("AWS::S3::Object", values), at, says);
    let many: Vec<_> = (0..251).map(|n| format!("arn:aws:s3:::bucket-{n}/")).collect();
    vec![
        bucket("a bucket without '/'", "arn:aws:s3:::payments"),
        bucket("a bucket by its name", "payments/"),
        bucket("any bucket by a wildcard", "arn:aws:s3:::*"),
        bucket("buckets by a wildcard", "arn:aws:s3:::payments-*/"),
        bucket("keys by a wildcard", "arn:aws:s3:::payments/*"),
        bucket("a bucket without a name", "arn:aws:s3:::/key"),
        bucket("a function for a bucket", "arn:aws:lambda"),
        values("a bad bucket after a good one", json!(["arn:aws:s3:::a/", "arn:aws:s3:::b"]), AT, BUCKETS),
        function("a function by its name", "my-function"),
        function("functions by a wildcard", "arn:aws:lambda:*"),
        function("functions of a Region", "arn:aws:lambda:us-east-1"),
        function(
            "an event source mapping for a function",
            "arn:aws:lambda:us-east-1:111122223333:event-source-mapping:1",
        ),
        table("a table by its name", "orders"),
        table("tables by a wildcard", "arn:aws:dynamodb:us-east-1:111122223333:table/*"),
        table("an index of a table", "arn:aws:dynamodb:us-east-1:111122223333:table/orders/index/by-day"),
        in_basic(
            "resources without values",
            &json!({"dataResources": [{"type": "AWS::S3::Object"}]}),
            VALUES,
            "Required value",
        ),
        values("an empty list of buckets", json!([]), VALUES, "should have at least 1 items"),
        values("an empty bucket", json!([""]), VALUES, "should be at least 1 chars long"),
        values("251 buckets", json!(many), VALUES, "must have at most 250 items"),
        values(
            "a value of 1201 characters",
            json!([format!("arn:aws:s3:::b/{}", "k".repeat(1186))]),
            VALUES,
            "may not be more than 1200 bytes",
        ),
    ]
}

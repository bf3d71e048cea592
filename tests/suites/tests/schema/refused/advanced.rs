//! Bad EventSelectors: the advanced form.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::{Row, row};

pub fn rows() -> Vec<Row> {
    [categories(), data(), network(), fields(), values()].into_iter().flatten().collect()
}

fn spec(what: &'static str, spec: &Value, at: &'static str, says: &'static str) -> Row {
    row("EventSelector", what, json!({"spec": spec}), at, says)
}

const SELECTOR: &str = "spec.advanced[0]";
const FIELDS: &str = "spec.advanced[0].fieldSelectors";

/// One selector of these fields.
fn of(what: &'static str, fields: &[Value], at: &'static str, says: &'static str) -> Row {
    spec(what, &json!({"advanced": [{"fieldSelectors": fields}]}), at, says)
}

fn is(field: &str, equals: &[&str]) -> Value {
    json!({"field": field, "equals": equals})
}

fn categories() -> Vec<Row> {
    const CATEGORY: &str = "each selector needs the field 'eventCategory' with exactly one value in `equals`: Data or NetworkActivity";
    const MANAGEMENT: &str = "management events belong to the Trail: remove this selector, and say in `managementEvents` of the Trail";
    const ALONE: &str =
        "'eventCategory', 'readOnly', 'resources.type' and 'errorCode' can only have `equals`";
    let kind = is("resources.type", &["AWS::S3::Object"]);
    let category = |what, category: Value, at, says| of(what, &[category, kind.clone()], at, says);
    vec![
        of("no category", from_ref(&kind), SELECTOR, CATEGORY),
        category("an unknown category", is("eventCategory", &["data"]), SELECTOR, CATEGORY),
        category("a category of event data stores", is("eventCategory", &["Insight"]), SELECTOR, CATEGORY),
        category("two categories", is("eventCategory", &["Data", "NetworkActivity"]), SELECTOR, CATEGORY),
        category(
            "every category but one",
            json!({"field": "eventCategory", "notEquals": ["Management"]}),
            "spec.advanced[0].fieldSelectors[0]",
            ALONE,
        ),
        category(
            "the beginning of a category",
            json!({"field": "eventCategory", "equals": ["Data"], "startsWith": ["Da"]}),
            "spec.advanced[0].fieldSelectors[0]",
            ALONE,
        ),
        of("management events", &[is("eventCategory", &["Management"])], SELECTOR, MANAGEMENT),
        category(
            "management events among others",
            is("eventCategory", &["Data", "Management"]),
            SELECTOR,
            MANAGEMENT,
        ),
        spec(
            "management events in the second selector",
            &json!({"advanced": [
                {"fieldSelectors": [is("eventCategory", &["Data"]), kind]},
                {"fieldSelectors": [is("eventCategory", &["Management"])]},
            ]}),
            "spec.advanced[1]",
            MANAGEMENT,
        ),
    ]
}

fn data() -> Vec<Row> {
    const NEEDED: &str = "data events need the field 'resources.type' with the type of resource";
    const TYPE: &str =
        "'resources.type' must have exactly one value in `equals`, in the form 'AWS::S3::Object'";
    const ELSEWHERE: &str = "'errorCode' and 'vpcEndpointId' are fields of network activity events only";
    const AT_TYPE: &str = "spec.advanced[0].fieldSelectors[1]";
    let category = || is("eventCategory", &["Data"]);
    let of_types = |what, types: &[&str]| of(what, &[category(), is("resources.type", types)], AT_TYPE, TYPE);
    let with = |what, field: Value| {
        of(what, &[category(), is("resources.type", &["AWS::S3::Object"]), field], SELECTOR, ELSEWHERE)
    };
    vec![
        of("data events of no type", &[category()], SELECTOR, NEEDED),
        of_types("data events of two types", &["AWS::S3::Object", "AWS::SNS::Topic"]),
        of_types("data events of a service", &["AWS::S3"]),
        of_types("data events of a service by its name", &["s3"]),
        of_types("data events of a type in four parts", &["AWS::S3::Object::Version"]),
        of_types("data events of a type by a wildcard", &["AWS::S3::*"]),
        of(
            "data events of every type but one",
            &[category(), json!({"field": "resources.type", "notEquals": ["AWS::S3::Object"]})],
            AT_TYPE,
            "can only have `equals`: remove the other operators",
        ),
        with("an error code of data events", is("errorCode", &["VpceAccessDenied"])),
        with("an endpoint of data events", json!({"field": "vpcEndpointId", "startsWith": ["vpce-"]})),
    ]
}

fn network() -> Vec<Row> {
    const SOURCE: &str = "network activity events need the field 'eventSource' with exactly one service in `equals` and no other";
    const OTHERS: &str = "network activity events have neither 'readOnly' nor fields of resources";
    let category = || is("eventCategory", &["NetworkActivity"]);
    let source = || is("eventSource", &["kms.amazonaws.com"]);
    let from = |what, field: Value| of(what, &[category(), field], SELECTOR, SOURCE);
    let with = |what, field: Value| of(what, &[category(), source(), field], SELECTOR, OTHERS);
    vec![
        of("network activity of no service", &[category()], SELECTOR, SOURCE),
        from(
            "network activity of two services",
            is("eventSource", &["kms.amazonaws.com", "s3.amazonaws.com"]),
        ),
        from("network activity of a service by its short name", is("eventSource", &["kms"])),
        from("network activity of any service", is("eventSource", &["*.amazonaws.com"])),
        from(
            "network activity of all services but one",
            json!({"field": "eventSource", "notEquals": ["kms.amazonaws.com"]}),
        ),
        from(
            "network activity of a service and of others",
            json!({"field": "eventSource", "equals": ["kms.amazonaws.com"], "startsWith": ["s3"]}),
        ),
        with("network activity that reads", is("readOnly", &["true"])),
        with("network activity by type", is("resources.type", &["AWS::S3::Object"])),
        with("network activity by ARN", json!({"field": "resources.ARN", "startsWith": ["arn:aws:s3:::b/"]})),
        of(
            "network activity with another error code",
            &[category(), source(), is("errorCode", &["AccessDenied"])],
            "spec.advanced[0].fieldSelectors[2]",
            "'errorCode' can only have the value 'VpceAccessDenied'",
        ),
        of(
            "network activity with two error codes",
            &[category(), source(), is("errorCode", &["VpceAccessDenied", "AccessDenied"])],
            "spec.advanced[0].fieldSelectors[2]",
            "'errorCode' can only have the value 'VpceAccessDenied'",
        ),
    ]
}

/// Data events of S3, and one field more.
fn with(what: &'static str, field: Value, at: &'static str, says: &'static str) -> Row {
    of(what, &[is("eventCategory", &["Data"]), is("resources.type", &["AWS::S3::Object"]), field], at, says)
}

fn fields() -> Vec<Row> {
    const THIRD: &str = "spec.advanced[0].fieldSelectors[2]";
    const NAME: &str = "spec.advanced[0].fieldSelectors[2].field";
    const NAMES: &str = "must be the name of a field such as 'eventName': letters, digits, '_' and '.'";
    const READ_ONLY: &str =
        "'readOnly' must have exactly one value in `equals`, 'true' or 'false', in quotes";
    let named = |what, name: &str, says| with(what, is(name, &["x"]), NAME, says);
    let read_only = |what, values: &[&str]| with(what, is("readOnly", values), THIRD, READ_ONLY);
    let many: Vec<_> = (0..17).map(|n| is(&format!("field{n}"), &["x"])).collect();
    let selectors = |what, count: usize, says| {
        let selector = json!({"fieldSelectors": [is("eventCategory", &["Data"]), is("resources.type", &["AWS::S3::Object"])]});
        spec(what, &json!({"advanced": vec![selector; count]}), "spec.advanced", says)
    };
    vec![
        selectors("no selector in the list", 0, "should have at least 1 items"),
        selectors("65 selectors", 65, "must have at most 64 items"),
        spec(
            "a selector with a name of 1001 characters",
            &json!({"advanced": [{"name": "n".repeat(1001), "fieldSelectors": []}]}),
            "spec.advanced[0].name",
            "may not be more than 1000 bytes",
        ),
        spec("a selector without fields", &json!({"advanced": [{"name": "n"}]}), FIELDS, "Required value"),
        of("an empty list of fields", &[], FIELDS, "should have at least 1 items"),
        of("17 fields", &many, FIELDS, "must have at most 16 items"),
        with("a field without its name", json!({"equals": ["x"]}), NAME, "Required value"),
        named("a field with an empty name", "", "should be at least 1 chars long"),
        named("a field with a blank", "event name", NAMES),
        named("a field with a dash", "event-name", NAMES),
        named("a field with an index", "resources[0].ARN", NAMES),
        named("a field with a name of 1001 characters", &"f".repeat(1001), "may not be more than 1000 bytes"),
        with(
            "a field twice",
            is("resources.type", &["AWS::S3::Object"]),
            SELECTOR,
            "must not have a field twice: put its operators together",
        ),
        with(
            "a field without operator",
            json!({"field": "eventName"}),
            THIRD,
            "needs an operator with values: `equals`, `startsWith`, `endsWith`, `notEquals`",
        ),
        with(
            "a field with an operator that there is not",
            json!({"field": "eventName", "contains": ["Object"]}),
            "strict decoding error",
            "unknown field \"spec.advanced[0].fieldSelectors[2].contains\"",
        ),
        read_only("reads by another word", &["yes"]),
        read_only("reads in capitals", &["True"]),
        read_only("reads and writes", &["true", "false"]),
        with(
            "reads without quotes",
            json!({"field": "readOnly", "equals": [true]}),
            "spec.advanced[0].fieldSelectors[2].equals",
            "must be of type string",
        ),
        with(
            "no reads",
            json!({"field": "readOnly", "notEquals": ["true"]}),
            THIRD,
            "can only have `equals`: remove the other operators",
        ),
    ]
}

fn values() -> Vec<Row> {
    const WHOLE: &str = "'resources.ARN' must have whole ARNs in `equals` and `notEquals`";
    const TOTAL: &str = "must not have more than 500 values in all, category and type included";
    let arn = |what, operator: &str| {
        let field = json!({"field": "resources.ARN", operator: ["arn:aws:s3:::a/b", "payments/"]});
        with(what, field, "spec.advanced[0].fieldSelectors[2]", WHOLE)
    };
    let names = |count: usize| (0..count).map(|n| format!("Event{n}")).collect::<Vec<_>>();
    let halves = json!({"field": "eventName", "startsWith": names(250), "notEndsWith": names(249)});
    let rows = [
        with(
            "501 values with category and type",
            json!({"field": "eventName", "equals": names(499)}),
            "spec.advanced",
            TOTAL,
        ),
        with("501 values by two operators", halves, "spec.advanced", TOTAL),
        arn("an object by its name", "equals"),
        arn("all objects but one by its name", "notEquals"),
    ];
    rows.into_iter().chain(OPERATORS.into_iter().flat_map(|(operator, at)| limits(operator, at))).collect()
}

/// Each operator, and where its values are.
const OPERATORS: [(&str, &str); 6] = [
    ("equals", "spec.advanced[0].fieldSelectors[2].equals"),
    ("startsWith", "spec.advanced[0].fieldSelectors[2].startsWith"),
    ("endsWith", "spec.advanced[0].fieldSelectors[2].endsWith"),
    ("notEquals", "spec.advanced[0].fieldSelectors[2].notEquals"),
    ("notStartsWith", "spec.advanced[0].fieldSelectors[2].notStartsWith"),
    ("notEndsWith", "spec.advanced[0].fieldSelectors[2].notEndsWith"),
];

fn limits(operator: &str, at: &'static str) -> [Row; 4] {
    let values =
        |what, values: Value, says| with(what, json!({"field": "eventName", operator: values}), at, says);
    [
        values("an operator without values", json!([]), "should have at least 1 items"),
        values("an empty value", json!([""]), "should be at least 1 chars long"),
        values("501 values of an operator", json!(vec!["x"; 501]), "must have at most 500 items"),
        values("a value of 2049 characters", json!(["x".repeat(2049)]), "may not be more than 2048 bytes"),
    ]
}

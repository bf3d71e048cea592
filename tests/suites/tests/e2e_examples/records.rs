//! What the trail of an EventSelector of an example records then, and what it does not: real events, which the lab
//! judges by the selectors it was given.
//!
//! Knows: events that each example is about. Must not know: selectors.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use test_suites::stage::Stage;

/// Events that are to be recorded, and their neighbours that are not, by no EventSelector of the example.
struct Events {
    recorded: Vec<Value>,
    lost: Vec<Value>,
}

pub(crate) fn check(stage: &Stage, name: &str, trail: &Value) -> Result<()> {
    let Events { recorded, lost } = events(name)?;
    for (events, wanted) in [(recorded, true), (lost, false)] {
        for event in events {
            let is = is_recorded(stage, trail, &event)?;
            ensure!(is == wanted, "EventSelector {name}: is recorded: {is}, wanted: {wanted}: {event}");
        }
    }
    Ok(())
}

fn events(name: &str) -> Result<Events> {
    Ok(match name {
        "s3-bucket-writes" => Events {
            recorded: vec![object("PutObject", "my-payments/2026/1.json")],
            lost: vec![
                object("GetObject", "my-payments/2026/1.json"),
                object("PutObject", "my-payments-2/1.json"),
            ],
        },
        "s3-all-buckets" => Events {
            recorded: vec![object("DeleteObject", "anything/else")],
            lost: vec![
                object("PutObject", "anything/else"),
                object("DeleteObject", "trail-operator-event-selectors-111122223333/AWSLogs/1.json.gz"),
            ],
        },
        "lambda" => Events { recorded: vec![invocation("checkout")], lost: vec![invocation("checkout-2")] },
        "dynamodb" => Events {
            recorded: vec![item("PutItem", "orders")],
            lost: vec![item("GetItem", "orders"), item("PutItem", "orders-2")],
        },
        "network-activity" => Events {
            recorded: vec![call("kms", Some("VpceAccessDenied")), call("s3", Some("VpceAccessDenied"))],
            lost: vec![call("kms", None), call("sns", Some("VpceAccessDenied"))],
        },
        "invoices" => Events {
            recorded: vec![object("GetObject", "my-shop/invoices/1.pdf")],
            lost: vec![object("GetObject", "my-shop/offers/1.pdf")],
        },
        "orders" => Events {
            recorded: vec![
                object("GetObject", "example-orders/1.json"),
                object("PutObject", "example-orders/1.json"),
            ],
            lost: vec![object("PutObject", "example-orders-2/1.json")],
        },
        "sensitive-bucket" => Events {
            recorded: vec![
                object("GetObject", "sensitive-bucket/1"),
                object("PutObject", "sensitive-bucket/1"),
            ],
            lost: vec![object("PutObject", "another-bucket/1")],
        },
        "all-functions" => {
            Events { recorded: vec![invocation("any")], lost: vec![item("PutItem", "orders")] }
        }
        other => bail!("say here which events EventSelector {other} is about"),
    })
}

fn is_recorded(stage: &Stage, trail: &Value, event: &Value) -> Result<bool> {
    let status = &trail["status"];
    let now = json!({
        "trail": status["arn"], "account": status["accountId"], "region": status["homeRegion"],
        "hours": 0, "events": [event],
    });
    let delivered = stage.lab.deliver(now)?;
    let lost = delivered["notSelected"].as_u64().with_context(|| delivered.to_string())?;
    ensure!(lost <= 1, "one event was given, and {lost} not selected");
    Ok(lost == 0)
}

fn object(name: &str, path: &str) -> Value {
    data("s3", name, "AWS::S3::Object", &format!("arn:aws:s3:::{path}"))
}

fn invocation(function: &str) -> Value {
    let arn = format!("arn:aws:lambda:us-east-1:111122223333:function:{function}");
    data("lambda", "Invoke", "AWS::Lambda::Function", &arn)
}

fn item(name: &str, table: &str) -> Value {
    let arn = format!("arn:aws:dynamodb:us-east-1:111122223333:table/{table}");
    data("dynamodb", name, "AWS::DynamoDB::Table", &arn)
}

fn data(service: &str, name: &str, type_: &str, arn: &str) -> Value {
    json!({
        "eventCategory": "Data", "eventSource": format!("{service}.amazonaws.com"), "eventName": name,
        "readOnly": name.starts_with("Get"), "resources": [{"type": type_, "ARN": arn}],
    })
}

fn call(service: &str, error: Option<&str>) -> Value {
    let mut call = json!({
        "eventCategory": "NetworkActivity", "eventSource": format!("{service}.amazonaws.com"),
        "eventName": "ListAnything", "vpcEndpointId": "vpce-0123456789abcdef0",
    });
    if let Some(error) = error {
        call["errorCode"] = error.into();
    }
    call
}

//! Events of a small world, so that selectors of the same world often hit them: two accounts' worth of buckets,
//! functions and tables whose names begin alike.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::super::Record;

pub const BUCKETS: [&str; 3] = ["a", "a-2", "b"];
pub const KEYS: [&str; 4] = ["x", "x/1", "x/2.gz", "y"];
pub const FUNCTIONS: [&str; 3] = ["f", "f-2", "g"];
pub const TABLES: [&str; 3] = ["t", "t-2", "u"];
pub const SOURCES: [&str; 3] = ["kms.amazonaws.com", "rdsdata.amazonaws.com", "iam.amazonaws.com"];

/// What happened.
#[derive(Clone, Debug)]
pub struct Event {
    pub what: What,
    pub read: bool,
    /// Written by a CloudTrail that did not yet know `eventCategory`.
    pub old: bool,
}

#[derive(Clone, Debug)]
pub enum What {
    Management {
        source: &'static str,
    },
    /// On objects of one bucket; on the bucket as a whole when there are no keys.
    Objects {
        bucket: &'static str,
        keys: Vec<&'static str>,
    },
    Invocation {
        function: &'static str,
    },
    Items {
        tables: Vec<&'static str>,
    },
    /// On a table's stream, with or without naming the table as well.
    Stream {
        table: &'static str,
        names_table: bool,
    },
    Network {
        source: &'static str,
        denied: bool,
    },
    Insight,
}

pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:111122223333:function:{name}")
}

pub fn table_arn(name: &str) -> String {
    format!("arn:aws:dynamodb:us-east-1:111122223333:table/{name}")
}

pub fn event() -> impl Strategy<Value = Event> {
    let what = prop_oneof![
        2 => select(&SOURCES[..]).prop_map(|source| What::Management { source }),
        6 => (select(&BUCKETS[..]), vec(select(&KEYS[..]), 0..3)).prop_map(|(bucket, keys)| What::Objects { bucket, keys }),
        2 => select(&FUNCTIONS[..]).prop_map(|function| What::Invocation { function }),
        2 => vec(select(&TABLES[..]), 1..3).prop_map(|tables| What::Items { tables }),
        2 => (select(&TABLES[..]), any::<bool>()).prop_map(|(table, names_table)| What::Stream { table, names_table }),
        2 => (select(&SOURCES[..]), any::<bool>()).prop_map(|(source, denied)| What::Network { source, denied }),
        1 => Just(What::Insight),
    ];
    (what, any::<bool>(), any::<bool>()).prop_map(|(what, read, old)| Event { what, read, old })
}

impl Event {
    pub fn record(&self) -> Record {
        Record::from_json(&self.json()).unwrap()
    }

    pub fn json(&self) -> Value {
        let (category, source, name, resources) = match &self.what {
            What::Management { source } => ("Management", *source, "Describe", vec![]),
            What::Objects { bucket, keys } => {
                ("Data", "s3.amazonaws.com", "GetObject", objects(bucket, keys))
            }
            What::Invocation { function } => {
                let function = json!({"type": "AWS::Lambda::Function", "ARN": function_arn(function)});
                ("Data", "lambda.amazonaws.com", "Invoke", vec![function])
            }
            What::Items { tables } => {
                ("Data", "dynamodb.amazonaws.com", "GetItem", tables.iter().map(|it| table(it)).collect())
            }
            What::Stream { table: of, names_table } => {
                let label = format!("{}/stream/2026-01-01T00:00:00.000", table_arn(of));
                let mut resources = vec![json!({"type": "AWS::DynamoDB::Stream", "ARN": label})];
                resources.extend(names_table.then(|| table(of)));
                ("Data", "dynamodb.amazonaws.com", "GetRecords", resources)
            }
            What::Network { source, .. } => ("NetworkActivity", *source, "Decrypt", vec![]),
            What::Insight => ("Insight", "ec2.amazonaws.com", "RunInstances", vec![]),
        };
        let mut record = json!({
            "eventVersion": "1.11", "eventSource": source, "eventName": name, "eventType": "AwsApiCall",
            "readOnly": self.read, "resources": resources,
        });
        let selectable = matches!(category, "Management" | "Data");
        if selectable {
            record["managementEvent"] = (category == "Management").into();
        }
        if !(self.old && selectable) {
            record["eventCategory"] = category.into();
        }
        if let What::Network { denied: true, .. } = self.what {
            record["errorCode"] = "VpceAccessDenied".into();
        }
        record
    }
}

fn objects(bucket: &str, keys: &[&str]) -> Vec<Value> {
    let object =
        |key: &&str| json!({"type": "AWS::S3::Object", "ARN": format!("arn:aws:s3:::{bucket}/{key}")});
    let mut resources = keys.iter().map(object).collect::<Vec<_>>();
    if keys.is_empty() {
        resources.push(json!({"type": "AWS::S3::Object", "ARNPrefix": format!("arn:aws:s3:::{bucket}/")}));
    }
    resources.push(json!({"type": "AWS::S3::Bucket", "ARN": format!("arn:aws:s3:::{bucket}")}));
    resources
}

fn table(name: &str) -> Value {
    json!({"type": "AWS::DynamoDB::Table", "ARN": table_arn(name)})
}

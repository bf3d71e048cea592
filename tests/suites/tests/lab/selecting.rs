//! EventSelectors against the lab: what AWS takes is taken and read back without anything left to do, and what AWS
//! refuses is refused here first, in words that say what to do (`cloudtrail.md` 2.1 to 2.3).

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use trail_operator_crds::{EventSelector, EventSelectorSpec};
use trail_operator_reconcile::event_selector::form;

use crate::keeping::place::{Place, TRAIL};
use crate::keeping::{Keeper, at_once, spec};
use crate::world::{HOME, lab};

fn place() -> Result<Place> {
    static ACCOUNTS: AtomicU64 = AtomicU64::new(410_000_000_001);
    Place::new(lab(), ACCOUNTS.fetch_add(1, Ordering::Relaxed).to_string().leak())
}

fn object(spec: &str) -> Result<EventSelector> {
    let yaml = format!("{{trailRef: {{name: {TRAIL}}}, {spec}}}");
    let spec: EventSelectorSpec = serde_saphyr::from_str(&yaml).with_context(|| yaml)?;
    let mut object = EventSelector::new("added", spec);
    object.metadata.namespace = Some("security".into());
    object.metadata.generation = Some(1);
    Ok(object)
}

/// Every way of writing that `cloudtrail.md` 2.1 and 2.2 show.
const TAKEN: [&str; 26] = [
    r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::bucket/", "arn:aws:s3:::other/path"]}]}"#,
    r#"basic: {readWriteType: ReadOnly, dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::bucket/"]}]}"#,
    r#"basic: {readWriteType: WriteOnly, dataResources: [{type: "AWS::Lambda::Function", values: ["arn:aws:lambda"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::Lambda::Function", values: ["arn:aws:lambda:eu-central-1:111122223333:function:job"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::DynamoDB::Table", values: ["arn:aws:dynamodb"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::DynamoDB::Table", values: ["arn:aws:dynamodb:eu-central-1:111122223333:table/orders"]}]}"#,
    r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::bucket/"]}, {type: "AWS::Lambda::Function", values: ["arn:aws:lambda"]}, {type: "AWS::DynamoDB::Table", values: ["arn:aws:dynamodb"]}]}"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}]}]"#,
    r#"advanced: [{name: All objects but one, fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: resources.ARN, notStartsWith: ["arn:aws:s3:::logs/"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: readOnly, equals: ["false"]}, {field: resources.ARN, startsWith: ["arn:aws:s3:::bucket/"], notStartsWith: ["arn:aws:s3:::bucket/tmp/"], notEndsWith: [".tmp"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: resources.ARN, equals: ["arn:aws:s3:::bucket/key"], endsWith: [".pem"], notEquals: ["arn:aws:s3:::bucket/other.pem"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: eventName, equals: [DeleteObject, PutObject], startsWith: [Copy]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::Lambda::Function"]}, {field: resources.ARN, equals: ["arn:aws:lambda:eu-central-1:111122223333:function:job"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::DynamoDB::Table"]}, {field: readOnly, equals: ["true"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::DynamoDB::Stream"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::SNS::Topic"]}, {field: eventType, notEquals: [AwsServiceEvent]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::SQS::Queue"]}, {field: eventSource, equals: [sqs.amazonaws.com]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::KMS::Anything2026"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: userIdentity.arn, notStartsWith: ["arn:aws:sts::111122223333:assumed-role/backup/"]}]}]"#,
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: sessionCredentialFromConsole, notEquals: ["true"]}]}]"#,
    "advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [kms.amazonaws.com]}]}]",
    "advanced: [{name: Denied at endpoints, fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [s3.amazonaws.com]}, {field: errorCode, equals: [VpceAccessDenied]}]}]",
    r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [ec2.amazonaws.com]}, {field: vpcEndpointId, equals: [vpce-0123456789abcdef0]}, {field: eventName, startsWith: [Describe]}, {field: userIdentity.arn, startsWith: ["arn:aws:iam::111122223333:"]}]}]"#,
    r#"advanced: [{name: One, fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}]}, {name: Two, fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [cloudtrail.amazonaws.com]}]}]"#,
];

#[test]
fn every_way_of_selecting_is_taken_and_read_back_without_a_plan() -> Result<()> {
    at_once(&TAKEN, async |added| {
        let place = place()?;
        for management in
            ["", "managementEvents: {readWriteType: WriteOnly}", "managementEvents: {readWriteType: None}"]
        {
            let account = "guardrails: {weakening: Allow}";
            let mut keeper = Keeper::new(&place, account, spec(&place, management)?)?;
            keeper.cluster.event_selectors = vec![object(added)?];
            Box::pin(settles(&mut keeper)).await.with_context(|| format!("with '{management}'"))?;
        }
        Ok(())
    })
}

async fn settles(keeper: &mut Keeper<'_>) -> Result<()> {
    let round = keeper.round().await?;
    ensure!(round.ready().0 == "True", "Ready is {:?}", round.ready());
    let selectors = round.report.status.selectors.context("no selectors")?;
    ensure!(selectors.applied_revision.as_ref() == Some(&selectors.revision), "{selectors:?}");
    keeper.pass(SignedDuration::from_hours(1));
    let plan = keeper.plan().await?;
    ensure!(plan == <_>::default(), "more is planned: {plan:?}");
    Ok(())
}

/// The basic form of each in AWS, as somebody made it by hand, is what its EventSelector declares.
#[test]
fn the_basic_form_in_aws_is_kept_as_it_is() -> Result<()> {
    let basic: Vec<_> = TAKEN.iter().filter(|added| added.starts_with("basic")).collect();
    at_once(&basic, async |added| {
        let place = place()?;
        let mut keeper = Keeper::new(&place, "", spec(&place, "")?)?;
        ensure!(keeper.round().await?.ready().0 == "True", "the trail is not made");
        let object = object(added)?;
        let mut selector = in_aws(&serde_json::to_value(&object.spec.basic)?);
        selector["IncludeManagementEvents"] = false.into();
        let all = json!({"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []});
        let put = json!({"TrailName": TRAIL, "EventSelectors": [all, selector]});
        lab().aws("cloudtrail", "PutEventSelectors", &put, place.account(), HOME)?;
        keeper.cluster.event_selectors = vec![object];
        Box::pin(settles(&mut keeper)).await
    })
}

/// What is wrong, and the words that must be in our own refusal.
const REFUSED: [(&str, &str, &str); 33] = [
    (
        "a bucket without its slash",
        r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::bucket"]}]}"#,
        "slash",
    ),
    (
        "a bucket with a wildcard",
        r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::*"]}]}"#,
        "wildcard",
    ),
    (
        "objects with a wildcard",
        r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["arn:aws:s3:::bucket/*"]}]}"#,
        "wildcard",
    ),
    (
        "a bucket's name",
        r#"basic: {dataResources: [{type: "AWS::S3::Object", values: ["bucket/"]}]}"#,
        "arn:aws:s3",
    ),
    (
        "functions with a wildcard",
        r#"basic: {dataResources: [{type: "AWS::Lambda::Function", values: ["arn:aws:lambda:*"]}]}"#,
        "arn:aws:lambda",
    ),
    (
        "a function's name",
        r#"basic: {dataResources: [{type: "AWS::Lambda::Function", values: ["job"]}]}"#,
        "arn:aws:lambda",
    ),
    (
        "a table's name",
        r#"basic: {dataResources: [{type: "AWS::DynamoDB::Table", values: ["orders"]}]}"#,
        "arn:aws:dynamodb",
    ),
    (
        "a type of the advanced form",
        r#"basic: {dataResources: [{type: "AWS::SNS::Topic", values: ["arn:aws:sns"]}]}"#,
        "AWS::SNS::Topic",
    ),
    (
        "a type that is none",
        r#"basic: {dataResources: [{type: "S3", values: ["arn:aws:s3"]}]}"#,
        "knows only the types",
    ),
    (
        "no category",
        r#"advanced: [{fieldSelectors: [{field: resources.type, equals: ["AWS::S3::Object"]}]}]"#,
        "eventCategory",
    ),
    (
        "a category that is none",
        "advanced: [{fieldSelectors: [{field: eventCategory, equals: [Insight]}]}]",
        "Insight",
    ),
    (
        "two categories",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data, NetworkActivity]}, {field: resources.type, equals: ["AWS::S3::Object"]}]}]"#,
        "eventCategory",
    ),
    (
        "a category by its beginning",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, startsWith: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}]}]"#,
        "eventCategory",
    ),
    ("no type", "advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}]}]", "resources.type"),
    (
        "two types",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object", "AWS::Lambda::Function"]}]}]"#,
        "resources.type",
    ),
    (
        "a type in no shape",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["S3::Object"]}]}]"#,
        "S3::Object",
    ),
    (
        "every type but one",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, notEquals: ["AWS::S3::Object"]}]}]"#,
        "resources.type",
    ),
    (
        "a field twice",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: eventName, equals: [A]}, {field: eventName, startsWith: [B]}]}]"#,
        "eventName",
    ),
    (
        "a field without operators",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: eventName}]}]"#,
        "eventName",
    ),
    (
        "a name that is no field's",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: "event name", equals: [A]}]}]"#,
        "event name",
    ),
    (
        "an ARN with a wildcard",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: resources.ARN, startsWith: ["arn:aws:s3:::bucket/*"]}]}]"#,
        "startsWith",
    ),
    (
        "half an ARN",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: resources.ARN, equals: ["bucket/key"]}]}]"#,
        "ARN",
    ),
    (
        "half reads",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: readOnly, equals: ["yes"]}]}]"#,
        "readOnly",
    ),
    (
        "not reads",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: readOnly, notEquals: ["true"]}]}]"#,
        "readOnly",
    ),
    (
        "an error code of data events",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: errorCode, equals: [VpceAccessDenied]}]}]"#,
        "errorCode",
    ),
    (
        "an endpoint of data events",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: vpcEndpointId, equals: [vpce-1]}]}]"#,
        "vpcEndpointId",
    ),
    (
        "sessions that are false",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [Data]}, {field: resources.type, equals: ["AWS::S3::Object"]}, {field: sessionCredentialFromConsole, equals: ["false"]}]}]"#,
        "sessionCredentialFromConsole",
    ),
    (
        "network activity of nobody",
        "advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}]}]",
        "eventSource",
    ),
    (
        "network activity of two",
        "advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [s3.amazonaws.com, kms.amazonaws.com]}]}]",
        "eventSource",
    ),
    (
        "another error code",
        "advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [s3.amazonaws.com]}, {field: errorCode, equals: [AccessDenied]}]}]",
        "VpceAccessDenied",
    ),
    (
        "network activity that reads",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [s3.amazonaws.com]}, {field: readOnly, equals: ["true"]}]}]"#,
        "readOnly",
    ),
    (
        "network activity of a type",
        r#"advanced: [{fieldSelectors: [{field: eventCategory, equals: [NetworkActivity]}, {field: eventSource, equals: [s3.amazonaws.com]}, {field: resources.type, equals: ["AWS::S3::Object"]}]}]"#,
        "resources.type",
    ),
    (
        "management events without some service",
        "advanced: [{fieldSelectors: [{field: eventCategory, equals: [Management]}, {field: eventSource, notEquals: [ec2.amazonaws.com]}]}]",
        "ManagementEventsBelongToTrail",
    ),
];

#[test]
fn what_aws_refuses_is_refused_here_first() -> Result<()> {
    let place = place()?;
    let params = json!({"Name": TRAIL, "S3BucketName": place.buckets[0]});
    lab().aws("cloudtrail", "CreateTrail", &params, place.account(), HOME)?;
    let mut wrong = Vec::new();
    for (what, added, words) in REFUSED {
        let object = object(added)?;
        let put = match (&object.spec.basic, &object.spec.advanced) {
            (Some(basic), _) => {
                json!({"TrailName": TRAIL, "EventSelectors": [in_aws(&serde_json::to_value(basic)?)]})
            }
            (_, advanced) => json!({
                "TrailName": TRAIL, "AdvancedEventSelectors": in_aws(&serde_json::to_value(advanced)?),
            }),
        };
        match lab().aws("cloudtrail", "PutEventSelectors", &put, place.account(), HOME) {
            Ok(_) => wrong.push(format!("{what}: AWS takes it")),
            Err(error) if !format!("{error:#}").contains("InvalidEventSelectors") => {
                wrong.push(format!("{what}: AWS says {error:#}"));
            }
            Err(_) => {}
        }
        wrong.extend(
            asked_by_the_operator(object.clone())?.map(|call| format!("{what}: the operator calls {call}")),
        );
        match form(&object.spec, "security/added") {
            Ok(_) => wrong.push(format!("{what}: it is not refused here")),
            Err(told) if !told.iter().any(|told| told.contains(words)) => {
                wrong.push(format!("{what}: '{words}' is not in {told:?}"));
            }
            Err(_) => {}
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

/// What the operator would change in AWS for a Trail that is as declared but for this object.
fn asked_by_the_operator(object: EventSelector) -> Result<Option<String>> {
    let place = place()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut keeper = Keeper::new(&place, "", spec(&place, "")?)?;
        ensure!(keeper.round().await?.ready().0 == "True", "the trail is not made");
        let mark = keeper.mark()?;
        keeper.cluster.event_selectors = vec![object];
        keeper.round().await?;
        Ok(keeper.writes(mark)?.first().cloned())
    })
}

/// Members as AWS's API calls them.
fn in_aws(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let renamed = members.iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| {
                let (first, rest) = name.split_at(1);
                (format!("{}{rest}", first.to_uppercase()), in_aws(value))
            });
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        Value::Array(items) => items.iter().map(in_aws).collect(),
        other => other.clone(),
    }
}

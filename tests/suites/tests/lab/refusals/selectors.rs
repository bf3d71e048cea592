//! Event selectors, Insights, aggregation (`cloudtrail.md` 2).

use anyhow::Result;
use aws_sdk_cloudtrail::types::{
    AdvancedEventSelector, AdvancedFieldSelector, AggregationConfiguration, DataResource,
    EventCategoryAggregation, EventSelector, InsightSelector, InsightType, ReadWriteType,
    SourceEventCategory, Template,
};

use super::Table;
use crate::world::{World, open};

const TRAIL: &str = "selective";
const SELECTORS: &str = "InvalidEventSelectorsException";
const INSIGHTS: &str = "InvalidInsightSelectorsException";
const COMBINATION: &str = "InvalidParameterCombinationException";

pub async fn rows(table: &mut Table) -> Result<()> {
    let world = World::new("100000000007")?;
    world.client.create_trail().name(TRAIL).s3_bucket_name(&world.bucket).send().await?;
    lists(table, &world).await?;
    basic(table, &world).await?;
    advanced(table, &world).await?;
    counts(table, &world).await?;
    insights(table, &world).await?;
    aggregation(table, &world).await
}

async fn lists(table: &mut Table, world: &World<'_>) -> Result<()> {
    let put = || world.client.put_event_selectors().trail_name(TRAIL);
    let management = selector("Management", vec![])?;
    table.row("PutEventSelectors", "no list", SELECTORS, put().send()).await;
    let call = put().set_event_selectors(Some(Vec::new()));
    table.row("PutEventSelectors", "an empty basic list", SELECTORS, call.send()).await;
    let call = put().set_advanced_event_selectors(Some(Vec::new()));
    table.row("PutEventSelectors", "an empty advanced list", SELECTORS, call.send()).await;
    let call = put().event_selectors(EventSelector::builder().build()).advanced_event_selectors(management);
    table.row("PutEventSelectors", "both kinds", SELECTORS, call.send()).await;
    Ok(())
}

async fn basic(table: &mut Table, world: &World<'_>) -> Result<()> {
    let put = |selector| world.client.put_event_selectors().trail_name(TRAIL).event_selectors(selector);
    for (what, kind, values) in [
        ("a bucket without its slash", "AWS::S3::Object", vec!["arn:aws:s3:::bucket"]),
        ("a bucket with a wildcard", "AWS::S3::Object", vec!["arn:aws:s3:::*"]),
        ("objects with a wildcard", "AWS::S3::Object", vec!["arn:aws:s3:::bucket/*"]),
        ("a bucket's name", "AWS::S3::Object", vec!["bucket/"]),
        ("functions with a wildcard", "AWS::Lambda::Function", vec!["arn:aws:lambda:*"]),
        ("a function's name", "AWS::Lambda::Function", vec!["job"]),
        ("a table's name", "AWS::DynamoDB::Table", vec!["orders"]),
        ("a bad value beside a good one", "AWS::S3::Object", vec!["arn:aws:s3", "arn:aws:s3:::bucket"]),
        ("a type for advanced selectors only", "AWS::SNS::Topic", vec!["arn:aws:sns"]),
        ("a type that is none", "S3", vec!["arn:aws:s3"]),
        ("no values", "AWS::S3::Object", vec![]),
    ] {
        let call = put(EventSelector::builder().data_resources(resources(kind, values)).build());
        table.row("PutEventSelectors", what, SELECTORS, call.send()).await;
    }
    let call = put(EventSelector::builder().read_write_type(ReadWriteType::from("Some")).build());
    table.row("PutEventSelectors", "an unknown ReadWriteType", SELECTORS, call.send()).await;
    let call = put(EventSelector::builder().exclude_management_event_sources("ec2.amazonaws.com").build());
    table.row("PutEventSelectors", "an exclusion of ec2", SELECTORS, call.send()).await;
    Ok(())
}

fn resources<V: Into<String>>(kind: &str, values: Vec<V>) -> DataResource {
    DataResource::builder()
        .r#type(kind)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

type Field = (&'static str, &'static str, Vec<String>);

/// A field of an advanced selector with one operator.
fn is(name: &'static str, operator: &'static str, values: &[&str]) -> Field {
    (name, operator, values.iter().map(|&value| value.to_owned()).collect())
}

fn selector(category: &str, fields: Vec<Field>) -> Result<AdvancedEventSelector> {
    selector_of([is("eventCategory", "Equals", &[category])].into_iter().chain(fields))
}

fn data(fields: Vec<Field>) -> Result<AdvancedEventSelector> {
    selector_of(
        [is("eventCategory", "Equals", &["Data"]), is("resources.type", "Equals", &["AWS::S3::Object"])]
            .into_iter()
            .chain(fields),
    )
}

fn selector_of(fields: impl IntoIterator<Item = Field>) -> Result<AdvancedEventSelector> {
    let fields = fields.into_iter().map(|(name, operator, values)| {
        let (field, values) = (AdvancedFieldSelector::builder().field(name), Some(values));
        let field = match operator {
            "Equals" => field.set_equals(values),
            "StartsWith" => field.set_starts_with(values),
            "NotEquals" => field.set_not_equals(values),
            _ => field,
        };
        Ok(field.build()?)
    });
    Ok(AdvancedEventSelector::builder().set_field_selectors(Some(fields.collect::<Result<_>>()?)).build()?)
}

async fn advanced(table: &mut Table, world: &World<'_>) -> Result<()> {
    for (what, selector) in bad_advanced()? {
        let call = world.client.put_event_selectors().trail_name(TRAIL).advanced_event_selectors(selector);
        table.row("PutEventSelectors", what, SELECTORS, call.send()).await;
    }
    Ok(())
}

fn bad_advanced() -> Result<Vec<(&'static str, AdvancedEventSelector)>> {
    let source = || is("eventSource", "Equals", &["s3.amazonaws.com"]);
    let long = "x".repeat(2049);
    Ok(vec![
        ("no fields", selector_of([])?),
        ("no category", selector_of([is("readOnly", "Equals", &["true"])])?),
        ("a category for event data stores", selector("Insight", vec![])?),
        ("two categories", selector_of([is("eventCategory", "Equals", &["Management", "Data"])])?),
        ("a category by its beginning", selector_of([is("eventCategory", "StartsWith", &["Data"])])?),
        (
            "a field that management events have not",
            selector("Management", vec![is("eventName", "Equals", &["RunInstances"])])?,
        ),
        (
            "an operator that eventSource has not",
            selector("Management", vec![is("eventSource", "Equals", &["kms.amazonaws.com"])])?,
        ),
        (
            "an exclusion of ec2",
            selector("Management", vec![is("eventSource", "NotEquals", &["ec2.amazonaws.com"])])?,
        ),
        ("readOnly yes", selector("Management", vec![is("readOnly", "Equals", &["yes"])])?),
        ("readOnly not", selector("Management", vec![is("readOnly", "NotEquals", &["true"])])?),
        ("data events of no type", selector("Data", vec![])?),
        ("a type that is none", selector("Data", vec![is("resources.type", "Equals", &["S3"])])?),
        (
            "two types",
            selector("Data", vec![is("resources.type", "Equals", &["AWS::S3::Object", "AWS::SNS::Topic"])])?,
        ),
        (
            "a type by its beginning",
            selector("Data", vec![is("resources.type", "StartsWith", &["AWS::S3::"])])?,
        ),
        ("an ARN that is none", data(vec![is("resources.ARN", "Equals", &["bucket"])])?),
        ("a field of network events", data(vec![is("vpcEndpointId", "Equals", &["vpce-1"])])?),
        ("a field that is none", data(vec![is("colour", "Equals", &["red"])])?),
        ("a field with a blank", data(vec![is("event name", "Equals", &["PutObject"])])?),
        (
            "sessionCredentialFromConsole false",
            data(vec![is("sessionCredentialFromConsole", "Equals", &["false"])])?,
        ),
        ("a field without operator", data(vec![is("eventName", "none", &[])])?),
        ("an operator without values", data(vec![is("eventName", "Equals", &[])])?),
        ("an empty value", data(vec![is("eventName", "Equals", &[""])])?),
        ("a value of 2049 characters", data(vec![is("eventName", "Equals", &[&long])])?),
        ("network events of no source", selector("NetworkActivity", vec![])?),
        (
            "network events of two sources",
            selector(
                "NetworkActivity",
                vec![is("eventSource", "Equals", &["s3.amazonaws.com", "kms.amazonaws.com"])],
            )?,
        ),
        (
            "another error code",
            selector("NetworkActivity", vec![source(), is("errorCode", "Equals", &["AccessDenied"])])?,
        ),
        (
            "readOnly of network events",
            selector("NetworkActivity", vec![source(), is("readOnly", "Equals", &["true"])])?,
        ),
    ])
}

async fn counts(table: &mut Table, world: &World<'_>) -> Result<()> {
    let put = || world.client.put_event_selectors().trail_name(TRAIL);
    let call = put().set_event_selectors(Some(vec![EventSelector::builder().build(); 6]));
    table.row("PutEventSelectors", "6 basic selectors", SELECTORS, call.send()).await;
    let buckets =
        |count: usize| (0..count).map(|number| format!("arn:aws:s3:::bucket-{number}/")).collect::<Vec<_>>();
    let of = |values| EventSelector::builder().data_resources(resources("AWS::S3::Object", values)).build();
    let call = put().event_selectors(of(buckets(126))).event_selectors(of(buckets(125)));
    table.row("PutEventSelectors", "251 data resources in two selectors", SELECTORS, call.send()).await;
    put().event_selectors(of(buckets(125))).event_selectors(of(buckets(125))).send().await?;

    // Category and type are values as well.
    let names =
        |count: usize| ("eventName", "Equals", (0..count).map(|number| format!("Event{number}")).collect());
    let call = put().advanced_event_selectors(data(vec![names(499)])?);
    table.row("PutEventSelectors", "501 values", SELECTORS, call.send()).await;
    put().advanced_event_selectors(data(vec![names(498)])?).send().await?;
    let long = AdvancedEventSelector::builder().name("n".repeat(1001)).field_selectors(
        AdvancedFieldSelector::builder().field("eventCategory").equals("Management").build()?,
    );
    let call = put().advanced_event_selectors(long.build()?);
    table.row("PutEventSelectors", "a name of 1001 characters", SELECTORS, call.send()).await;
    Ok(())
}

async fn insights(table: &mut Table, world: &World<'_>) -> Result<()> {
    let client = &world.client;
    let put = |selector| client.put_insight_selectors().trail_name(TRAIL).insight_selectors(selector);
    let of = |kind: &str| InsightSelector::builder().insight_type(InsightType::from(kind));
    let rate = || of("ApiCallRateInsight");
    let call = client.get_insight_selectors().trail_name(TRAIL);
    table.row("GetInsightSelectors", "none there", "InsightNotEnabledException", call.send()).await;

    let read_only = EventSelector::builder().read_write_type(ReadWriteType::ReadOnly).build();
    client.put_event_selectors().trail_name(TRAIL).event_selectors(read_only).send().await?;
    table
        .row("PutInsightSelectors", "call rates of a read-only trail", INSIGHTS, put(rate().build()).send())
        .await;
    let data_events = rate().event_categories(SourceEventCategory::Data).build();
    table.row("PutInsightSelectors", "data events not logged", INSIGHTS, put(data_events).send()).await;
    client.put_event_selectors().trail_name(TRAIL).advanced_event_selectors(data(vec![])?).send().await?;
    let errors = of("ApiErrorRateInsight").build();
    table.row("PutInsightSelectors", "management events not logged", INSIGHTS, put(errors).send()).await;

    client
        .put_event_selectors()
        .trail_name(TRAIL)
        .event_selectors(EventSelector::builder().build())
        .send()
        .await?;
    table.row("PutInsightSelectors", "an unknown type", INSIGHTS, put(of("Strange").build()).send()).await;
    let network = rate().event_categories(SourceEventCategory::from("NetworkActivity")).build();
    table.row("PutInsightSelectors", "an unknown category", INSIGHTS, put(network).send()).await;
    let call = put(rate().build()).event_data_store("11111111-2222-3333-4444-555555555555");
    table.row("PutInsightSelectors", "an event data store as well", COMBINATION, call.send()).await;

    world.aws("s3", "DeleteBucketPolicy", &serde_json::json!({"Bucket": world.bucket}))?;
    let expected = "InsufficientS3BucketPolicyException";
    table.row("PutInsightSelectors", "no bucket policy any more", expected, put(rate().build()).send()).await;
    world.set_bucket_policy(&world.bucket, &open(&world.bucket))?;
    put(rate().build()).send().await?;
    Ok(())
}

async fn aggregation(table: &mut Table, world: &World<'_>) -> Result<()> {
    let put = |list: Vec<AggregationConfiguration>| {
        world.client.put_event_configuration().trail_name(TRAIL).set_aggregation_configurations(Some(list))
    };
    let of = |category: &str, templates: &[&str]| {
        AggregationConfiguration::builder()
            .event_category(EventCategoryAggregation::from(category))
            .set_templates(Some(templates.iter().map(|&template| Template::from(template)).collect()))
            .build()
    };
    let good = of("Data", &["API_ACTIVITY"])?;
    let call = put(vec![good.clone()]);
    table.row("PutEventConfiguration", "data events not logged", COMBINATION, call.send()).await;
    world
        .client
        .put_event_selectors()
        .trail_name(TRAIL)
        .advanced_event_selectors(data(vec![])?)
        .send()
        .await?;
    for (what, list) in [
        ("two configurations", vec![good.clone(), good.clone()]),
        ("management events", vec![of("Management", &["API_ACTIVITY"])?]),
        ("no template", vec![of("Data", &[])?]),
        ("an unknown template", vec![of("Data", &["EVERYTHING"])?]),
    ] {
        table.row("PutEventConfiguration", what, "InvalidParameterException", put(list).send()).await;
    }
    put(vec![good]).send().await?;
    Ok(())
}

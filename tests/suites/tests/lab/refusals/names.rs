//! Forms of names, ARNs and identifiers (`cloudtrail.md` 1.2).

use anyhow::Result;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};

use super::Table;
use crate::world::{HOME, World};

pub async fn rows(table: &mut Table) -> Result<()> {
    let world = World::new("100000000001")?;
    trail_names(table, &world).await;
    other_names(table, &world).await;
    trail_arns(table, &world).await;
    unknown_trails(table, &world).await;
    queries(table, &world).await
}

async fn trail_names(table: &mut Table, world: &World<'_>) {
    let long = "a".repeat(129);
    for (what, name) in [
        ("an empty name", ""),
        ("a name of two characters", "ab"),
        ("a name of 129 characters", &long),
        ("a name that begins with '-'", "-abc"),
        ("a name that begins with '.'", ".abc"),
        ("a name that ends with '_'", "abc_"),
        ("a name with '--'", "my--trail"),
        ("a name with '-_'", "my-_trail"),
        ("a name with a blank", "my trail"),
        ("a name with a slash", "my/trail"),
        ("a name with an umlaut", "träil"),
        ("a name like an IP address", "192.168.10.4"),
    ] {
        let call = world.client.create_trail().name(name).s3_bucket_name(&world.bucket);
        table.row("CreateTrail", what, "InvalidTrailNameException", call.send()).await;
    }
    let call = world.client.update_trail().name("my--trail").s3_bucket_name(&world.bucket);
    table.row("UpdateTrail", "a bad name", "InvalidTrailNameException", call.send()).await;
    let call = world.client.get_trail_status().name("my--trail");
    table.row("GetTrailStatus", "a bad name", "InvalidTrailNameException", call.send()).await;
}

async fn other_names(table: &mut Table, world: &World<'_>) {
    let create = || world.client.create_trail().name("named").s3_bucket_name(&world.bucket);
    let long = "a".repeat(64);
    for name in ["ab", &long, "Upper", "a_b", "a..b", "-ab", "10.0.0.1", "xn--x", "x-s3alias", "x--ol-s3", ""]
    {
        let (call, what) = (create().s3_bucket_name(name), format!("bucket name {name:?}"));
        table.row("CreateTrail", &what, "InvalidS3BucketNameException", call.send()).await;
    }
    let call = create().s3_key_prefix("p".repeat(201));
    table.row("CreateTrail", "a prefix of 201 characters", "InvalidS3PrefixException", call.send()).await;
    for topic in ["with blank", "arn:aws:sns:eu-central-1", "arn:aws:sqs:eu-central-1:100000000001:queue"] {
        let (call, what) = (create().sns_topic_name(topic), format!("topic {topic:?}"));
        table.row("CreateTrail", &what, "InvalidSnsTopicNameException", call.send()).await;
    }
    for key in ["my-key", "alias/", "1234", "arn:aws:s3:::bucket"] {
        let (call, what) = (create().kms_key_id(key), format!("key {key:?}"));
        table.row("CreateTrail", &what, "InvalidKmsKeyIdException", call.send()).await;
    }
}

async fn trail_arns(table: &mut Table, world: &World<'_>) {
    let World { account, client, .. } = world;
    for arn in [
        "arn:aws:cloudtrail".to_owned(),
        "arn:aws:s3:::bucket".to_owned(),
        format!("arn:aws:cloudtrail:{HOME}:12:trail/named"),
        format!("arn:aws:cloudtrail:{HOME}:{account}:eventdatastore/named"),
    ] {
        let what = format!("ARN {arn}");
        let expected = "CloudTrailARNInvalidException";
        table.row("GetTrail", &what, expected, client.get_trail().name(&arn).send()).await;
        table.row("GetTrailStatus", &what, expected, client.get_trail_status().name(&arn).send()).await;
        table
            .row("DescribeTrails", &what, expected, client.describe_trails().trail_name_list(&arn).send())
            .await;
        table.row("UpdateTrail", &what, expected, client.update_trail().name(&arn).send()).await;
        table.row("DeleteTrail", &what, expected, client.delete_trail().name(&arn).send()).await;
    }
}

async fn unknown_trails(table: &mut Table, world: &World<'_>) {
    let World { client, .. } = world;
    for name in ["nowhere".to_owned(), world.arn("nowhere")] {
        let expected = "TrailNotFoundException";
        let what = format!("unknown trail {name}");
        table.row("GetTrail", &what, expected, client.get_trail().name(&name).send()).await;
        table.row("GetTrailStatus", &what, expected, client.get_trail_status().name(&name).send()).await;
        table.row("UpdateTrail", &what, expected, client.update_trail().name(&name).send()).await;
        table.row("StartLogging", &what, expected, client.start_logging().name(&name).send()).await;
        table.row("StopLogging", &what, expected, client.stop_logging().name(&name).send()).await;
        table.row("DeleteTrail", &what, expected, client.delete_trail().name(&name).send()).await;
        let call = client.put_event_selectors().trail_name(&name);
        table.row("PutEventSelectors", &what, expected, call.send()).await;
        let call = client.get_event_selectors().trail_name(&name);
        table.row("GetEventSelectors", &what, expected, call.send()).await;
        let call = client.put_insight_selectors().trail_name(&name).set_insight_selectors(Some(Vec::new()));
        table.row("PutInsightSelectors", &what, expected, call.send()).await;
        let call = client.get_insight_selectors().trail_name(&name);
        table.row("GetInsightSelectors", &what, expected, call.send()).await;
        let call = client.put_event_configuration().trail_name(&name);
        table.row("PutEventConfiguration", &what, expected, call.send()).await;
        let call = client.get_event_configuration().trail_name(&name);
        table.row("GetEventConfiguration", &what, expected, call.send()).await;
    }
}

async fn queries(table: &mut Table, world: &World<'_>) -> Result<()> {
    let World { client, .. } = world;
    let (early, late) = (DateTime::from_secs(1_770_000_000), DateTime::from_secs(1_770_003_600));
    let call = client.list_public_keys().start_time(late).end_time(early);
    table
        .row("ListPublicKeys", "a range that ends before it begins", "InvalidTimeRangeException", call.send())
        .await;
    let call = client.lookup_events().start_time(late).end_time(early);
    table
        .row("LookupEvents", "a range that ends before it begins", "InvalidTimeRangeException", call.send())
        .await;
    let call = client.lookup_events().max_results(51);
    table.row("LookupEvents", "51 results a page", "InvalidMaxResultsException", call.send()).await;
    let call = client.lookup_events().next_token("not-handed-out");
    table.row("LookupEvents", "a token of its own", "InvalidNextTokenException", call.send()).await;
    let by = |key: &str| {
        LookupAttribute::builder().attribute_key(LookupAttributeKey::from(key)).attribute_value("x").build()
    };
    let expected = "InvalidLookupAttributesException";
    let call = client.lookup_events().lookup_attributes(by("Colour")?);
    table.row("LookupEvents", "an unknown attribute", expected, call.send()).await;
    let call = client.lookup_events().lookup_attributes(by("EventName")?).lookup_attributes(by("Username")?);
    table.row("LookupEvents", "two attributes", expected, call.send()).await;
    // CloudTrail has it; the lab has not, and says so.
    table
        .row("ListChannels", "nothing wrong", "UnknownOperationException", client.list_channels().send())
        .await;
    Ok(())
}

//! Rules between the fields of a trail, between trails, and between Regions (`cloudtrail.md` 1.2, 1.4, 1.6).

use anyhow::Result;
use aws_sdk_cloudtrail::types::EventSelector;

use super::Table;
use crate::world::{AWAY, HOME, World};

const COMBINATION: &str = "InvalidParameterCombinationException";

pub async fn rows(table: &mut Table) -> Result<()> {
    combinations(table, &World::new("100000000003")?).await?;
    room(table, &World::new("100000000004")?).await?;
    let world = World::new("100000000005")?;
    world
        .client
        .create_trail()
        .name("wide")
        .s3_bucket_name(&world.bucket)
        .is_multi_region_trail(true)
        .send()
        .await?;
    world.client.create_trail().name("narrow").s3_bucket_name(&world.bucket).send().await?;
    by_name(table, &world).await;
    by_arn(table, &world).await;
    strangers(table, &world).await
}

async fn combinations(table: &mut Table, world: &World<'_>) -> Result<()> {
    let World { client, bucket, .. } = world;
    let create = |name| client.create_trail().name(name).s3_bucket_name(bucket);
    let call = create("new").is_multi_region_trail(true).include_global_service_events(false);
    table.row("CreateTrail", "multi-Region without global events", COMBINATION, call.send()).await;
    create("wide").is_multi_region_trail(true).send().await?;
    let call = client.update_trail().name("wide").include_global_service_events(false);
    table.row("UpdateTrail", "no global events for a multi-Region trail", COMBINATION, call.send()).await;
    let call =
        client.update_trail().name("wide").include_global_service_events(false).is_multi_region_trail(false);
    table
        .row("UpdateTrail", "multi-Region and global events turned off at once", COMBINATION, call.send())
        .await;
    create("local").include_global_service_events(false).send().await?;
    let call =
        client.update_trail().name("local").is_multi_region_trail(true).include_global_service_events(false);
    table.row("UpdateTrail", "multi-Region turned on without global events", COMBINATION, call.send()).await;
    Ok(())
}

async fn room(table: &mut Table, world: &World<'_>) -> Result<()> {
    let World { client, away, bucket, .. } = world;
    client.create_trail().name("wide").s3_bucket_name(bucket).is_multi_region_trail(true).send().await?;
    let taken = "TrailAlreadyExistsException";
    let call = client.create_trail().name("wide").s3_bucket_name(bucket);
    table.row("CreateTrail", "a name that is taken", taken, call.send()).await;
    let call = away.create_trail().name("wide").s3_bucket_name(bucket);
    table.row("CreateTrail", "a name that a shadow trail has here", taken, call.send()).await;

    // A shadow counts in every Region: four more fit in each.
    for name in ["one", "two", "three", "four"] {
        client.create_trail().name(name).s3_bucket_name(bucket).send().await?;
        away.create_trail().name(name).s3_bucket_name(bucket).send().await?;
    }
    let full = "MaximumNumberOfTrailsExceededException";
    let call = client.create_trail().name("sixth").s3_bucket_name(bucket);
    table.row("CreateTrail", "a sixth trail", full, call.send()).await;
    let call = away.create_trail().name("sixth").s3_bucket_name(bucket);
    table.row("CreateTrail", "a sixth trail, shadows counted", full, call.send()).await;
    client.delete_trail().name("one").send().await?;
    let call = client.create_trail().name("second").s3_bucket_name(bucket).is_multi_region_trail(true);
    table.row("CreateTrail", "a multi-Region trail while another Region is full", full, call.send()).await;
    Ok(())
}

/// Every operation that changes a trail, from a Region that is not its home.
async fn writes(table: &mut Table, world: &World<'_>, name: &str, what: &str, expected: &str) {
    let World { away, .. } = world;
    let selector = EventSelector::builder().build();
    table.row("UpdateTrail", what, expected, away.update_trail().name(name).send()).await;
    table.row("DeleteTrail", what, expected, away.delete_trail().name(name).send()).await;
    table.row("StartLogging", what, expected, away.start_logging().name(name).send()).await;
    table.row("StopLogging", what, expected, away.stop_logging().name(name).send()).await;
    let call = away.put_event_selectors().trail_name(name).event_selectors(selector);
    table.row("PutEventSelectors", what, expected, call.send()).await;
    let call = away.put_insight_selectors().trail_name(name).set_insight_selectors(Some(Vec::new()));
    table.row("PutInsightSelectors", what, expected, call.send()).await;
    let call =
        away.put_event_configuration().trail_name(name).set_aggregation_configurations(Some(Vec::new()));
    table.row("PutEventConfiguration", what, expected, call.send()).await;
}

async fn by_name(table: &mut Table, world: &World<'_>) {
    let what = format!("the name of a multi-Region trail, from {AWAY}");
    writes(table, world, "wide", &what, "InvalidHomeRegionException").await;
    let what = format!("the name of a trail of {HOME}, from {AWAY}");
    writes(table, world, "narrow", &what, "TrailNotFoundException").await;
    for name in ["wide", "narrow"] {
        let (what, expected) =
            (format!("the name of a trail of {HOME}, from {AWAY}"), "TrailNotFoundException");
        table.row("GetTrail", &what, expected, world.away.get_trail().name(name).send()).await;
        table.row("GetTrailStatus", &what, expected, world.away.get_trail_status().name(name).send()).await;
        let call = world.away.get_event_selectors().trail_name(name);
        table.row("GetEventSelectors", &what, expected, call.send()).await;
    }
}

async fn by_arn(table: &mut Table, world: &World<'_>) {
    let (wide, narrow) = (world.arn("wide"), world.arn("narrow"));
    let what = format!("the ARN of a multi-Region trail, from {AWAY}");
    writes(table, world, &wide, &what, "InvalidHomeRegionException").await;
    let (what, expected) =
        (format!("the ARN of a trail of {HOME}, from {AWAY}"), "CloudTrailARNInvalidException");
    writes(table, world, &narrow, &what, expected).await;
    table.row("GetTrail", &what, expected, world.away.get_trail().name(&narrow).send()).await;
    table.row("GetTrailStatus", &what, expected, world.away.get_trail_status().name(&narrow).send()).await;
    let call = world.away.get_event_selectors().trail_name(&narrow);
    table.row("GetEventSelectors", &what, expected, call.send()).await;
}

async fn strangers(table: &mut Table, owner: &World<'_>) -> Result<()> {
    let World { client, .. } = World::new("100000000006")?;
    let (arn, what, expected) =
        (owner.arn("wide"), "the ARN of another account's trail", "TrailNotFoundException");
    table.row("GetTrail", what, expected, client.get_trail().name(&arn).send()).await;
    table.row("GetTrailStatus", what, expected, client.get_trail_status().name(&arn).send()).await;
    table.row("UpdateTrail", what, expected, client.update_trail().name(&arn).send()).await;
    table.row("StopLogging", what, expected, client.stop_logging().name(&arn).send()).await;
    table.row("DeleteTrail", what, expected, client.delete_trail().name(&arn).send()).await;
    Ok(())
}

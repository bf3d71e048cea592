//! What the lab does with calls it accepts (`cloudtrail.md` 1.3 to 1.5).

use anyhow::{Context as _, Result};
use aws_sdk_cloudtrail::types::{EventSelector, ReadWriteType, Tag, Trail};
use serde_json::json;

use crate::world::{AWAY, CLOUDTRAIL, HOME, World, allow, code, lab, may_write};

#[tokio::test]
async fn a_new_trail_has_the_defaults_of_the_api_and_does_not_log() -> Result<()> {
    let world = World::new("200000000001")?;
    let World { client, bucket, .. } = &world;
    client.create_trail().name("plain").s3_bucket_name(bucket).send().await?;
    let expected = Trail::builder()
        .name("plain")
        .s3_bucket_name(bucket)
        .trail_arn(world.arn("plain"))
        .home_region(HOME)
        .include_global_service_events(true)
        .recursive_logging(true)
        .is_multi_region_trail(false)
        .log_file_validation_enabled(false)
        .is_organization_trail(false)
        .has_custom_event_selectors(false)
        .has_insight_selectors(false)
        .build();
    assert_eq!(get(&world, "plain").await?, expected);

    let status = || client.get_trail_status().name("plain").send();
    let never = status().await?;
    assert_eq!(
        (never.is_logging, never.start_logging_time, never.latest_delivery_time),
        (Some(false), None, None)
    );
    client.start_logging().name("plain").send().await?;
    let started = status().await?;
    assert!(started.is_logging == Some(true) && started.start_logging_time.is_some());
    client.stop_logging().name("plain").send().await?;
    let stopped = status().await?;
    assert!(stopped.is_logging == Some(false) && stopped.stop_logging_time.is_some());
    Ok(())
}

#[tokio::test]
async fn an_update_merges_clears_with_empty_texts_and_changes_nothing_when_it_is_refused() -> Result<()> {
    let world = World::new("200000000002")?;
    let full = full_trail(&world).await?;
    let set =
        [&full.s3_key_prefix, &full.sns_topic_arn, &full.kms_key_id, &full.cloud_watch_logs_log_group_arn];
    assert!(set.iter().all(|it| it.is_some()), "{full:?}");

    let update = || world.client.update_trail().name("full");
    update().enable_log_file_validation(true).send().await?;
    let mut expected = full.clone();
    expected.log_file_validation_enabled = Some(true);
    assert_eq!(get(&world, "full").await?, expected, "what is absent is left alone");

    for refused in [
        update().enable_log_file_validation(false).s3_bucket_name("no-such-bucket"),
        update().s3_key_prefix("other").kms_key_id("alias/nobody"),
        update().cloud_watch_logs_role_arn("").s3_key_prefix("other"),
        update().is_multi_region_trail(true).include_global_service_events(false),
    ] {
        refused.send().await.unwrap_err();
        assert_eq!(get(&world, "full").await?, expected, "a refused update changes nothing");
    }

    let clear = update().s3_key_prefix("").sns_topic_name("").kms_key_id("");
    clear.cloud_watch_logs_log_group_arn("").cloud_watch_logs_role_arn("").send().await?;
    let cleared = get(&world, "full").await?;
    let left = [
        &cleared.s3_key_prefix,
        &cleared.sns_topic_arn,
        &cleared.kms_key_id,
        &cleared.cloud_watch_logs_role_arn,
    ];
    assert!(
        left.iter().all(|it| it.is_none()) && cleared.cloud_watch_logs_log_group_arn.is_none(),
        "{cleared:?}"
    );
    assert_eq!(cleared.log_file_validation_enabled, Some(true));
    Ok(())
}

/// A trail `full` that uses everything around it.
async fn full_trail(world: &World<'_>) -> Result<Trail> {
    let any = json!({});
    let key = world.key(
        HOME,
        &json!([allow("kms:GenerateDataKey*", "*", &any), allow("kms:DescribeKey", "*", &any)]),
        json!({}),
    )?;
    let topic = format!("arn:aws:sns:{HOME}:{}:audit", world.account);
    world.topic(HOME, "audit", &json!([allow("sns:Publish", &topic, &any)]))?;
    world.aws("logs", "CreateLogGroup", &json!({"logGroupName": "audit"}))?;
    let role = world.role("logs", CLOUDTRAIL, &may_write("*"))?;
    let call = world.client.create_trail().name("full").s3_bucket_name(&world.bucket).s3_key_prefix("audit");
    let call = call.sns_topic_name("audit").kms_key_id(key).cloud_watch_logs_role_arn(role);
    call.cloud_watch_logs_log_group_arn(format!("arn:aws:logs:{HOME}:{}:log-group:audit:*", world.account))
        .send()
        .await?;
    get(world, "full").await
}

async fn get(world: &World<'_>, name: &str) -> Result<Trail> {
    world.client.get_trail().name(name).send().await?.trail.context("no trail")
}

#[tokio::test]
async fn a_multi_region_trail_casts_a_shadow_that_only_its_arn_reaches() -> Result<()> {
    let world = World::new("200000000003")?;
    let World { client, away, bucket, .. } = &world;
    client.create_trail().name("wide").s3_bucket_name(bucket).is_multi_region_trail(true).send().await?;
    client.create_trail().name("narrow").s3_bucket_name(bucket).send().await?;
    client.start_logging().name("wide").send().await?;

    let shadows = away.describe_trails().send().await?.trail_list.unwrap_or_default();
    assert_eq!(shadows, [get(&world, "wide").await?], "in {AWAY}, homed in {HOME}");
    let own = away.describe_trails().include_shadow_trails(false).send().await?;
    assert!(own.trail_list().is_empty());
    let named =
        away.describe_trails().trail_name_list("wide").trail_name_list(world.arn("narrow")).send().await?;
    assert!(
        named.trail_list().is_empty(),
        "a name is of the home Region, and `narrow` is not here: {named:?}"
    );
    let by_arn = away.describe_trails().trail_name_list(world.arn("wide")).send().await?;
    assert_eq!(by_arn.trail_list(), shadows);

    assert_eq!(away.get_trail_status().name(world.arn("wide")).send().await?.is_logging, Some(true));
    let listed = away.list_trails().send().await?;
    let listed: Vec<_> = listed.trails().iter().map(|it| (it.name(), it.home_region())).collect();
    assert_eq!(
        listed,
        [(Some("narrow"), Some(HOME)), (Some("wide"), Some(HOME))],
        "ListTrails tells of all Regions"
    );
    Ok(())
}

#[tokio::test]
async fn going_multi_region_turns_global_events_on() -> Result<()> {
    let world = World::new("200000000004")?;
    let World { client, bucket, .. } = &world;
    let create = client.create_trail().name("growing").s3_bucket_name(bucket);
    create.include_global_service_events(false).send().await?;
    client.update_trail().name("growing").is_multi_region_trail(true).send().await?;
    let trail = get(&world, "growing").await?;
    assert_eq!((trail.is_multi_region_trail, trail.include_global_service_events), (Some(true), Some(true)));
    Ok(())
}

#[tokio::test]
async fn a_deleted_trail_takes_everything_with_it() -> Result<()> {
    let world = World::new("200000000005")?;
    let World { client, bucket, .. } = &world;
    let create = || client.create_trail().name("mortal").s3_bucket_name(bucket);
    let tags = || client.list_tags().resource_id_list(world.arn("mortal")).send();
    create().tags_list(Tag::builder().key("team").value("audit").build()?).send().await?;
    client.start_logging().name("mortal").send().await?;
    let reads = EventSelector::builder().read_write_type(ReadWriteType::ReadOnly).build();
    client.put_event_selectors().trail_name("mortal").event_selectors(reads).send().await?;
    assert_eq!(tags().await?.resource_tag_list()[0].tags_list()[0].value(), Some("audit"));

    client.delete_trail().name(world.arn("mortal")).send().await?;
    assert_eq!(code(&tags().await.unwrap_err()), "ResourceNotFoundException");
    create().send().await?;
    assert!(tags().await?.resource_tag_list()[0].tags_list().is_empty());
    let status = client.get_trail_status().name("mortal").send().await?;
    assert_eq!((status.is_logging, status.start_logging_time), (Some(false), None));
    assert_eq!(get(&world, "mortal").await?.has_custom_event_selectors, Some(false));
    Ok(())
}

#[tokio::test]
async fn accounts_do_not_see_each_other() -> Result<()> {
    let (one, other) = (World::new("200000000006")?, World::new("200000000007")?);
    for world in [&one, &other] {
        let call = world.client.create_trail().name("same").s3_bucket_name(&world.bucket);
        call.is_multi_region_trail(true).send().await?;
    }
    one.client.start_logging().name("same").send().await?;
    for (world, logs) in [(&one, true), (&other, false)] {
        let seen = world.client.describe_trails().send().await?.trail_list.unwrap_or_default();
        assert_eq!(seen, [get(world, "same").await?]);
        assert_eq!(seen[0].trail_arn(), Some(world.arn("same").as_str()));
        assert_eq!(world.client.get_trail_status().name("same").send().await?.is_logging, Some(logs));
    }
    // Buckets are the world's: one that lets this account's trail in serves another account as well.
    let call = other.client.update_trail().name("same").s3_bucket_name(&one.bucket);
    call.send().await?;
    other.client.delete_trail().name("same").send().await?;
    assert!(get(&one, "same").await.is_ok());
    let trails = lab().trails()?;
    assert!(
        trails.to_string().contains(&one.arn("same")) && !trails.to_string().contains(&other.arn("same"))
    );
    Ok(())
}

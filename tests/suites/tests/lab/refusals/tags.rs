//! Tags of trails (`cloudtrail.md` 1.3, 1.6, 1.7).

use anyhow::Result;
use aws_sdk_cloudtrail::types::Tag;

use super::Table;
use crate::world::{AWAY, HOME, World};

pub async fn rows(table: &mut Table) -> Result<()> {
    let world = World::new("100000000008")?;
    world.client.create_trail().name("tagged").s3_bucket_name(&world.bucket).send().await?;
    forms(table, &world).await?;
    limits(table, &world).await?;
    resources(table, &world).await
}

fn tag(key: impl Into<String>, value: &str) -> Result<Tag> {
    Ok(Tag::builder().key(key).value(value).build()?)
}

fn many(count: usize) -> Result<Vec<Tag>> {
    (0..count).map(|number| tag(format!("key-{number}"), "value")).collect()
}

async fn forms(table: &mut Table, world: &World<'_>) -> Result<()> {
    for (what, tags) in [
        ("an empty key", vec![tag("", "x")?]),
        ("a key of 129 characters", vec![tag("k".repeat(129), "x")?]),
        ("a value of 257 characters", vec![tag("key", &"v".repeat(257))?]),
        ("a key twice", vec![tag("key", "1")?, tag("key", "2")?]),
        ("a key that AWS reserves", vec![tag("aws:key", "x")?]),
    ] {
        let expected = "InvalidTagParameterException";
        let call = world.client.create_trail().name("new").s3_bucket_name(&world.bucket);
        table.row("CreateTrail", what, expected, call.set_tags_list(Some(tags.clone())).send()).await;
        let call = world.client.add_tags().resource_id(world.arn("tagged")).set_tags_list(Some(tags));
        table.row("AddTags", what, expected, call.send()).await;
    }
    Ok(())
}

async fn limits(table: &mut Table, world: &World<'_>) -> Result<()> {
    let expected = "TagsLimitExceededException";
    let call = world.client.create_trail().name("new").s3_bucket_name(&world.bucket);
    table.row("CreateTrail", "51 tags", expected, call.set_tags_list(Some(many(51)?)).send()).await;
    let add = || world.client.add_tags().resource_id(world.arn("tagged"));
    table.row("AddTags", "51 tags", expected, add().set_tags_list(Some(many(51)?)).send()).await;
    add().set_tags_list(Some(many(50)?)).send().await?;
    table.row("AddTags", "a tag more than 50", expected, add().tags_list(tag("one-more", "x")?).send()).await;
    // One of the 50 again is no more.
    add().tags_list(tag("key-0", "other")?).send().await?;
    Ok(())
}

async fn resources(table: &mut Table, world: &World<'_>) -> Result<()> {
    let World { account, client, away, .. } = world;
    let store =
        format!("arn:aws:cloudtrail:{HOME}:{account}:eventdatastore/11111111-2222-3333-4444-555555555555");
    let stranger = format!("arn:aws:cloudtrail:{HOME}:999999999999:trail/tagged");
    for (what, arn, expected) in [
        ("a trail's name", "tagged".to_owned(), "CloudTrailARNInvalidException"),
        ("an ARN of another service", "arn:aws:s3:::bucket".to_owned(), "CloudTrailARNInvalidException"),
        ("an ARN of another account", stranger, "CloudTrailARNInvalidException"),
        ("an ARN of another Region", world.arn_in(AWAY, "tagged"), "CloudTrailARNInvalidException"),
        ("an unknown trail", world.arn("nowhere"), "ResourceNotFoundException"),
        ("an event data store, which the lab has not", store, "ResourceTypeNotSupportedException"),
    ] {
        table.row("ListTags", what, expected, client.list_tags().resource_id_list(&arn).send()).await;
        let call = client.add_tags().resource_id(&arn).tags_list(tag("key", "x")?);
        table.row("AddTags", what, expected, call.send()).await;
        let call = client.remove_tags().resource_id(&arn).tags_list(tag("key", "x")?);
        table.row("RemoveTags", what, expected, call.send()).await;
    }
    let (what, expected) = (format!("a trail of {HOME}, from {AWAY}"), "CloudTrailARNInvalidException");
    table
        .row("ListTags", &what, expected, away.list_tags().resource_id_list(world.arn("tagged")).send())
        .await;
    Ok(())
}

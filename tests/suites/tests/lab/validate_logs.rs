//! The judge of what the lab delivers: stock `aws cloudtrail validate-logs`.

use std::process::Output;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_lab::{AwsCli, Lab};

use crate::world::{HOME, World};

#[tokio::test]
async fn validate_logs_finds_delivered_logs_valid_and_tampered_ones_not() -> Result<()> {
    // A lab of its own: its clock is turned by hours.
    let lab = Lab::start()?;
    let world = World::of(&lab, "400000000001")?;
    let World { account, client, bucket, .. } = &world;
    let create = client.create_trail().name("proved").s3_bucket_name(bucket);
    create.enable_log_file_validation(true).send().await?;
    client.start_logging().name("proved").send().await?;
    let delivered = lab.deliver(json!({
        "trail": "proved", "account": account, "region": HOME, "hours": 3, "filesPerHour": 2, "eventsPerFile": 3,
    }))?;

    let judge = Judge { aws: lab.aws_cli()?, world: &world, delivered: &delivered };
    let (whole, said) = judge.run()?;
    assert_eq!(whole.status.code(), Some(0), "{said}");
    assert!(said.contains("6/6 log files valid"), "{said}");

    let key = log_file(&lab, &world)?;
    lab.tamper(json!({"action": "modify", "bucket": bucket, "key": key}))?;
    let (tampered, said) = judge.run()?;
    assert_eq!(tampered.status.code(), Some(1), "{said}");
    assert!(said.contains("5/6 log files valid, 1/6 log files INVALID"), "{said}");
    assert!(said.contains(&format!("s3://{bucket}/{key}\tINVALID: hash value doesn't match")), "{said}");
    Ok(())
}

struct Judge<'a> {
    aws: AwsCli,
    world: &'a World<'a>,
    delivered: &'a Value,
}

impl Judge<'_> {
    fn run(&self) -> Result<(Output, String)> {
        let time = |member: &str| self.delivered[member].as_str().context("the lab delivered at no time");
        let arn = self.world.arn("proved");
        let args = ["cloudtrail", "validate-logs", "--trail-arn", &arn, "--verbose"];
        let range = ["--start-time", time("from")?, "--end-time", time("to")?];
        let output =
            self.aws.command(self.world.account, HOME, &[&args[..], &range[..]].concat()).output()?;
        let said = [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat();
        Ok((output, said))
    }
}

/// Key of one of the delivered log files.
fn log_file(lab: &Lab, world: &World<'_>) -> Result<String> {
    let folder = format!("AWSLogs/{}/CloudTrail/", world.account);
    let listed = lab.aws(
        "s3",
        "ListObjectsV2",
        &json!({"Bucket": world.bucket, "Prefix": folder}),
        world.account,
        HOME,
    )?;
    listed["Contents"][0]["Key"]
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("no log file in {listed}"))
}

//! What the cost of a trail depends on, asked of AWS: every trail of the account, and what its log group took in.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use test_lab::Lab;
use trail_operator_aws::Account;
use trail_operator_domain::cost::{InsightType, Regions, Trail};
use trail_operator_domain::selectors::Selectors;
use trail_operator_reconcile::references::ActAs;
use trail_operator_reconcile::trail::cost::Metrics;

use crate::keeping::clients;
use crate::world::{AWAY, HOME, World};

const GROUP: &str = "audit/trail";
const NOW: Duration = Duration::ZERO;

async fn account(lab: &Lab, account: &'static str) -> Result<Account> {
    let act_as = ActAs { account_id: account.to_owned(), role_arn: None, external_id: None };
    Ok(clients(lab, account)?.account(&act_as).await)
}

#[tokio::test]
async fn every_trail_of_the_account_is_seen_with_what_it_records_wherever_it_is_at_home() -> Result<()> {
    let lab = Lab::start()?;
    let world = World::of(&lab, "400000000021")?;
    let World { client, away, bucket, .. } = &world;
    client.create_trail().name("whole").s3_bucket_name(bucket).is_multi_region_trail(true).send().await?;
    client.start_logging().name("whole").send().await?;
    let insight = json!([{"InsightType": "ApiErrorRateInsight"}]);
    world.aws(
        "cloudtrail",
        "PutInsightSelectors",
        &json!({"TrailName": "whole", "InsightSelectors": insight}),
    )?;
    away.create_trail().name("away").s3_bucket_name(bucket).send().await?;
    let writes = json!([{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true}]);
    let put = json!({"TrailName": "away", "EventSelectors": writes});
    lab.aws("cloudtrail", "PutEventSelectors", &put, world.account, AWAY)?;

    let seen = account(&lab, world.account).await?.trails(HOME, NOW).await;
    assert_eq!(seen.unseen, Vec::<String>::new());
    let find = |name: &str| -> Result<Trail> {
        let found = seen.trails.iter().find(|trail| trail.arn.ends_with(&format!("/{name}")));
        found.cloned().with_context(|| format!("no {name} in {:?}", seen.trails))
    };
    let (whole, away) = (find("whole")?, find("away")?);
    assert_eq!(seen.trails.len(), 2, "a trail that several Regions show is one");
    assert_eq!((&whole.regions, whole.logging, whole.logging_since.is_some()), (&Regions::All, true, true));
    assert_eq!(
        whole.insights.iter().map(|insight| insight.kind).collect::<Vec<_>>(),
        [InsightType::ApiErrorRate]
    );
    assert_eq!((away.home_region.as_str(), away.logging), (AWAY, false));
    ensure!(matches!(&away.selectors, Selectors::Basic(list) if list.len() == 1), "{:?}", away.selectors);
    Ok(())
}

#[tokio::test]
async fn what_may_not_be_seen_is_said() -> Result<()> {
    let lab = Lab::start()?;
    let world = World::of(&lab, "400000000022")?;
    let World { client, bucket, .. } = &world;
    client.create_trail().name("hidden").s3_bucket_name(bucket).send().await?;
    let denied = |operation: &str, region: &str| json!({"service": "cloudtrail", "operation": operation, "region": region, "code": "AccessDeniedException", "times": 50});
    lab.fault(denied("GetEventSelectors", HOME))?;
    lab.fault(denied("DescribeTrails", AWAY))?;
    let seen = account(&lab, world.account).await?.trails(HOME, NOW).await;
    let words = seen.unseen.join("; ");
    ensure!(seen.unseen.len() == 2 && words.contains(AWAY) && words.contains("trail/hidden"), "{words}");
    // The dearer answer is taken: it may record everything.
    assert_eq!(seen.trails[0].selectors, Selectors::Default);
    Ok(())
}

#[tokio::test]
async fn what_a_log_group_took_in_is_told_by_day() -> Result<()> {
    let lab = Lab::start()?;
    let world = World::of(&lab, "400000000023")?;
    let aws = |service: &str, operation: &str, params: Value| world.aws(service, operation, &params);
    aws("logs", "CreateLogGroup", json!({"logGroupName": GROUP}))?;
    aws("logs", "PutRetentionPolicy", json!({"logGroupName": GROUP, "retentionInDays": 30}))?;
    aws("logs", "CreateLogStream", json!({"logGroupName": GROUP, "logStreamName": "one"}))?;
    let midnight = Timestamp::from_second(Timestamp::now().as_second().div_euclid(86_400) * 86_400)?;
    for (day, events) in [(5, 7), (4, 24), (2, 48), (0, 1000)] {
        let time = midnight - (day * 24).hours() + 1.hours();
        lab.set_clock(&time.to_string())?;
        let events: Vec<_> = (0..events)
            .map(|_| json!({"timestamp": time.as_millisecond(), "message": "x".repeat(74)}))
            .collect();
        aws(
            "logs",
            "PutLogEvents",
            json!({"logGroupName": GROUP, "logStreamName": "one", "logEvents": events}),
        )?;
    }
    let here = account(&lab, world.account).await?.alarms(HOME);
    let volume = here.log_group_volume(GROUP, midnight + 2.hours(), NOW).await?;
    assert_eq!(volume.retention_days, Some(30));
    let days: Vec<_> = volume.days.iter().map(|day| (day.events, day.bytes)).collect();
    assert_eq!(days, [(7.0, 700.0), (24.0, 2400.0), (48.0, 4800.0)], "today is not over");
    let month = Metrics::of_days(&volume.days).context("no month")?;
    assert_eq!((month.events, month.days), (730.into(), 3));
    let error = here.log_group_volume("nobody", midnight, NOW).await.unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
    Ok(())
}

//! The published IAM policy, with IAM enforced: it is enough for everything a trail can be told to be, and nothing in it
//! can be left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use test_lab::Lab;
use trail_operator_aws::Objects;
use trail_operator_integrity::{Hooks, Location, Range, Request};
use trail_operator_reconcile::{
    aws::{AlarmSettings, Alarms as _, CloudTrail as _, MetricFilter, MetricFilters as _, Tags, Topics as _},
    aws_error::AwsError,
};

use crate::keeping::place::{Place, TRAIL};
use crate::keeping::state::{items, word};
use crate::keeping::{Keeper, at_once, spec};
use crate::world::{AWAY, HOME, document};

const POLICY: &str = include_str!("../../../../docs/operator-iam-policy.json");
/// The account that the published policy speaks of.
const PUBLISHED: &str = "111122223333";

const EVERYTHING: &str = "
s3: {bucketName: '{bucket0}', keyPrefix: audit}
kms: {keyId: '{alias0}'}
sns: {topicArn: '{topic0}'}
cloudWatchLogs: {logGroupName: '{group0}', roleArn: '{role0}'}
insightSelectors: [{insightType: ApiCallRateInsight, eventCategories: [Management, Data]}]
aggregation: {templates: [API_ACTIVITY]}
tags: {Team: audit}
";
const OTHERWISE: &str = "
s3: {bucketName: '{bucket1}'}
kms: {keyId: '{aliasArn1}'}
cloudWatchLogs: {logGroupName: '{group1}', roleArn: '{role1}'}
logging: Disabled
managementEvents: {readWriteType: WriteOnly}
tags: {Stage: prod}
";

/// The policy, whole or without one action.
#[derive(Clone)]
struct Policy {
    account: &'static str,
    statements: Value,
    without: Option<String>,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.without {
            None => f.write_str("the whole policy"),
            Some(action) => write!(f, "the policy without {action}"),
        }
    }
}

/// One lab in which IAM policies decide.
fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    #[expect(clippy::unwrap_used, reason = "without a lab no test has anything to say")]
    LAB.get_or_init(|| Lab::start_with(&["--auth"]).unwrap())
}

#[test]
fn the_published_policy_is_enough_and_each_action_of_it_is_needed() -> Result<()> {
    let published: Value = serde_json::from_str(POLICY)?;
    let actions = items(&published["Statement"]).flat_map(actions).collect::<BTreeSet<_>>();
    ensure!(actions.len() > 10, "the policy allows {actions:?}");
    let cases = std::iter::once(None).chain(actions.into_iter().map(Some)).zip(420_000_000_001_u64..);
    let policies = cases.map(|(without, account)| Policy::published(account.to_string().leak(), without));
    at_once(&policies.collect::<Result<Vec<_>>>()?, judge)
}

fn actions(statement: &Value) -> Vec<String> {
    match &statement["Action"] {
        Value::Array(list) => list.iter().map(word).collect(),
        one => vec![word(one)],
    }
}

impl Policy {
    fn published(account: &'static str, without: Option<String>) -> Result<Self> {
        let policy: Value = serde_json::from_str(&POLICY.replace(PUBLISHED, account))?;
        let statements = items(&policy["Statement"]).filter_map(|statement| {
            let mut statement = statement.clone();
            let left: Vec<_> =
                actions(&statement).into_iter().filter(|action| Some(action) != without.as_ref()).collect();
            statement["Action"] = json!(left);
            (!left.is_empty()).then_some(statement)
        });
        Ok(Self { account, statements: statements.collect(), without })
    }
}

async fn judge(policy: &Policy) -> Result<()> {
    let place = Place::new(lab(), policy.account)?;
    let role = role(&place, policy)?;
    let mut keeper = Keeper::new(
        &place,
        &format!("roleArn: {role}, guardrails: {{weakening: Allow}}"),
        spec(&place, EVERYTHING)?,
    )?;
    keeper.record_data_events(true)?;
    let told = live(&mut keeper).await?;
    let denied = denied(&keeper)?;
    let Some(action) = &policy.without else {
        ensure!(denied.is_empty(), "these calls were denied: {denied:?}");
        let amiss: Vec<_> = told.iter().filter(|sentence| !sentence.starts_with("True")).collect();
        ensure!(amiss.is_empty(), "{amiss:#?}");
        return Ok(());
    };
    let calls: BTreeSet<_> = calls_that_need(action).into_iter().map(str::to_owned).collect();
    ensure!(denied == calls, "{calls:?} were to be denied, and {denied:?} were: {told:?}");
    ensure!(
        told.iter().any(|sentence| sentence.contains(action.as_str())),
        "nobody is told of {action}: {told:#?}"
    );
    Ok(())
}

/// The calls that fail without the action (`cloudtrail.md` 10.4).
fn calls_that_need(action: &str) -> Vec<&str> {
    match action {
        // A trail is created with its tags, and with the role of its log group.
        "cloudtrail:AddTags" | "iam:PassRole" => vec!["CreateTrail"],
        // IAM has no action of that name. Without it there is no trail either.
        "s3:ListBucket" => vec!["HeadBucket"],
        "s3:GetLifecycleConfiguration" => vec!["GetBucketLifecycleConfiguration"],
        "kms:Decrypt" => vec!["GetObject"],
        _ => vec![action.split_once(':').map_or(action, |(_, operation)| operation)],
    }
}

/// A role that the account's root user may assume, with the policy.
fn role(place: &Place, policy: &Policy) -> Result<String> {
    let root = json!({"AWS": format!("arn:aws:iam::{}:root", policy.account)});
    let trust = document(&json!([{"Effect": "Allow", "Principal": root, "Action": "sts:AssumeRole"}]));
    let role = json!({"RoleName": "trail-operator", "AssumeRolePolicyDocument": trust});
    place.aws("iam", "CreateRole", &role)?;
    let policy = json!({"RoleName": "trail-operator", "PolicyName": "published", "PolicyDocument": document(&policy.statements)});
    place.aws("iam", "PutRolePolicy", &policy)?;
    Ok(format!("arn:aws:iam::{}:role/trail-operator", place.account()))
}

/// A trail's life: created with everything, changed in everything, looked at in all Regions, given up, deleted. What was
/// said at each stage.
async fn live(keeper: &mut Keeper<'_>) -> Result<Vec<String>> {
    let mut told = vec![round(keeper).await?];
    // What was written is read a while later, and all of it anew.
    keeper.pass(SignedDuration::from_hours(1));
    told.push(round(keeper).await?);
    let regions = keeper.account().await.list_regions(Duration::ZERO).await;
    told.push(regions.map_or_else(|error| format!("account:ListRegions: {error}"), |_| "True".into()));
    let status = keeper.account().await.cloud_trail(AWAY).get_trail_status(&keeper.place.arn()).await;
    told.push(status.map_or_else(|error| error.to_string(), |_| "True".into()));
    told.extend(validated(keeper).await?);
    told.extend(alarmed(keeper).await);

    keeper.edit(spec(keeper.place, OTHERWISE)?);
    keeper.record_data_events(false)?;
    told.push(round(keeper).await?);
    for policy in ["Retain", "Delete"] {
        let spec =
            spec(keeper.place, &format!("deletionPolicy: {policy}\nadoptionPolicy: IfUnowned\n{OTHERWISE}"))?;
        keeper.edit(spec);
        told.push(round(keeper).await?);
        told.push(keeper.delete().await?);
    }
    Ok(told)
}

/// An alarm's life: filter and alarm made, read, tagged, and deleted, and whoever hears them looked for.
async fn alarmed(keeper: &Keeper<'_>) -> Vec<String> {
    let here = keeper.account().await.alarms(HOME);
    let (group, topic) = (keeper.place.log_groups[0], &keeper.place.topics[0]);
    let arn = trail_operator_domain::arn::alarm(HOME, keeper.place.account(), "root");
    let metric = ("Audit".to_owned(), "Root".to_owned());
    let filter = MetricFilter {
        name: "root".into(),
        pattern: "{ $.userIdentity.type = Root }".into(),
        metric_namespace: metric.0.clone(),
        metric_name: metric.1.clone(),
        metric_value: "1".into(),
        ..MetricFilter::default()
    };
    let alarm = AlarmSettings {
        alarm_name: "root".into(),
        actions_enabled: true,
        alarm_actions: vec![topic.clone()],
        metric_namespace: metric.0,
        metric_name: metric.1,
        statistic: "Sum".into(),
        period_seconds: 300,
        evaluation_periods: 1,
        datapoints_to_alarm: 1,
        threshold: 1.0,
        comparison_operator: "GreaterThanOrEqualToThreshold".into(),
        treat_missing_data: "notBreaching".into(),
        ..AlarmSettings::default()
    };
    let tags = Tags::from([("Team".to_owned(), "audit".to_owned())]);
    let now = Duration::ZERO;
    let volume = here.log_group_volume(group, Timestamp::now(), now).await;
    let answers = [
        ("logs:PutMetricFilter", here.put_metric_filter(group, &filter).await),
        ("logs:DescribeMetricFilters", here.describe_metric_filters(group, now).await.map(drop)),
        ("cloudwatch:PutMetricAlarm", here.put_metric_alarm(&alarm, &Tags::new()).await),
        ("cloudwatch:DescribeAlarms", here.describe_alarms(now).await.map(drop)),
        ("cloudwatch:TagResource", here.tag_alarm(&arn, &tags).await),
        ("cloudwatch:ListTagsForResource", here.list_tags(&arn, now).await.map(drop)),
        ("cloudwatch:UntagResource", here.untag_alarm(&arn, &["Team".to_owned()]).await),
        ("sns:GetTopicAttributes", here.describe_topic(topic, now).await.map(drop)),
        ("logs:DescribeLogGroups and cloudwatch:GetMetricData", volume.map(drop)),
        ("cloudwatch:DeleteAlarms", here.delete_alarm("root").await),
        ("logs:DeleteMetricFilter", here.delete_metric_filter(group, "root").await),
    ];
    let said = |(action, answer): (&str, Result<(), AwsError>)| match answer {
        Ok(()) => "True".to_owned(),
        Err(error) => format!("{action}: {error}"),
    };
    answers.map(said).into()
}

/// What is said of what was delivered in an hour, where there is a trail.
async fn validated(keeper: &Keeper<'_>) -> Result<Vec<String>> {
    let place = keeper.place;
    if keeper.trail.status.as_ref().is_none_or(|status| status.arn.is_none()) {
        return Ok(vec![]);
    }
    let what = json!({"trail": TRAIL, "account": place.account(), "region": HOME, "hours": 1});
    let delivered = place.lab.deliver(what)?;
    // The clock is everybody's: the present time is when the last digest ends.
    let Some(last) = items(&delivered["digests"]).last() else {
        return Ok(vec!["nothing was delivered".into()]);
    };
    let now: Timestamp = word(&last["end"]).parse()?;
    let account = keeper.account().await;
    let rules = account.cloud_trail(HOME).expirations(&place.buckets[0], Some(place.account())).await;
    let rules =
        rules.map_or_else(|error| format!("s3:GetLifecycleConfiguration: {error}"), |_| "True".into());
    let trail = trail_operator_integrity::Trail::from_arn(&place.arn()).context("no ARN")?;
    let location =
        Location { bucket: place.buckets[0].clone(), prefix: Some("audit".into()), organization: None };
    let window = Range { start: now - SignedDuration::from_hours(3), end: now };
    let objects =
        Objects::new(&account, HOME, BTreeMap::from([(place.buckets[0].clone(), place.account().into())]));
    let request = Request::new(trail, location, window, now);
    let report = trail_operator_integrity::run(objects, request, Hooks::default()).await?.report;
    ensure!(
        report.chains.iter().any(|chain| chain.log_files.bytes > 0 || !report.findings.is_empty()),
        "{report:?}"
    );
    let found = report.findings.into_iter().map(|finding| format!("{}: {}", finding.reason, finding.message));
    Ok(found.chain([rules]).collect())
}

async fn round(keeper: &mut Keeper<'_>) -> Result<String> {
    let round = keeper.round().await?;
    let (status, reason, message) = round.ready();
    Ok(format!("{status} {reason}: {message}"))
}

/// Operations that IAM denied.
fn denied(keeper: &Keeper<'_>) -> Result<BTreeSet<String>> {
    let calls = keeper.calls(None)?.calls.into_iter();
    let is_denied = |code: &Value| {
        ["AccessDenied", "AccessDeniedException", "AuthorizationError", "403"].contains(&word(code).as_str())
    };
    let denied = calls.filter(|call| call.code.as_ref().is_some_and(is_denied));
    Ok(denied.map(|call| call.operation).collect())
}

//! What the pure steps promise, told by cases: here what the cases share.

mod fake;
mod filling;
mod keeping;
mod lines;
mod ringing;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{
    AlarmDeletionPolicy, AwsAccount, EventSelector, MetricAlarm, MetricAlarmStatus, OWNER_TAG, Trail,
    condition,
};

use self::fake::{Fake, now};
use super::*;
use crate::{
    aws::{AlarmDescription, MetricFilter, Topic},
    aws_error::AwsError,
    conditions,
    reason::Reason,
    references::{ActAs, Claim, Namespace, References, Unreadable},
    trail::{Actor, Allowed, Next},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const ARN: &str = "arn:aws:cloudwatch:us-east-1:111122223333:alarm:security/root-usage";
const TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:security";
const GROUP: &str = "cloudtrail";
const ACTOR: Actor<'static> = Actor { cluster_id: "cluster", read_only: false };

const ACCOUNT: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: AwsAccount
metadata: {name: default, generation: 1}
spec: {accountId: "111122223333", allowedNamespaces: {names: [security]}}
status:
  conditions:
    - {type: IdentityVerified, status: "True", reason: Verified, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
"#;

const TRAIL: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit, namespace: security, generation: 1}
spec:
  region: us-east-1
  s3: {bucketName: logs}
  cloudWatchLogs: {logGroupName: cloudtrail, roleArn: "arn:aws:iam::111122223333:role/cloudtrail-logs"}
status:
  logging: {isLogging: true, latestCloudWatchLogsDeliveryTime: "2026-01-01T00:00:00Z"}
  conditions:
    - {type: Ready, status: "True", reason: Succeeded, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
    - {type: Logging, status: "True", reason: Delivering, message: "", lastTransitionTime: "2026-01-01T00:00:00Z"}
"#;

const ALARM: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: MetricAlarm
metadata: {name: root-usage, namespace: security, generation: 1, uid: a, creationTimestamp: "2026-01-02T00:00:00Z"}
spec:
  trailRef: {name: audit}
  preset: SecurityHub/CloudWatch.1
  alarm: {alarmActions: ["arn:aws:sns:us-east-1:111122223333:security"]}
"#;

struct Cluster {
    account: AwsAccount,
    trail: Option<Trail>,
    alarms: Vec<MetricAlarm>,
}

impl References for Cluster {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable> {
        Ok((name == "default").then(|| Arc::new(self.account.clone())))
    }

    fn acting_in(&self, _act_as: &ActAs) -> Option<String> {
        Some("111122223333".into())
    }

    fn namespace(&self, _name: &str) -> Option<Namespace> {
        Some(Namespace::default())
    }

    fn trail(&self, _namespace: &str, _name: &str) -> Result<Option<Arc<Trail>>, Unreadable> {
        Ok(self.trail.clone().map(Arc::new))
    }

    fn trails_of(&self, _account: &str) -> Vec<Arc<Trail>> {
        vec![]
    }

    fn event_selectors(&self, _namespace: &str, _trail: &str) -> Vec<Arc<EventSelector>> {
        vec![]
    }

    fn metric_alarms(&self) -> Vec<Arc<MetricAlarm>> {
        self.alarms.iter().cloned().map(Arc::new).collect()
    }

    fn unreadable_event_selectors(&self) -> Vec<(String, String)> {
        vec![]
    }

    fn event_selector_deleted(&self, _namespace: &str, _trail: &str) -> Option<Duration> {
        None
    }

    fn claims(&self, _region: &str, _trail_name: &str) -> Vec<Claim> {
        vec![]
    }
}

fn cluster() -> Cluster {
    Cluster {
        account: serde_saphyr::from_str(ACCOUNT).unwrap(),
        trail: serde_saphyr::from_str(TRAIL).unwrap(),
        alarms: vec![],
    }
}

fn alarm() -> MetricAlarm {
    serde_saphyr::from_str(ALARM).unwrap()
}

fn input_of(object: &MetricAlarm) -> Input {
    input_in(object, &cluster())
}

fn input_in(object: &MetricAlarm, cluster: &Cluster) -> Input {
    dereference(object, ACTOR, cluster, NOW).unwrap()
}

/// AWS with the log group, and a topic that somebody hears.
fn aws() -> Fake {
    let fake = Fake::default();
    fake.state().filters.insert(GROUP.into(), vec![]);
    let topic = Topic { owner: "111122223333".into(), confirmed: 1, ..Topic::default() };
    fake.state().topics.insert(TOPIC.into(), topic);
    fake
}

/// Rounds until one is ready or stalled, or nothing follows at once; the object as it is then.
fn rounds(fake: &Fake, object: MetricAlarm, edit: impl Fn(Input) -> Input) -> (MetricAlarm, Report) {
    let mut object = object;
    for _ in 0..8 {
        let previous = object.status.clone().unwrap_or_default();
        let input = edit(input_of(&object));
        let (report, _) = now(reconcile(fake, &input, &previous, SignedDuration::ZERO, NOW));
        object.status = Some(report.status.clone());
        if report.next != Next::After(Duration::ZERO) && report.next != Next::Backoff {
            return (object, report);
        }
    }
    panic!("it goes on for ever: {:?}", object.status)
}

/// A settled object and its AWS.
fn settled() -> (Fake, MetricAlarm) {
    let fake = aws();
    let (object, _) = rounds(&fake, alarm(), |input| input);
    fake.state().calls.clear();
    (fake, object)
}

fn said(status: &MetricAlarmStatus, type_: &str) -> (String, String) {
    let condition = conditions::find(&status.conditions, type_).unwrap();
    (condition.status.clone(), condition.reason.clone())
}

fn is(status: &str, reason: Reason) -> (String, String) {
    (status.to_owned(), reason.as_str().to_owned())
}

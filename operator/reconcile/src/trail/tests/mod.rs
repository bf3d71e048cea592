//! What the pure steps promise, told by cases: here what the cases share.

mod adopting;
mod converging;
mod deleting;
mod dereferencing;
mod executing;
mod fake;
mod fighting;
mod guarding;
mod isolating;
mod permitting;
mod planning;
mod reporting;
mod selecting;
mod situations;
mod tagging;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{AccountRef, AwsAccount, EventSelector, OWNER_TAG, Trail, TrailStatus, condition};

use super::{finalize, *};
use crate::{
    aws::{TrailSettings, TrailStatus as AwsTrailStatus},
    aws_error::AwsError,
    conditions,
    event::{Event, EventType},
    reason::Reason,
    references::{ActAs, Claim, Namespace, References, Unreadable},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const ACCOUNT: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: AwsAccount
metadata: {name: default, generation: 1}
spec:
  accountId: "111122223333"
  allowedNamespaces: {names: [security], selector: {matchLabels: {audit: "yes"}}}
status:
  observedGeneration: 1
  conditions:
    - {type: IdentityVerified, status: "True", reason: Verified, message: "", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z"}
"#;

const TRAIL: &str = r"
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit, namespace: security, generation: 1}
spec:
  region: us-east-1
  s3: {bucketName: logs}
";

struct Cluster {
    account: Option<AwsAccount>,
    namespace: Namespace,
    acting_in: Option<&'static str>,
    claims: Vec<Claim>,
    event_selectors: Vec<EventSelector>,
    unreadable: Vec<(String, String)>,
    deleted: Option<Duration>,
}

/// Whether the definition of EventSelector is there to stay.
struct Stays(bool);

const STAY: Stays = Stays(true);

impl Surroundings for Stays {
    async fn event_selectors_stay(&self) -> bool {
        self.0
    }
}

impl References for Cluster {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable> {
        if name == "unreadable" {
            return Err(Unreadable);
        }
        let mut account = self.account.clone();
        if let Some(account) = account.as_mut().filter(|_| name == "of-another-account") {
            account.metadata.name = Some(name.into());
            account.spec.account_id = "444455556666".into();
        }
        Ok(account.filter(|account| account.metadata.name.as_deref() == Some(name)).map(Into::into))
    }

    fn acting_in(&self, _act_as: &ActAs) -> Option<String> {
        self.acting_in.map(str::to_owned)
    }

    fn namespace(&self, _name: &str) -> Option<Namespace> {
        Some(self.namespace.clone())
    }

    fn trail(&self, namespace: &str, name: &str) -> Result<Option<Arc<Trail>>, Unreadable> {
        let there = self.claims.iter().any(|claim| claim.namespace == namespace && claim.name == name);
        Ok(there.then(|| Arc::new(trail())))
    }

    fn trails_of(&self, _account: &str) -> Vec<Arc<Trail>> {
        vec![]
    }

    fn event_selectors(&self, _namespace: &str, _trail: &str) -> Vec<Arc<EventSelector>> {
        self.event_selectors.clone().into_iter().map(Arc::new).collect()
    }

    fn metric_alarms(&self) -> Vec<Arc<trail_operator_crds::MetricAlarm>> {
        vec![]
    }

    fn unreadable_event_selectors(&self) -> Vec<(String, String)> {
        self.unreadable.clone()
    }

    fn event_selector_deleted(&self, _namespace: &str, _trail: &str) -> Option<Duration> {
        self.deleted
    }

    fn claims(&self, _region: &str, _trail_name: &str) -> Vec<Claim> {
        self.claims.clone()
    }
}

fn cluster() -> Cluster {
    Cluster {
        account: serde_saphyr::from_str(ACCOUNT).unwrap(),
        namespace: Namespace::default(),
        acting_in: Some("111122223333"),
        claims: vec![],
        event_selectors: vec![],
        unreadable: vec![],
        deleted: None,
    }
}

const ACTOR: Actor<'static> = Actor { cluster_id: "cluster", read_only: false };

fn trail() -> Trail {
    serde_saphyr::from_str(TRAIL).unwrap()
}

pub(super) fn input() -> Input {
    input_of(&trail())
}

/// The input of an edited manifest.
fn edited(edit: impl FnOnce(&mut Trail)) -> Input {
    let mut trail = trail();
    edit(&mut trail);
    input_of(&trail)
}

/// Weakening is allowed, so that each test that is not about the guard is about its own subject.
fn input_of(trail: &Trail) -> Input {
    input_in(trail, &cluster())
}

/// The same, among other objects.
fn input_in(trail: &Trail, cluster: &Cluster) -> Input {
    let input = dereference(trail, ACTOR, cluster, NOW).unwrap();
    Input { weakening_allowed: Some(Allowed::ByPolicy), ..input }
}

/// AWS exactly as `input` declares it.
fn as_declared(input: &Input) -> Observed {
    let status = AwsTrailStatus {
        is_logging: true,
        start_logging_time: Some(NOW),
        latest_delivery_time: Some(NOW),
        ..AwsTrailStatus::default()
    };
    let trail = ObservedTrail {
        arn: input.arn.clone(),
        home_region: input.region.clone(),
        settings: TrailSettings { recursive_logging: Some(true), ..input.settings.clone() },
        tags: Some(input.all_tags()),
        recorded: Recorded {
            selectors: Some(input.recording.selectors.all()),
            insights: Some(input.recording.insights.clone()),
            aggregation: Some(BTreeSet::new()),
        },
        status,
    };
    let key = &input.settings.kms_key_id;
    let key_arn = (!key.is_empty()).then(|| key.clone());
    Observed { trail: Some(trail), namesake: None, key_arn, bucket: None, unread: vec![] }
}

fn changed(change: impl FnOnce(&mut ObservedTrail)) -> Observed {
    changed_from(&input(), change)
}

/// AWS as `input` declares it, but for a change.
fn changed_from(input: &Input, change: impl FnOnce(&mut ObservedTrail)) -> Observed {
    let mut observed = as_declared(input);
    change(observed.trail.as_mut().unwrap());
    observed
}

fn tags(trail: &mut ObservedTrail) -> &mut BTreeMap<String, String> {
    trail.tags.as_mut().unwrap()
}

fn operations(plan: &Plan) -> Vec<&'static str> {
    plan.changes.iter().map(Change::operation).collect()
}

/// Every field that a plan sets, and every one that it leaves, with the reason.
fn set(plan: &Plan) -> Vec<String> {
    plan.changes.iter().flat_map(Change::fields).map(|change| change.field).collect()
}

fn left(plan: &Plan) -> Vec<(&str, Reason)> {
    plan.withheld.iter().map(|withheld| (withheld.field.field.as_str(), withheld.reason)).collect()
}

fn error(code: &str) -> AwsError {
    AwsError::new("CreateTrail", code, "words of AWS")
}

fn ready(status: &TrailStatus) -> (String, String) {
    let ready = conditions::find(&status.conditions, condition::READY).unwrap();
    (ready.status.clone(), ready.reason.clone())
}

fn has(status: &TrailStatus, type_: &str) -> bool {
    conditions::find(&status.conditions, type_).is_some()
}

fn settled() -> TrailStatus {
    let input = input();
    let observed = as_declared(&input);
    let outcome = Outcome::Observed { plan: plan(&input, &observed, NOW), observed };
    report(&input, &TrailStatus::default(), &outcome, &Applied::default(), NOW).status
}

//! What the pure steps promise, told by cases: here what the cases share.

mod deleting;
mod dereferencing;
mod planning;
mod reporting;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{AccountRef, AwsAccount, OWNER_TAG, Trail, TrailStatus, condition};

use super::{finalize, *};
use crate::{
    aws::{TrailDescription, TrailSettings, TrailStatus as AwsTrailStatus},
    aws_error::AwsError,
    conditions,
    event::EventType,
    reason::Reason,
    references::{Namespace, References, Unreadable},
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
}

impl References for Cluster {
    fn aws_account(&self, name: &str) -> Result<Option<std::sync::Arc<AwsAccount>>, Unreadable> {
        let account = self.account.clone().filter(|account| account.metadata.name.as_deref() == Some(name));
        if name == "unreadable" { Err(Unreadable) } else { Ok(account.map(Into::into)) }
    }

    fn acting_in(&self, _account: &AwsAccount) -> Option<String> {
        self.acting_in.map(str::to_owned)
    }

    fn namespace(&self, _name: &str) -> Option<Namespace> {
        Some(self.namespace.clone())
    }
}

fn cluster() -> Cluster {
    Cluster {
        account: serde_saphyr::from_str(ACCOUNT).unwrap(),
        namespace: Namespace::default(),
        acting_in: Some("111122223333"),
    }
}
fn trail() -> Trail {
    serde_saphyr::from_str(TRAIL).unwrap()
}

fn input() -> Input {
    dereference(&trail(), "cluster", &cluster()).unwrap()
}

/// AWS exactly as `input` declares it.
fn as_declared(input: &Input) -> Observed {
    let description = TrailDescription {
        arn: input.arn.clone(),
        name: input.trail_name.clone(),
        home_region: input.region.clone(),
        settings: input.settings.clone(),
    };
    let tags = BTreeMap::from([(OWNER_TAG.to_owned(), input.owner.clone())]);
    let status =
        AwsTrailStatus { is_logging: true, latest_delivery_time: Some(NOW), ..AwsTrailStatus::default() };
    Observed { trail: Some(ObservedTrail { description, tags, status }), namesake: None }
}

fn changed(change: impl FnOnce(&mut ObservedTrail)) -> Observed {
    let mut observed = as_declared(&input());
    change(observed.trail.as_mut().unwrap());
    observed
}

fn operations(plan: &Plan) -> Vec<&'static str> {
    plan.changes.iter().map(Change::operation).collect()
}

fn error(code: &str) -> AwsError {
    AwsError { operation: "CreateTrail", code: code.into(), message: "words of AWS".into() }
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

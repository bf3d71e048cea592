//! A place of its own for each situation: an AWS account with a bucket, reached by a role; a namespace; an AwsAccount
//! that brings the two together. So whatever is asked can be told by whom it was asked for.
//!
//! Knows: accounts, buckets, manifests. Must not know: what is measured there.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_lab::{ACCOUNT, Lab, REGION};

use super::counting::{Counted, Mark};
use super::objects::Seen;
use super::stage::{PATIENCE, Stage};

/// Trails of one account in one Region: CloudTrail allows no more.
pub(super) const FIVE: usize = 5;

/// How long the operator waits before it looks whether AWS shows what it changed, and a little.
pub(super) const CONFIRMED: Duration = Duration::from_secs(17);

/// A place.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    /// Of the namespace and the AwsAccount.
    pub(super) name: String,
    /// Id of the AWS account.
    pub(super) account: String,
    weakening: &'static str,
}

impl Plot {
    /// Only the names. `number` makes the account's id.
    pub(super) fn new(name: &str, number: usize) -> Self {
        Self { name: name.into(), account: format!("2{number:011}"), weakening: "Refuse" }
    }

    /// The same where the record may be weakened.
    pub(super) fn unguarded(self) -> Self {
        Self { weakening: "Allow", ..self }
    }

    /// Makes the place, with its bucket, and waits until the operator has found its way there.
    pub(super) fn prepare(&self, stage: &Stage) -> Result<()> {
        self.make_role(&stage.lab)?;
        self.make_bucket(&stage.lab)?;
        self.open(stage)
    }

    /// The same without the bucket.
    pub(super) fn prepare_without_bucket(&self, stage: &Stage) -> Result<()> {
        self.make_role(&stage.lab)?;
        self.open(stage)
    }

    fn open(&self, stage: &Stage) -> Result<()> {
        stage.apply(&[self.namespace(), self.aws_account()])?;
        wait_accounts(stage, &[&self.name])
    }

    /// The role that the operator takes.
    pub(super) fn make_role(&self, lab: &Lab) -> Result<()> {
        let statement = json!({
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")},
            "Action": "sts:AssumeRole",
        });
        let trust = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let role = json!({"RoleName": "trail-operator", "AssumeRolePolicyDocument": trust});
        self.aws(lab, "iam", "CreateRole", &role).map(drop)
    }

    /// The bucket, for all trails that there may be.
    pub(super) fn make_bucket(&self, lab: &Lab) -> Result<()> {
        let names: Vec<_> = (0..FIVE).map(trail_name).collect();
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        lab.trail_bucket(&self.account, REGION, &self.bucket(), &names)
    }

    fn bucket(&self) -> String {
        format!("logs-{}", self.account)
    }

    pub(super) fn namespace(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}})
    }

    pub(super) fn aws_account(&self) -> Value {
        self.aws_account_for(&self.name)
    }

    /// The AwsAccount, for objects of another namespace.
    pub(super) fn aws_account_for(&self, namespace: &str) -> Value {
        json!({
            "apiVersion": "trail-operator.dev/v1alpha1",
            "kind": "AwsAccount",
            "metadata": {"name": self.name},
            "spec": {
                "accountId": self.account,
                "roleArn": format!("arn:aws:iam::{}:role/trail-operator", self.account),
                "allowedNamespaces": {"names": [namespace]},
                "guardrails": {"weakening": self.weakening},
            },
        })
    }

    /// The smallest manifest of a trail: a multi-Region one that is validated. `more` adds to its spec.
    pub(super) fn trail(&self, number: usize, more: &Value) -> Value {
        let mut spec = json!({
            "region": REGION,
            "accountRef": {"name": self.name},
            "s3": {"bucketName": self.bucket()},
        });
        if let (Some(spec), Some(more)) = (spec.as_object_mut(), more.as_object()) {
            spec.extend(more.clone());
        }
        json!({
            "apiVersion": "trail-operator.dev/v1alpha1",
            "kind": "Trail",
            "metadata": {"name": trail_name(number), "namespace": self.name},
            "spec": spec,
        })
    }

    /// What was seen of a trail.
    pub(super) fn seen(&self, stage: &Stage, number: usize) -> Result<Seen> {
        let key = self.key(number);
        stage.trails.look(|trails| trails.get(&key).cloned()).context("the Trail was never seen")
    }

    pub(super) fn key(&self, number: usize) -> (String, String) {
        (self.name.clone(), trail_name(number))
    }

    /// Waits until that is so of a trail.
    pub(super) fn wait<T>(
        &self,
        stage: &Stage,
        number: usize,
        what: &str,
        mut look: impl FnMut(&Seen) -> Option<T>,
    ) -> Result<T> {
        let key = self.key(number);
        let patience = PATIENCE;
        stage.trails.wait(what, patience, |trails| trails.get(&key).and_then(&mut look))
    }

    /// Waits until the first `count` trails are Ready for their present generation.
    pub(super) fn wait_ready(&self, stage: &Stage, count: usize) -> Result<()> {
        for number in 0..count {
            self.wait(stage, number, "a Trail to be Ready", Seen::ready_since)?;
        }
        Ok(())
    }

    /// Changes a trail by a merge patch.
    pub(super) fn patch(&self, stage: &Stage, number: usize, patch: &Value) -> Result<()> {
        let (name, patch) = (trail_name(number), patch.to_string());
        let args = ["patch", "trail", &name, "--namespace", &self.name, "--type", "merge", "--patch", &patch];
        stage.cluster.kubectl(&args).map(drop)
    }

    /// Asks for a look at AWS at once.
    pub(super) fn request(&self, stage: &Stage, number: usize, what: &str) -> Result<()> {
        let annotations = json!({"trail-operator.dev/reconcile-requested-at": what});
        self.patch(stage, number, &json!({"metadata": {"annotations": annotations}}))
    }

    /// Calls AWS past the operator; that is not counted.
    pub(super) fn aws(&self, lab: &Lab, service: &str, operation: &str, params: &Value) -> Result<Value> {
        lab.aws(service, operation, params, &self.account, REGION)
    }

    /// The trails that AWS has in this account, by name.
    pub(super) fn trails_in_aws(&self, stage: &Stage) -> Result<Vec<Value>> {
        let answer = self.aws(&stage.lab, "cloudtrail", "DescribeTrails", &json!({}))?;
        Ok(answer["trailList"].as_array().cloned().unwrap_or_default())
    }

    /// Whether a trail logs in AWS.
    pub(super) fn is_logging(&self, stage: &Stage, number: usize) -> Result<bool> {
        let name = json!({"Name": trail_name(number)});
        Ok(self.aws(&stage.lab, "cloudtrail", "GetTrailStatus", &name)?["IsLogging"] == true)
    }

    /// What was asked since of this account and about this namespace.
    pub(super) fn since(&self, stage: &Stage, mark: Mark) -> Result<Counted> {
        stage.since_of(mark, &self.account, &self.name)
    }
}

/// Waits until the operator has verified who it is in these accounts.
pub(super) fn wait_accounts(stage: &Stage, names: &[&str]) -> Result<()> {
    wait_for("the AwsAccounts to be Ready", PATIENCE, || {
        let found = stage.cluster.kubectl_json(&["get", "awsaccounts.trail-operator.dev"])?;
        let items = found["items"].as_array().cloned().unwrap_or_default();
        let ready =
            |name: &&&str| items.iter().any(|item| item["metadata"]["name"] == **name && is_ready(item));
        let waiting: Vec<_> = names.iter().filter(|name| !ready(name)).collect();
        ensure!(waiting.is_empty(), "{waiting:?} are not");
        Ok(())
    })
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    conditions.into_iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

/// The name of a trail, in both worlds.
pub(super) fn trail_name(number: usize) -> String {
    format!("audit-{number}")
}

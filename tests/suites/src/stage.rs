//! What an end-to-end test stands on: a cluster with the chart installed, a lab, and the operator running as the
//! chart's Deployment says.
//!
//! Knows: how these belong together. Must not know: what a test wants of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_cluster::{
    Cluster, NAMESPACE, Overrides, RELEASE, RunningOperator, install_chart, run_deployment, wait_for,
};
use test_lab::{ACCOUNT, Lab};

mod in_aws;

pub use in_aws::{OWNER_TAG, operations};

/// How long anything in these tests may take before it counts as never.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// `intervalSeconds` of most trails is 30; the rest is for the repair on a busy machine.
pub const INTERVAL: Duration = Duration::from_secs(38);

/// Where the API server has our kinds.
const API: &str = "/apis/trail-operator.dev/v1alpha1";

/// Everything that runs. Fields are dropped in this order: the operator first.
#[derive(Debug)]
pub struct Stage {
    /// The operator; unset until it is started.
    pub operator: Option<RunningOperator>,
    /// The cluster.
    pub cluster: Cluster,
    /// AWS.
    pub lab: Lab,
}

impl Stage {
    /// Cluster, lab and chart, without an operator yet. Namespace `default` and those labelled `audit: allowed` may use
    /// the account.
    pub fn without_operator() -> Result<Self> {
        let stage = Self { operator: None, cluster: Cluster::start()?, lab: Lab::start()? };
        stage.install(&[])?;
        Ok(stage)
    }

    /// Installs the chart, or upgrades it, with these values on top of those that every stage has.
    pub fn install(&self, values: &[(&str, &str)]) -> Result<()> {
        install_chart(
            &self.cluster,
            &[
                &[
                    ("aws.region", test_lab::REGION),
                    ("aws.endpointUrl", self.lab.endpoint()),
                    ("extraEnv[0].name", "AWS_ACCESS_KEY_ID"),
                    ("extraEnv[0].value", ACCOUNT),
                    ("extraEnv[1].name", "AWS_SECRET_ACCESS_KEY"),
                    ("extraEnv[1].value", "lab"),
                    ("clusterId", "stage"),
                    ("log.level", "info\\,trail_operator_aws=debug"),
                    ("defaultAccount.create", "true"),
                    ("defaultAccount.accountId", ACCOUNT),
                    ("defaultAccount.allowedNamespaces.names", "{default}"),
                    ("defaultAccount.allowedNamespaces.selector.matchLabels.audit", "allowed"),
                    // What the guard does has tests of its own, with an account of their own.
                    ("defaultAccount.guardrails.weakening", "Allow"),
                    // Calls are counted; what estimates ask has tests of its own.
                    ("cost.intervalSeconds", "0"),
                ],
                values,
            ]
            .concat(),
        )?;
        Ok(())
    }

    /// The same, with the operator running and ready.
    pub fn start() -> Result<Self> {
        let mut stage = Self::without_operator()?;
        stage.operator = Some(stage.run_operator(&Overrides::default())?);
        Ok(stage)
    }

    /// One more operator. It is ready when this returns.
    pub fn run_operator(&self, overrides: &Overrides) -> Result<RunningOperator> {
        let operator = self.spawn_operator(overrides)?;
        operator.wait_ready(PATIENCE)?;
        Ok(operator)
    }

    /// One more operator, just started.
    pub fn spawn_operator(&self, overrides: &Overrides) -> Result<RunningOperator> {
        run_deployment(&self.cluster, NAMESPACE, RELEASE, &operator_binary()?, overrides)
    }

    /// The operator.
    pub fn operator(&mut self) -> Result<&mut RunningOperator> {
        self.operator.as_mut().context("this stage has no operator")
    }

    /// A namespace that may use the account.
    pub fn namespace(&self, name: &str) -> Result<()> {
        self.cluster.kubectl(&["create", "namespace", name])?;
        self.cluster.kubectl(&["label", "namespace", name, "audit=allowed"])?;
        Ok(())
    }

    /// Applies a trail that needs nothing but its bucket, changed by `edit`.
    pub fn apply_trail(&self, at: Place<'_>, edit: impl FnOnce(&mut Value)) -> Result<()> {
        let mut trail = at.manifest();
        edit(&mut trail["spec"]);
        self.cluster.apply(&trail.to_string())?;
        Ok(())
    }

    /// Changes a trail's spec by a merge patch.
    pub fn patch_trail(&self, at: Place<'_>, spec: &Value) -> Result<()> {
        let patch = json!({"spec": spec}).to_string();
        self.cluster.kubectl(&[
            "patch",
            "trail",
            at.name,
            "-n",
            at.namespace,
            "--type",
            "merge",
            "-p",
            &patch,
        ])?;
        Ok(())
    }

    /// The Trail object. Without discovery, which is most of the work of kubectl, since tests ask often.
    pub fn trail(&self, at: Place<'_>) -> Result<Value> {
        let path = format!("namespaces/{}/trails/{}", at.namespace, at.name);
        Ok(serde_json::from_str(&self.cluster.raw(&format!("{API}/{path}"))?)?)
    }

    /// Asks for a look at AWS now; gives what the status will echo.
    pub fn ask(&self, at: Place<'_>) -> Result<String> {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        let value = format!("{}-{}", at.name, ASKED.fetch_add(1, Ordering::Relaxed));
        let annotation = format!("trail-operator.dev/reconcile-requested-at={value}");
        self.cluster.kubectl(&[
            "annotate",
            "--overwrite",
            "trail",
            at.name,
            "-n",
            at.namespace,
            &annotation,
        ])?;
        Ok(value)
    }

    /// Asks for a look at AWS and waits until it was had.
    pub fn look(&self, at: Place<'_>) -> Result<Value> {
        let asked = self.ask(at)?;
        wait_for("the look that was asked for", PATIENCE, || {
            let trail = self.trail(at)?;
            let handled = &trail["status"]["lastHandledReconcileAt"];
            ensure!(*handled == asked, "the last one was {handled}, Ready is {}", condition(&trail, "Ready"));
            Ok(trail)
        })
    }

    /// Makes an `AwsAccount`, or changes it to this spec.
    pub fn apply_account(&self, name: &str, spec: &Value) -> Result<()> {
        let account = json!({
            "apiVersion": "trail-operator.dev/v1alpha1", "kind": "AwsAccount", "metadata": {"name": name},
            "spec": spec,
        });
        self.cluster.apply(&account.to_string()).map(drop)
    }

    /// The `AwsAccount`.
    pub fn account(&self, name: &str) -> Result<Value> {
        Ok(serde_json::from_str(&self.cluster.raw(&format!("{API}/awsaccounts/{name}"))?)?)
    }

    /// Waits until a condition of an `AwsAccount` has that status and reason for its present generation.
    pub fn wait_account(&self, name: &str, type_: &str, status: &str, reason: &str) -> Result<Value> {
        wait_for(&format!("{type_} of AwsAccount {name} to be {status} {reason}"), PATIENCE, || {
            let account = self.account(name)?;
            let condition = condition(&account, type_);
            ensure!(condition["status"] == status && condition["reason"] == reason, "it is {condition}");
            ensure!(
                condition["observedGeneration"] == account["metadata"]["generation"],
                "it is {condition}"
            );
            Ok(condition)
        })
    }

    /// Waits until the trail is Ready for its present generation.
    pub fn wait_ready(&self, at: Place<'_>) -> Result<Value> {
        wait_for("the trail to be Ready", PATIENCE, || {
            let trail = self.trail(at)?;
            let ready = condition(&trail, "Ready");
            let seen = format!("Ready is {ready}");
            ensure!(ready["status"] == "True", seen);
            ensure!(ready["observedGeneration"] == trail["metadata"]["generation"], seen);
            Ok(trail)
        })
    }

    /// Makes the bucket and the smallest trail on it, and waits until it is Ready.
    pub fn ready_trail(&self, at: Place<'_>) -> Result<Value> {
        self.make_bucket(at)?;
        self.apply_trail(at, |_| {})?;
        self.wait_ready(at)
    }

    /// Waits until a condition has that status and reason.
    pub fn wait_condition(&self, at: Place<'_>, type_: &str, status: &str, reason: &str) -> Result<Value> {
        wait_for(&format!("{type_} to be {status} {reason}"), PATIENCE, || {
            let condition = condition(&self.trail(at)?, type_);
            ensure!(condition["status"] == status && condition["reason"] == reason, "it is {condition}");
            Ok(condition)
        })
    }

    /// Waits until the object is gone.
    pub fn wait_gone(&self, at: Place<'_>) -> Result<()> {
        wait_for("the trail object to be gone", PATIENCE, || {
            let names = self.cluster.kubectl(&["get", "trails", "-n", at.namespace, "-o", "name"])?;
            ensure!(!names.lines().any(|line| line.ends_with(&format!("/{}", at.name))), "there are {names}");
            Ok(())
        })
    }

    /// Deletes the object and waits until it is gone.
    pub fn delete_trail(&self, at: Place<'_>) -> Result<()> {
        self.cluster.kubectl(&["delete", "trail", at.name, "-n", at.namespace, "--wait=false"])?;
        self.wait_gone(at)
    }

    /// The events about a trail, oldest first.
    pub fn event_objects(&self, at: Place<'_>) -> Result<Vec<Value>> {
        let selector = format!("regarding.name={},regarding.kind=Trail", at.name);
        let events = self.cluster.kubectl_json(&[
            "get",
            "events.events.k8s.io",
            "-n",
            at.namespace,
            "--field-selector",
            &selector,
            "--sort-by=.metadata.creationTimestamp",
        ])?;
        Ok(events["items"].as_array().cloned().unwrap_or_default())
    }

    /// Their reasons, each as often as it was told.
    pub fn events(&self, at: Place<'_>) -> Result<Vec<String>> {
        let events = self.event_objects(at)?;
        Ok(events
            .iter()
            .flat_map(|event| {
                let times = event["series"]["count"].as_u64().unwrap_or(1);
                (0..times).map(|_| event["reason"].as_str().unwrap_or_default().to_owned())
            })
            .collect())
    }

    /// Waits for an event of that reason and gives the latest.
    pub fn wait_event(&self, at: Place<'_>, reason: &str) -> Result<Value> {
        wait_for(&format!("an event {reason}"), PATIENCE, || {
            let events = self.event_objects(at)?;
            let found = events.iter().rev().find(|event| event["reason"] == reason).cloned();
            found.with_context(|| format!("events are {events:?}"))
        })
    }
}

/// Where a test has its trail. Tests that run together use different Regions, since CloudTrail allows five trails in
/// each.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Namespace of the object.
    pub namespace: &'a str,
    /// Name of the object.
    pub name: &'a str,
    /// Home Region of the trail.
    pub region: &'a str,
}

impl Place<'_> {
    /// The smallest manifest: a trail of one Region, compared as often as is allowed.
    pub fn manifest(&self) -> Value {
        json!({
            "apiVersion": "trail-operator.dev/v1alpha1",
            "kind": "Trail",
            "metadata": {"name": self.name, "namespace": self.namespace},
            "spec": {
                "region": self.region,
                "isMultiRegionTrail": false,
                "s3": {"bucketName": self.bucket()},
                "intervalSeconds": 30,
                // Whose tests are not about it count calls.
                "validation": {"intervalSeconds": 0},
            },
        })
    }

    /// Its bucket.
    pub fn bucket(&self) -> String {
        format!("{}-{}-logs", self.namespace, self.name)
    }

    /// Its name in CloudTrail.
    pub fn trail_name(&self) -> String {
        self.name.to_owned()
    }

    /// Its ARN.
    pub fn arn(&self) -> String {
        format!("arn:aws:cloudtrail:{}:{ACCOUNT}:trail/{}", self.region, self.name)
    }
}

/// A condition of an object; `Null` when it has none of that type.
pub fn condition(object: &Value, type_: &str) -> Value {
    let conditions = object["status"]["conditions"].as_array().cloned().unwrap_or_default();
    conditions.into_iter().find(|condition| condition["type"] == type_).unwrap_or_default()
}

/// What AWS has and what is declared of each field that differs, as the status says.
pub fn drift(trail: &Value) -> BTreeMap<String, (String, String)> {
    let drift = trail["status"]["drift"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    drift.iter().map(|one| (text(&one["field"]), (text(&one["actual"]), text(&one["declared"])))).collect()
}

/// Another program of the workspace, built along with the operator.
pub fn beside_the_operator(program: &str) -> Result<PathBuf> {
    Ok(operator_binary()?.with_file_name(program))
}

/// The operator: the one that `cargo xtask test` has built, else built from what the work tree holds.
fn operator_binary() -> Result<PathBuf> {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    if let Some(path) = std::env::var_os("TRAIL_OPERATOR_BIN") {
        return Ok(path.into());
    }
    if let Some(path) = BUILT.get() {
        return Ok(path.clone());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "build",
            "--quiet",
            "--package",
            "trail-operator",
            "--package",
            "kubectl-cloudtrail",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .context("cannot run cargo")?;
    ensure!(output.status.success(), "cargo build: {}", String::from_utf8_lossy(&output.stderr));
    let path = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| message["executable"].as_str().map(PathBuf::from))
        .find(|path| path.file_stem().is_some_and(|name| name == "trail-operator"))
        .context("cargo build named no executable")?;
    Ok(BUILT.get_or_init(|| path).clone())
}

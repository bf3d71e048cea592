//! What is measured, running: the lab, a control plane with an audit log, the operator as the chart's Deployment says.
//!
//! Knows: how they are started. Must not know: what is measured.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Value, json};
use test_cluster::chart::{NAMESPACE, RELEASE};
use test_cluster::progress::Task;
use test_cluster::scratch::ScratchDir;
use test_cluster::{Cluster, Overrides, RunningOperator, install_chart, run_deployment};
use test_lab::{ACCOUNT, Lab, REGION};

use super::counting::{Counted, Mark};
use super::objects::Watch;
use super::requests::AuditLog;
use crate::{command, workspace};

/// How long anything may take before it counts as never.
pub(super) const PATIENCE: Duration = Duration::from_secs(90);

/// How many of kubectl apply many objects together.
const APPLIERS: usize = 4;

/// How the operator is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Profile {
    Dev,
    Release,
}

impl Profile {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Release => "release",
        }
    }

    /// Builds the operator, or takes the one that `TRAIL_OPERATOR_BIN` names, and gives a copy of it in `folder`: a
    /// build beside must not change what is measured.
    pub(super) fn build(self, folder: &Path) -> Result<PathBuf> {
        let built = match std::env::var_os("TRAIL_OPERATOR_BIN") {
            Some(path) => path.into(),
            None => self.build_here()?,
        };
        let copy = folder.join("trail-operator");
        fs::copy(&built, &copy).with_context(|| format!("cannot copy {}", built.display()))?;
        Ok(copy)
    }

    fn build_here(self) -> Result<PathBuf> {
        self.build_package("the operator", "trail-operator", "trail-operator")
    }

    /// Builds `package`, which people call `name`, and says where its program is.
    pub(super) fn build_package(self, name: &str, package: &str, program: &str) -> Result<PathBuf> {
        let label = format!("building {name} ({})", self.name());
        let args: &[&str] = match self {
            Self::Dev => &["build", "--package", package],
            Self::Release => &["build", "--package", package, "--release"],
        };
        command::must(&label, &mut workspace::cargo(args))?;
        let folder = workspace::target()?;
        Ok(match self {
            Self::Dev => folder.join(program),
            // Beside the folder of the profile that we were built with.
            Self::Release => folder.with_file_name("release").join(program),
        })
    }
}

/// All that runs; dropped in this order.
pub(super) struct Stage {
    pub(super) operator: RunningOperator,
    pub(super) trails: Watch,
    pub(super) cluster: Cluster,
    pub(super) lab: Lab,
    /// How the operator was built.
    pub(super) profile: Profile,
    audit: AuditLog,
    _folder: ScratchDir,
}

impl Stage {
    /// Starts it all, with `binary` as the operator, which was built like that.
    pub(super) fn start(binary: &Path, profile: Profile) -> Result<Self> {
        let task = Task::start("starting the lab, the cluster and the operator");
        let folder = ScratchDir::new()?;
        let audit = AuditLog::prepare(folder.path(), NAMESPACE)?;
        let lab = Lab::start()?;
        let cluster = Cluster::start_with(&audit.arguments())?;
        install(&cluster, &lab)?;
        let operator = run_deployment(&cluster, NAMESPACE, RELEASE, binary, &Overrides::default())?;
        operator.wait_ready(PATIENCE)?;
        let trails = Watch::start(&cluster)?;
        task.done();
        Ok(Self { operator, trails, cluster, lab, profile, audit, _folder: folder })
    }

    /// A moment to count from.
    pub(super) fn mark(&self) -> Result<Mark> {
        Mark::now(&self.lab, &self.audit)
    }

    /// What the operator has asked since, of everybody.
    pub(super) fn since(&self, mark: Mark) -> Result<Counted> {
        mark.all(&self.lab, &self.audit)
    }

    /// What it has asked since of this account and about this namespace.
    pub(super) fn since_of(&self, mark: Mark, account: &str, namespace: &str) -> Result<Counted> {
        mark.of(&self.lab, &self.audit, account, namespace)
    }

    /// Applies manifests; a warning of the API server is an error here.
    pub(super) fn apply(&self, manifests: &[Value]) -> Result<()> {
        let said = self.cluster.apply(&list(manifests))?;
        ensure!(!said.contains("Warning:"), "kubectl apply: {said}");
        Ok(())
    }

    /// The same for many, by server-side apply, which takes one request for each object instead of two, and several at a
    /// time: it is the operator that is to be waited for.
    pub(super) fn apply_many(&self, manifests: &[Value]) -> Result<()> {
        let apply = |(number, part): (usize, &[Value])| -> Result<()> {
            let file = self.cluster.folder().join(format!("many-{number}.json"));
            fs::write(&file, list(part)).context("cannot write the manifests")?;
            let file = file.display().to_string();
            self.cluster.kubectl(&["apply", "--server-side", "--filename", &file]).map(drop)
        };
        thread::scope(|scope| {
            let parts = manifests.chunks(manifests.len().div_ceil(APPLIERS).max(1)).enumerate();
            let running: Vec<_> = parts.map(|part| scope.spawn(move || apply(part))).collect();
            for thread in running {
                thread.join().map_err(|_| anyhow!("kubectl apply ended badly"))??;
            }
            Ok(())
        })
    }
}

fn list(manifests: &[Value]) -> String {
    json!({"apiVersion": "v1", "kind": "List", "items": manifests}).to_string()
}

/// No account is made by the chart: each situation has its own.
fn install(cluster: &Cluster, lab: &Lab) -> Result<()> {
    let values = [
        ("aws.region", REGION),
        ("aws.endpointUrl", lab.endpoint()),
        ("extraEnv[0].name", "AWS_ACCESS_KEY_ID"),
        ("extraEnv[0].value", ACCOUNT),
        ("extraEnv[1].name", "AWS_SECRET_ACCESS_KEY"),
        ("extraEnv[1].value", "lab"),
        ("clusterId", "bench"),
    ];
    install_chart(cluster, &values).map(drop)
}

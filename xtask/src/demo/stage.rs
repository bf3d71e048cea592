//! What the demo runs on: the lab, a cluster, the operator.
//!
//! Knows: how they are started and ended. Must not know: the story.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use test_cluster::chart::{NAMESPACE, RELEASE, install_args};
use test_cluster::progress::{Task, human};
use test_cluster::tools::{self, Tool};
use test_cluster::{Cluster, Overrides, RunningOperator, run_deployment};
use test_lab::{AwsCli, Lab};

use super::example::{self, Example};
use super::show;
use crate::{command, workspace};

/// What a person types when the demo could not tidy up a cluster of theirs.
pub(crate) const BY_HAND: &str = "In your cluster there may be left: Trail audit in namespace default, AwsAccount default, \
     the Helm release trail-operator in namespace trail-operator-system. To remove them: take the finalizers off the \
     first two and delete them, then `helm uninstall`.";

/// All that runs; dropped in this order.
pub(crate) struct Stage {
    operator: Option<RunningOperator>,
    pub(crate) cluster: Cluster,
    pub(crate) lab: Lab,
    aws: AwsCli,
    pub(crate) example: Example,
}

impl Stage {
    /// Builds what is missing, then starts the lab and the cluster.
    pub(crate) fn set_up(kubeconfig: Option<&Path>) -> Result<Self> {
        let example = Example::read()?;
        show::chapter("Setting the stage");
        if kubeconfig.is_none() {
            // First, since it may take a quarter of an hour.
            let all =
                [Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl, Tool::Helm];
            tools::locate(all)?;
        }
        let packages = ["build", "--bins", "--package", "trail-operator", "--package", "kubectl-cloudtrail"];
        command::must("building the operator", &mut workspace::cargo(&packages))?;
        test_lab::lab_venv()?;
        let task = Task::start("starting the AWS lab");
        let lab = Lab::start()?;
        task.done();
        let aws = lab.aws_cli()?;
        let task =
            Task::start(if kubeconfig.is_none() { "starting the cluster" } else { "reaching the cluster" });
        let cluster = match kubeconfig {
            None => Cluster::start()?,
            Some(path) => users_cluster(path)?,
        };
        task.done();
        let version = cluster.kubectl_json(&["version"])?;
        let version = version["serverVersion"]["gitVersion"].as_str().unwrap_or("?").to_owned();
        show::good(&format!(
            "Kubernetes {version}, {}",
            if kubeconfig.is_none() { "our own" } else { "yours" }
        ));
        show::good(&format!("AWS lab at {} (an imitation: nothing here reaches AWS)", lab.endpoint()));
        Ok(Self { operator: None, cluster, lab, aws, example })
    }

    /// A kubectl command.
    pub(crate) fn kubectl(&self, args: &[&str]) -> Command {
        self.cluster.kubectl_command(args)
    }

    /// An aws command as the example's account in its Region.
    pub(crate) fn aws(&self, args: &[&str]) -> Command {
        self.aws.command(&self.example.account, &self.example.region, args)
    }

    /// A kubectl-cloudtrail command as the example's account in its Region.
    pub(crate) fn cloudtrail(&self, args: &[&str]) -> Result<Command> {
        let mut command = Command::new(workspace::command_line()?);
        command.args(args).envs(self.aws.env(&self.example.account, &self.example.region));
        Ok(command)
    }

    /// The Helm command that installs the chart.
    pub(crate) fn helm_install(&self) -> Command {
        let Example { account, region, .. } = &self.example;
        let namespaces = format!("{{{}}}", example::NAMESPACE);
        let mut values = vec![
            ("defaultAccount.create", "true"),
            ("defaultAccount.accountId", account),
            ("defaultAccount.allowedNamespaces.names", &namespaces),
            ("aws.region", region),
            ("aws.endpointUrl", self.lab.endpoint()),
            ("extraEnv[0].name", "AWS_ACCESS_KEY_ID"),
            ("extraEnv[0].value", account),
            ("extraEnv[1].name", "AWS_SECRET_ACCESS_KEY"),
            ("extraEnv[1].value", "lab"),
        ];
        if self.cluster.plane().is_none() {
            values.push(("replicas", "0"));
        }
        let args = install_args("charts/trail-operator", &values);
        self.cluster.helm_command(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Runs the operator as the installed Deployment says; gives how long it took to be ready.
    pub(crate) fn start_operator(&mut self) -> Result<Duration> {
        let binary = workspace::operator()?;
        let operator = run_deployment(&self.cluster, NAMESPACE, RELEASE, &binary, &Overrides::default())?;
        let operator = self.operator.insert(operator);
        operator.wait_ready(Duration::from_secs(30))
    }

    /// The operator, once started.
    pub(crate) fn operator(&self) -> Result<&RunningOperator> {
        self.operator.as_ref().context("the operator is not running")
    }

    /// The variables for another shell.
    pub(crate) fn exports(&self) -> Vec<(String, String)> {
        let kubeconfig = ("KUBECONFIG".to_owned(), self.cluster.kubeconfig().display().to_string());
        let mut exports = vec![kubeconfig];
        exports.extend(self.aws.env(&self.example.account, &self.example.region));
        exports
    }

    /// The programs for another shell.
    pub(crate) fn aliases(&self) -> [(&'static str, String); 3] {
        let [kubectl, helm] = self.cluster.programs().map(|path| path.display().to_string());
        [("kubectl", kubectl), ("helm", helm), ("aws", self.aws.program().display().to_string())]
    }

    /// Where the operator's log is.
    pub(crate) fn operator_log(&self) -> String {
        self.operator.as_ref().map(|operator| operator.log_file().display().to_string()).unwrap_or_default()
    }

    /// Shows what a person would look at first.
    pub(crate) fn explain_failure(&self) {
        let describe = self.cluster.kubectl(&["describe", "trails.trail-operator.dev", "--all-namespaces"]);
        if let Ok(text) = describe {
            show::chapter("The Trail, as Kubernetes has it");
            show::output(&text);
        }
        if let Some(operator) = &self.operator {
            show::chapter("The operator's log");
            let log = operator.log();
            let lines: Vec<_> = log.lines().collect();
            show::output(&lines[lines.len().saturating_sub(30)..].join("\n"));
        }
    }

    /// Stops everything; takes what the demo made out of a user's cluster first, while the operator can still take its
    /// finalizers off.
    pub(crate) fn leave(mut self) -> Result<()> {
        let task = Task::start("stopping everything");
        if self.cluster.plane().is_none() {
            self.tidy_up().context(BY_HAND)?;
        }
        if let Some(operator) = &mut self.operator
            && operator.exited()?.is_none()
        {
            let exit = operator.terminate()?;
            ensure!(exit.code == 0, "the operator ended with status {} after SIGTERM", exit.code);
            task.note(&format!("the operator took {}", human(exit.after)));
        }
        drop(self);
        task.done();
        Ok(())
    }

    fn tidy_up(&self) -> Result<()> {
        let delete = ["delete", "--ignore-not-found", "--timeout=60s"];
        let kubectl = |args: &[&str]| self.cluster.kubectl(&[&delete[..], args].concat());
        let manifest = workspace::root().join(example::TRAIL).display().to_string();
        kubectl(&["--filename", &manifest])?;
        kubectl(&["awsaccounts.trail-operator.dev", "default"])?;
        self.cluster.helm(&["uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found"])?;
        kubectl(&["namespace", NAMESPACE])?;
        show::say(
            "Your cluster is as it was, but for the CustomResourceDefinitions, which uninstalling leaves.",
        );
        Ok(())
    }
}

/// A user's cluster, where nothing of theirs is in the way.
fn users_cluster(path: &Path) -> Result<Cluster> {
    let cluster = Cluster::from_kubeconfig(path)?;
    let releases =
        cluster.helm(&["list", "--all-namespaces", "--filter", &format!("^{RELEASE}$"), "--short"])?;
    ensure!(
        releases.trim().is_empty(),
        "the operator is installed in this cluster already; the demo would replace it"
    );
    let kinds = cluster.kubectl(&["api-resources", "--api-group=trail-operator.dev", "--output=name"])?;
    for kind in kinds.lines() {
        let objects = cluster.kubectl(&["get", kind, "--all-namespaces", "--output=name"])?;
        ensure!(
            objects.trim().is_empty(),
            "this cluster has {} already; the demo would touch them",
            objects.trim()
        );
    }
    Ok(cluster)
}

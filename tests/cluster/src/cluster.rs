//! A cluster to test on, our own control plane or one the user has, by kubectl and Helm.
//!
//! Knows: kubectl and Helm. Must not know: the operator, the chart.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};

use crate::control_plane::ControlPlane;
use crate::scratch::ScratchDir;
use crate::tools::{self, Tool};

/// A cluster and the tools to talk to it.
#[derive(Debug)]
pub struct Cluster {
    kubectl: PathBuf,
    helm: PathBuf,
    kubeconfig: PathBuf,
    files: AtomicUsize,
    /// Ours, if it is ours; before `scratch`, since it is to be stopped first.
    plane: Option<ControlPlane>,
    scratch: ScratchDir,
}

impl Cluster {
    /// A control plane of our own, gone when this is dropped.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more arguments for kube-apiserver. File names must be absolute.
    pub fn start_with(apiserver_args: &[String]) -> Result<Self> {
        // Helm too, at once: a build of it in the middle of a test would be a surprise.
        let [_, _, _, kubectl, helm] = tools::locate([
            Tool::Etcd,
            Tool::KubeApiserver,
            Tool::KubeControllerManager,
            Tool::Kubectl,
            Tool::Helm,
        ])?;
        let plane = ControlPlane::start_with(apiserver_args)?;
        let kubeconfig = plane.kubeconfig().to_owned();
        let scratch = ScratchDir::new()?;
        Ok(Self { kubectl, helm, kubeconfig, files: AtomicUsize::new(0), plane: Some(plane), scratch })
    }

    /// The current context of a kubeconfig, with the user's own kubectl and Helm where there are any.
    pub fn from_kubeconfig(path: &Path) -> Result<Self> {
        let find = |tool| match tools::on_path(tool) {
            Some(path) => Ok(path),
            None => tools::locate([tool]).map(|[path]| path),
        };
        let kubeconfig =
            path.canonicalize().with_context(|| format!("no kubeconfig at {}", path.display()))?;
        let (kubectl, helm) = (find(Tool::Kubectl)?, find(Tool::Helm)?);
        let cluster = Self {
            kubectl,
            helm,
            kubeconfig,
            files: AtomicUsize::new(0),
            plane: None,
            scratch: ScratchDir::new()?,
        };
        cluster.raw("/readyz").context("the cluster of this kubeconfig does not answer")?;
        Ok(cluster)
    }

    /// Our own control plane, if it is ours.
    pub fn plane(&self) -> Option<&ControlPlane> {
        self.plane.as_ref()
    }

    /// The kubeconfig of the administrator or user.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where kubectl and Helm are, for a person's shell.
    pub fn programs(&self) -> [&Path; 2] {
        [&self.kubectl, &self.helm]
    }

    /// A folder that is gone afterwards.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A kubectl command as the administrator, not yet run.
    pub fn kubectl_command(&self, args: &[&str]) -> Command {
        self.kubectl_with(&self.kubeconfig, args)
    }

    fn kubectl_with(&self, kubeconfig: &Path, args: &[&str]) -> Command {
        let mut command = self.command(&self.kubectl, args);
        command.env("KUBECONFIG", kubeconfig);
        command
    }

    fn command(&self, program: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(args).env("KUBECONFIG", &self.kubeconfig).stdin(Stdio::null());
        // Discovery caches are named after host and port: a later control plane may get the same port.
        let folder = self.scratch.path();
        command.env("KUBECACHEDIR", folder.join("kubectl-cache")).env("KUBERC", "off");
        for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
            command.env(name, folder.join(name));
        }
        command
    }

    /// Runs kubectl as the administrator and gives its output; what it says on standard error is the error.
    pub fn kubectl(&self, args: &[&str]) -> Result<String> {
        run(self.kubectl_command(args))
    }

    /// Runs kubectl with another kubeconfig, for example of [`Cluster::kubeconfig_with_token`].
    pub fn kubectl_as(&self, kubeconfig: &Path, args: &[&str]) -> Result<String> {
        run(self.kubectl_with(kubeconfig, args))
    }

    /// Runs kubectl and gives everything it did, also of a failure.
    pub fn kubectl_output(&self, args: &[&str]) -> Result<Output> {
        self.kubectl_command(args).output().context("cannot run kubectl")
    }

    /// Runs kubectl with `--output json` and reads that.
    pub fn kubectl_json(&self, args: &[&str]) -> Result<Value> {
        let text = self.kubectl(&[args, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("kubectl {} gave no JSON", args.join(" ")))
    }

    /// Applies manifests and gives kubectl's lines about them, warnings included.
    pub fn apply(&self, yaml: &str) -> Result<String> {
        let file = self.write(yaml)?;
        let output = self.kubectl_output(&["apply", "--filename", &file.display().to_string()])?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "kubectl apply: {}", err.trim());
        Ok(format!("{out}{err}"))
    }

    /// A Helm command, not yet run.
    pub fn helm_command(&self, args: &[&str]) -> Command {
        self.command(&self.helm, args)
    }

    /// Runs Helm.
    pub fn helm(&self, args: &[&str]) -> Result<String> {
        run(self.helm_command(args))
    }

    /// A token of a service account, as the kubelet would hand it to a Pod.
    pub fn create_token(&self, namespace: &str, service_account: &str) -> Result<String> {
        let args = ["create", "token", service_account, "--namespace", namespace, "--duration", "24h"];
        Ok(self.kubectl(&args)?.trim().to_owned())
    }

    /// A kubeconfig for this cluster with `token` in place of our own credentials.
    pub fn kubeconfig_with_token(&self, token: &str) -> Result<PathBuf> {
        let mut config = self.kubectl_json(&["config", "view", "--minify", "--flatten", "--raw"])?;
        let user = config["contexts"][0]["context"]["user"].clone();
        ensure!(user.is_string(), "{} has no current context", self.kubeconfig.display());
        config["users"] = json!([{"name": user, "user": {"token": token}}]);
        self.write(&config.to_string())
    }

    /// GETs a path of the API server, for example `/metrics`.
    pub fn raw(&self, path: &str) -> Result<String> {
        self.kubectl(&["get", "--raw", path])
    }

    /// A new file; the folder is readable by this user only.
    fn write(&self, text: &str) -> Result<PathBuf> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.scratch.path().join(format!("file-{number}.yaml"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

fn run(mut command: Command) -> Result<String> {
    let name = Path::new(command.get_program()).file_name().unwrap_or_default().display().to_string();
    let args: Vec<_> = command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect();
    let output = command.output().with_context(|| format!("cannot run {name}"))?;
    if !output.status.success() {
        bail!("{name} {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

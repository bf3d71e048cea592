//! etcd, kube-apiserver and kube-controller-manager on free ports of the loopback interface.
//!
//! Knows: their flags and their order. Must not know: what is done on them.
//! RBAC is enforced as in any cluster. There is no kubelet and no scheduler: see [`crate::deployment`].

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use crate::pki::{self, Pki};
use crate::ports;
use crate::process::{Process, Spec};
use crate::scratch::ScratchDir;
use crate::tools::{self, Tool};
use crate::wait::wait_for;

/// Two cores that also compile may take this long; 2 to 6 s is usual.
const READY: Duration = Duration::from_secs(90);
/// Somebody else may take a free port before we do.
const ATTEMPTS: usize = 4;

/// A running control plane; dropped, it is gone with all its data.
// Dropped in this order: who needs a process is stopped before it.
#[derive(Debug)]
pub struct ControlPlane {
    controller_manager: Process,
    apiserver: Process,
    etcd: Process,
    kubeconfig: PathBuf,
    apiserver_port: u16,
    etcd_port: u16,
    kubectl: PathBuf,
    took: Duration,
    scratch: ScratchDir,
}

impl ControlPlane {
    /// Starts one and waits until it is ready. Programs that are not there yet are built first.
    pub fn start() -> Result<Self> {
        Self::start_with(&[])
    }

    /// The same with more arguments for kube-apiserver. File names must be absolute.
    pub fn start_with(apiserver_args: &[String]) -> Result<Self> {
        let programs =
            tools::locate([Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl])?;
        for _ in 1..ATTEMPTS {
            match Self::try_start(&programs, apiserver_args) {
                Err(error) if format!("{error:#}").contains("address already in use") => {}
                result => return result,
            }
        }
        Self::try_start(&programs, apiserver_args)
    }

    fn try_start(
        [etcd, apiserver, controller_manager, kubectl]: &[PathBuf; 4],
        more_args: &[String],
    ) -> Result<Self> {
        let started = Instant::now();
        let scratch = ScratchDir::new()?;
        let folder = scratch.path();
        let [etcd_port, peer_port, port] = ports::free()?;
        let token = pki::token()?;
        write_files(folder, &pki::generate()?, &token)?;
        let kubeconfig = folder.join("kubeconfig");
        fs::write(&kubeconfig, kubeconfig_text(&folder.join("ca.crt"), port, &token))?;

        let etcd = run(folder, "etcd", etcd, &etcd_args(etcd_port, peer_port))?;
        let args = [apiserver_args(etcd_port, port), more_args.to_vec()].concat();
        let apiserver = run(folder, "kube-apiserver", apiserver, &args)?;
        wait_ready(&[&etcd, &apiserver], kubectl, &kubeconfig)?;
        let args = controller_manager_args();
        let controller_manager = run(folder, "kube-controller-manager", controller_manager, &args)?;
        let plane = Self {
            controller_manager,
            apiserver,
            etcd,
            kubeconfig,
            apiserver_port: port,
            etcd_port,
            kubectl: kubectl.clone(),
            took: started.elapsed(),
            scratch,
        };
        plane.wait_for_service_accounts()?;
        Ok(Self { took: started.elapsed(), ..plane })
    }

    /// The controller manager is at work when it has made the first service account.
    fn wait_for_service_accounts(&self) -> Result<()> {
        wait_for("kube-controller-manager to make the ServiceAccount default", READY, || {
            let output = Command::new(&self.kubectl)
                .args(["get", "serviceaccount", "default", "--namespace", "default", "--output", "name"])
                .env("KUBECONFIG", &self.kubeconfig)
                .env("HOME", self.scratch.path())
                .output()?;
            ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
            Ok(())
        })
        .with_context(|| self.controller_manager.log_tail())
    }

    /// The administrator's kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// Where kubectl is.
    pub fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// A folder that is gone afterwards too.
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// The ports of kube-apiserver and etcd.
    pub fn ports(&self) -> [u16; 2] {
        [self.apiserver_port, self.etcd_port]
    }

    /// The process id of kube-apiserver.
    pub fn apiserver_pid(&self) -> u32 {
        self.apiserver.pid()
    }

    /// Sends kube-apiserver a signal by its name without `SIG`: `STOP` leaves its connections open and unanswered.
    pub fn signal_api_server(&self, name: &str) -> Result<()> {
        self.apiserver.signal(name)
    }

    /// How long it took to be ready.
    pub fn took(&self) -> Duration {
        self.took
    }

    /// Fails with the end of its log when one of the processes has died.
    pub fn ensure_running(&self) -> Result<()> {
        [&self.etcd, &self.apiserver, &self.controller_manager]
            .into_iter()
            .try_for_each(Process::ensure_running)
    }
}

fn write_files(folder: &Path, pki: &Pki, token: &str) -> Result<()> {
    let files = [
        ("ca.crt", pki.ca.as_str()),
        ("apiserver.crt", &pki.certificate),
        ("apiserver.key", &pki.key),
        ("sa.key", &pki.service_account_key),
        ("sa.pub", &pki.service_account_public_key),
        ("tokens.csv", &format!("{token},admin,admin,system:masters\n")),
    ];
    for (name, text) in files {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {name}"))?;
    }
    Ok(())
}

/// JSON is YAML, so this is a kubeconfig.
fn kubeconfig_text(ca: &Path, port: u16, token: &str) -> String {
    serde_json::json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test-bed", "cluster": {
            "server": format!("https://127.0.0.1:{port}"), "certificate-authority": ca,
        }}],
        "users": [{"name": "admin", "user": {"token": token}}],
        "contexts": [{"name": "test-bed", "context": {"cluster": "test-bed", "user": "admin"}}],
        "current-context": "test-bed",
    })
    .to_string()
}

fn run(folder: &Path, name: &str, program: &Path, args: &[String]) -> Result<Process> {
    let path = std::env::var("PATH").unwrap_or_default();
    let env = [("PATH".to_owned(), path), ("HOME".to_owned(), folder.display().to_string())];
    Process::start(&Spec { name, program, args, env: &env, folder })
}

/// File names are relative to the folder they run in.
fn etcd_args(client: u16, peer: u16) -> Vec<String> {
    let (client, peer) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
    vec![
        "--data-dir=etcd".into(),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=default={peer}"),
        // Nothing here is to survive a power cut.
        "--unsafe-no-fsync".into(),
        "--log-level=warn".into(),
    ]
}

fn apiserver_args(etcd: u16, port: u16) -> Vec<String> {
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".into(),
        "--cert-dir=.".into(),
        "--tls-cert-file=apiserver.crt".into(),
        "--tls-private-key-file=apiserver.key".into(),
        "--service-cluster-ip-range=10.0.0.0/24".into(),
        "--service-account-issuer=https://kubernetes.default.svc".into(),
        "--service-account-key-file=sa.pub".into(),
        "--service-account-signing-key-file=sa.key".into(),
        "--authorization-mode=RBAC".into(),
        "--token-auth-file=tokens.csv".into(),
    ]
}

fn controller_manager_args() -> Vec<String> {
    vec![
        "--kubeconfig=kubeconfig".into(),
        // The last fills the roles view, edit and admin, which are made of others.
        "--controllers=namespace-controller,garbage-collector-controller,serviceaccount-controller,clusterrole-aggregation-controller".into(),
        "--leader-elect=false".into(),
        // It serves nothing that anybody asks for here.
        "--secure-port=0".into(),
    ]
}

fn wait_ready(processes: &[&Process], kubectl: &Path, kubeconfig: &Path) -> Result<()> {
    let start = Instant::now();
    loop {
        let output = Command::new(kubectl)
            .args(["get", "--raw", "/readyz", "--request-timeout=2s"])
            .env("KUBECONFIG", kubeconfig)
            .output()
            .with_context(|| format!("cannot run {}", kubectl.display()))?;
        if output.status.success() {
            return Ok(());
        }
        processes.iter().try_for_each(|process| process.ensure_running())?;
        if start.elapsed() > READY {
            let seen = String::from_utf8_lossy(&output.stderr);
            let tails: Vec<_> = processes.iter().map(|process| process.log_tail()).collect();
            bail!("the control plane is not ready after {READY:?}: {}\n{}", seen.trim(), tails.join("\n"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

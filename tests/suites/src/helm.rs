//! The chart as Helm renders it, without a cluster.
//!
//! Knows: `helm template` and `helm lint`. Must not know: what the chart should say.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use test_cluster::scratch::ScratchDir;
use test_cluster::tools::{self, Tool};
use test_cluster::{NAMESPACE, RELEASE, chart};

/// What one set of values renders to.
#[derive(Debug)]
pub struct Rendered {
    objects: Vec<Value>,
}

impl Rendered {
    /// `helm template` with these flags.
    pub fn new(flags: &[&str]) -> Result<Self> {
        let chart = chart::folder().display().to_string();
        let text = stdout(&[&["template", RELEASE, &chart, "--namespace", NAMESPACE], flags].concat())?;
        let objects = serde_saphyr::from_multiple(&text).context("the chart renders to invalid YAML")?;
        Ok(Self { objects })
    }

    /// All objects of a kind.
    pub fn all(&self, kind: &str) -> Vec<&Value> {
        self.objects.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// The object of that kind and name.
    pub fn get(&self, kind: &str, name: &str) -> Result<&Value> {
        let found = self.all(kind).into_iter().find(|object| object["metadata"]["name"] == name);
        found.with_context(|| format!("the chart renders no {kind} named {name}"))
    }

    /// The one container of the Deployment.
    pub fn container(&self) -> Result<&Value> {
        let pod = &self.get("Deployment", RELEASE)?["spec"]["template"]["spec"];
        let containers = pod["containers"].as_array().context("the Deployment has no containers")?;
        match containers.as_slice() {
            [container] => Ok(container),
            _ => bail!("the Deployment has {} containers, not one", containers.len()),
        }
    }
}

/// What `helm template` says when it refuses these flags.
pub fn refusal(flags: &[&str]) -> Result<String> {
    let chart = chart::folder().display().to_string();
    let output = helm(&[&["template", RELEASE, &chart], flags].concat())?;
    ensure!(!output.status.success(), "helm template {} was not refused", flags.join(" "));
    Ok(String::from_utf8(output.stderr)?)
}

/// `helm lint --strict` with these flags.
pub fn lint(flags: &[&str]) -> Result<String> {
    let chart = chart::folder().display().to_string();
    stdout(&[&["lint", "--strict", &chart], flags].concat())
}

/// A YAML file of the chart.
pub fn chart_file(path: &str) -> Result<Value> {
    let path = chart::folder().join(path);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_saphyr::from_str(&text).with_context(|| format!("{} is not YAML", path.display()))
}

fn stdout(args: &[&str]) -> Result<String> {
    let output = helm(args)?;
    ensure!(
        output.status.success(),
        "helm {}: {}{}",
        args.join(" "),
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

/// Helm with an empty home, so that no plugin, repository or cluster of this user has a say.
fn helm(args: &[&str]) -> Result<Output> {
    let [program]: [PathBuf; 1] = tools::locate([Tool::Helm])?;
    let home = ScratchDir::new()?;
    let mut command = Command::new(program);
    command.args(args).env("KUBECONFIG", home.path().join("none")).stdin(Stdio::null());
    for name in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"] {
        command.env(name, home.path().join(name));
    }
    command.output().context("cannot run helm")
}

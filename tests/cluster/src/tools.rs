//! Which programs the test bed needs and where they come from: `KUBEBUILDER_ASSETS`, the cache, or a build.
//!
//! Knows: the programs and their Go modules. Must not know: how they are run.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::go_build;

/// A program of the test bed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// Kubernetes' store.
    Etcd,
    /// The API server.
    KubeApiserver,
    /// Garbage collection, namespace deletion, service accounts.
    KubeControllerManager,
    /// The client.
    Kubectl,
    /// Installs the chart.
    Helm,
}

impl Tool {
    /// The program's file name.
    pub fn file(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::KubeApiserver => "kube-apiserver",
            Self::KubeControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
            Self::Helm => "helm",
        }
    }

    fn module(self) -> &'static GoModule {
        match self {
            Self::Etcd => &ETCD,
            Self::KubeApiserver | Self::KubeControllerManager | Self::Kubectl => &KUBE,
            Self::Helm => &HELM,
        }
    }
}

/// A Go module under `tests/cluster/tools` and the programs in it.
#[derive(Debug)]
pub(crate) struct GoModule {
    /// Its folder.
    pub(crate) name: &'static str,
    /// Packages to build and the files they become.
    pub(crate) programs: &'static [(&'static str, &'static str)],
    /// Where the version is to be linked in and from which module it is taken: without it `kubectl version`, Helm
    /// and clients see v0.0.0 and refuse.
    pub(crate) version: Option<(&'static str, &'static str)>,
}

static ETCD: GoModule =
    GoModule { name: "etcd", programs: &[("go.etcd.io/etcd/server/v3", "etcd")], version: None };
static KUBE: GoModule = GoModule {
    name: "kube",
    programs: &[
        ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
        ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
        ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
    ],
    version: Some(("k8s.io/component-base/version", "k8s.io/kubernetes")),
};
static HELM: GoModule =
    GoModule { name: "helm", programs: &[("helm.sh/helm/v4/cmd/helm", "helm")], version: None };

/// The paths of `wanted`, in that order; what is neither given nor cached is built, one Go module at a time.
pub fn locate<const N: usize>(wanted: [Tool; N]) -> Result<[PathBuf; N]> {
    let assets = assets()?;
    let given = wanted
        .map(|tool| assets.as_ref().map(|folder| folder.join(tool.file())).filter(|path| path.is_file()));
    let mut modules: Vec<&GoModule> = Vec::new();
    for (tool, _) in wanted.iter().zip(&given).filter(|(_, given)| given.is_none()) {
        if !modules.iter().any(|module| module.name == tool.module().name) {
            modules.push(tool.module());
        }
    }
    let folders = go_build::folders(&modules)?;
    let mut paths = wanted.map(|tool| PathBuf::from(tool.file()));
    for ((path, tool), given) in paths.iter_mut().zip(wanted).zip(given) {
        let built =
            modules.iter().position(|module| module.name == tool.module().name).map(|at| &folders[at]);
        match (given, built) {
            (Some(given), _) => *path = given,
            (None, Some(folder)) => *path = folder.join(tool.file()),
            (None, None) => bail!("{} was not built", tool.file()),
        }
    }
    Ok(paths)
}

fn assets() -> Result<Option<PathBuf>> {
    let Some(folder) = env::var_os("KUBEBUILDER_ASSETS").filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let folder = PathBuf::from(folder);
    if !folder.is_dir() {
        bail!(
            "KUBEBUILDER_ASSETS={} is no folder; it must hold etcd, kube-apiserver and kubectl (and may hold \
             kube-controller-manager and helm), or be unset to have them built",
            folder.display()
        );
    }
    Ok(Some(folder))
}

/// The path of a program the user has installed.
pub fn on_path(tool: Tool) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(tool.file())).find(|path| path.is_file())
}

//! Which tests belong to which layer, and the commands that run them.
//!
//! Knows: the packages and the naming of the suites. Must not know: how counts are shown.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result};
use clap::ValueEnum;

use crate::workspace;

/// A layer of the tests, in the order they run: what fails fast comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Layer {
    /// Format, clippy, dependencies
    Lint,
    /// Everything that needs neither a cluster nor the lab
    Unit,
    /// The kinds on a real API server
    Schema,
    /// The Helm chart
    Chart,
    /// The AWS lab checked from outside
    Lab,
    /// The operator on a real control plane against the lab, and the control plane itself
    E2e,
}

/// Packages whose tests need processes; all others are unit tests, so that a new crate is never forgotten.
const BEDS: [&str; 3] = ["test-cluster", "test-lab", "test-suites"];

/// End-to-end tests mostly wait, each on a stage of its own: more of them than there are cores run at a time.
const WAITING_SIDE_BY_SIDE: &str = "8";

impl Layer {
    pub(crate) const ALL: [Self; 6] =
        [Self::Lint, Self::Unit, Self::Schema, Self::Chart, Self::Lab, Self::E2e];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Unit => "unit",
            Self::Schema => "schema",
            Self::Chart => "chart",
            Self::Lab => "lab",
            Self::E2e => "e2e",
        }
    }

    /// Whether it needs etcd, kube-apiserver and the others.
    pub(crate) fn needs_cluster(self) -> bool {
        matches!(self, Self::Schema | Self::Chart | Self::E2e)
    }

    /// Whether it needs the lab.
    pub(crate) fn needs_lab(self) -> bool {
        matches!(self, Self::Lab | Self::E2e)
    }

    /// The layer of a suite: its file or folder in tests/suites/tests is named `<layer>` or `<layer>_<what>`.
    fn of_suite(file: &str) -> Option<Self> {
        // They compare files of the work tree.
        if ["docs", "examples"].contains(&file) {
            return Some(Self::Unit);
        }
        let name = file.split('_').next()?;
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// The cargo commands of this layer, with what people call them.
    pub(crate) fn commands(self) -> Result<Vec<(String, Command)>> {
        let mut commands = Vec::new();
        let mut add = |label: String, args: &[&str]| {
            let mut command = workspace::cargo(&[&["test", "--no-fail-fast"], args].concat());
            if self == Self::E2e {
                command.env("RUST_TEST_THREADS", WAITING_SIDE_BY_SIDE);
            }
            commands.push((label, command));
        };
        if self == Self::Unit {
            let excluded = BEDS.iter().flat_map(|package| ["--exclude", package]);
            let args: Vec<_> = ["--workspace"].into_iter().chain(excluded).collect();
            add("unit tests".into(), &args);
            let packages = BEDS.iter().flat_map(|package| ["--package", package]);
            let args: Vec<_> = ["--lib"].into_iter().chain(packages).collect();
            add("unit tests of the test bed".into(), &args);
        }
        if self == Self::E2e {
            add("tests of the control plane".into(), &["--package", "test-cluster", "--test", "*"]);
        }
        if self == Self::Lab {
            add("tests of the lab's client".into(), &["--package", "test-lab", "--test", "*"]);
        }
        let suites = suites()?;
        let names: Vec<_> = suites.iter().filter(|(layer, _)| *layer == self).map(|(_, name)| name).collect();
        if !names.is_empty() {
            let targets = names.iter().flat_map(|name| ["--test", name.as_str()]);
            let args: Vec<_> = ["--package", "test-suites"].into_iter().chain(targets).collect();
            add(format!("{} suites", self.name()), &args);
        }
        Ok(commands)
    }
}

/// All suites. One that belongs to no layer would never run, so it is an error.
fn suites() -> Result<Vec<(Layer, String)>> {
    let folder: PathBuf = workspace::root().join("tests/suites/tests");
    let mut suites = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("no folder {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").is_file() {
            let name = path.file_stem().unwrap_or_default().display().to_string();
            let layer = Layer::of_suite(&name)
                .with_context(|| format!("{}: its name does not begin with a layer's", path.display()))?;
            suites.push((layer, name));
        }
    }
    suites.sort_by(|one, other| one.1.cmp(&other.1));
    Ok(suites)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suite_belongs_to_the_layer_it_is_named_after() {
        assert_eq!(Layer::of_suite("schema"), Some(Layer::Schema));
        assert_eq!(Layer::of_suite("e2e_restart_at_every_call"), Some(Layer::E2e));
        assert_eq!(Layer::of_suite("charts"), None);
    }

    #[test]
    fn every_suite_belongs_to_a_layer() {
        suites().unwrap();
    }
}

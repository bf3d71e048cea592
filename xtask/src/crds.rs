//! The CustomResourceDefinitions as files, written by the operator's own program.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use test_cluster::scratch::ScratchDir;

use crate::{command, workspace};

/// For `kubectl apply -f crds/`, and for Helm, which takes them from the chart only.
const FOLDERS: [&str; 2] = ["crds", "charts/trail-operator/crds"];
/// The end of a definition's file name; other files in those folders are not ours.
const SUFFIX: &str = ".trail-operator.dev.yaml";

type Files = BTreeMap<String, String>;

/// Writes the definitions, or only says whether they are what would be written.
pub(crate) fn run(check: bool) -> Result<ExitCode> {
    let scratch = ScratchDir::new()?;
    let mut cargo = workspace::cargo(&["run", "--package", "trail-operator", "--", "crds", "--output-dir"]);
    command::must("writing the CRDs", cargo.arg(scratch.path()))?;
    let expected = read(scratch.path())?;
    let mut stale = 0;
    for folder in FOLDERS {
        let path = workspace::root().join(folder);
        let found = read(&path)?;
        for name in different(&expected, &found) {
            stale += 1;
            if check {
                println!("{folder}/{name} is not what the Rust types say: run `cargo xtask crds`");
            } else {
                write(&path.join(&name), expected.get(&name))?;
                println!("wrote {folder}/{name}");
            }
        }
    }
    if stale == 0 {
        println!("up to date: {}", expected.keys().map(String::as_str).collect::<Vec<_>>().join(", "));
    }
    Ok(if check && stale > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn different(expected: &Files, found: &Files) -> Vec<String> {
    let all: BTreeMap<_, _> = expected.iter().chain(found).collect();
    all.into_keys().filter(|name| expected.get(*name) != found.get(*name)).cloned().collect()
}

/// Writes a definition, or removes one that is no more.
fn write(path: &Path, text: Option<&String>) -> Result<()> {
    match text {
        Some(text) => fs::write(path, text),
        None => fs::remove_file(path),
    }
    .with_context(|| format!("cannot write {}", path.display()))
}

fn read(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().display().to_string();
        if name.ends_with(SUFFIX) {
            files.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_changed_and_left_over_files_differ() {
        let files = |pairs: &[(&str, &str)]| -> Files {
            pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        let expected = files(&[("a", "1"), ("b", "1"), ("c", "1")]);
        let found = files(&[("b", "2"), ("c", "1"), ("d", "1")]);
        assert_eq!(different(&expected, &found), ["a", "b", "d"]);
    }
}

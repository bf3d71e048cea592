//! The examples as files.
//!
//! Knows: their folders and manifests. Must not know: what they are examples of.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// One object of a manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// The file; may hold others too.
    pub file: PathBuf,
    /// The object.
    pub object: Value,
}

impl Manifest {
    /// Its file and what it is called, for people.
    pub fn told(&self) -> String {
        let file = self.file.file_name().unwrap_or_default().display();
        format!("{file}: {} {}", self.object["kind"], self.object["metadata"]["name"])
    }
}

/// Every example's folder, in order. One with more folders in it, or without a README, would be half an example.
pub fn all() -> Result<Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut folders: Vec<_> = listed(&root)?.into_iter().filter(|path| path.is_dir()).collect();
    folders.sort();
    for folder in &folders {
        ensure!(folder.join("README.md").is_file(), "{} has no README.md", folder.display());
        let inside = listed(folder)?.into_iter().find(|path| path.is_dir());
        ensure!(inside.is_none(), "{inside:?} is in no example's folder itself");
        ensure!(!manifests(folder)?.is_empty(), "{} has no manifest", folder.display());
    }
    ensure!(!folders.is_empty(), "no examples");
    Ok(folders)
}

/// Its manifests, by file.
pub fn manifests(folder: &Path) -> Result<Vec<Manifest>> {
    let mut files = listed(folder)?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    let mut manifests = Vec::new();
    for file in files {
        let text = fs::read_to_string(&file)?;
        let objects: Vec<Value> =
            serde_saphyr::from_multiple(&text).with_context(|| format!("{}", file.display()))?;
        manifests.extend(objects.into_iter().map(|object| Manifest { file: file.clone(), object }));
    }
    Ok(manifests)
}

/// What is in a folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

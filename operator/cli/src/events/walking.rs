//! Which files hold events.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

/// Folders below this are taken for a loop.
const DEEPEST: usize = 32;
/// What CloudTrail calls the folder of its digests, which hold no events.
const DIGESTS: &str = "CloudTrail-Digest";
/// Endings of files in folders that are taken for events. Files that are named are read whatever they are called.
const ENDINGS: [&str; 4] = [".json", ".jsonl", ".ndjson", ".gz"];

/// What to read, in order.
#[derive(Debug, Default)]
pub(super) struct Files {
    pub(super) list: Vec<PathBuf>,
    /// What is not read, and why.
    pub(super) notes: Vec<String>,
}

/// Files as they are given; of a folder all that is below, sorted.
pub(super) fn files(paths: &[PathBuf]) -> Result<Files> {
    let mut files = Files::default();
    for path in paths {
        let text = path.to_string_lossy();
        if text.starts_with("s3://") {
            bail!("'{text}' is not read from S3; fetch it first: aws s3 cp --recursive {text} FOLDER");
        }
        if path.as_os_str() == "-" {
            files.list.push(path.clone());
            continue;
        }
        let cannot = || format!("cannot read {}", path.display());
        if !fs::metadata(path).with_context(cannot)?.is_dir() {
            files.list.push(path.clone());
            continue;
        }
        let mut walk = Walk::default();
        walk.folder(path, 0)?;
        if walk.list.is_empty() {
            bail!(
                "there are no files named {} in {}",
                ENDINGS.map(|one| format!("*{one}")).join(", "),
                path.display()
            );
        }
        files.notes.extend(walk.left_out(path));
        files.list.extend(walk.list);
    }
    Ok(files)
}

#[derive(Default)]
struct Walk {
    list: Vec<PathBuf>,
    digests: u64,
    others: u64,
}

impl Walk {
    fn left_out(&self, folder: &Path) -> Vec<String> {
        let folder = folder.display();
        let digests = (self.digests > 0).then(|| {
            format!("left out in {folder}: folders {DIGESTS} ({}), which hold no events", self.digests)
        });
        let others = (self.others > 0).then(|| {
            let endings = ENDINGS.join(", ");
            format!("left out in {folder}: files whose names do not end in {endings} ({})", self.others)
        });
        digests.into_iter().chain(others).collect()
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> Result<()> {
        let cannot = || format!("cannot read {}", folder.display());
        if depth > DEEPEST {
            bail!("{} has folders in folders without end", folder.display());
        }
        let entries = fs::read_dir(folder).with_context(cannot)?;
        let mut entries = entries
            .map(|entry| Ok(entry?.path()))
            .collect::<std::io::Result<Vec<_>>>()
            .with_context(cannot)?;
        entries.sort();
        for path in entries {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let kind = fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
            if kind.is_dir() && name == DIGESTS {
                self.digests += 1;
            } else if kind.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if kind.is_file() && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                self.list.push(path);
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }
}

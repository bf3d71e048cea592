//! Which files hold events.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};

use super::{Source, Sources};

/// Folders below this are taken for a loop.
const DEEPEST: usize = 32;
/// What CloudTrail calls the folder of its digests, which hold no events.
pub(super) const DIGESTS: &str = "CloudTrail-Digest";
/// Endings of files in folders that are taken for events. Files that are named are read whatever they are called.
const ENDINGS: [&str; 4] = [".json", ".jsonl", ".ndjson", ".gz"];

/// A file as it is given; of a folder all that is below, sorted.
pub(super) fn add(path: &Path, sources: &mut Sources) -> Result<()> {
    if path.as_os_str() == "-" {
        sources.list.push(Source::Stdin);
        return Ok(());
    }
    let cannot = || format!("cannot read {}", path.display());
    if !fs::metadata(path).with_context(cannot)?.is_dir() {
        sources.list.push(Source::File(path.to_owned()));
        return Ok(());
    }
    let mut walk = Walk::default();
    walk.folder(path, 0)?;
    if walk.list.is_empty() {
        bail!("there are no files named {} in {}", endings(), path.display());
    }
    sources.notes.extend(left_out(&path.display().to_string(), walk.digests, walk.others));
    sources.list.extend(walk.list.into_iter().map(Source::File));
    Ok(())
}

/// What files have to be called in folders.
pub(super) fn endings() -> String {
    ENDINGS.map(|one| format!("*{one}")).join(", ")
}

/// Whether a file of a folder is taken for events.
pub(super) fn is_called_so(name: &str) -> bool {
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What is said of what is not read.
pub(super) fn left_out(folder: &str, digests: u64, others: u64) -> Vec<String> {
    let digests = (digests > 0)
        .then(|| format!("left out in {folder}: folders {DIGESTS} ({digests}), which hold no events"));
    let others = (others > 0).then(|| {
        let endings = ENDINGS.join(", ");
        format!("left out in {folder}: files whose names do not end in {endings} ({others})")
    });
    digests.into_iter().chain(others).collect()
}

#[derive(Default)]
struct Walk {
    list: Vec<PathBuf>,
    digests: u64,
    others: u64,
}

impl Walk {
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
            } else if kind.is_file() && is_called_so(&name) {
                self.list.push(path);
            } else {
                self.others += 1;
            }
        }
        Ok(())
    }
}

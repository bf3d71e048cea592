//! Where things that are slow to make are kept between runs, and the lock under which they are made.
//!
//! Knows: the cache's place and names. Must not know: what is kept there.

use std::fs::{self, File};
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use sha2::{Digest as _, Sha256};

use crate::progress;

/// The cache's folder: `TRAIL_OPERATOR_CACHE`, else `trail-operator` in the user's cache folder. Outside the work
/// tree, so that a fresh clone finds what an older one made.
pub fn root() -> Result<PathBuf> {
    let env = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(path) = env("TRAIL_OPERATOR_CACHE") {
        return Ok(path);
    }
    if let Some(path) = env("XDG_CACHE_HOME") {
        return Ok(path.join("trail-operator"));
    }
    match env("HOME") {
        Some(home) => Ok(home.join(".cache").join("trail-operator")),
        None => {
            bail!("no place for the cache: set TRAIL_OPERATOR_CACHE to a folder that may hold about 2 GB")
        }
    }
}

/// A key for what is made from `parts`: the same parts, the same key.
pub fn key(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Holds the cache's lock called `name` until dropped, so that parallel runs make a thing once.
pub fn lock(name: &str) -> Result<File> {
    let folder = root()?;
    fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create the cache folder {}", folder.display()))?;
    let path = folder.join(format!("{name}.lock"));
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        progress::say(&format!("another run is busy with the {name}; waiting for it"));
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}

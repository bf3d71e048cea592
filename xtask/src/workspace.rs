//! Where things are in the work tree, and how cargo is called.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

/// The root of the work tree.
pub(crate) fn root() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.parent().unwrap_or(folder).to_owned()
}

/// The cargo that runs us, in the root of the work tree; its output is for reading by us first.
pub(crate) fn cargo(args: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .args(args)
        .current_dir(root())
        .env("CARGO_TERM_COLOR", "never")
        .env("CARGO_TERM_PROGRESS_WHEN", "never");
    command
}

/// The folder where cargo puts what it builds by default: ours, since we were built the same way.
pub(crate) fn target() -> Result<PathBuf> {
    let own = std::env::current_exe().context("where am I?")?;
    Ok(own.parent().context("no folder around xtask")?.to_owned())
}

/// The operator's program, once built.
pub(crate) fn operator() -> Result<PathBuf> {
    Ok(target()?.join("trail-operator"))
}

/// `kubectl cloudtrail`, once built.
pub(crate) fn command_line() -> Result<PathBuf> {
    Ok(target()?.join("kubectl-cloudtrail"))
}

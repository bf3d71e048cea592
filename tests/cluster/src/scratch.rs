//! A folder that is gone afterwards, also when the process that made it was killed.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// Reads one line: its maker has removed the folder and says so. End of file instead: its maker is dead, and the
/// folder is removed here, for some time again and again, since the processes that write there are just dying.
const JANITOR: &str = r#"
read -r _ && exit 0
tries=0
while [ -e "$1" ] && [ "$tries" -lt 100 ]; do
  rm -rf -- "$1" 2>/dev/null
  tries=$((tries + 1))
  sleep 0.1
done
"#;

/// A private temporary folder.
#[derive(Debug)]
pub struct ScratchDir {
    folder: Option<tempfile::TempDir>,
    path: PathBuf,
    janitor: Child,
}

impl ScratchDir {
    /// Makes a folder that only this user can read.
    pub fn new() -> Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("trail-operator-")
            .tempdir()
            .context("cannot make a temporary folder (is TMPDIR writable?)")?;
        let path = folder.path().to_owned();
        let janitor = Command::new("sh")
            .args(["-c", JANITOR, "trail-operator-janitor"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: the terminal's Ctrl-C must not reach who cleans up.
            .process_group(0)
            .spawn()
            .context("cannot start `sh`")?;
        Ok(Self { folder: Some(folder), path, janitor })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for ScratchDir {
    fn drop(&mut self) {
        let removed = self.folder.take().is_none_or(|folder| folder.close().is_ok());
        if let Some(mut pipe) = self.janitor.stdin.take()
            && removed
        {
            let _ = pipe.write_all(b"done\n");
        }
        let _ = self.janitor.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_gone_afterwards() {
        let scratch = ScratchDir::new().unwrap();
        let path = scratch.path().to_owned();
        std::fs::write(path.join("file"), "x").unwrap();
        drop(scratch);
        assert!(!path.exists());
    }
}

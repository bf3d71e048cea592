//! Python environments made from pinned requirements, kept in the cache.
//!
//! Knows: Python, venv and pip. Must not know: what is installed.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use test_cluster::cache;
use test_cluster::progress::Task;

/// Tried in this order when `PYTHON` is not set.
const NAMES: [&str; 5] = ["python3.11", "python3.12", "python3.13", "python3.14", "python3"];
/// Prints the version, if it is new enough and can make environments.
const CHECK: &str = "import sys, venv, ensurepip; assert sys.version_info >= (3, 11), 'it is older than 3.11'; \
     print('%d.%d.%d' % sys.version_info[:3])";
/// Written last: without it an environment is unfinished. (It cannot be renamed into place: scripts hold its path.)
const FINISHED: &str = "finished";

/// The folder of the Python program.
pub(crate) fn source() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The interpreter of the lab's own environment, made on first use.
pub fn lab() -> Result<PathBuf> {
    ensure_venv("lab", "requirements.txt")
}

/// The interpreter of the environment that `requirements` describes, made on first use; `name` is for people.
pub(crate) fn ensure_venv(name: &str, requirements: &str) -> Result<PathBuf> {
    let path = source().join(requirements);
    let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (python, version) = python()?;
    let key = cache::key(&[&text, version.as_bytes()]);
    let folder = cache::root()?.join("venvs").join(format!("{name}-{}", &key[..16]));
    let finished = || folder.join(FINISHED).is_file();
    if !finished() {
        let _lock = cache::lock("venvs")?;
        if !finished() {
            make(name, &python, &folder, &path)?;
        }
    }
    Ok(folder.join("bin").join("python"))
}

fn make(name: &str, python: &str, folder: &Path, requirements: &Path) -> Result<()> {
    let task = Task::start(&format!("installing the Python packages of {name}"));
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    let output = Command::new(python).args(["-m", "venv"]).arg(folder).output()?;
    ensure!(output.status.success(), "{python} -m venv: {}", String::from_utf8_lossy(&output.stderr).trim());
    let mut pip = Command::new(folder.join("bin").join("python"))
        .args(["-m", "pip", "install", "--require-hashes", "--no-input", "--disable-pip-version-check"])
        .args(["--progress-bar", "off", "--requirement"])
        .arg(requirements)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(lines) = pip.stdout.take().map(|pipe| BufReader::new(pipe).lines()) {
        lines.map_while(Result::ok).for_each(|line| task.note(line.trim()));
    }
    let output = pip.wait_with_output()?;
    ensure!(output.status.success(), "pip install: {}", String::from_utf8_lossy(&output.stderr).trim());
    fs::write(folder.join(FINISHED), "")?;
    task.done();
    Ok(())
}

/// A Python that will do, and its version.
fn python() -> Result<(String, String)> {
    let set = std::env::var("PYTHON").ok().filter(|name| !name.is_empty());
    let names = set.map_or_else(|| NAMES.map(String::from).to_vec(), |name| vec![name]);
    let mut refused = Vec::new();
    for name in names {
        match version(&name) {
            Ok(version) => return Ok((name, version)),
            Err(error) => refused.push(format!("  {name}: {error:#}")),
        }
    }
    bail!(
        "the lab needs Python 3.11 or newer with its venv module (Debian: apt install python3-venv); or set PYTHON to \
         one. Tried:\n{}",
        refused.join("\n")
    )
}

fn version(python: &str) -> Result<String> {
    let output = Command::new(python).args(["-c", CHECK]).output().context("cannot be run")?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        bail!("{}", text.lines().last().unwrap_or("it fails"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

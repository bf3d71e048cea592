//! Builds the programs of a Go module once and keeps them in the cache.
//!
//! Knows: the Go tool chain. Must not know: what the programs do.
//! Every version is pinned by the module's `go.mod`, every hash by its `go.sum`.

use std::collections::VecDeque;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::cache;
use crate::progress::Task;
use crate::tools::GoModule;

const NO_GO: &str = "the test bed builds etcd, Kubernetes and Helm from Go modules. Install Go (https://go.dev/dl, \
     1.26 or newer), or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver, kube-controller-manager, kubectl \
     and helm";

/// A module with all that decides what is built.
struct Build<'a> {
    module: &'a GoModule,
    source: PathBuf,
    flags: String,
    folder: PathBuf,
}

/// The folders with the programs of `modules`, in that order.
pub(crate) fn folders(modules: &[&GoModule]) -> Result<Vec<PathBuf>> {
    let builds = modules.iter().map(|module| prepare(module)).collect::<Result<Vec<_>>>()?;
    if builds.iter().any(|build| !build.folder.is_dir()) {
        let _lock = cache::lock("tools")?;
        let missing: Vec<_> = builds.iter().filter(|build| !build.folder.is_dir()).collect();
        for (at, build) in missing.iter().enumerate() {
            make(build, &format!("{}/{}", at + 1, missing.len()))?;
        }
    }
    Ok(builds.into_iter().map(|build| build.folder).collect())
}

fn prepare(module: &GoModule) -> Result<Build<'_>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools").join(module.name);
    let read =
        |name| fs::read_to_string(source.join(name)).with_context(|| format!("tools/{}/{name}", module.name));
    let (go_mod, go_sum) = (read("go.mod")?, read("go.sum")?);
    let flags = flags(module, &go_mod)?;
    let go = go_version(&source)?;
    let key = cache::key(&[go_mod.as_bytes(), go_sum.as_bytes(), flags.as_bytes(), go.as_bytes()]);
    Ok(Build { module, source, flags, folder: cache::root()?.join("tools").join(&key[..16]) })
}

/// The linker's flags: no symbols, and the version where the program wants one.
fn flags(module: &GoModule, go_mod: &str) -> Result<String> {
    let Some((package, from)) = module.version else { return Ok("-s -w".into()) };
    let version = go_mod
        .lines()
        .filter_map(|line| line.trim().trim_start_matches("require ").strip_prefix(from)?.strip_prefix(' '))
        .find_map(|rest| rest.split_whitespace().next())
        .with_context(|| format!("tools/{}/go.mod does not require {from}", module.name))?;
    let mut numbers = version.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    Ok(format!(
        "-s -w -X {package}.gitVersion={version} -X {package}.gitMajor={major} -X {package}.gitMinor={minor}"
    ))
}

/// The Go that would build this module, with its platform. Go says itself when it is too old for the `go.mod`.
fn go_version(source: &Path) -> Result<String> {
    let output = go(source).args(["env", "GOVERSION", "GOOS", "GOARCH"]).output().context(NO_GO)?;
    if !output.status.success() {
        bail!("{}\n{NO_GO}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn go(source: &Path) -> Command {
    let mut command = Command::new("go");
    // What a user has set for other projects must not change what is built here.
    command.current_dir(source).env("CGO_ENABLED", "0").env("GOFLAGS", "").env("GOWORK", "off");
    command
}

/// Builds into a folder of another name that is renamed at the end: a build that was broken off leaves nothing that
/// looks whole.
fn make(build: &Build<'_>, count: &str) -> Result<()> {
    let names: Vec<_> = build.module.programs.iter().map(|(_, file)| *file).collect();
    let task = Task::start_numbered(count, &format!("building {}", names.join(", ")));
    let packages: Vec<_> = build.module.programs.iter().map(|(package, _)| *package).collect();
    let unfinished = build.folder.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    fs::create_dir_all(&unfinished)
        .with_context(|| format!("cannot write to the cache {}", unfinished.display()))?;
    task.note("looking up its packages");
    let total = count_packages(&build.source, &packages)?;
    // A lone program takes the file's name; several take their packages' names.
    let output = if let [name] = names[..] { unfinished.join(name) } else { unfinished.join("") };
    let mut command = go(&build.source);
    command.args(["build", "-v", "-trimpath", "-ldflags", &build.flags, "-o"]).arg(output).args(&packages);
    compile(command, &task, total).with_context(|| format!("cannot build {}", names.join(", ")))?;
    fs::rename(&unfinished, &build.folder)?;
    task.done();
    Ok(())
}

fn count_packages(source: &Path, packages: &[&str]) -> Result<usize> {
    let output = go(source).args(["list", "-deps"]).args(packages).output().context(NO_GO)?;
    if !output.status.success() {
        bail!(
            "cannot fetch the Go modules (network, or GOPROXY?):\n{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

/// Runs `go build -v`, which writes a line for each package that it compiles.
fn compile(mut command: Command, task: &Task, total: usize) -> Result<()> {
    let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().context(NO_GO)?;
    let mut tail = VecDeque::new();
    if let Some(lines) = child.stderr.take().map(|pipe| BufReader::new(pipe).lines()) {
        for (compiled, line) in lines.map_while(Result::ok).enumerate() {
            task.note(&format!("{} of {total} packages", compiled + 1));
            tail.push_back(line);
            if tail.len() > 20 {
                tail.pop_front();
            }
        }
    }
    if !child.wait()?.success() {
        bail!("go build says:\n{}", Vec::from(tail).join("\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_linked_in_is_the_one_required() {
        let module = GoModule { name: "kube", programs: &[], version: Some(("v", "k8s.io/kubernetes")) };
        let go_mod = "require (\n\tk8s.io/kube-openapi v0.0.0\n\tk8s.io/kubernetes v1.37.2 // indirect\n)\n";
        let flags = flags(&module, go_mod).unwrap();
        assert_eq!(flags, "-s -w -X v.gitVersion=v1.37.2 -X v.gitMajor=1 -X v.gitMinor=37");
    }
}

//! The examples under `kubectl apply`: applied again, or read back and applied, they change nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::server::{each, server};

/// Both ways of applying, each as one writes it.
const CLIENT_SIDE: &[&str] = &["apply"];
const SERVER_SIDE: &[&str] = &["apply", "--server-side"];

#[test]
fn applying_an_example_again_or_its_read_back_changes_nothing() {
    let examples = examples().unwrap();
    assert!(examples.len() >= 7, "{examples:?}");
    // One after the other for each example: both ways make the same object.
    let failures = each(&examples, |example| {
        [CLIENT_SIDE, SERVER_SIDE].map(|apply| {
            let about = || format!("kubectl {} of {}", apply.join(" "), example.display());
            changes_nothing(example, apply).with_context(about).err().map(|error| format!("{error:#}\n"))
        })
    });
    let failures: String = failures.into_iter().flatten().flatten().collect();
    assert!(failures.is_empty(), "{failures}");
}

fn changes_nothing(example: &Path, apply: &[&str]) -> Result<()> {
    let cluster = &server().cluster;
    let file = example.display().to_string();
    let on = |args: &[&str], file: &str| cluster.kubectl(&[args, &["--filename", file]].concat());
    let whole = || on(&["get", "--output", "yaml", "--show-managed-fields"], &file);
    // `kubectl diff` fails when there is a difference.
    let diff = |file: &str| on(&[&["diff"], &apply[1..]].concat(), file);

    on(apply, &file)?;
    // What the operator does first. Until then the API server has the status of a new object in no store, and would
    // store it with the next write, whatever that is.
    on(
        &[
            "patch",
            "--subresource=status",
            "--type=merge",
            "--patch",
            r#"{"status": {"observedGeneration": 1}}"#,
        ],
        &file,
    )?;
    let first = whole()?;
    diff(&file).context("after the first time")?;
    on(apply, &file)?;
    same(&first, &whole()?).context("the second time")?;

    let name = example.parent().and_then(Path::file_name).context("an example has a folder")?;
    let read_back = cluster.folder().join(name).with_added_extension(file_name(example));
    fs::write(&read_back, on(&["get", "--output", "yaml"], &file)?)?;
    let read_back = read_back.display().to_string();
    diff(&read_back).context("of the object as it was read")?;
    on(apply, &read_back)?;
    same(&without_bookkeeping(&first)?, &without_bookkeeping(&whole()?)?)
        .context("the object as it was read")?;

    on(&["delete"], &file).map(drop)
}

fn same<T: PartialEq + std::fmt::Debug>(before: &T, after: &T) -> Result<()> {
    ensure!(before == after, "it was\n{before:?}\nand is\n{after:?}");
    Ok(())
}

/// The object without the notes that applying leaves of who wrote which field, and their resourceVersion: what was
/// read back has more fields than the manifest, of any kind of object. The generation stays: it counts changes.
fn without_bookkeeping(yaml: &str) -> Result<Value> {
    let mut object: Value = serde_saphyr::from_str(yaml)?;
    let metadata = object["metadata"].as_object_mut().context("no metadata")?;
    for name in ["annotations", "managedFields", "resourceVersion"] {
        metadata.remove(name);
    }
    Ok(object)
}

/// Every example's manifests.
fn examples() -> Result<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let folders = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let mut files = Vec::new();
    for folder in folders.into_iter().filter(|path| path.is_dir()) {
        let entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        files.extend(entries.into_iter().filter(|path| path.extension().is_some_and(|it| it == "yaml")));
    }
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

//! The examples under `kubectl apply`: applied again, or read back and applied, they change nothing.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use test_suites::examples;

use crate::server::{each, server};

/// Both ways of applying, each as one writes it.
const CLIENT_SIDE: &[&str] = &["apply"];
const SERVER_SIDE: &[&str] = &["apply", "--server-side"];

#[test]
fn applying_an_example_again_or_its_read_back_changes_nothing() {
    let examples = by_folder().unwrap();
    assert!(examples.iter().flatten().count() >= 20, "{examples:?}");
    namespaces(&examples).unwrap();
    // One after the other for each example: both ways make the same object, and so may its files.
    let failures = each(&examples, |files| {
        let both = files.iter().flat_map(|file| [(file, CLIENT_SIDE), (file, SERVER_SIDE)]);
        let failures = both.filter_map(|(example, apply)| {
            let about = || format!("kubectl {} of {}", apply.join(" "), example.display());
            changes_nothing(example, apply).with_context(about).err().map(|error| format!("{error:#}\n"))
        });
        failures.collect::<String>()
    });
    let failures = failures.concat();
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

/// The objects without the notes that applying leaves of who wrote which field, and their resourceVersion: what was
/// read back has more fields than the manifest, of any kind of object. The generation stays: it counts changes.
fn without_bookkeeping(yaml: &str) -> Result<Vec<Value>> {
    let mut read: Value = serde_saphyr::from_str(yaml)?;
    let mut objects = match read["items"].as_array_mut() {
        Some(items) => std::mem::take(items),
        None => vec![read],
    };
    for object in &mut objects {
        let metadata = object["metadata"].as_object_mut().context("no metadata")?;
        for name in ["annotations", "managedFields", "resourceVersion"] {
            metadata.remove(name);
        }
    }
    Ok(objects)
}

/// The files of every example's manifests. Those of one folder may make the same object.
fn by_folder() -> Result<Vec<Vec<PathBuf>>> {
    let of = |folder: PathBuf| {
        let mut files: Vec<_> =
            examples::manifests(&folder)?.into_iter().map(|manifest| manifest.file).collect();
        files.dedup();
        Ok(files)
    };
    examples::all()?.into_iter().map(of).collect()
}

/// The namespaces that they are in, where the API server does not have them.
fn namespaces(examples: &[Vec<PathBuf>]) -> Result<()> {
    let mut names = BTreeSet::new();
    for file in examples.iter().flatten() {
        let objects: Vec<Value> = serde_saphyr::from_multiple(&fs::read_to_string(file)?)?;
        let namespaces = objects.iter().filter_map(|object| object["metadata"]["namespace"].as_str());
        names.extend(namespaces.filter(|name| *name != "default").map(str::to_owned));
    }
    for name in names {
        server().cluster.kubectl(&["create", "namespace", &name])?;
    }
    Ok(())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().display().to_string()
}

//! Objects from manifests.
//!
//! The rules of the schema are the API server's to judge; here a manifest must only be readable.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use trail_operator_crds::{AllowedNamespaces, AwsAccount, EventSelector, GROUP, LabelSelector, Trail};

use super::objects::Objects;

/// Reads every Trail, EventSelector and AwsAccount. Manifests of other kinds are none of our business.
pub(super) fn read(paths: &[PathBuf], namespace: Option<&str>, cluster_id: Option<&str>) -> Result<Objects> {
    let mut objects = Objects { cluster_id: cluster_id.map(str::to_owned), ..Objects::default() };
    for path in paths {
        for file in files(path)? {
            let text = text(&file)?;
            let what = || format!("cannot read {}", file.display());
            let documents: Vec<Value> = serde_saphyr::from_multiple(&text).with_context(what)?;
            for document in documents {
                take(document, namespace, &mut objects).with_context(what)?;
            }
        }
    }
    if objects.trails.is_empty() {
        bail!(
            "there is no Trail in {}",
            paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
        );
    }
    objects.all_trails = objects.trails.iter().cloned().map(Arc::new).collect();
    Ok(objects)
}

/// A folder stands for the manifests in it, not for those below.
fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let is_manifest = |path: &PathBuf| {
        path.extension()
            .is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
    };
    let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut files = entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.retain(is_manifest);
    files.sort();
    Ok(files)
}

fn text(path: &Path) -> Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read stdin")?;
        return Ok(text);
    }
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn take(document: Value, namespace: Option<&str>, objects: &mut Objects) -> Result<()> {
    let ours =
        document["apiVersion"].as_str().is_some_and(|version| version.starts_with(&format!("{GROUP}/")));
    let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    match document["kind"].as_str().filter(|_| ours) {
        Some("Trail") => {
            let mut trail: Trail =
                serde_json::from_value(document).with_context(|| format!("Trail '{name}'"))?;
            trail.metadata.namespace.get_or_insert_with(|| namespace.unwrap_or("default").to_owned());
            objects.trails.push(trail);
        }
        Some("EventSelector") => {
            let mut object: EventSelector =
                serde_json::from_value(document).with_context(|| format!("EventSelector '{name}'"))?;
            object.metadata.namespace.get_or_insert_with(|| namespace.unwrap_or("default").to_owned());
            objects.event_selectors.push(Arc::new(object));
        }
        Some("AwsAccount") => {
            let mut account: AwsAccount =
                serde_json::from_value(document).with_context(|| format!("AwsAccount '{name}'"))?;
            // Labels of namespaces are the cluster's to know; here they are taken to fit.
            if account.spec.allowed_namespaces.selector.is_some() {
                account.spec.allowed_namespaces =
                    AllowedNamespaces { selector: Some(LabelSelector::default()), names: vec![] };
            }
            objects.accounts.insert(name, account);
        }
        _ => {}
    }
    Ok(())
}

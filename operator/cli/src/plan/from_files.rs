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
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use trail_operator_crds::{
    AllowedNamespaces, AwsAccount, EventSelector, GROUP, LabelSelector, MetricAlarm, Trail,
};

use super::objects::Objects;

/// Reads as [`read_all`] does; there has to be a Trail.
pub(crate) fn read(paths: &[PathBuf], namespace: Option<&str>, cluster_id: Option<&str>) -> Result<Objects> {
    let objects = read_all(paths, namespace, cluster_id)?;
    if objects.trails.is_empty() {
        let beside = if objects.metric_alarms.is_empty() && objects.event_selectors.is_empty() {
            ""
        } else {
            ", and what is there can be judged together with its Trail only; name its manifest too"
        };
        bail!("there is no Trail in {}{beside}", listed(paths));
    }
    Ok(objects)
}

/// The files, as they were named.
pub(super) fn listed(paths: &[PathBuf]) -> String {
    paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
}

/// Reads every Trail, EventSelector, MetricAlarm and AwsAccount. Manifests of other kinds are none of our business.
pub(crate) fn read_all(
    paths: &[PathBuf],
    namespace: Option<&str>,
    cluster_id: Option<&str>,
) -> Result<Objects> {
    let mut objects = Objects { cluster_id: cluster_id.map(str::to_owned), ..Objects::default() };
    for path in paths {
        for file in files(path)? {
            let text = text(&file)?;
            let what = || format!("cannot read {}", file.display());
            let documents: Vec<Value> = serde_saphyr::from_multiple(&text).with_context(what)?;
            for document in documents {
                take(document, namespace, &file, &mut objects).with_context(what)?;
            }
        }
    }
    objects.all_trails = objects.trails.iter().cloned().map(Arc::new).collect();
    objects.alarms = objects.metric_alarms.clone();
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

fn take(document: Value, namespace: Option<&str>, file: &Path, objects: &mut Objects) -> Result<()> {
    if let (Some("List"), Value::Array(items)) = (document["kind"].as_str(), &document["items"]) {
        return items.iter().try_for_each(|item| take(item.clone(), namespace, file, objects));
    }
    let ours =
        document["apiVersion"].as_str().is_some_and(|version| version.starts_with(&format!("{GROUP}/")));
    let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let place = |metadata: &mut ObjectMeta| {
        metadata.namespace.get_or_insert_with(|| namespace.unwrap_or("default").to_owned()).clone()
    };
    match document["kind"].as_str().filter(|_| ours) {
        Some("Trail") => {
            let mut trail: Trail = whole(document).with_context(|| format!("Trail '{name}'"))?;
            let namespace = place(&mut trail.metadata);
            note(objects, format!("Trail {namespace}/{name}"), file)?;
            // Labels of namespaces are the cluster's to know; here they are taken to fit.
            if trail.spec.event_selectors_from.selector.is_some() {
                trail.spec.event_selectors_from.selector = Some(LabelSelector::default());
            }
            objects.trails.push(trail);
        }
        Some("EventSelector") => {
            let mut object: EventSelector =
                whole(document).with_context(|| format!("EventSelector '{name}'"))?;
            let namespace = place(&mut object.metadata);
            note(objects, format!("EventSelector {namespace}/{name}"), file)?;
            objects.event_selectors.push(Arc::new(object));
        }
        Some("MetricAlarm") => {
            let mut object: MetricAlarm = whole(document).with_context(|| format!("MetricAlarm '{name}'"))?;
            let namespace = place(&mut object.metadata);
            note(objects, format!("MetricAlarm {namespace}/{name}"), file)?;
            objects.metric_alarms.push(Arc::new(object));
        }
        Some("AwsAccount") => {
            let mut account: AwsAccount = whole(document).with_context(|| format!("AwsAccount '{name}'"))?;
            note(objects, format!("AwsAccount {name}"), file)?;
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

/// An object of whose spec nothing is overlooked: a field that nobody knows is a slip, as it is for kubectl.
fn whole<T: DeserializeOwned + Serialize>(document: Value) -> Result<T> {
    let declared = document["spec"].clone();
    let object: T = serde_json::from_value(document)?;
    let known = serde_json::to_value(&object)?["spec"].take();
    match overlooked(&declared, &known) {
        Some(path) => bail!("spec{path}: there is no such field"),
        None => Ok(object),
    }
}

/// The path of a field that is in one and not in the other. Empty ones may be left out.
fn overlooked(declared: &Value, known: &Value) -> Option<String> {
    match (declared, known) {
        (Value::Object(declared), Value::Object(known)) => declared.iter().find_map(|(name, value)| {
            let is_empty = value.is_null() || *value == json!([]) || *value == json!({});
            let path = match known.get(name) {
                Some(known) => overlooked(value, known)?,
                None if is_empty => return None,
                None => String::new(),
            };
            Some(format!(".{name}{path}"))
        }),
        (Value::Array(declared), Value::Array(known)) => {
            let mut pairs = declared.iter().zip(known).enumerate();
            pairs.find_map(|(at, (value, known))| Some(format!("[{at}]{}", overlooked(value, known)?)))
        }
        _ => None,
    }
}

/// Remembers where an object was, which can be in one place only.
fn note(objects: &mut Objects, object: String, file: &Path) -> Result<()> {
    if let Some(other) = objects.files.get(&object) {
        bail!("{object} is there twice, here and in {}; leave one of them out", other.display());
    }
    objects.files.insert(object, file.to_owned());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(yaml: &str) -> Result<Objects> {
        let mut objects = Objects::default();
        for document in serde_saphyr::from_multiple::<Value>(yaml)? {
            take(document, Some("audit"), Path::new("a.yaml"), &mut objects)?;
        }
        Ok(objects)
    }

    const TRAIL: &str = "{apiVersion: trail-operator.dev/v1alpha1, kind: Trail, metadata: {name: main}, spec: {region: us-east-1, s3: {bucketName: logs}}}";

    #[test]
    fn lists_are_what_is_in_them_and_others_are_left_alone() {
        let list = format!("{{apiVersion: v1, kind: List, items: [{TRAIL}, {{kind: Pod}}, 1]}}");
        let objects = objects(&list).unwrap();
        assert_eq!(objects.trails[0].metadata.namespace.as_deref(), Some("audit"));
        assert_eq!(objects.files["Trail audit/main"], Path::new("a.yaml"));
        assert_eq!(objects.trails.len(), 1);
    }

    #[test]
    fn a_field_that_nobody_knows_is_told_with_its_path() {
        let selector = |spec: &str| {
            objects(&format!(
                "{{apiVersion: trail-operator.dev/v1alpha1, kind: EventSelector, metadata: {{name: a}}, spec: {spec}}}"
            ))
        };
        let trail = "trailRef: {name: main}";
        let fields = |field: &str| {
            format!("{{{trail}, advanced: [{{fieldSelectors: [{{field: x, {field}: [z]}}]}}]}}")
        };
        assert!(selector(&fields("startsWith")).is_ok());
        assert!(
            selector(&format!("{{{trail}, basic: {{dataResources: []}}, advanced: null, priority: 7}}"))
                .is_ok()
        );
        for (spec, path) in [
            (fields("startswith"), "spec.advanced[0].fieldSelectors[0].startswith"),
            (format!("{{{trail}, prio: 7}}"), "spec.prio"),
        ] {
            let error = format!("{:#}", selector(&spec).unwrap_err());
            assert_eq!(error, format!("EventSelector 'a': {path}: there is no such field"));
        }
    }

    #[test]
    fn an_object_is_there_once() {
        let error = objects(&format!("{TRAIL}\n---\n{TRAIL}")).unwrap_err().to_string();
        assert_eq!(error, "Trail audit/main is there twice, here and in a.yaml; leave one of them out");
    }
}

//! `CustomResourceDefinition`s as files: the derived schema, with what the derive cannot say.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt;
use serde_json::{Map, Value, json};

use crate::{AwsAccount, EventSelector, MetricAlarm, Trail};

/// One `CustomResourceDefinition`.
pub struct Manifest {
    /// File name, `<plural>.trail-operator.dev.yaml`.
    pub file_name: String,
    /// The object.
    pub object: Value,
}

impl Manifest {
    /// The file's text.
    ///
    /// # Errors
    /// When the object cannot be written as YAML.
    pub fn yaml(&self) -> Result<String, serde_saphyr::ser::Error> {
        Ok(format!(
            "# Generated from the Rust types in crds/src by `cargo xtask crds`; change those.\n---\n{}",
            serde_saphyr::to_string(&self.object)?
        ))
    }
}

/// Every kind's definition.
///
/// # Errors
/// When a derived definition cannot be written as JSON.
pub fn manifests() -> Result<Vec<Manifest>, serde_json::Error> {
    [Trail::crd(), EventSelector::crd(), MetricAlarm::crd(), AwsAccount::crd()].iter().map(manifest).collect()
}

fn manifest(crd: &CustomResourceDefinition) -> Result<Manifest, serde_json::Error> {
    let mut object = serde_json::to_value(crd)?;
    let schema = &mut object["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    tidy(schema);
    // kstatus takes an object without status for finished; -1 is no generation, so a new object is in progress.
    schema["properties"]["status"]["default"] = json!({"observedGeneration": -1});
    without_rules(&mut schema["properties"]["status"]);
    bound_conditions(&mut schema["properties"]["status"]["properties"]["conditions"]["items"]["properties"]);
    Ok(Manifest { file_name: format!("{}.yaml", crd.metadata.name.as_deref().unwrap_or_default()), object })
}

/// Takes out what the API conventions advise against: `nullable` (an unset field is absent), line breaks and Rust's
/// backquotes in descriptions, and the fraction of whole numbers.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("nullable");
            if map.get("enum").is_some_and(Value::is_array)
                && let Some(Value::Array(values)) = map.get_mut("enum")
            {
                values.retain(|value| !value.is_null());
            }
            plain_description(map);
            map.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Number(number) => whole(number),
        _ => {}
    }
}

/// Bounds come out of the schema types as floats; every number in these kinds is a whole one.
fn whole(number: &mut serde_json::Number) {
    if let Some(float) = number.as_f64()
        && float.fract() == 0.0
        && let Ok(integer) = format!("{float:.0}").parse::<i64>()
    {
        *number = integer.into();
    }
}

fn plain_description(map: &mut Map<String, Value>) {
    if let Some(Value::String(text)) = map.get_mut("description") {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "");
    }
}

/// Rules are for what people write. A type that stands in a spec may stand in a status too, where a rule would only keep
/// the operator from telling what it saw.
fn without_rules(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            map.remove("x-kubernetes-validations");
            map.values_mut().for_each(without_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        _ => {}
    }
}

/// The limits that `metav1.Condition` documents; the derived schema has none.
fn bound_conditions(properties: &mut Value) {
    properties["type"]["maxLength"] = json!(316);
    properties["reason"]["maxLength"] = json!(1024);
    properties["reason"]["minLength"] = json!(1);
    properties["message"]["maxLength"] = json!(32768);
    properties["status"]["enum"] = json!(["True", "False", "Unknown"]);
}

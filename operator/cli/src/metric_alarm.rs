//! MetricAlarms as manifests: what differs from what the schema fills in by itself.

use anyhow::Result;
use serde_json::json;
use trail_operator_crds::{MetricAlarm, MetricAlarmSpec};

use crate::yaml::Node;

/// A spec that says nothing but its Trail, with what the schema says then.
pub(crate) fn bare_spec(trail: &str) -> Result<MetricAlarmSpec> {
    Ok(serde_json::from_value(json!({"trailRef": {"name": trail}}))?)
}

/// The object, without what is there by itself.
pub(crate) fn node(object: &MetricAlarm) -> Result<Node> {
    let mut node = Node::of(object)?;
    // Every Trail has a name, so that one is never left out.
    let default = Node::of(&bare_spec("")?)?;
    if let Some(spec) = node.member("spec") {
        *spec = spec.clone().without(&default);
    }
    Ok(node)
}

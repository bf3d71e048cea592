//! Presets as manifests of MetricAlarms. Pure.

use anyhow::Result;
use trail_operator_crds::{Alarm, MetricAlarm};
use trail_operator_domain::presets::Preset;

use super::{choosing::Chosen, judging};
use crate::{metric_alarm, yaml::comment};

/// Stands for the Trail where none is named: no Trail can be called so.
const TRAIL: &str = "NAME-OF-THE-TRAIL";

/// What the manifests say beside their preset.
pub(super) struct Place<'a> {
    pub(super) namespace: Option<&'a str>,
    pub(super) trail: Option<&'a str>,
    pub(super) topics: &'a [String],
}

impl Place<'_> {
    /// What is still to be filled in.
    pub(super) fn notes(&self) -> Vec<String> {
        let trail = self
            .trail
            .is_none()
            .then(|| format!("put the name of your Trail where {TRAIL} stands, or give --trail"));
        let topics = self.topics.is_empty().then(|| {
            "nobody is told when these alarms go off: give --topic-arn, or set spec.alarm.alarmActions"
                .to_owned()
        });
        trail.into_iter().chain(topics).collect()
    }
}

/// One document for each, with what its auditors say of it in front.
pub(super) fn yaml(chosen: &Chosen, place: &Place<'_>) -> Result<String> {
    let mut documents = Vec::new();
    for preset in &chosen.presets {
        let mut document = comment(&format!("{}: {}.", preset.name, preset.topic.title()));
        for note in judging::notes(preset) {
            document.push_str(&comment(&note));
        }
        document.push_str(&metric_alarm::node(&object(preset, place)?)?.yaml()?);
        documents.push(document);
    }
    Ok(documents.join("---\n"))
}

/// The object.
pub(super) fn object(preset: &Preset, place: &Place<'_>) -> Result<MetricAlarm> {
    let mut spec = metric_alarm::bare_spec(place.trail.unwrap_or(TRAIL))?;
    spec.preset = Some(preset.name.to_owned());
    spec.alarm = (!place.topics.is_empty())
        .then(|| Alarm { alarm_actions: Some(place.topics.to_vec()), ..Alarm::default() });
    let mut object = MetricAlarm::new(&name(preset), spec);
    object.metadata.namespace = place.namespace.map(str::to_owned);
    Ok(object)
}

/// Its number in the standard and what it is about. Names stay when revisions come, since the filter and the alarm in AWS
/// are called after them.
pub(super) fn name(preset: &Preset) -> String {
    let about = words(preset.topic.metric_name());
    match preset.standard() {
        "guide" => format!("guide-{}", preset.control()),
        "SecurityHub" => format!("{}-{about}", preset.control().to_lowercase()),
        _ => format!("cis-{}-{about}", preset.control()),
    }
}

/// `RootUsage` as `root-usage`.
fn words(camel: &str) -> String {
    let mut text = String::new();
    // The one name of AWS that is a word.
    for char in camel.replace("CloudTrail", "Cloudtrail").chars() {
        if char.is_ascii_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.push(char.to_ascii_lowercase());
    }
    text
}

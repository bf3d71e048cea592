//! Which controls accept a preset, as the status of a MetricAlarm would say it. Pure.

use trail_operator_domain::{patterns::Pattern, presets::Preset};
use trail_operator_reconcile::metric_alarm::unaccepted;

/// A control of the preset's subject, and whether it accepts the preset's pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judged {
    pub(super) standard: &'static str,
    pub(super) control: &'static str,
    /// Why not; `None` where it does.
    pub(super) why_not: Option<String>,
}

/// Security Hub's control and that of CIS. Security Hub has none about AWS Organizations.
pub(super) fn judge(preset: &Preset) -> Vec<Judged> {
    let text = preset.newest().map_or("", |revision| revision.pattern);
    let Ok(pattern) = Pattern::parse(text) else { return vec![] };
    let controls = preset.topic.security_hub().into_iter().chain(preset.topic.cis());
    let judged = controls.map(|control| Judged {
        standard: control.standard(),
        control: control.control(),
        why_not: unaccepted(&pattern, control),
    });
    judged.collect()
}

/// What is to be said of a preset before it is used: which control fails it and why, and what AWS does not document about a
/// pattern that no standard has made.
pub(super) fn notes(preset: &Preset) -> Vec<String> {
    let fails = |judged: Judged| {
        let Judged { standard, control, why_not } = judged;
        why_not.map(|why| format!("{standard} {control} fails it: {why}."))
    };
    let text = preset.newest().map_or("", |revision| revision.pattern);
    let corners = Pattern::parse(text).ok().filter(|_| is_of_guide(preset)).map(|pattern| pattern.corners());
    let corners = corners.into_iter().flatten().map(|corner| format!("Doubtful: {}.", corner.sentence()));
    judge(preset).into_iter().filter_map(fails).chain(corners).collect()
}

/// Whether it comes from a guide and not from a standard.
pub(super) fn is_of_guide(preset: &Preset) -> bool {
    preset.standard() == "guide"
}

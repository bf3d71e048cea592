//! What a plan has to say of the EventSelectors of a Trail: those that are not accepted, and those that cost more than
//! they seem to.

use jiff::Timestamp;
use kube::ResourceExt;
use trail_operator_crds::Trail;
use trail_operator_reconcile::{
    event_selector::{self, View},
    reason::Reason,
    references::References,
    trail::{Finding, Severity},
};

use super::objects::Objects;

/// A finding for each object that is not accepted as it is. What is only doubtful is told on stderr.
pub(super) fn findings(trail: &Trail, objects: &Objects, now: Timestamp) -> Vec<Finding> {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    let mut findings = Vec::new();
    for object in objects.event_selectors(&namespace, &name) {
        let key = (object.namespace().unwrap_or_default(), object.name_any());
        let called = format!("EventSelector {}/{}", key.0, key.1);
        let view = event_selector::view(&object, objects);
        let refused = match &view {
            View::None { reason, message } => Some((*reason, message.clone())),
            View::Trail(found) => found.composition.verdicts.get(&key).and_then(|verdict| {
                verdict.refusal().map(|refusal| (refusal.reason, refusal.message.clone()))
            }),
        };
        for warning in event_selector::report(&object, &view, now).status.warnings {
            crate::output::tell(format_args!("warning: {called}: {}: {}", warning.reason, warning.message));
        }
        if let Some((reason, message)) = refused {
            let severity = if reason == Reason::Invalid { Severity::Error } else { Severity::Waiting };
            findings.push(Finding { severity, reason, message: format!("{called}: {message}") });
        }
    }
    findings
}

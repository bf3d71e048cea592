//! Kind `EventSelector`: judged here, and put into AWS by the controller of `Trail`. Pure; calls no AWS.
//!
//! [`composition`] is what both controllers know of a trail's selectors; [`report`] is what an object's own status says.

pub mod composition;
mod form;
mod report;
#[cfg(test)]
mod tests;
mod view;
mod warnings;

use trail_operator_crds::{ManagementReadWriteType, RefusedSelector, Trail};
use trail_operator_domain::selectors::{AdvancedSelector, ReadWrite};

pub use composition::{Composition, MAX_VALUES, Verdict};
pub use form::{form, from_advanced, id, to_advanced};
pub use report::{Report, report};
pub use view::{Found, View, view};

use crate::references::References;
use composition::Member;

/// The management events that a Trail declares; `None` for none.
pub fn management_of(trail: &Trail) -> Option<AdvancedSelector> {
    let management = &trail.spec.management_events;
    let read_write = match management.read_write_type {
        ManagementReadWriteType::All => ReadWrite::All,
        ManagementReadWriteType::ReadOnly => ReadWrite::ReadOnly,
        ManagementReadWriteType::WriteOnly => ReadWrite::WriteOnly,
        ManagementReadWriteType::None => return None,
    };
    let excluded = management.exclude_event_sources.iter().map(String::as_str);
    Some(AdvancedSelector::management(read_write, excluded))
}

/// What a Trail and its `EventSelector`s amount to.
pub fn composition_of(trail: &Trail, references: &impl References) -> Composition {
    let namespace = trail.metadata.namespace.as_deref().unwrap_or_default();
    let name = trail.metadata.name.as_deref().unwrap_or_default();
    let members = references.event_selectors(namespace, name);
    let members = members.iter().filter(|member| {
        may_add(trail, member.metadata.namespace.as_deref().unwrap_or_default(), references)
    });
    let management = management_of(trail);
    let refused = refused_by_cloudtrail(trail);
    composition::compose(management.as_ref(), members.map(|member| Member::of(member, refused)).collect())
}

/// Forms that CloudTrail has refused. Whoever asks for a look asks for another try.
fn refused_by_cloudtrail(trail: &Trail) -> &[RefusedSelector] {
    let status = trail.status.as_ref();
    let handled = status.and_then(|status| status.last_handled_reconcile_at.as_deref());
    if crate::trail::reconcile_requested_at(trail).is_some_and(|requested| handled != Some(requested)) {
        return &[];
    }
    status.and_then(|status| status.selectors.as_ref()).map_or(&[], |selectors| selectors.refused.as_slice())
}

/// Whether objects of that namespace may add to the trail.
fn may_add(trail: &Trail, theirs: &str, references: &impl References) -> bool {
    let own = trail.metadata.namespace.as_deref().unwrap_or_default();
    let labels = references.namespace(theirs).unwrap_or_default().labels;
    trail.spec.event_selectors_from.allows(own, theirs, &labels)
}

//! What an `EventSelector` sees of its Trail: found, or why not. Reads other objects through [`References`].

use std::sync::Arc;

use trail_operator_crds::{AdvancedEventSelector, EventSelector, Trail};
use trail_operator_domain::selectors::AdvancedSelector;

use super::{Composition, composition_of, management_of, may_add};
use crate::{reason::Reason, references::References, trail::DeclaredSelectors};

/// Its Trail, or why it has none.
#[derive(Clone, Debug)]
pub enum View {
    /// There is none that it may add to.
    None {
        /// `TrailNotFound` or `NotPermitted`.
        reason: Reason,
        /// What is missing and what to do.
        message: String,
    },
    /// There is one.
    Trail(Box<Found>),
}

/// A Trail that an object may add to.
#[derive(Clone, Debug)]
pub struct Found {
    /// The Trail.
    pub trail: Arc<Trail>,
    /// What it and all its EventSelectors amount to.
    pub composition: Composition,
    /// The name of that.
    pub revision: String,
    /// Account that holds the trail.
    pub account_id: String,
    /// What other trails of the same account are to record, a trail each.
    pub elsewhere: Vec<Vec<AdvancedSelector>>,
}

/// Looks for the Trail of an object.
pub fn view(object: &EventSelector, references: &impl References) -> View {
    let (namespace, name) = object.trail();
    let own = object.metadata.namespace.as_deref().unwrap_or_default();
    let none = |reason, message| View::None { reason, message };
    // Whoever may not add is not told which Trails there are elsewhere.
    let elsewhere_refused = || {
        none(
            Reason::NotPermitted,
            format!(
                "there is no Trail {namespace}/{name} that takes EventSelectors from namespace '{own}'; correct spec.trailRef in a new EventSelector, or ask whoever owns the Trail to allow the namespace with spec.eventSelectorsFrom"
            ),
        )
    };
    let trail = match references.trail(namespace, name) {
        Ok(None) | Err(_) if namespace != own => return elsewhere_refused(),
        Ok(Some(trail)) => trail,
        Ok(None) => {
            return none(
                Reason::TrailNotFound,
                format!(
                    "there is no Trail {namespace}/{name}; create it, or make a new EventSelector with another spec.trailRef"
                ),
            );
        }
        Err(_) => {
            return none(
                Reason::TrailNotFound,
                format!("this version of the operator cannot read Trail {namespace}/{name}"),
            );
        }
    };
    if !may_add(&trail, own, references) {
        return elsewhere_refused();
    }
    if trail.metadata.deletion_timestamp.is_some() {
        return none(Reason::TrailNotFound, format!("Trail {namespace}/{name} is being deleted"));
    }
    let composition = composition_of(&trail, references);
    let declared = DeclaredSelectors {
        management: management_of(&trail),
        added: composition.selectors.clone(),
        ..DeclaredSelectors::default()
    };
    View::Trail(Box::new(Found {
        revision: declared.revision(),
        account_id: account_id(&trail, references),
        elsewhere: elsewhere(&trail, references),
        composition,
        trail,
    }))
}

fn account_id(trail: &Trail, references: &impl References) -> String {
    let account = references.aws_account(&trail.spec.account_ref.name).ok().flatten();
    account.map(|account| account.spec.account_id.clone()).unwrap_or_default()
}

/// Only trails that see events of the same Region can record the same ones.
fn elsewhere(trail: &Trail, references: &impl References) -> Vec<Vec<AdvancedSelector>> {
    let is_other = |other: &&Arc<Trail>| {
        let same = other.metadata.uid == trail.metadata.uid
            || other.spec.region == trail.spec.region && other.trail_name() == trail.trail_name();
        let meet = other.spec.region == trail.spec.region
            || other.spec.is_multi_region_trail
            || trail.spec.is_multi_region_trail;
        !same && meet && other.metadata.deletion_timestamp.is_none()
    };
    let others = references.trails_of(&trail.spec.account_ref.name);
    let selectors = others.iter().filter(is_other).map(|other| composition_of(other, references).selectors);
    selectors.filter(|selectors| !selectors.is_empty()).collect()
}

/// A form as status keeps it.
pub(super) fn kept(selectors: &[AdvancedSelector]) -> Vec<AdvancedEventSelector> {
    selectors.iter().map(super::to_advanced).collect()
}

//! An object's part of its Trail's cost, as the Trail's status tells it.

use trail_operator_crds::{CostShare, Trail};
use trail_operator_domain::cost::{Decimal, ObjectKind, plain};

/// The part of this object; `None` while nothing is known of the Trail's cost.
pub fn share(trail: &Trail, kind: ObjectKind, namespace: &str, name: &str) -> Option<CostShare> {
    let cost = trail.status.as_ref()?.cost.as_ref()?;
    let mut parts = cost.objects.iter();
    let part =
        parts.find(|part| part.kind == kind.name() && part.namespace == namespace && part.name == name);
    let monthly = part.map_or_else(|| plain(Decimal::ZERO), |part| part.monthly.clone());
    Some(CostShare { monthly, currency: cost.currency.clone() })
}

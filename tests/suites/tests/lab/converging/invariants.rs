//! What holds of the conditions after every round, whatever happened (kstatus, and Kubernetes' API conventions).

use anyhow::{Result, ensure};
use jiff::Timestamp;
use trail_operator_crds::TrailStatus;
use trail_operator_reconcile::conditions::find;

pub fn hold(previous: &TrailStatus, status: &TrailStatus, generation: i64, now: Timestamp) -> Result<()> {
    let list = &status.conditions;
    let of = |type_| find(list, type_).map(|condition| condition.status.as_str());
    let (ready, reconciling, stalled) = (of("Ready"), of("Reconciling"), of("Stalled"));
    ensure!(ready.is_some(), "there is no Ready: {list:#?}");
    ensure!(reconciling.is_none() || stalled.is_none(), "Reconciling and Stalled are both there: {list:#?}");
    for negative in [reconciling, stalled].into_iter().flatten() {
        ensure!(negative == "True", "a condition that is there only when True is {negative}: {list:#?}");
    }
    if ready == Some("True") {
        ensure!(reconciling.is_none() && stalled.is_none(), "Ready beside Reconciling or Stalled: {list:#?}");
        ensure!(status.observed_generation == Some(generation), "Ready without its generation: {status:#?}");
    }
    if ready == Some("Unknown") {
        ensure!(reconciling.is_some(), "Ready is Unknown and nobody works on it: {list:#?}");
    }
    ensure!(
        status.observed_generation <= Some(generation),
        "observedGeneration is ahead of {generation}: {status:#?}"
    );
    ensure!(
        status.observed_generation >= previous.observed_generation,
        "observedGeneration goes back from {:?}: {status:#?}",
        previous.observed_generation
    );
    for (at, condition) in list.iter().enumerate() {
        ensure!(list[..at].iter().all(|other| other.type_ != condition.type_), "twice: {condition:#?}");
        ensure!(!condition.reason.is_empty(), "no reason: {condition:#?}");
        ensure!(condition.observed_generation <= Some(generation), "ahead of {generation}: {condition:#?}");
        ensure!(condition.last_transition_time.0 <= now, "in the future of {now}: {condition:#?}");
        if let Some(before) = find(&previous.conditions, &condition.type_) {
            let (then, since) = (before.last_transition_time.0, condition.last_transition_time.0);
            let changed = before.status != condition.status;
            let expected = if changed { now.as_second() } else { then.as_second() };
            ensure!(
                since.as_second() == expected,
                "the transition time moves with the status and only then: {before:#?} became {condition:#?}"
            );
        }
    }
    Ok(())
}

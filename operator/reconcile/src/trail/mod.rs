//! Kind `Trail`, from the object to AWS and back to its status, in five steps of one file each.
//!
//! This file only puts the steps in order.

mod change;
pub mod cost;
pub mod delivery;
mod dereference;
mod events;
mod execute;
mod fights;
pub mod finalize;
mod guard;
mod input;
mod isolating;
mod last_write;
mod lines;
mod observe;
mod ownership;
mod permitted;
mod plan;
mod readiness;
mod recording;
mod report;
mod selecting;
mod settings;
mod tags;
#[cfg(test)]
mod tests;
pub mod validation;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::TrailStatus;

pub use change::{Change, FieldChange, Mark, field};
pub use dereference::{Actor, Unresolved, dereference, reconcile_requested_at, requested_at, retains};
pub(crate) use dereference::{usable_account, was_settled, weakening_allowed};
pub(crate) use events::of_readiness;
pub use execute::{Applied, Failure, execute};
pub use fights::Fights;
pub use input::{Allowed, DeletedWith, Freshness, HandsOff, Input};
pub use isolating::Isolation;
pub use last_write::LastWrite;
pub use lines::Line;
pub use observe::{Observed, ObservedTrail, observe};
pub use ownership::Ownership;
pub(crate) use permitted::permits;
pub use plan::{Finding, Plan, Severity, Withheld, plan};
pub(crate) use readiness::named;
pub use recording::{Recorded, Recording};
pub use report::{Next, Outcome, Report, report, suspended, unresolved};
pub use selecting::{DeclaredSelectors, Hold};
pub(crate) use tags::{changes as tag_changes, managed as tag_keys_kept};

use crate::{aws::Aws, reason::Reason};

/// What has to be asked of the cluster before something is given up, and only then.
pub trait Surroundings {
    /// Whether the definition of `EventSelector` is there to stay: while it goes, its objects go without anybody having
    /// meant what they recorded.
    fn event_selectors_stay(&self) -> impl Future<Output = bool> + Send;
}

/// Makes AWS as declared and says what came of it.
///
/// Looks a second time after a change, so that what is reported was read and not assumed.
/// `unseen_for` is how long AWS could not be asked about this trail, including this time if that fails.
pub async fn reconcile<A: Aws>(
    api: &A,
    surroundings: &impl Surroundings,
    input: Input,
    previous: &TrailStatus,
    unseen_for: SignedDuration,
    now: Timestamp,
) -> (Report, Applied) {
    let mut input = if input.last_write.is_recent(now) { freshly(input) } else { input };
    input.isolation.clone().hold_back(&mut input);
    let observed = match observe(api, &input).await {
        Ok(observed) => observed,
        Err(error) => {
            let outcome = Outcome::NotObserved { error, unseen_for };
            return (report(&input, previous, &outcome, &Applied::default(), now), Applied::default());
        }
    };
    let input = named_by_aws(input, &observed);
    let (input, first) = sure_plan(surroundings, input, &observed, now).await;
    if first.changes.is_empty() {
        let outcome = match observed.unread_for_now() {
            Some(error) => Outcome::NotObserved { error: error.clone(), unseen_for },
            None => Outcome::Observed { observed, plan: first },
        };
        return (report(&input, previous, &outcome, &Applied::default(), now), Applied::default());
    }
    let applied = execute(api, &input, first.changes.clone()).await;
    let input = Input { arn: applied.arn.clone().unwrap_or(input.arn), ..input };
    let (observed, plan) = after_changes(api, &input, &applied, observed, first, now).await;
    let outcome = Outcome::Observed { observed, plan };
    (report(&input, previous, &outcome, &applied, now), applied)
}

/// The plan, after asking what has to be asked first.
async fn sure_plan(
    surroundings: &impl Surroundings,
    mut input: Input,
    observed: &Observed,
    now: Timestamp,
) -> (Input, Plan) {
    let first = plan(&input, observed, now);
    let held = first.withheld.iter().any(|withheld| withheld.reason == Reason::HeldForNow);
    if !held || input.recording.selectors.hold != Some(Hold::NotAskedYet) || input.hands_off.is_some() {
        return (input, first);
    }
    let stay = surroundings.event_selectors_stay().await;
    input.recording.selectors.hold = (!stay).then_some(Hold::Definition);
    let sure = plan(&input, observed, now);
    (input, sure)
}

/// An organization's trail has the ARN that AWS says.
fn named_by_aws(input: Input, observed: &Observed) -> Input {
    match &observed.trail {
        Some(trail) => Input { arn: trail.arn.clone(), ..input },
        None => input,
    }
}

fn freshly(input: Input) -> Input {
    let freshness = match input.freshness {
        Freshness::Requested => Freshness::Requested,
        Freshness::AsUsual | Freshness::AfterWrite => Freshness::AfterWrite,
    };
    Input { freshness, ..input }
}

/// What stands in AWS after `execute`. Where nothing was done, or the second look fails, the first look has to do.
async fn after_changes<A: Aws>(
    api: &A,
    input: &Input,
    applied: &Applied,
    before: Observed,
    first: Plan,
    now: Timestamp,
) -> (Observed, Plan) {
    if applied.done.is_empty() {
        return (before, first);
    }
    let last_write = input.last_write.clone().and(&applied.done, now);
    let input = Input { freshness: Freshness::AfterWrite, last_write, ..input.clone() };
    match observe(api, &input).await {
        Ok(observed) => {
            let plan = plan(&input, &observed, now);
            (observed, plan)
        }
        Err(error) => {
            tracing::info!(%error, "the changes were made; looking at them again failed");
            (before, first)
        }
    }
}

//! Kind `Trail`, from the object to AWS and back to its status, in five steps of one file each.
//!
//! This file only puts the steps in order.

mod change;
pub mod delivery;
mod dereference;
mod events;
mod execute;
pub mod finalize;
mod last_write;
mod observe;
mod plan;
mod report;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::TrailStatus;

pub use change::{Change, FieldChange};
pub use dereference::{DeletedWith, Input, Unresolved, dereference};
pub use execute::{Applied, Failure, execute};
pub use last_write::LastWrite;
pub use observe::{Observed, ObservedTrail, observe};
pub use plan::{Finding, Ownership, Plan, Severity, plan};
pub use report::{Next, Outcome, Report, report, unresolved};

use crate::aws::CloudTrail;

/// Makes AWS as declared and says what came of it.
///
/// Looks a second time after a change, so that what is reported was read and not assumed.
/// `unseen_for` is how long AWS could not be asked about this trail, including this time if that fails.
pub async fn reconcile<A: CloudTrail>(
    api: &A,
    input: &Input,
    previous: &TrailStatus,
    unseen_for: SignedDuration,
    now: Timestamp,
) -> (Report, Applied) {
    let mut applied = Applied::default();
    let outcome = match observe(api, input).await {
        Err(error) => Outcome::NotObserved { error, unseen_for },
        Ok(observed) => {
            let first = plan(input, &observed, now);
            if first.changes.is_empty() {
                Outcome::Observed { observed, plan: first }
            } else {
                applied = execute(api, input, first.changes.clone()).await;
                after_changes(api, input, &applied, observed, first, now).await
            }
        }
    };
    (report(input, previous, &outcome, &applied, now), applied)
}

/// What stands in AWS after `execute`. Where nothing was done, or the second look fails, the first look has to do.
async fn after_changes<A: CloudTrail>(
    api: &A,
    input: &Input,
    applied: &Applied,
    before: Observed,
    first: Plan,
    now: Timestamp,
) -> Outcome {
    if applied.done.is_empty() {
        return Outcome::Observed { observed: before, plan: first };
    }
    match observe(api, input).await {
        Ok(observed) => {
            let last_write = input.last_write.clone().and(&applied.done, now);
            let plan = plan(&Input { last_write, ..input.clone() }, &observed, now);
            Outcome::Observed { observed, plan }
        }
        Err(error) => {
            tracing::info!(%error, "the changes were made; looking at them again failed");
            Outcome::Observed { observed: before, plan: first }
        }
    }
}

//! Kind `MetricAlarm`: a metric filter on a trail's log group and the alarm on its metric, from the object to AWS and back to
//! its status, in five steps of one file each; and whether the alarm would ring.
//!
//! This file only puts the steps in order.

mod backtest;
mod change;
mod controls;
mod dereference;
mod differences;
mod effective;
mod events;
mod execute;
pub mod finalize;
mod input;
mod lines;
mod notifications;
mod observe;
mod ownership;
mod plan;
mod readiness;
mod refusal;
mod report;
mod ringing;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::MetricAlarmStatus;

pub use backtest::Tried;
pub use change::Change;
pub use controls::unaccepted;
pub use dereference::{Unresolved, account_of, dereference, may_weaken};
pub use effective::{Invalid, effective};
pub use execute::{Applied, execute};
pub use input::{Input, TrailFacts};
pub use lines::lines_of_deletion;
pub use observe::{Observed, ObservedAlarm, observe};
pub use plan::{Plan, plan};
pub use report::{Outcome, Report, report, suspended, unresolved, with_backtest};

use crate::{aws::Alarming, trail::Freshness};

/// Makes AWS as declared and says what came of it.
///
/// What differs is looked at anew before anything is done about it, and once more afterwards, so that what is reported was
/// read and not assumed. `unseen_for` is how long AWS could not be asked about it, including this time if that fails.
pub async fn reconcile<A: Alarming>(
    api: &A,
    input: &Input,
    previous: &MetricAlarmStatus,
    unseen_for: SignedDuration,
    now: Timestamp,
) -> (Report, Applied) {
    let nothing = Applied::default();
    let (observed, first) = match sure_plan(api, input, now).await {
        Ok(sure) => sure,
        Err(error) => {
            let outcome = Outcome::NotObserved { error, unseen_for };
            return (report(input, previous, &outcome, &nothing, now), nothing);
        }
    };
    // Where it is to be kept has to be written down before anything is made there.
    if first.changes.is_empty() || first.claims {
        let outcome = Outcome::Observed { observed, plan: first };
        return (report(input, previous, &outcome, &nothing, now), nothing);
    }
    let applied = execute(api, &input.place, &input.owner, first.changes.clone()).await;
    let fresh = Input { freshness: Freshness::AfterWrite, ..input.clone() };
    let outcome = match observe(api, &fresh).await {
        Ok(observed) => {
            let plan = plan(&fresh, &observed, now);
            Outcome::Observed { observed, plan }
        }
        Err(error) if applied.failed.is_none() => Outcome::NotObserved { error, unseen_for },
        Err(_) => Outcome::Observed { observed, plan: first },
    };
    (report(input, previous, &outcome, &applied, now), applied)
}

/// What is to be done, never on the word of an answer that somebody else had asked for.
async fn sure_plan<A: Alarming>(
    api: &A,
    input: &Input,
    now: Timestamp,
) -> Result<(Observed, Plan), crate::aws_error::AwsError> {
    let observed = observe(api, input).await?;
    let first = plan(input, &observed, now);
    let does_nothing = first.changes.is_empty() && !first.claims;
    if does_nothing || input.freshness != Freshness::AsUsual {
        return Ok((observed, first));
    }
    let fresh = Input { freshness: Freshness::AfterWrite, ..input.clone() };
    let observed = observe(api, &fresh).await?;
    let plan = plan(&fresh, &observed, now);
    Ok((observed, plan))
}

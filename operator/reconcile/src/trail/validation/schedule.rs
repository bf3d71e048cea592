//! When to run.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::Validation;

use super::Ledger;

/// The first look over the whole past waits for this after the first run, so that a new trail has its first answer soon.
const FIRST_DEEP_PASS: SignedDuration = SignedDuration::from_hours(1);

/// Characters of an annotation's value that status has room for.
const MOST_REQUEST: usize = 256;

/// A run that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Work {
    /// Somebody asked for it, by this value of the annotation.
    pub request: Option<String>,
    /// Whether the past is gone over again as well.
    pub deep: bool,
}

/// What is due now, if anything. `requested` is the annotation's value.
pub fn due(spec: &Validation, ledger: &Ledger, requested: Option<&str>, now: Timestamp) -> Option<Work> {
    // Status holds no more of it.
    let requested =
        requested.map(|value| value.char_indices().nth(MOST_REQUEST).map_or(value, |(end, _)| &value[..end]));
    let request = requested.filter(|value| Some(*value) != ledger.request.as_deref()).map(str::to_owned);
    // A time to come is nobody's memory: status was edited, or the clock was.
    let passed = |since: Timestamp, wait: SignedDuration| since > now || now.duration_since(since) >= wait;
    let interval = SignedDuration::from_secs(i64::from(spec.interval_seconds));
    let is_time = spec.interval_seconds > 0 && ledger.last_run.is_none_or(|last| passed(last, interval));
    let every = SignedDuration::from_hours(i64::from(spec.deep_pass.interval_hours));
    let deep = spec.interval_seconds > 0
        && spec.deep_pass.interval_hours > 0
        && match (ledger.deep_pass, ledger.verified) {
            (Some(last), _) => passed(last, every),
            (None, Some(verified)) => {
                let lookback = SignedDuration::from_hours(i64::from(spec.lookback_hours));
                passed(verified.start, lookback + FIRST_DEEP_PASS.min(every))
            }
            (None, None) => false,
        };
    // What an earlier process found and status had no room for has to be found again.
    let deep = deep || (ledger.beyond > 0 && ledger.verified.is_some());
    (request.is_some() || is_time).then_some(Work { request, deep })
}

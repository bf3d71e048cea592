//! How long to wait before trying an object again: a little, then longer each time, and from the start after success.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use jiff::Timestamp;

const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(5);

/// The waits of one object.
#[derive(Debug)]
pub(crate) struct Backoff(ExponentialBackoff);

impl Default for Backoff {
    fn default() -> Self {
        let builder = ExponentialBuilder::default();
        Self(builder.with_min_delay(FIRST).with_max_delay(LONGEST).without_max_times().with_jitter().build())
    }
}

impl Backoff {
    /// The next wait.
    pub(crate) fn next(&mut self) -> Duration {
        self.0.next().unwrap_or(LONGEST)
    }
}

/// A duration or up to a tenth less, so that objects made together do not ask AWS together for ever. Never more: drift is
/// to be found within the interval.
pub(crate) fn jittered(duration: Duration) -> Duration {
    duration.mul_f64(1.0 - 0.1 * fastrand::f64())
}

/// The time until the next tick of a clock that ticks once an interval, at a moment of its own for each `group`. What
/// belongs together is looked at together, so that one answer of AWS serves all; different groups come at different times.
pub(crate) fn until_tick(interval: Duration, group: impl Hash, now: Timestamp) -> Duration {
    /// A timer may fire a little early; the tick that is meant is over then.
    const EARLY: Duration = Duration::from_millis(500);
    let mut hasher = DefaultHasher::new();
    group.hash(&mut hasher);
    let interval_ms = u64::try_from(interval.as_millis()).unwrap_or(u64::MAX).max(1);
    let now_ms = u64::try_from(now.as_millisecond()).unwrap_or_default();
    let since = (now_ms + hasher.finish() % interval_ms) % interval_ms;
    let wait = Duration::from_millis(interval_ms - since);
    if wait < EARLY { wait + interval } else { wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_minutes_and_stay_there() {
        let mut backoff = Backoff::default();
        let waits: Vec<_> = (0..20).map(|_| backoff.next()).collect();
        assert!(waits[0] >= FIRST && waits[0] <= 2 * FIRST, "{waits:?}");
        assert!(waits[4] >= 16 * FIRST, "{waits:?}");
        assert!(waits[19] >= LONGEST && waits[19] <= 2 * LONGEST, "{waits:?}");
    }

    #[test]
    fn what_belongs_together_ticks_together_and_never_later_than_the_interval() {
        let interval = Duration::from_mins(5);
        let at = |ms: i64| Timestamp::from_millisecond(1_800_000_000_000 + ms).unwrap();
        for ms in (0..600_000).step_by(777) {
            let wait = until_tick(interval, "account", at(ms));
            assert!(wait <= interval + Duration::from_millis(500), "{wait:?}");
            let tick = |ms: i64, wait: Duration| (ms + i64::try_from(wait.as_millis()).unwrap()) % 300_000;
            let other = until_tick(interval, "account", at(ms + 1000));
            assert_eq!(tick(ms, wait), tick(ms + 1000, other), "the same moment from wherever it is awaited");
        }
        assert_ne!(until_tick(interval, "one", at(0)), until_tick(interval, "another", at(0)));
    }

    #[test]
    fn jitter_shortens_by_at_most_a_tenth() {
        for _ in 0..1000 {
            let seconds = jittered(Duration::from_secs(100)).as_secs_f64();
            assert!((90.0..=100.0).contains(&seconds), "{seconds}");
        }
    }
}

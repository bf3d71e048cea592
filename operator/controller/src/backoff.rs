//! How long to wait before trying an object again: a little, then longer each time, and from the start after success.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

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
    fn jitter_shortens_by_at_most_a_tenth() {
        for _ in 0..1000 {
            let seconds = jittered(Duration::from_secs(100)).as_secs_f64();
            assert!((90.0..=100.0).contains(&seconds), "{seconds}");
        }
    }
}

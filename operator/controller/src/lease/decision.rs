//! Who leads: a pure decision on what the Lease says.
//!
//! Other processes' clocks are not trusted: a Lease has expired when this process has seen it unchanged for its whole
//! duration by its own monotonic clock, as in Kubernetes' own leader election.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{api::coordination::v1::LeaseSpec, apimachinery::pkg::apis::meta::v1::MicroTime};

/// How long a leader leads after its last renewal.
pub(crate) const DURATION: Duration = Duration::from_secs(15);

/// What to do about the Lease.
#[derive(Debug, PartialEq)]
pub(crate) enum Decision {
    /// Write this: it makes this process the leader, or keeps it so.
    Write(LeaseSpec),
    /// Somebody else leads.
    Wait,
}

/// Decides. `lease` is what stands in the API server, `unchanged_for` how long it has been seen so.
pub(crate) fn decide(
    lease: Option<&LeaseSpec>,
    me: &str,
    unchanged_for: Duration,
    now: Timestamp,
) -> Decision {
    let Some(lease) = lease else { return Decision::Write(spec(me, now, now, 0)) };
    let transitions = lease.lease_transitions.unwrap_or(0);
    match lease.holder_identity.as_deref().filter(|holder| !holder.is_empty()) {
        Some(holder) if holder == me => {
            let acquired = lease.acquire_time.as_ref().map_or(now, |time| time.0);
            Decision::Write(spec(me, acquired, now, transitions))
        }
        Some(_) if unchanged_for < duration(lease) => Decision::Wait,
        _ => Decision::Write(spec(me, now, now, transitions.saturating_add(1))),
    }
}

/// What gives the Lease up, so that the next leader need not wait. `None` when it is not ours.
pub(crate) fn give_up(lease: &LeaseSpec, me: &str) -> Option<LeaseSpec> {
    (lease.holder_identity.as_deref() == Some(me)).then(|| LeaseSpec {
        holder_identity: None,
        lease_duration_seconds: Some(1),
        ..lease.clone()
    })
}

fn duration(lease: &LeaseSpec) -> Duration {
    let seconds = lease.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(DURATION, Duration::from_secs)
}

fn spec(me: &str, acquired: Timestamp, now: Timestamp, transitions: i32) -> LeaseSpec {
    LeaseSpec {
        holder_identity: Some(me.to_owned()),
        lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
        acquire_time: Some(MicroTime(acquired)),
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(transitions),
        ..LeaseSpec::default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn leads(decision: &Decision, who: &str) -> bool {
        matches!(decision, Decision::Write(spec) if spec.holder_identity.as_deref() == Some(who))
    }

    #[test]
    fn a_lease_nobody_holds_is_taken_at_once() {
        assert!(leads(&decide(None, "a", Duration::ZERO, at(0)), "a"));
        let given_up = give_up(&spec("b", at(0), at(0), 3), "b").unwrap();
        assert!(leads(&decide(Some(&given_up), "a", Duration::ZERO, at(0)), "a"));
    }

    #[test]
    fn another_leader_is_left_until_its_lease_was_seen_unchanged_for_its_duration() {
        let theirs = spec("b", at(0), at(0), 0);
        let just_before = Duration::from_millis(14_999);
        assert_eq!(decide(Some(&theirs), "a", just_before, at(9999)), Decision::Wait);
        assert!(leads(&decide(Some(&theirs), "a", DURATION, at(0)), "a"));
    }

    #[test]
    fn renewing_moves_the_renewal_and_nothing_else() {
        let mine = spec("a", at(0), at(5), 2);
        assert_eq!(
            decide(Some(&mine), "a", Duration::ZERO, at(9)),
            Decision::Write(spec("a", at(0), at(9), 2))
        );
    }

    #[test]
    fn only_the_holder_can_give_up() {
        assert_eq!(give_up(&spec("b", at(0), at(0), 0), "a"), None);
    }

    proptest! {
        /// Two candidates who write with the version they read: never two leaders at a time.
        #[test]
        fn there_is_one_leader_whatever_the_order(steps in prop::collection::vec((0usize..2, 0u64..10), 1..100)) {
            let names = ["a", "b"];
            let mut lease: Option<LeaseSpec> = None;
            let mut seen: [(Option<LeaseSpec>, u64); 2] = [(None, 0), (None, 0)];
            let mut renewed: [Option<u64>; 2] = [None, None];
            let mut now = 0;
            for (who, pause) in steps {
                now += pause;
                if seen[who].0 != lease {
                    seen[who] = (lease.clone(), now);
                }
                let unchanged = Duration::from_secs(now - seen[who].1);
                if let Decision::Write(next) = decide(lease.as_ref(), names[who], unchanged, at(0)) {
                    let other = 1 - who;
                    let other_leads = renewed[other].is_some_and(|at| now < at + DURATION.as_secs());
                    let other_holds = lease.as_ref().and_then(|l| l.holder_identity.as_deref()) == Some(names[other]);
                    prop_assert!(!(other_leads && other_holds), "{} took over while {} leads", names[who], names[other]);
                    renewed[who] = Some(now);
                    // Distinguishes renewals, as a resourceVersion would.
                    lease = Some(LeaseSpec { renew_time: Some(MicroTime(at(i64::try_from(now).unwrap()))), ..next });
                }
            }
        }
    }
}

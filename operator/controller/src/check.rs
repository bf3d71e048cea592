//! What `/livez` and `/readyz` answer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// A leader renews every few seconds; one that has not for this long hangs.
const HEARTBEAT: Duration = Duration::from_mins(1);

/// Where this process stands.
#[derive(Clone)]
pub(crate) struct Health(Arc<Mutex<State>>);

/// Nothing has been planned before every watch has answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// May be in hand.
    Possible,
    /// Cannot have begun.
    NotBegun,
}

enum State {
    /// The API server has not answered yet, or no longer does.
    Unconnected,
    /// Another process leads; this one is ready to.
    Following,
    /// Leads, and waits for the first answer of these watches.
    Syncing(Renewal, Vec<&'static str>),
    /// Leads and knows everything.
    Leading(Renewal),
    /// Finishes what is in hand.
    Stopping(Work),
}

/// When the Lease was last renewed; `None` where there is no leader election.
type Renewal = Option<Instant>;

/// Whether leading has to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Election {
    /// By a Lease.
    ByLease,
    /// Nothing else can be running.
    Off,
}

impl Health {
    /// Of a process that has just begun.
    pub(crate) fn starting() -> Self {
        Self(Arc::new(Mutex::new(State::Unconnected)))
    }

    /// Another process leads.
    pub(crate) fn follows(&self) {
        *self.0.lock() = State::Following;
    }

    /// The API server does not answer; whoever leads, this process does not.
    pub(crate) fn unconnected(&self) {
        *self.0.lock() = State::Unconnected;
    }

    /// This process leads, and has begun these watches.
    pub(crate) fn leads(&self, election: Election, watches: &[&'static str]) {
        let renewed = (election == Election::ByLease).then(Instant::now);
        *self.0.lock() = State::Syncing(renewed, watches.to_vec());
    }

    /// A watch has answered for the first time.
    pub(crate) fn answered(&self, watch: &'static str) {
        let mut state = self.0.lock();
        if let State::Syncing(renewed, pending) = &mut *state {
            pending.retain(|pending| *pending != watch);
            if pending.is_empty() {
                *state = State::Leading(*renewed);
            }
        }
    }

    /// The Lease was renewed.
    pub(crate) fn renewed(&self) {
        if let State::Syncing(renewed, _) | State::Leading(renewed) = &mut *self.0.lock() {
            *renewed = Some(Instant::now());
        }
    }

    /// No new work is begun. Says whether there can be any in hand.
    pub(crate) fn stops(&self) -> Work {
        let mut state = self.0.lock();
        let work = match &*state {
            State::Leading(_) | State::Stopping(Work::Possible) => Work::Possible,
            _ => Work::NotBegun,
        };
        *state = State::Stopping(work);
        work
    }

    /// Whether the process is worth keeping; else why not.
    pub(crate) fn live(&self) -> Result<(), &'static str> {
        match &*self.0.lock() {
            State::Syncing(Some(renewed), _) | State::Leading(Some(renewed))
                if renewed.elapsed() > HEARTBEAT =>
            {
                Err("the leader has not been able to renew its Lease for a minute")
            }
            _ => Ok(()),
        }
    }

    /// Whether the process does its work, or stands by to; else why not.
    pub(crate) fn ready(&self) -> Result<&'static str, String> {
        match &*self.0.lock() {
            State::Unconnected => Err("the API server does not answer".into()),
            State::Syncing(_, pending) => Err(format!(
                "waiting for the first answer of the watch on {} (are the CustomResourceDefinitions installed, and may the ServiceAccount watch?)",
                pending.join(", ")
            )),
            State::Stopping(_) => Err("stopping".into()),
            State::Following => Ok("following"),
            State::Leading(_) => Ok("leading"),
        }
    }

    /// Whether this process leads.
    pub(crate) fn is_leader(&self) -> bool {
        matches!(*self.0.lock(), State::Syncing(..) | State::Leading(_))
    }
}

#[cfg(test)]
mod tests {
    use super::{Election, Health, Work};

    #[test]
    fn nothing_is_in_hand_before_every_watch_has_answered() {
        let health = Health::starting();
        health.leads(Election::ByLease, &["trails", "namespaces"]);
        health.answered("trails");
        assert_eq!(health.stops(), Work::NotBegun);
    }

    #[test]
    fn ready_means_knowing_everything_or_standing_by() {
        let health = Health::starting();
        assert!(health.ready().is_err() && health.live().is_ok());
        health.follows();
        assert_eq!(health.ready(), Ok("following"));
        health.answered("trails");
        assert_eq!(health.ready(), Ok("following"), "who does not lead has nothing to sync");
        health.leads(Election::ByLease, &["trails", "namespaces"]);
        assert!(health.is_leader());
        health.answered("trails");
        assert!(health.ready().unwrap_err().contains("watch on namespaces "));
        health.answered("namespaces");
        assert_eq!(health.ready(), Ok("leading"));
        assert_eq!(health.stops(), Work::Possible);
        assert_eq!(health.stops(), Work::Possible, "also when asked again");
        assert!(health.ready().is_err() && health.live().is_ok() && !health.is_leader());
    }
}

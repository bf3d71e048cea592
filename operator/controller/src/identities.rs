//! Whose credentials these are, as this process has found out.
//!
//! Not taken from status: an earlier process may have run with other credentials.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use trail_operator_reconcile::{aws::Identity, references::ActAs};

/// What STS said, by whose credentials were used.
#[derive(Clone, Default)]
pub(crate) struct Identities(Arc<Mutex<HashMap<ActAs, (Identity, Instant)>>>);

impl Identities {
    /// AWS said who these credentials are.
    pub(crate) fn found(&self, act_as: &ActAs, identity: &Identity) {
        self.0.lock().insert(act_as.clone(), (identity.clone(), Instant::now()));
    }

    /// Forgets all but these.
    pub(crate) fn retain(&self, keep: impl Fn(&ActAs) -> bool) {
        self.0.lock().retain(|act_as, _| keep(act_as));
    }

    /// The account that AWS named.
    pub(crate) fn of(&self, act_as: &ActAs) -> Option<String> {
        self.0.lock().get(act_as).map(|(identity, _)| identity.account_id.clone())
    }

    /// What AWS said, if that was no longer ago.
    pub(crate) fn lately(&self, act_as: &ActAs, max_age: Duration) -> Option<Identity> {
        let known = self.0.lock();
        known.get(act_as).filter(|(_, at)| at.elapsed() < max_age).map(|(identity, _)| identity.clone())
    }
}

//! What all parts of one run share: the source, the bounds, the keys, the counts.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::hooks::Hooks;
use super::keys::Keys;
use crate::names::{DigestName, Object};
use crate::request::Request;
use crate::source::ObjectSource;

pub(super) struct Context<S> {
    pub source: S,
    pub request: Request,
    pub hooks: Hooks,
    pub keys: Keys,
    /// The trail's part of the names of its digests.
    pub trail_part: String,
    /// Requests in flight.
    pub requests: Semaphore,
    /// Pieces being hashed.
    pub hashers: Arc<Semaphore>,
    /// Digests being worked on, with their log files.
    pub digests: Arc<Semaphore>,
    /// Log files being worked on, those that wait for another try included.
    pub log_files: Arc<Semaphore>,
    /// Files that must be held whole and are too large for that to happen many times at once.
    pub large: Semaphore,
    /// Names of log files are remembered as hashes, by keys nobody can guess.
    names: RandomState,
}

impl<S: ObjectSource> Context<S> {
    pub fn new(source: S, mut request: Request, hooks: Hooks) -> Self {
        // A place that is given twice would count twice.
        let mut known = HashSet::new();
        request.locations.retain(|place| known.insert((place.bucket.clone(), place.accounts_prefix())));
        let limits = &request.limits;
        Self {
            keys: Keys::new(&request),
            trail_part: DigestName::trail_part(&request.trail),
            requests: Semaphore::new(limits.parallel.max(1)),
            hashers: Arc::new(Semaphore::new(limits.hashers.max(1))),
            digests: Arc::new(Semaphore::new(limits.parallel.max(1))),
            log_files: Arc::new(Semaphore::new(2 * limits.parallel.max(1))),
            large: Semaphore::new(2),
            names: RandomState::new(),
            source,
            request,
            hooks,
        }
    }

    /// A short stand-in for the name of a log file.
    pub fn name(&self, object: &Object) -> u64 {
        self.names.hash_one(object)
    }
}

/// Waits for a permit. These semaphores are never closed; were one, going on without a permit would only be less bounded.
pub(super) async fn permit(semaphore: &Semaphore) -> Option<SemaphorePermit<'_>> {
    semaphore.acquire().await.ok()
}

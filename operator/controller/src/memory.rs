//! What this process remembers of each object between two rounds. Nothing in it is needed to be right after a restart.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use parking_lot::Mutex;

use crate::backoff::Backoff;

/// Memory of all objects of a kind, by uid. `S` is the kind's status.
pub(crate) struct Memory<S>(Mutex<HashMap<String, Entry<S>>>);

struct Entry<S> {
    backoff: Backoff,
    /// When AWS was last asked with success; at first, when it was first tried.
    seen: Instant,
    /// When this process made the resource.
    created: Option<Timestamp>,
    /// The resourceVersion that the last write of the status led to, and the status.
    written: Option<(u64, S)>,
}

impl<S> Default for Entry<S> {
    fn default() -> Self {
        Self { backoff: Backoff::default(), seen: Instant::now(), created: None, written: None }
    }
}

impl<S: Clone> Memory<S> {
    /// Of nothing.
    pub(crate) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    fn with<T>(&self, uid: &str, then: impl FnOnce(&mut Entry<S>) -> T) -> T {
        then(self.0.lock().entry(uid.to_owned()).or_default())
    }

    /// The wait before trying again.
    pub(crate) fn back_off(&self, uid: &str) -> Duration {
        self.with(uid, |entry| entry.backoff.next())
    }

    /// The round went well: the next failure waits briefly again.
    pub(crate) fn succeeded(&self, uid: &str) {
        self.with(uid, |entry| entry.backoff = Backoff::default());
    }

    /// AWS answered.
    pub(crate) fn saw(&self, uid: &str) {
        self.with(uid, |entry| entry.seen = Instant::now());
    }

    /// How long AWS has not answered.
    pub(crate) fn unseen_for(&self, uid: &str) -> Duration {
        self.with(uid, |entry| entry.seen.elapsed())
    }

    /// The resource was made at that time.
    pub(crate) fn created(&self, uid: &str, at: Timestamp) {
        self.with(uid, |entry| entry.created = Some(at));
    }

    /// When this process made the resource, if it did.
    pub(crate) fn created_at(&self, uid: &str) -> Option<Timestamp> {
        self.with(uid, |entry| entry.created)
    }

    /// The status was written and led to that resourceVersion.
    pub(crate) fn wrote(&self, uid: &str, resource_version: Option<&str>, status: S) {
        let version = resource_version.and_then(|version| version.parse().ok());
        self.with(uid, |entry| entry.written = version.map(|version| (version, status)));
    }

    /// The status last written, where the watch has not brought it back yet.
    ///
    /// Resource versions of one object can be compared as numbers (KEP-5504).
    pub(crate) fn newer_than(&self, uid: &str, resource_version: Option<&str>) -> Option<S> {
        let version: u64 = resource_version?.parse().ok()?;
        self.with(uid, |entry| entry.written.clone().filter(|(written, _)| *written > version))
            .map(|(_, status)| status)
    }

    /// The object is gone.
    pub(crate) fn forget(&self, uid: &str) {
        self.0.lock().remove(uid);
    }
}

#[cfg(test)]
mod tests {
    use super::Memory;

    #[test]
    fn a_status_is_remembered_until_the_watch_brings_it() {
        let memory = Memory::new();
        assert_eq!(memory.newer_than("a", Some("1")), None);
        memory.wrote("a", Some("10"), "written");
        assert_eq!(memory.newer_than("a", Some("9")), Some("written"));
        assert_eq!(memory.newer_than("a", Some("10")), None);
        assert_eq!(memory.newer_than("b", Some("9")), None, "each object for itself");
    }

    #[test]
    fn success_begins_the_waits_anew() {
        let memory: Memory<()> = Memory::new();
        let first = memory.back_off("a");
        for _ in 0..6 {
            memory.back_off("a");
        }
        assert!(memory.back_off("a") > 10 * first);
        memory.succeeded("a");
        assert!(memory.back_off("a") <= 2 * first);
    }
}

//! What this process remembers of each object between two rounds. Nothing in it is needed to be right after a restart.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use parking_lot::Mutex;

use trail_operator_reconcile::{
    event::Event,
    trail::{
        Change, Fights, Isolation, LastWrite,
        cost::{Costs, Counted, Subject, Tally},
        delivery,
        validation::Ledger,
    },
};

use crate::backoff::Backoff;

/// Memory of all objects of a kind, by uid. `S` is the kind's status.
pub(crate) struct Memory<S>(Arc<Mutex<HashMap<String, Entry<S>>>>);

impl<S> Clone for Memory<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Entry<S> {
    backoff: Backoff,
    /// When AWS was last asked with success; at first, when it was first tried.
    seen: Instant,
    /// The generation that AWS was last brought as far as.
    settled_generation: Option<i64>,
    /// Fields that others change again and again, as of a generation.
    fights: (Option<i64>, Fights),
    /// Words of failing deliveries.
    deliveries: delivery::Memory,
    /// EventSelectors that are tried one by one.
    isolation: Isolation,
    /// What the trail does in other Regions, and when to look next.
    elsewhere: (delivery::Elsewhere, Option<Instant>),
    /// What log file validation has come to in this process.
    ledger: Option<Arc<Ledger>>,
    /// What was counted of the logs; `None` before this process has counted.
    counted: Option<Counted>,
    costs: Estimates,
    /// What this process last did to the resource.
    last_write: LastWrite,
    /// When this process first tried to settle AWS for an object that is being deleted.
    finalizing: Option<Instant>,
    /// What is to be told once the finalizer is off: AWS is settled.
    farewell: Option<Vec<Event>>,
    /// The resourceVersion that the last write of the status led to, and the status.
    written: Option<(u64, S)>,
}

/// What a trail costs.
#[derive(Default)]
struct Estimates {
    latest: Option<Arc<Costs>>,
    /// What was asked about last, and when to ask again.
    of: Option<Subject>,
    next: Option<Instant>,
}

impl<S> Default for Entry<S> {
    fn default() -> Self {
        Self {
            backoff: Backoff::default(),
            seen: Instant::now(),
            settled_generation: None,
            fights: (None, Fights::default()),
            deliveries: delivery::Memory::default(),
            isolation: Isolation::default(),
            elsewhere: (delivery::Elsewhere::default(), None),
            ledger: None,
            counted: None,
            costs: Estimates::default(),
            last_write: LastWrite::default(),
            finalizing: None,
            farewell: None,
            written: None,
        }
    }
}

impl<S: Clone> Memory<S> {
    /// Of nothing.
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(HashMap::new())))
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

    /// AWS is as far as this generation goes: the resource was seen, so its absence later is no lag behind its creation.
    pub(crate) fn settled_at(&self, uid: &str, generation: Option<i64>) {
        self.with(uid, |entry| {
            entry.settled_generation = generation;
            entry.last_write.created = None;
        });
    }

    /// The generation that AWS was last brought as far as.
    pub(crate) fn settled_generation(&self, uid: &str) -> Option<i64> {
        self.with(uid, |entry| entry.settled_generation)
    }

    /// What a round leaves to the next one.
    pub(crate) fn learnt(
        &self,
        uid: &str,
        generation: Option<i64>,
        fights: Fights,
        deliveries: delivery::Memory,
        isolation: Isolation,
    ) {
        self.with(uid, |entry| {
            entry.isolation = isolation;
            entry.fights = (generation, fights);
            entry.deliveries = deliveries;
        });
    }

    /// Fields that others change again and again. An edited manifest begins anew.
    pub(crate) fn fights(&self, uid: &str, generation: Option<i64>) -> Fights {
        self.with(uid, |entry| {
            let (of, fights) = &entry.fights;
            if *of == generation { fights.clone() } else { Fights::default() }
        })
    }

    /// Words of failing deliveries.
    pub(crate) fn deliveries(&self, uid: &str) -> delivery::Memory {
        self.with(uid, |entry| entry.deliveries.clone())
    }

    /// EventSelectors that are tried one by one.
    pub(crate) fn isolation(&self, uid: &str) -> Isolation {
        self.with(uid, |entry| entry.isolation.clone())
    }

    /// What the trail does in other Regions.
    pub(crate) fn elsewhere(&self, uid: &str) -> delivery::Elsewhere {
        self.with(uid, |entry| entry.elsewhere.0.clone())
    }

    /// Whether to look at other Regions now, which then counts as done. The first look waits for `first`, so that a
    /// restart does not begin with all of them.
    pub(crate) fn is_to_look_elsewhere(&self, uid: &str, every: Duration, first: Duration) -> bool {
        self.with(uid, |entry| {
            let now = Instant::now();
            let due = now >= *entry.elsewhere.1.get_or_insert(now + first);
            if due {
                entry.elsewhere.1 = Some(now + every);
            }
            due
        })
    }

    /// Other Regions are to be looked at in the next round.
    pub(crate) fn look_elsewhere_now(&self, uid: &str) {
        self.with(uid, |entry| entry.elsewhere.1 = Some(Instant::now()));
    }

    /// Other Regions were looked at. An object that is gone by now is not remembered again.
    pub(crate) fn looked_elsewhere(&self, uid: &str, elsewhere: delivery::Elsewhere) {
        if let Some(entry) = self.0.lock().get_mut(uid) {
            entry.elsewhere.0 = elsewhere;
        }
    }

    /// What log file validation has come to; `None` before this process has made a run.
    pub(crate) fn ledger(&self, uid: &str) -> Option<Arc<Ledger>> {
        self.0.lock().get(uid)?.ledger.clone()
    }

    /// A run of log file validation has ended. An object that is gone by now is not remembered again. What was to be told
    /// of the run before, and was not yet, is told along. Says whether the object is there.
    pub(crate) fn validated(&self, uid: &str, mut ledger: Ledger) -> bool {
        self.0.lock().get_mut(uid).is_some_and(|entry| {
            let untold = entry.ledger.take().map(|before| before.news.clone()).unwrap_or_default();
            ledger.news.splice(..0, untold);
            entry.ledger = Some(Arc::new(ledger));
            true
        })
    }

    /// So many of the news of log file validation have been told.
    pub(crate) fn told_news(&self, uid: &str, told: usize) {
        if let Some(ledger) = self.0.lock().get_mut(uid).and_then(|entry| entry.ledger.as_mut()) {
            let ledger = Arc::make_mut(ledger);
            ledger.news.drain(..told.min(ledger.news.len()));
        }
    }

    /// A run has counted. Before the first one of this process counts what status remembers.
    pub(crate) fn counted(&self, uid: &str, tally: Tally, remembered: impl FnOnce() -> Counted) {
        if let Some(entry) = self.0.lock().get_mut(uid) {
            let counted = entry.counted.take().unwrap_or_else(remembered);
            entry.counted = Some(counted.with(tally));
            entry.costs.next = None;
        }
    }

    /// What this process has counted of the logs.
    pub(crate) fn what_was_counted(&self, uid: &str) -> Option<Counted> {
        self.0.lock().get(uid)?.counted.clone()
    }

    /// Whether to estimate the cost of this now, which then counts as done: it is time, or another thing is declared.
    pub(crate) fn is_to_estimate(&self, uid: &str, every: Duration, subject: &Subject) -> bool {
        self.with(uid, |Entry { costs, .. }| {
            let now = Instant::now();
            let due = costs.next.is_none_or(|next| now >= next) || costs.of.as_ref() != Some(subject);
            if due {
                costs.next = Some(now + every);
                costs.of = Some(subject.clone());
            }
            due
        })
    }

    /// The cost of this was estimated. An object that is gone by now is not remembered again, and what was overtaken by
    /// another declaration is forgotten. Says whether it was of use.
    pub(crate) fn estimated(&self, uid: &str, subject: &Subject, costs: Costs) -> bool {
        let mut entries = self.0.lock();
        let entry = entries.get_mut(uid).filter(|entry| entry.costs.of.as_ref() == Some(subject));
        entry.is_some_and(|entry| {
            entry.costs.latest = Some(Arc::new(costs));
            true
        })
    }

    /// What it costs, as last estimated.
    pub(crate) fn costs(&self, uid: &str) -> Option<Arc<Costs>> {
        self.0.lock().get(uid)?.costs.latest.clone()
    }

    /// These changes were made just now.
    pub(crate) fn changed(&self, uid: &str, done: &[Change], now: Timestamp) {
        self.with(uid, |entry| entry.last_write = std::mem::take(&mut entry.last_write).and(done, now));
    }

    /// What this process last did to the resource.
    pub(crate) fn last_write(&self, uid: &str) -> LastWrite {
        self.with(uid, |entry| entry.last_write.clone())
    }

    /// For how long this process has tried to settle AWS for an object that is being deleted.
    pub(crate) fn finalizing_for(&self, uid: &str) -> Duration {
        self.with(uid, |entry| entry.finalizing.get_or_insert_with(Instant::now).elapsed())
    }

    /// AWS is settled for an object that is being deleted.
    pub(crate) fn settled(&self, uid: &str, farewell: Vec<Event>) {
        self.with(uid, |entry| entry.farewell = Some(farewell));
    }

    /// What is to be told of an object whose AWS side is settled.
    pub(crate) fn farewell(&self, uid: &str) -> Option<Vec<Event>> {
        self.with(uid, |entry| entry.farewell.clone())
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

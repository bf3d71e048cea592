//! How many events the verified log files hold.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use indicatif::HumanCount;
use trail_operator_domain::cost::counting::Counter;
use trail_operator_integrity::records::{LogFileSink, Record, RecordSink};
use trail_operator_reconcile::trail::cost::event;

/// Counts the records of a run, as the operator does for its estimate of costs.
#[derive(Default)]
pub(super) struct Counting(Mutex<Counter>);

impl Counting {
    fn counter(&self) -> MutexGuard<'_, Counter> {
        // A count is whole between two log files, also where a thread has failed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In words.
    pub(super) fn told(&self) -> String {
        let counter = self.counter();
        let mut categories = BTreeMap::<String, u64>::new();
        for (kind, count) in counter.kinds() {
            *categories.entry(kind.category).or_default() += count.events;
        }
        let told: Vec<_> = categories
            .iter()
            .map(|(category, events)| format!("{} {category}", HumanCount(*events)))
            .collect();
        let all = HumanCount(counter.total().events);
        if told.is_empty() { format!("{all} events") } else { format!("{all} events: {}", told.join(", ")) }
    }
}

impl RecordSink for Counting {
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink> {
        Box::new(OfLogFile { counter: Counter::default(), all: self })
    }
}

/// Those of one log file.
struct OfLogFile {
    counter: Counter,
    all: Arc<Counting>,
}

impl LogFileSink for OfLogFile {
    fn record(&mut self, record: &Record<'_>) {
        self.counter.add(&event(record));
    }

    fn verified(self: Box<Self>) {
        self.all.counter().merge(self.counter);
    }
}

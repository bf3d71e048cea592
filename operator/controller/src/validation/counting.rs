//! Events by what their price depends on, counted of every record that a run reads.

use std::sync::Arc;

use parking_lot::Mutex;
use trail_operator_domain::cost::counting::{Counter, NamedSelector};
use trail_operator_integrity::{
    LogFiles, Range,
    records::{LogFileSink, Record, RecordSink},
};
use trail_operator_reconcile::trail::cost::{Tally, event};

/// Counts the records of one run.
pub(crate) struct Counting {
    selectors: Arc<[NamedSelector]>,
    counted: Mutex<Counted>,
}

struct Counted {
    counter: Counter,
    log_files: u64,
}

impl Counting {
    /// For a trail whose events these selectors admit, each named by its object.
    pub(crate) fn new(selectors: Vec<NamedSelector>) -> Self {
        let selectors: Arc<[NamedSelector]> = selectors.into();
        let counted = Counted { counter: Counter::new(selectors.clone()), log_files: 0 };
        Self { selectors, counted: Mutex::new(counted) }
    }

    /// What was counted of what these digests cover; `None` where no log file was to be read.
    pub(super) fn tally(&self, covered: Range, read: LogFiles) -> Option<Tally> {
        let stands_for = match read {
            LogFiles::All => 1,
            LogFiles::Sample { one_in, .. } => u64::from(one_in),
            LogFiles::Changed | LogFiles::None => return None,
        };
        let Counted { counter, log_files } = &*self.counted.lock();
        let mut kinds = counter.kinds();
        for count in kinds.values_mut() {
            count.events = count.events.saturating_mul(stands_for);
            count.bytes = count.bytes.saturating_mul(stands_for);
        }
        let log_files = log_files.saturating_mul(stands_for);
        Some(Tally { from: covered.start, through: covered.end, log_files, kinds })
    }
}

impl RecordSink for Counting {
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink> {
        Box::new(OfLogFile { counter: Counter::new(self.selectors.clone()), all: self })
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
        let mut counted = self.all.counted.lock();
        counted.counter.merge(self.counter);
        counted.log_files += 1;
    }
}

#[cfg(test)]
mod tests {
    use trail_operator_integrity::records::Scanner;

    use super::*;

    #[test]
    fn records_count_once_their_log_file_is_verified() {
        let counting = Arc::new(Counting::new(Vec::new()));
        let file =
            br#"{"Records":[{"eventCategory":"Management","eventSource":"a"},{"eventCategory":"Data"}]}"#;
        for is_verified in [true, false, true] {
            let mut sink = counting.clone().log_file();
            let mut scanner = Scanner::default();
            scanner.push(file, |record| sink.record(record));
            scanner.finish(|record| sink.record(record)).unwrap();
            if is_verified {
                sink.verified();
            }
        }
        let covered = Range {
            start: "2026-01-05T00:00:00Z".parse().unwrap(),
            end: "2026-01-05T01:00:00Z".parse().unwrap(),
        };
        let tally = |read| counting.tally(covered, read);
        let counts =
            |tally: Tally| (tally.log_files, tally.kinds.values().map(|count| count.events).collect());
        assert_eq!(tally(LogFiles::All).map(counts), Some((2, vec![2, 2])));
        let sample = LogFiles::Sample { one_in: 10, seed: 1 };
        assert_eq!(tally(sample).map(counts), Some((20, vec![20, 20])));
        assert_eq!(tally(LogFiles::Changed), None);
    }
}

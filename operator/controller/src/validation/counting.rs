//! Events by what their price depends on, counted of every record that a run reads.

use parking_lot::Mutex;
use trail_operator_domain::cost::counting::{Counter, NamedSelector};
use trail_operator_integrity::{
    Chain, LogFiles, Object, Range,
    records::{Record, RecordSink},
};
use trail_operator_reconcile::trail::cost::{Tally, event};

/// Counts the records of one run.
pub(crate) struct Counting(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    counter: Counter,
    log_files: u64,
}

impl Counting {
    /// For a trail whose events these selectors admit, each named by its object.
    pub(crate) fn new(selectors: Vec<NamedSelector>) -> Self {
        Self(Mutex::new(Counted { counter: Counter::new(selectors), log_files: 0 }))
    }

    /// What was counted of what these digests cover; `None` where no log file was to be read.
    pub(super) fn tally(&self, covered: Range, read: LogFiles) -> Option<Tally> {
        let stands_for = match read {
            LogFiles::All => 1,
            LogFiles::Sample { one_in, .. } => u64::from(one_in),
            LogFiles::Changed | LogFiles::None => return None,
        };
        let Counted { counter, log_files } = &*self.0.lock();
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
    fn records(&self, _: &Chain, records: &[Record<'_>]) {
        let Counted { counter, log_files } = &mut *self.0.lock();
        *log_files += 1;
        for record in records {
            counter.add(&event(record));
        }
    }

    fn unread(&self, _: &Chain, _: &Object) {}
}

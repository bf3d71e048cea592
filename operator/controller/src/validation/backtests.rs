//! The patterns of a trail's alarms, tried on every record that a run reads.

use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use trail_operator_crds::MatchedEvent;
use trail_operator_domain::patterns::{Pattern, Patterns, Scratch, Verdict};
use trail_operator_integrity::records::{LogFileSink, Record, RecordSink};
use trail_operator_reconcile::metric_alarm::Tried;

/// Texts of an event are kept up to this length: what is in a log may have been written by anybody.
const MOST_TEXT: usize = 64;

/// The patterns, and what they have matched in this run.
pub(crate) struct Backtest {
    /// Uid of the object and its pattern, in the order of the set.
    of: Vec<(String, String)>,
    patterns: Patterns,
    counts: Mutex<Counts>,
}

#[derive(Clone, Default)]
struct Counts {
    events: i64,
    each: Vec<Count>,
}

#[derive(Clone, Default)]
struct Count {
    matched: i64,
    undetermined: i64,
    newest: Option<MatchedEvent>,
}

impl Backtest {
    /// Of these objects' patterns, by uid; `None` where there are none that can be read.
    pub(crate) fn new(alarms: impl IntoIterator<Item = (String, String)>) -> Option<Self> {
        let readable = alarms.into_iter().filter_map(|(uid, pattern)| {
            let parsed = Pattern::parse(&pattern).ok()?;
            Some(((uid, pattern), parsed))
        });
        let (of, patterns): (Vec<_>, Vec<_>) = readable.unzip();
        (!of.is_empty()).then(|| Self { patterns: Patterns::new(&patterns), of, counts: Mutex::default() })
    }

    /// What was counted in a run over these deliveries.
    pub(super) fn tried(&self, from: Timestamp, through: Timestamp) -> Vec<(String, Tried)> {
        let Counts { events, each } = self.counts.lock().clone();
        let counts = each.into_iter().chain(std::iter::repeat(Count::default()));
        let alarms = self.of.iter().cloned().zip(counts);
        alarms
            .map(|((uid, pattern), Count { matched, undetermined, newest })| {
                (uid, Tried { pattern, from, through, events, matched, undetermined, newest })
            })
            .collect()
    }
}

impl RecordSink for Backtest {
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink> {
        let counts = Counts { events: 0, each: vec![Count::default(); self.of.len()] };
        Box::new(OfLogFile { counts, scratch: Scratch::default(), all: self })
    }
}

/// What one log file has matched.
struct OfLogFile {
    counts: Counts,
    scratch: Scratch,
    all: Arc<Backtest>,
}

impl LogFileSink for OfLogFile {
    fn record(&mut self, record: &Record<'_>) {
        let Self { counts, scratch, all } = self;
        let Ok(verdicts) = all.patterns.evaluate(record.raw, scratch) else { return };
        counts.events += 1;
        for (count, verdict) in counts.each.iter_mut().zip(verdicts) {
            match verdict {
                Verdict::Match => count.hit(record),
                Verdict::Undetermined => count.undetermined += 1,
                Verdict::NoMatch => {}
            }
        }
    }

    fn verified(self: Box<Self>) {
        self.all.counts.lock().add(self.counts);
    }
}

impl Counts {
    fn add(&mut self, more: Self) {
        self.events += more.events;
        self.each.resize(more.each.len(), Count::default());
        for (count, more) in self.each.iter_mut().zip(more.each) {
            count.matched += more.matched;
            count.undetermined += more.undetermined;
            if let Some(event) = more.newest {
                count.keep(event);
            }
        }
    }
}

impl Count {
    fn hit(&mut self, record: &Record<'_>) {
        self.matched += 1;
        let time = record.event_time.as_deref().unwrap_or_default();
        if self.newest.as_ref().is_some_and(|newest| *newest.event_time > *time) {
            return;
        }
        let text = |text: Option<&str>| {
            let plain = text.unwrap_or_default().chars().filter(|char| !char.is_control());
            plain.take(MOST_TEXT).collect()
        };
        self.newest = Some(MatchedEvent {
            event_name: text(record.event_name.as_deref()),
            event_time: text(Some(time)),
            event_id: text(record.event_id.as_deref()),
        });
    }

    fn keep(&mut self, event: MatchedEvent) {
        if self.newest.as_ref().is_none_or(|newest| newest.event_time <= event.event_time) {
            self.newest = Some(event);
        }
    }
}

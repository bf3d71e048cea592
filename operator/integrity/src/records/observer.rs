//! Who is handed the records of the log files a run verifies. Each file is read once, for all of them.

use std::sync::Arc;

use super::{Record, Scanner};
use crate::names::{Chain, Object};
use crate::run::{LogFileObserver, Observer};

/// Is handed the records of every verified log file, once each, in no order of the files.
pub trait RecordSink: Send + Sync + 'static {
    /// What takes in the records of a log file that begins to be read.
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink>;
}

/// Takes in the records of one log file, and gives them to its [`RecordSink`] once the file has been verified. Until then
/// they may be anybody's.
pub trait LogFileSink: Send {
    /// The next record.
    fn record(&mut self, record: &Record<'_>);

    /// These were all of its records, or all up to where it stops being a list of records, and it is verified. Not called
    /// of a file that is not: then what was taken in is dropped.
    fn verified(self: Box<Self>);
}

/// Reads the log files of a run for whoever wants their records.
pub struct Records(Vec<Arc<dyn RecordSink>>);

impl Records {
    /// An observer for these.
    pub fn new(sinks: Vec<Arc<dyn RecordSink>>) -> Self {
        Self(sinks)
    }
}

impl Observer for Records {
    fn log_file(&self, _: &Chain, _: &Object) -> Box<dyn LogFileObserver> {
        let sinks = self.0.iter().map(|sink| Arc::clone(sink).log_file()).collect();
        Box::new(Reading { scanner: Scanner::default(), sinks })
    }
}

struct Reading {
    scanner: Scanner,
    sinks: Vec<Box<dyn LogFileSink>>,
}

impl LogFileObserver for Reading {
    fn piece(&mut self, raw: &[u8]) {
        let Self { scanner, sinks } = self;
        scanner.push(raw, |record| sinks.iter_mut().for_each(|sink| sink.record(record)));
    }

    fn verified(self: Box<Self>) {
        let Self { scanner, mut sinks } = *self;
        // What CloudTrail signed and is no list of records to its end has no more of them to hand over.
        let _ = scanner.finish(|record| sinks.iter_mut().for_each(|sink| sink.record(record)));
        sinks.into_iter().for_each(LogFileSink::verified);
    }
}

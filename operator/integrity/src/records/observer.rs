//! Who is handed the records of the log files a run verifies. Each file is parsed once, for all of them.

use std::sync::Arc;

use super::{Record, each};
use crate::names::{Chain, Object};
use crate::run::Observer;

/// Is handed the records of every verified log file, once each, on the threads that hash and in no order.
pub trait RecordSink: Send + Sync + 'static {
    /// The records of a file; not all of them where the file stops being one.
    fn records(&self, chain: &Chain, records: &[Record<'_>]);

    /// A file of which not all records could be read.
    fn unread(&self, chain: &Chain, object: &Object);
}

/// Parses the log files of a run for whoever wants their records.
pub struct Records(Vec<Arc<dyn RecordSink>>);

impl Records {
    /// An observer for these.
    pub fn new(sinks: Vec<Arc<dyn RecordSink>>) -> Self {
        Self(sinks)
    }
}

impl Observer for Records {
    fn log_file(&self, chain: &Chain, object: &Object, raw: &[u8]) {
        let mut records = Vec::new();
        let read = each(raw, |record| records.push(record));
        for sink in &self.0 {
            sink.records(chain, &records);
            if read.is_err() {
                sink.unread(chain, object);
            }
        }
    }

    fn too_large(&self, chain: &Chain, object: &Object) {
        self.0.iter().for_each(|sink| sink.unread(chain, object));
    }
}

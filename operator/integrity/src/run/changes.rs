//! When log files were changed last, as lists of the bucket say: it decides which ones a pass over the past reads.
//!
//! S3 sets that time at every write, and nobody can set it back.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::pair::Pair;
use crate::link::Place;
use crate::names::{KINDS, Object};
use crate::request::LogFiles;
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted};

/// A log file is written before its digest's window ends; clocks may differ by so much.
const CLOCKS: SignedDuration = SignedDuration::from_mins(5);
/// Most log files that are remembered at a time. One that is not is read instead.
const MOST_REMEMBERED: usize = 1_000_000;

/// When which log file was changed last, by the short stand-in of its name.
#[derive(Debug, Default)]
pub(super) struct Changes(HashMap<u64, Timestamp>);

impl<S: ObjectSource> Context<S> {
    /// The changes of the log files that these digests may list, where they decide which ones are read.
    pub(super) async fn changes(&self, pair: &Pair, places: &[Place]) -> Option<Changes> {
        if self.request.log_files != LogFiles::Changed {
            return None;
        }
        let ends = || places.iter().map(|place| place.end);
        let span = (shifted(ends().min()?, -(WINDOW + WINDOW)), ends().max()?);
        let mut changes = Changes::default();
        for location in &self.request.locations {
            for kind in KINDS {
                let listed = self.log_files(location, kind, pair.key(), span, |object, changed| {
                    if let Some(changed) = changed.filter(|_| changes.0.len() < MOST_REMEMBERED) {
                        changes.0.insert(self.name(&object), changed);
                    }
                    true
                });
                // What is not listed is read: nothing is left out when this fails.
                let _ = listed.await;
            }
        }
        Some(changes)
    }

    /// Whether this log file may have been written after its digest ended. One that is not listed may be: it is read, so
    /// that it is S3's own word when it is not there.
    pub(super) fn may_have_changed(
        &self,
        object: &Object,
        digest_end: Timestamp,
        changes: Option<&Changes>,
    ) -> bool {
        changes
            .and_then(|changes| changes.0.get(&self.name(object)))
            .is_none_or(|changed| *changed > shifted(digest_end, CLOCKS))
    }
}

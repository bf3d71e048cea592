//! Lists the log files of a window while its digests are read: pages come one after the other, and would else be waited
//! for when everything is read. Only stand-ins of names are kept, which is enough where every file stands in a digest.

use std::collections::HashSet;

use jiff::Timestamp;

use super::chains::Plan;
use super::context::Context;
use super::pair::Pair;
use super::unlisted::{delivered, listed_from};
use crate::coverage::Coverage;
use crate::link::Role;
use crate::names::KINDS;
use crate::report::Range;
use crate::source::ObjectSource;
use crate::time::{WINDOW, shifted};

/// Most log files that are remembered, 24 bytes each; beyond that they are listed when everything was read.
const MOST: usize = 500_000;

/// The log files that were delivered within a range.
pub(super) struct Ahead {
    range: Range,
    /// Short stand-ins of the names, and when each was delivered.
    files: Vec<(u64, Timestamp)>,
}

impl Ahead {
    /// Whether it is known that digests list all files which they must list.
    pub fn settles(&self, span: Range, own: &Coverage, names: &HashSet<u64>) -> bool {
        self.range.start <= span.start
            && span.end <= self.range.end
            && self.files.iter().all(|(name, delivered)| names.contains(name) || !own.holds(*delivered))
    }
}

impl<S: ObjectSource> Context<S> {
    /// Lists ahead where that can settle anything; `None` also where it fails, since it is tried again later.
    pub(super) async fn list_ahead(&self, pair: &Pair, plan: &Plan<'_>) -> Option<Ahead> {
        if !self.request.unlisted || plan.anchor.is_some() || !plan.complete {
            return None;
        }
        let ends = || plan.places.iter().filter(|place| place.role == Role::Window).map(|place| place.end);
        // A window may begin somewhat earlier than an hour before its end.
        let range = Range { start: shifted(ends().min()?, -(WINDOW + WINDOW)), end: ends().max()? };
        let span = (listed_from(range.start), range.end);
        let mut files = Vec::new();
        for location in &self.request.locations {
            for kind in KINDS {
                let listed = self.log_files(location, kind, pair.key(), span, |object, changed| {
                    let delivered = delivered(&object, location, (kind, pair), changed);
                    files.extend(delivered.map(|delivered| (self.name(&object), delivered)));
                    files.len() <= MOST
                });
                listed.await.ok()?;
                if files.len() > MOST {
                    return None;
                }
            }
        }
        Some(Ahead { range, files })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hour(hour: i64) -> Timestamp {
        Timestamp::from_second(hour * 3600).unwrap()
    }

    fn settles(listed: (i64, i64), covered: (i64, i64), files: &[(u64, i64)]) -> bool {
        let range = |(start, end)| Range { start: hour(start), end: hour(end) };
        let files = files.iter().map(|(name, delivered)| (*name, hour(*delivered))).collect();
        let own = Coverage::new(vec![range(covered)], hour(covered.1));
        Ahead { range: range(listed), files }.settles(range(covered), &own, &HashSet::from([1, 2]))
    }

    #[test]
    fn files_that_stand_in_digests_or_need_not_settle_it() {
        assert!(settles((0, 20), (2, 20), &[(1, 5), (2, 6)]));
        assert!(settles((0, 20), (2, 20), &[(1, 5), (3, 19)]), "too new to be judged");
        assert!(settles((0, 20), (2, 20), &[(3, 1)]), "before all digests");
    }

    #[test]
    fn one_that_stands_in_none_does_not_nor_does_a_list_that_is_too_short() {
        assert!(!settles((0, 20), (2, 20), &[(1, 5), (3, 6)]));
        assert!(!settles((3, 20), (2, 20), &[(1, 5)]));
        assert!(!settles((0, 19), (2, 20), &[(1, 5)]));
    }
}

//! Times at which every delivered log file must stand in some digest, so that one that stands in none is a finding.
//!
//! Pure.

use jiff::{SignedDuration, Timestamp};

use crate::report::Range;
use crate::time::{TOLERANCE, shifted};

/// Names of log files carry the minute of delivery; nearer than this to the edge of what is covered, a file may belong
/// to a digest on the other side.
const EDGE: SignedDuration = SignedDuration::from_mins(15);
/// A log file may still be listed by digests of the next hours.
pub(crate) const SETTLED: SignedDuration = SignedDuration::from_hours(3);

/// Times covered by the verified digests of one trail without a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    spans: Vec<Range>,
    newest: Timestamp,
}

impl Coverage {
    /// Coverage by these windows, in any order; `newest` is the end of the newest digest.
    pub fn new(mut windows: Vec<Range>, newest: Timestamp) -> Self {
        windows.sort();
        let mut spans: Vec<Range> = Vec::new();
        for window in windows {
            match spans.last_mut() {
                Some(last) if window.start <= shifted(last.end, TOLERANCE) => {
                    last.end = last.end.max(window.end);
                }
                _ => spans.push(window),
            }
        }
        Self { spans, newest }
    }

    /// Whether a log file delivered then must stand in a digest of this trail, if it is of this trail.
    pub fn holds(&self, delivered: Timestamp) -> bool {
        let around = Range { start: shifted(delivered, -EDGE), end: shifted(delivered, EDGE) };
        shifted(delivered, SETTLED) <= self.newest
            && self.spans.iter().any(|span| span.start <= around.start && around.end <= span.end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-05T{text}Z").parse().unwrap()
    }

    #[test]
    fn only_times_well_within_unbroken_coverage_count() {
        let window = |start: &str, end: &str| Range { start: at(start), end: at(end) };
        let coverage = Coverage::new(
            vec![
                window("06:01:31", "07:01:31"),
                window("00:01:31", "01:01:31"),
                window("01:01:31", "02:01:31"),
                window("07:01:31", "08:01:31"),
            ],
            at("08:01:31"),
        );
        for (delivered, holds) in [
            ("00:10:00", false),
            ("00:17:00", true),
            ("01:00:00", true),
            ("01:50:00", false),
            ("04:00:00", false),
            ("06:30:00", false),
            ("05:01:31", false),
        ] {
            assert_eq!(coverage.holds(at(delivered)), holds, "{delivered}");
        }
    }
}

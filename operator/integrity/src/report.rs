//! The document `LogValidationReport`: what was verified and what was found. Two reports of parts of a range merge into
//! the report of both, so that parts can be verified apart and at the same time.
//!
//! Pure.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::finding::{Fault, Finding, Reason, Severity, Verdict};

/// Most findings in one report; a further one says that there were more.
pub const MOST_FINDINGS: usize = 10_000;

/// What was verified and what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always `trail-operator.dev/v1alpha1`.
    pub api_version: String,
    /// Always `LogValidationReport`.
    pub kind: String,
    /// The trail.
    pub trail_arn: String,
    /// What was asked for.
    pub requested: Range,
    /// What the valid digests cover of it; null when there were none.
    pub found: Option<Range>,
    /// The worst of all findings.
    pub verdict: Verdict,
    /// Per account and Region, sorted.
    pub chains: Vec<ChainReport>,
    /// The worst first.
    pub findings: Vec<Finding>,
}

/// A span of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Range {
    /// Its start.
    pub start: Timestamp,
    /// Its end.
    pub end: Timestamp,
}

impl Range {
    /// The least range that holds both.
    pub(crate) fn around(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The part of this range within `bounds`.
    pub(crate) fn within(self, bounds: Self) -> Self {
        Self { start: self.start.max(bounds.start), end: self.end.min(bounds.end) }
    }
}

/// What was verified of one account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChainReport {
    /// Account the files are for.
    pub account_id: String,
    /// Region the events are from.
    pub region: String,
    /// The worst of its findings.
    pub verdict: Verdict,
    /// Digests of the hourly chain.
    pub digests: Counts,
    /// Digests of the backfill chain.
    pub backfill_digests: Counts,
    /// Log files of both.
    pub log_files: LogFileCounts,
    /// Times no digest covers, oldest first.
    pub gaps: Vec<Range>,
}

/// How many digests were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Intact.
    pub valid: u64,
    /// Evidence of change, missing ones included.
    pub invalid: u64,
    /// Could not be read or judged.
    pub unchecked: u64,
}

impl Counts {
    /// Counts one file by the fault it has.
    pub(crate) fn add(&mut self, severity: Option<Severity>) {
        match severity {
            None | Some(Severity::Warning) => self.valid += 1,
            Some(Severity::Error) => self.invalid += 1,
            Some(Severity::Unknown) => self.unchecked += 1,
        }
    }

    fn merge(&mut self, other: Self) {
        self.valid += other.valid;
        self.invalid += other.invalid;
        self.unchecked += other.unchecked;
    }
}

/// How many log files were what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogFileCounts {
    /// The files.
    #[serde(flatten)]
    pub files: Counts,
    /// Inflated bytes that were hashed.
    pub bytes: u64,
}

impl LogFileCounts {
    pub(crate) fn merge(&mut self, other: Self) {
        self.files.merge(other.files);
        self.bytes += other.bytes;
    }
}

impl ChainReport {
    /// A report of nothing yet.
    pub fn new(account_id: &str, region: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            region: region.to_owned(),
            verdict: Verdict::Valid,
            digests: Counts::default(),
            backfill_digests: Counts::default(),
            log_files: LogFileCounts::default(),
            gaps: Vec::new(),
        }
    }

    /// A finding about this chain.
    pub(crate) fn finding(&self, object: impl Into<Option<String>>, fault: Fault) -> Finding {
        Finding {
            severity: fault.severity,
            reason: fault.reason,
            object: object.into(),
            account_id: Some(self.account_id.clone()),
            region: Some(self.region.clone()),
            message: fault.message,
        }
    }

    fn merge(&mut self, other: Self) {
        self.verdict = self.verdict.max(other.verdict);
        self.digests.merge(other.digests);
        self.backfill_digests.merge(other.backfill_digests);
        self.log_files.merge(other.log_files);
        self.gaps.extend(other.gaps);
    }
}

impl Report {
    /// The report of a trail of which nothing has been read.
    pub fn new(trail_arn: &str, requested: Range) -> Self {
        Self {
            api_version: "trail-operator.dev/v1alpha1".to_owned(),
            kind: "LogValidationReport".to_owned(),
            trail_arn: trail_arn.to_owned(),
            requested,
            found: None,
            verdict: Verdict::Valid,
            chains: Vec::new(),
            findings: Vec::new(),
        }
    }

    /// Takes in what another report found. Both must be of the same trail and of parts that do not overlap, since counts
    /// are added.
    pub fn merge(&mut self, other: Self) {
        self.requested = self.requested.around(other.requested);
        self.found = match (self.found, other.found) {
            (Some(one), Some(two)) => Some(one.around(two)),
            (one, two) => one.or(two),
        };
        self.chains.extend(other.chains);
        self.findings.extend(other.findings);
        self.settle();
    }

    /// Sorts, bounds and judges what was collected: one entry per chain, findings once each and the worst first.
    pub(crate) fn settle(&mut self) {
        let mut chains: BTreeMap<(String, String), ChainReport> = BTreeMap::new();
        for chain in self.chains.drain(..) {
            let key = (chain.account_id.clone(), chain.region.clone());
            match chains.get_mut(&key) {
                Some(known) => known.merge(chain),
                None => drop(chains.insert(key, chain)),
            }
        }
        self.verdict = self.verdict.max(Verdict::of(self.findings.iter().map(|finding| finding.severity)));
        for finding in &self.findings {
            let (Some(account), Some(region)) = (&finding.account_id, &finding.region) else { continue };
            if let Some(chain) = chains.get_mut(&(account.clone(), region.clone())) {
                chain.verdict = chain.verdict.max(Verdict::of([finding.severity]));
            }
        }
        self.chains = chains.into_values().collect();
        for chain in &mut self.chains {
            chain.gaps.sort();
            chain.gaps.dedup();
        }
        self.settle_findings();
    }

    fn settle_findings(&mut self) {
        let key = |finding: &Finding| {
            (
                std::cmp::Reverse(finding.severity),
                finding.reason == Reason::TooMuch,
                finding.account_id.clone(),
                finding.region.clone(),
                finding.object.clone(),
                finding.reason,
                finding.message.clone(),
            )
        };
        self.findings.sort_by_cached_key(key);
        self.findings.dedup();
        if self.findings.len() > MOST_FINDINGS {
            self.findings.truncate(MOST_FINDINGS - 1);
            let message = format!("there are more than {MOST_FINDINGS} findings; the worst are listed");
            self.findings.push(Finding {
                severity: Severity::Unknown,
                reason: Reason::TooMuch,
                object: None,
                account_id: None,
                region: None,
                message,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn range(start: &str, end: &str) -> Range {
        Range { start: start.parse().unwrap(), end: end.parse().unwrap() }
    }

    fn part(start: &str, end: &str, region: &str, reason: Option<Reason>) -> Report {
        let mut report = Report::new("arn:x", range(start, end));
        let mut chain = ChainReport::new("111122223333", region);
        chain.digests.valid = 7;
        chain.log_files.files.valid = 21;
        chain.log_files.bytes = 100;
        report.found = Some(range(start, end));
        if let Some(reason) = reason {
            report
                .findings
                .push(chain.finding("s3://bucket/key".to_owned(), Fault::new(reason, "what it is")));
        }
        report.chains.push(chain);
        report.settle();
        report
    }

    #[test]
    fn the_document_is_as_published() {
        let report =
            part("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "us-east-1", Some(Reason::DigestModified));
        let expected = json!({
            "apiVersion": "trail-operator.dev/v1alpha1",
            "kind": "LogValidationReport",
            "trailArn": "arn:x",
            "requested": {"start": "2026-01-05T00:00:00Z", "end": "2026-01-06T00:00:00Z"},
            "found": {"start": "2026-01-05T00:00:00Z", "end": "2026-01-06T00:00:00Z"},
            "verdict": "Invalid",
            "chains": [{
                "accountId": "111122223333",
                "region": "us-east-1",
                "verdict": "Invalid",
                "digests": {"valid": 7, "invalid": 0, "unchecked": 0},
                "backfillDigests": {"valid": 0, "invalid": 0, "unchecked": 0},
                "logFiles": {"valid": 21, "invalid": 0, "unchecked": 0, "bytes": 100},
                "gaps": []
            }],
            "findings": [{
                "severity": "Error", "reason": "DigestModified", "object": "s3://bucket/key",
                "accountId": "111122223333", "region": "us-east-1", "message": "what it is"
            }]
        });
        assert_eq!(serde_json::to_value(&report).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Report>(expected).unwrap(), report);
        let empty = Report::new("arn:x", report.requested);
        assert_eq!(serde_json::to_value(&empty).unwrap()["found"], json!(null));
    }

    #[test]
    fn parts_merge_into_the_whole_in_either_order() {
        let first = part("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "us-east-1", None);
        let second =
            part("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z", "us-east-1", Some(Reason::DeliveryGap));
        let third =
            part("2026-01-06T00:00:00Z", "2026-01-07T00:00:00Z", "eu-west-1", Some(Reason::LogFileModified));
        let mut whole = first.clone();
        whole.merge(second.clone());
        whole.merge(third.clone());
        let mut reversed = third;
        reversed.merge(second);
        reversed.merge(first);
        assert_eq!(whole, reversed);
        assert_eq!(whole.verdict, Verdict::Invalid);
        assert_eq!(whole.found, Some(range("2026-01-05T00:00:00Z", "2026-01-07T00:00:00Z")));
        let verdicts: Vec<_> =
            whole.chains.iter().map(|chain| (chain.region.as_str(), chain.verdict)).collect();
        assert_eq!(verdicts, [("eu-west-1", Verdict::Invalid), ("us-east-1", Verdict::Incomplete)]);
        assert_eq!(whole.chains[1].digests.valid, 14);
        assert_eq!(whole.findings[0].reason, Reason::LogFileModified);
    }

    #[test]
    fn findings_are_bounded_and_the_worst_stay() {
        let mut report =
            part("2026-01-05T00:00:00Z", "2026-01-06T00:00:00Z", "us-east-1", Some(Reason::LogFileModified));
        let chain = report.chains[0].clone();
        for n in 0..=MOST_FINDINGS {
            report
                .findings
                .push(chain.finding(format!("s3://bucket/{n}"), Fault::new(Reason::LogFileUnlisted, "x")));
        }
        report.settle();
        assert_eq!(report.findings.len(), MOST_FINDINGS);
        assert_eq!(report.findings[0].reason, Reason::LogFileModified);
        assert_eq!(report.findings.last().map(|finding| finding.reason), Some(Reason::TooMuch));
    }
}

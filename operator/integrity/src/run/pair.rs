//! One account and Region: what its log files and digests have in common, whichever chain they stand in.

use std::collections::HashSet;

use crate::finding::{Fault, Finding, Severity, keep_worst};
use crate::names::{Chain, Location, Object};
use crate::report::{ChainReport, LogFileCounts};

/// One account and Region.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Pair {
    pub account: String,
    pub region: String,
}

impl Pair {
    pub fn key(&self) -> (&str, &str) {
        (&self.account, &self.region)
    }

    /// Where its digests are in one of the trail's places.
    pub fn digests_in(&self, location: &Location) -> String {
        format!("s3://{}/{}", location.bucket, location.digests_prefix(&self.account, &self.region))
    }

    /// Where its log files are there.
    pub fn log_files_in(&self, location: &Location) -> String {
        format!("s3://{}/{}", location.bucket, location.logs_prefix(&self.account, &self.region))
    }

    pub fn chain(&self, backfill: bool) -> Chain {
        Chain { account: self.account.clone(), region: self.region.clone(), backfill }
    }
}

/// What the log files of one digest came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub counts: LogFileCounts,
    pub findings: Vec<(Object, Fault)>,
    /// Short stand-ins of the names that verified digests list.
    pub names: HashSet<u64>,
    /// Log files that were left out because the run may hash no more bytes.
    pub over_budget: u64,
}

impl Tally {
    pub fn merge(&mut self, other: Self) {
        self.counts.merge(other.counts);
        self.findings.extend(other.findings);
        keep_worst(&mut self.findings, |(_, fault)| fault.severity);
        self.names.extend(other.names);
        self.over_budget += other.over_budget;
    }

    /// Whether all its log files were read, as far as they were to be, and are intact.
    pub fn is_settled(&self) -> bool {
        self.over_budget == 0 && self.findings.iter().all(|(_, fault)| fault.severity == Severity::Warning)
    }
}

/// What an account and Region came to.
#[derive(Debug)]
pub(super) struct Findings {
    pub report: ChainReport,
    pub findings: Vec<Finding>,
}

impl Findings {
    pub fn new(pair: &Pair) -> Self {
        Self { report: ChainReport::new(&pair.account, &pair.region), findings: Vec::new() }
    }

    pub fn add(&mut self, object: &impl ToString, fault: Fault) {
        self.findings.push(self.report.finding(object.to_string(), fault));
        keep_worst(&mut self.findings, |finding| finding.severity);
    }
}

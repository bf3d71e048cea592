//! One account and Region: what its log files and digests have in common, whichever chain they stand in.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use crate::finding::{Fault, Finding};
use crate::names::{Chain, Object};
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

    pub fn chain(&self, backfill: bool) -> Chain {
        Chain { account: self.account.clone(), region: self.region.clone(), backfill }
    }
}

/// When which log file was changed last, by the short stand-in of its name.
pub(super) type Changes = HashMap<u64, Option<Timestamp>>;

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
        self.names.extend(other.names);
        self.over_budget += other.over_budget;
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
    }
}

//! Metrics of log file validation.

use std::{collections::HashMap, time::Duration};

use parking_lot::Mutex;
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use trail_operator_integrity::{Counts, Finding, Report, Severity, Verdict};
use trail_operator_reconcile::trail::validation::{Ledger, Run};

use super::Object;

/// How a run ended, as the label `result` says.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RunResult {
    /// It was told to end.
    Cancelled,
    /// It could not be made.
    Error,
}

/// The metrics.
pub(super) struct Validation {
    runs: Family<RunLabels, Counter>,
    run_seconds: Histogram,
    files: Family<FileLabels, Counter>,
    bytes: Family<Object, Counter>,
    findings: Family<FindingLabels, Gauge>,
    last_run: Family<Object, Gauge>,
    verified_through: Family<Object, Gauge>,
    /// Which findings each object has.
    shown: Mutex<HashMap<Object, Vec<FindingLabels>>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RunLabels {
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FileLabels {
    namespace: String,
    name: String,
    file: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct FindingLabels {
    namespace: String,
    name: String,
    severity: &'static str,
    reason: String,
}

impl Default for Validation {
    fn default() -> Self {
        Self {
            runs: Family::default(),
            run_seconds: Histogram::new([0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0]),
            files: Family::default(),
            bytes: Family::default(),
            findings: Family::default(),
            last_run: Family::default(),
            verified_through: Family::default(),
            shown: Mutex::default(),
        }
    }
}

impl Validation {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "log_validation_runs",
            "Runs of log file validation, by verdict or by why there is none",
            self.runs.clone(),
        );
        registry.register_with_unit(
            "log_validation_run_duration",
            "Time of one run of log file validation",
            Unit::Seconds,
            self.run_seconds.clone(),
        );
        registry.register(
            "log_validation_files",
            "Digests and log files that were verified, by what they came to",
            self.files.clone(),
        );
        registry.register_with_unit(
            "log_validation_read",
            "Inflated bytes of log files that were hashed",
            Unit::Bytes,
            self.bytes.clone(),
        );
        registry.register("log_validation_findings", "What is amiss now", self.findings.clone());
        registry.register_with_unit(
            "log_validation_last_run_timestamp",
            "When the last run that ended was begun",
            Unit::Seconds,
            self.last_run.clone(),
        );
        registry.register_with_unit(
            "log_validation_verified_through_timestamp",
            "Up to when all chains of digests were verified",
            Unit::Seconds,
            self.verified_through.clone(),
        );
    }

    pub(super) fn ended(&self, result: RunResult) {
        let result = match result {
            RunResult::Cancelled => "cancelled",
            RunResult::Error => "error",
        };
        self.runs.get_or_create(&RunLabels { result }).inc();
    }

    pub(super) fn validated(&self, object: &Object, ledger: &Ledger, run: &Run, took: Duration) {
        self.runs.get_or_create(&RunLabels { result: verdict(ledger.verdict()) }).inc();
        self.run_seconds.observe(took.as_secs_f64());
        let again = run.again.iter().map(|(_, _, outcome)| outcome);
        for outcome in run.look.iter().chain([&run.onward]).chain(&run.deep).chain(again) {
            self.read(object, &outcome.report);
            self.unread(object, &outcome.report);
        }
        self.known(object, ledger);
    }

    /// What is known without a run: of an earlier process, say.
    pub(super) fn known(&self, object: &Object, ledger: &Ledger) {
        let time = |family: &Family<Object, Gauge>, time: Option<jiff::Timestamp>| {
            if let Some(time) = time {
                family.get_or_create(object).set(time.as_second());
            }
        };
        time(&self.last_run, ledger.last_run);
        time(&self.verified_through, ledger.verified.map(|range| range.end));
        self.found(object, ledger);
    }

    fn read(&self, object: &Object, report: &Report) {
        for chain in &report.chains {
            self.count(object, "digest", chain.digests);
            self.count(object, "digest", chain.backfill_digests);
            // Of those that were not to be read nobody needs to know.
            self.count(object, "logFile", Counts { unchecked: 0, ..chain.log_files.files });
            self.bytes.get_or_create(object).inc_by(chain.log_files.bytes);
        }
    }

    fn unread(&self, object: &Object, report: &Report) {
        let is_unread = |finding: &&Finding| {
            let file = finding.object.as_deref().unwrap_or_default();
            finding.severity == Severity::Unknown && file.contains("/CloudTrail/") && !file.ends_with('/')
        };
        let unchecked = u64::try_from(report.findings.iter().filter(is_unread).count()).unwrap_or(u64::MAX);
        self.count(object, "logFile", Counts { unchecked, ..Counts::default() });
    }

    fn count(&self, object: &Object, file: &'static str, counts: Counts) {
        let Counts { valid, invalid, unchecked } = counts;
        for (result, count) in [("valid", valid), ("invalid", invalid), ("unchecked", unchecked)] {
            let Object { namespace, name } = object.clone();
            self.files.get_or_create(&FileLabels { namespace, name, file, result }).inc_by(count);
        }
    }

    fn found(&self, object: &Object, ledger: &Ledger) {
        let mut counts: HashMap<FindingLabels, i64> = HashMap::new();
        for open in &ledger.open {
            let Object { namespace, name } = object.clone();
            let severity = severity(open.finding.severity);
            let labels = FindingLabels { namespace, name, severity, reason: open.finding.reason.to_string() };
            *counts.entry(labels).or_default() += 1;
        }
        let mut shown = self.shown.lock();
        let before = shown.insert(object.clone(), counts.keys().cloned().collect()).unwrap_or_default();
        for gone in before.iter().filter(|labels| !counts.contains_key(labels)) {
            self.findings.remove(gone);
        }
        for (labels, count) in &counts {
            self.findings.get_or_create(labels).set(*count);
        }
    }

    pub(super) fn object_gone(&self, object: &Object) {
        for labels in self.shown.lock().remove(object).unwrap_or_default() {
            self.findings.remove(&labels);
        }
        for file in ["digest", "logFile"] {
            for result in ["valid", "invalid", "unchecked"] {
                let Object { namespace, name } = object.clone();
                self.files.remove(&FileLabels { namespace, name, file, result });
            }
        }
        self.bytes.remove(object);
        self.last_run.remove(object);
        self.verified_through.remove(object);
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Valid => "valid",
        Verdict::Incomplete => "incomplete",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Invalid => "invalid",
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Warning => "warning",
        Severity::Unknown => "unknown",
        Severity::Error => "error",
    }
}

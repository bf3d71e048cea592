//! What a report comes to in one sentence, and in numbers. Pure.

use std::collections::BTreeMap;

use indicatif::HumanCount;
use trail_operator_integrity::{Counts, Reason, Report, Severity, Verdict};

/// The verdict's word and the sentence after it.
pub(super) fn verdict(report: &Report) -> (&'static str, String) {
    let (word, sentence, severity) = match report.verdict {
        Verdict::Valid => return ("Valid", valid(report)),
        Verdict::Invalid => ("Invalid", "there is evidence of change", Severity::Error),
        Verdict::Inconclusive => (
            "Inconclusive",
            "no evidence of change, but not everything could be read or judged",
            Severity::Unknown,
        ),
        Verdict::Incomplete => (
            "Incomplete",
            "what is there is unchanged, but does not cover all that was asked for",
            Severity::Warning,
        ),
    };
    let mut reasons: BTreeMap<Reason, u64> = BTreeMap::new();
    for finding in report.findings.iter().filter(|finding| finding.severity == severity) {
        *reasons.entry(finding.reason).or_default() += 1;
    }
    let reasons: Vec<_> =
        reasons.iter().map(|(reason, count)| format!("{} {reason}", HumanCount(*count))).collect();
    (word, format!("{sentence}: {}.", reasons.join(", ")))
}

fn valid(report: &Report) -> String {
    let digests: u64 =
        report.chains.iter().map(|chain| total(chain.digests) + total(chain.backfill_digests)).sum();
    let log_files: u64 = report.chains.iter().map(|chain| total(chain.log_files.files)).sum();
    format!(
        "all of it was read and is unchanged: {}, {}.",
        counted(digests, "digest"),
        counted(log_files, "log file")
    )
}

pub(super) fn total(counts: Counts) -> u64 {
    counts.valid + counts.invalid + counts.unchecked
}

pub(super) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", HumanCount(number))
}

/// How many are valid; with those that are not behind it, where there are any: `7/1/0`.
pub(super) fn counts(counts: Counts) -> String {
    let Counts { valid, invalid, unchecked } = counts;
    if is_clean(counts) { valid.to_string() } else { format!("{valid}/{invalid}/{unchecked}") }
}

pub(super) fn is_clean(counts: Counts) -> bool {
    counts.invalid == 0 && counts.unchecked == 0
}

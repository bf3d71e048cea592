//! A report for CI systems: a suite for each account and Region, a case for each kind of check. Names stay the same from
//! run to run, so that CI systems can tell since when a case fails.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{Finding, Reason, Report, Severity};

/// So many findings are told for each case.
const MOST: usize = 100;

/// What is checked of an account and Region, and of the trail as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Digests,
    Backfill,
    LogFiles,
    Coverage,
}

impl Check {
    const ALL: [Self; 4] = [Self::Digests, Self::Backfill, Self::LogFiles, Self::Coverage];

    fn name(self) -> &'static str {
        match self {
            Self::Digests => "digests are unchanged",
            Self::Backfill => "backfill digests are unchanged",
            Self::LogFiles => "log files are unchanged",
            Self::Coverage => "all of the time is covered",
        }
    }

    /// The check that a finding fails.
    fn of(finding: &Finding) -> Self {
        let object = finding.object.as_deref().unwrap_or_default();
        match finding.reason {
            Reason::DeliveryGap | Reason::DigestsStale | Reason::LogFileUnlisted => Self::Coverage,
            _ if object.ends_with("_backfill.json.gz") => Self::Backfill,
            _ if object.contains("/CloudTrail-Digest/") => Self::Digests,
            _ if object.ends_with(".json.gz") => Self::LogFiles,
            _ => Self::Digests,
        }
    }
}

/// A suite and the findings about it.
struct Suite<'a> {
    name: String,
    findings: Vec<&'a Finding>,
}

/// The document.
pub(super) fn document(report: &Report, started: Timestamp, took: SignedDuration) -> String {
    let suites = suites(report);
    let mut body = String::new();
    let mut totals = Totals::default();
    for suite in &suites {
        let (cases, of_suite) = cases(suite);
        // Writing into a text does not fail.
        let _ = writeln!(
            body,
            "  <testsuite name=\"{}\" {of_suite} skipped=\"0\" timestamp=\"{}\">\n{cases}  </testsuite>",
            attribute(&suite.name),
            started.strftime("%Y-%m-%dT%H:%M:%SZ")
        );
        totals.add(of_suite);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"validate-logs {}\" {totals} time=\"{:.3}\">\n{body}</testsuites>\n",
        attribute(&report.trail_arn),
        took.as_secs_f64()
    )
}

/// One for each chain; one more for what is about none of them, or where there is none.
fn suites(report: &Report) -> Vec<Suite<'_>> {
    let is_of = |finding: &Finding, account: &str, region: &str| {
        finding.account_id.as_deref() == Some(account) && finding.region.as_deref() == Some(region)
    };
    let mut suites: Vec<_> = report
        .chains
        .iter()
        .map(|chain| {
            let (account, region) = (chain.account_id.as_str(), chain.region.as_str());
            let findings = report.findings.iter().filter(|finding| is_of(finding, account, region)).collect();
            Suite { name: format!("{account}/{region}"), findings }
        })
        .collect();
    let is_elsewhere = |finding: &&Finding| {
        !report.chains.iter().any(|chain| is_of(finding, &chain.account_id, &chain.region))
    };
    let elsewhere: Vec<_> = report.findings.iter().filter(is_elsewhere).collect();
    if suites.is_empty() || !elsewhere.is_empty() {
        suites.push(Suite { name: "trail".to_owned(), findings: elsewhere });
    }
    suites
}

#[derive(Clone, Copy, Default)]
struct Totals {
    tests: usize,
    failures: usize,
    errors: usize,
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.tests += other.tests;
        self.failures += other.failures;
        self.errors += other.errors;
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { tests, failures, errors } = self;
        write!(f, "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\"")
    }
}

fn cases(suite: &Suite<'_>) -> (String, Totals) {
    let mut text = String::new();
    let mut totals = Totals::default();
    for check in Check::ALL {
        let findings: Vec<_> =
            suite.findings.iter().copied().filter(|finding| Check::of(finding) == check).collect();
        let start = format!(
            "    <testcase classname=\"validate-logs.{}\" name=\"{}\"",
            attribute(&suite.name.replace('/', ".")),
            check.name()
        );
        totals.tests += 1;
        let Some(worst) = findings.iter().max_by_key(|finding| finding.severity) else {
            let _ = writeln!(text, "{start}/>");
            continue;
        };
        // What nobody could judge is an error of the test, not a failure.
        let element = if worst.severity == Severity::Unknown { "error" } else { "failure" };
        *(if element == "error" { &mut totals.errors } else { &mut totals.failures }) += 1;
        let _ = writeln!(
            text,
            "{start}>\n      <{element} type=\"{}\" message=\"{}\">{}</{element}>\n    </testcase>",
            worst.reason,
            attribute(&summary(worst, findings.len())),
            escaped(&told(&findings))
        );
    }
    (text, totals)
}

fn summary(worst: &Finding, count: usize) -> String {
    let more = if count > 1 { format!(" (and {} more)", count - 1) } else { String::new() };
    format!("{} {}{more}: {}", worst.reason, worst.object.as_deref().unwrap_or_default(), worst.message)
}

fn told(findings: &[&Finding]) -> String {
    let mut lines: Vec<_> = findings
        .iter()
        .take(MOST)
        .map(|finding| {
            let object = finding.object.as_deref().unwrap_or_default();
            format!("{:?} {} {object}\n  {}", finding.severity, finding.reason, finding.message)
        })
        .collect();
    if findings.len() > MOST {
        lines.push(format!("and {} more; --output json lists all", findings.len() - MOST));
    }
    lines.join("\n")
}

/// For attributes, where a line's end would be read as a blank.
fn attribute(text: &str) -> String {
    escaped(text).replace('\n', "&#10;")
}

/// For text. What no XML document may hold, even escaped, is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push(char),
            '\u{fffe}' | '\u{ffff}' => escaped.push(char::REPLACEMENT_CHARACTER),
            _ if char.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            _ => escaped.push(char),
        }
    }
    escaped
}

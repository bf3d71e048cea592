//! A report for people: what was asked for and found, a row for each account and Region, findings, the verdict.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use indicatif::{DecimalBytes, HumanCount};
use jiff::Timestamp;
use trail_operator_integrity::{ChainReport, Finding, Range, Report, Verdict};

use super::wording::{self, counts, is_clean};
use crate::untrusted::shown;

const GREEN: Style = AnsiColor::Green.on_default();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
/// So many findings are told.
const MOST: usize = 100;
/// On narrower terminals lines are broken as if they had this many columns.
const NARROWEST: usize = 40;

/// The columns of the terminal; `None` where stdout is none, so that a line is a line to other programs.
pub(super) fn width() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| usize::from(columns).max(NARROWEST))
}

/// All of it. `width` is where messages are broken.
pub(super) fn table(report: &Report, width: Option<usize>) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", shown(&report.trail_arn));
    let found = report.found.map_or_else(|| "nothing".to_owned(), span);
    // Writing into a text does not fail.
    let _ = writeln!(text, "  requested  {}\n  found      {found}", span(report.requested));
    if !report.chains.is_empty() {
        text.push('\n');
        chains(&mut text, &report.chains, width);
    }
    findings(&mut text, &report.findings, width);
    let (word, sentence) = wording::verdict(report);
    let style = style_of(report.verdict);
    let line = wrapped(&format!("{word}: {sentence}"), "", width);
    let line = line.strip_prefix(word).unwrap_or(&line);
    let _ = writeln!(text, "\n{style}{word}{style:#}{line}");
    text
}

fn span(range: Range) -> String {
    format!("{} to {}", time(range.start), time(range.end))
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A row for each chain. Columns that say nothing of any are left out, and so are bytes where it would not fit.
fn chains(text: &mut String, chains: &[ChainReport], width: Option<usize>) {
    let mut columns = vec![
        Column::new("ACCOUNT", chains, |chain| shown(&chain.account_id)),
        Column::new("REGION", chains, |chain| shown(&chain.region)),
        Column::new(VERDICT, chains, |chain| format!("{:?}", chain.verdict)),
        Column::new("DIGESTS", chains, |chain| counts(chain.digests)),
    ];
    if chains.iter().any(|chain| wording::total(chain.backfill_digests) > 0) {
        columns.push(Column::new("BACKFILL", chains, |chain| counts(chain.backfill_digests)));
    }
    columns.push(Column::new("LOG FILES", chains, |chain| counts(chain.log_files.files)));
    if chains.iter().any(|chain| !chain.gaps.is_empty()) {
        columns.push(Column::new("GAPS", chains, |chain| chain.gaps.len().to_string()));
    }
    let bytes = Column::new("BYTES", chains, |chain| DecimalBytes(chain.log_files.bytes).to_string());
    let all: usize = columns.iter().map(|column| column.width + GAP.len()).sum();
    if width.is_none_or(|width| all + bytes.width <= width) {
        columns.push(bytes);
    }
    for row in 0..=chains.len() {
        let style = row.checked_sub(1).and_then(|at| chains.get(at)).map(|chain| style_of(chain.verdict));
        let cells: Vec<_> = columns.iter().map(|column| column.cell(row, style)).collect();
        let _ = writeln!(text, "{}", cells.join(GAP));
    }
    let is_all_clean = chains.iter().all(|chain| {
        is_clean(chain.digests) && is_clean(chain.backfill_digests) && is_clean(chain.log_files.files)
    });
    if !is_all_clean {
        let _ = writeln!(text, "{DIM}n/n/n: valid, invalid, not checked{DIM:#}");
    }
}

const GAP: &str = "  ";
const VERDICT: &str = "VERDICT";

/// Its head and a cell for each chain.
struct Column {
    cells: Vec<String>,
    width: usize,
}

impl Column {
    fn new(head: &str, chains: &[ChainReport], cell: impl Fn(&ChainReport) -> String) -> Self {
        let cells: Vec<_> = std::iter::once(head.to_owned()).chain(chains.iter().map(cell)).collect();
        let width = cells.iter().map(|cell| cell.chars().count()).max().unwrap_or_default();
        Self { cells, width }
    }

    /// Words stand to the left, numbers to the right. The head is bold, and a verdict has its colour.
    fn cell(&self, row: usize, verdict: Option<Style>) -> String {
        let width = self.width;
        let cell = self.cells.get(row).map(String::as_str).unwrap_or_default();
        let head = self.cells.first().map(String::as_str).unwrap_or_default();
        let is_word = matches!(head, "ACCOUNT" | "REGION" | VERDICT);
        let padded = if is_word { format!("{cell:<width$}") } else { format!("{cell:>width$}") };
        match verdict {
            None => format!("{BOLD}{padded}{BOLD:#}"),
            Some(style) if head == VERDICT => format!("{style}{padded}{style:#}"),
            Some(_) => padded,
        }
    }
}

fn findings(text: &mut String, findings: &[Finding], width: Option<usize>) {
    for finding in findings.iter().take(MOST) {
        let style = style_of(Verdict::of([finding.severity]));
        let whose = [finding.account_id.as_deref(), finding.region.as_deref()];
        let whose: Vec<_> = whose.into_iter().flatten().map(shown).collect();
        let whose =
            if whose.is_empty() { String::new() } else { format!("  {DIM}{}{DIM:#}", whose.join(" ")) };
        let _ = writeln!(text, "\n{style}{:?} {}{style:#}{whose}", finding.severity, finding.reason);
        if let Some(object) = &finding.object {
            // Whole, so that it can be copied.
            let _ = writeln!(text, "  {}", shown(object));
        }
        let _ = writeln!(text, "{}", wrapped(&shown(&finding.message), "  ", width));
    }
    if findings.len() > MOST {
        let more = u64::try_from(findings.len() - MOST).unwrap_or_default();
        let _ = writeln!(text, "\nand {} more; --output json lists all", HumanCount(more));
    }
}

fn style_of(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Valid => GREEN,
        Verdict::Invalid => RED,
        Verdict::Incomplete | Verdict::Inconclusive => YELLOW,
    }
}

/// Broken at blanks only: a name in a message stays whole.
fn wrapped(text: &str, indent: &str, width: Option<usize>) -> String {
    let Some(width) = width else { return format!("{indent}{text}") };
    let options =
        textwrap::Options::new(width).break_words(false).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::fill(text, options.initial_indent(indent).subsequent_indent(indent))
}

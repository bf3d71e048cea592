//! Figures, what is demanded of them, and the table they make.
//!
//! Knows: bounds and columns. Must not know: how a figure came about.

use std::process::ExitCode;
use std::time::Duration;

use crate::terminal::table;

/// Everything measured, in the order of the table.
#[derive(Debug, Default)]
pub(super) struct Figures {
    rows: Vec<Row>,
    /// What the counts are made of.
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    situation: &'static str,
    what: String,
    ours: String,
    demanded: String,
    verdict: Verdict,
    /// What ACK does.
    ack: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Nothing is demanded.
    Told,
    Kept,
    /// A machine that is busy, or slow, makes a time longer.
    LongerThanDemanded,
    /// A count is the same on every machine.
    Broken,
}

/// A part of the table about one situation.
pub(super) struct Of<'a> {
    figures: &'a mut Figures,
    situation: &'static str,
}

impl Figures {
    pub(super) fn of(&mut self, situation: &'static str) -> Of<'_> {
        Of { figures: self, situation }
    }

    /// The situation could not be measured to its end.
    pub(super) fn failed(&mut self, situation: &'static str, error: &anyhow::Error) {
        self.of(situation).push("measured to the end", "no", "yes", Verdict::Broken, "");
        self.notes.push(format!("{situation}: {error:#}"));
    }

    /// Adds the rows and notes of others.
    pub(super) fn append(&mut self, others: Self) {
        self.rows.extend(others.rows);
        self.notes.extend(others.notes);
    }

    /// Failure when something that can be counted is not as demanded.
    pub(super) fn exit_code(&self) -> ExitCode {
        let broken = self.rows.iter().any(|row| row.verdict == Verdict::Broken);
        if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
    }

    /// The lines of the table, those that miss what is demanded painted, and of what the counts are made of.
    pub(super) fn lines(&self, paint: impl Fn(&str) -> String) -> Vec<String> {
        let mut cells =
            vec![["situation", "figure", "ours", "demanded", "", "ACK"].map(String::from).to_vec()];
        let mut before = "";
        for row in &self.rows {
            let situation = if row.situation == before { "" } else { row.situation };
            before = row.situation;
            let texts = [situation, &row.what, &row.ours, &row.demanded, row.verdict.mark(), row.ack];
            cells.push(texts.map(String::from).to_vec());
        }
        let mut lines = table(&cells, &[2]);
        for (line, row) in lines.iter_mut().skip(1).zip(&self.rows) {
            match row.verdict {
                Verdict::Told | Verdict::Kept => {}
                Verdict::LongerThanDemanded | Verdict::Broken => *line = paint(line),
            }
        }
        if !self.notes.is_empty() {
            lines.push(String::new());
        }
        lines.extend(self.notes.iter().cloned());
        lines
    }
}

impl Verdict {
    fn mark(self) -> &'static str {
        match self {
            Self::Told => "",
            Self::Kept => "✓",
            Self::LongerThanDemanded | Self::Broken => "✗",
        }
    }
}

impl Of<'_> {
    /// A number that must not be larger than `most`.
    pub(super) fn count(&mut self, what: &str, number: usize, most: usize, ack: &'static str) {
        let verdict = if number <= most { Verdict::Kept } else { Verdict::Broken };
        self.push(what, &number.to_string(), &format!("≤ {most}"), verdict, ack);
    }

    /// The same for so many each, on average.
    pub(super) fn average(&mut self, what: &str, number: f64, most: f64, ack: &'static str) {
        let verdict = if number <= most { Verdict::Kept } else { Verdict::Broken };
        self.push(what, &format!("{number:.2}"), &format!("≤ {most}"), verdict, ack);
    }

    /// A time that should not be longer than `most`.
    pub(super) fn time(&mut self, what: &str, time: Duration, most: Duration, ack: &'static str) {
        let verdict = if time <= most { Verdict::Kept } else { Verdict::LongerThanDemanded };
        self.push(what, &seconds(time), &format!("≤ {}", seconds(most)), verdict, ack);
    }

    /// Memory that should not be more than `most` bytes.
    pub(super) fn memory(&mut self, what: &str, bytes: u64, most: u64, ack: &'static str) {
        let verdict = if bytes <= most { Verdict::Kept } else { Verdict::LongerThanDemanded };
        self.push(what, &megabytes(bytes), &format!("≤ {}", megabytes(most)), verdict, ack);
    }

    /// Something that must be so.
    pub(super) fn must(&mut self, what: &str, is_so: bool, ack: &'static str) {
        let verdict = if is_so { Verdict::Kept } else { Verdict::Broken };
        self.push(what, if is_so { "yes" } else { "no" }, "yes", verdict, ack);
    }

    /// Something nobody demands anything of.
    pub(super) fn told(&mut self, what: &str, ours: &str, ack: &'static str) {
        self.push(what, ours, "", Verdict::Told, ack);
    }

    /// What a count is made of; said below the table.
    pub(super) fn note(&mut self, text: &str) {
        self.figures.notes.push(format!("{}: {text}", self.situation));
    }

    fn push(&mut self, what: &str, ours: &str, demanded: &str, verdict: Verdict, ack: &'static str) {
        let (situation, what) = (self.situation, what.to_owned());
        let (ours, demanded) = (ours.to_owned(), demanded.to_owned());
        self.figures.rows.push(Row { situation, what, ours, demanded, verdict, ack });
    }
}

/// `0.42 s`, `12.3 s`.
pub(super) fn seconds(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    if seconds < 10.0 { format!("{seconds:.2} s") } else { format!("{seconds:.1} s") }
}

/// The least, the median and the largest: `0.31 / 0.42 / 0.60 s`.
pub(super) fn spread(times: &[Duration]) -> String {
    let mut times = times.to_vec();
    times.sort_unstable();
    let (Some(least), Some(most)) = (times.first(), times.last()) else { return "none".into() };
    let seconds = |time: &Duration| format!("{:.2}", time.as_secs_f64());
    format!("{} / {} / {} s", seconds(least), seconds(&times[times.len() / 2]), seconds(most))
}

/// In units of a million bytes, as people say it.
pub(super) fn megabytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marks(figures: &Figures) -> Vec<&'static str> {
        figures.rows.iter().map(|row| row.verdict.mark()).collect()
    }

    #[test]
    fn counts_decide_the_exit_code_and_times_do_not() {
        let mut figures = Figures::default();
        let second = Duration::from_secs(1);
        let mut of = figures.of("create");
        of.count("calls", 8, 8, "6");
        of.time("Ready", 2 * second, second, "");
        of.memory("peak", 70_000_000, 60_000_000, "67 MB");
        of.told("spread", "any", "");
        assert_eq!(marks(&figures), ["✓", "✗", "✗", ""]);
        assert_eq!(format!("{:?}", figures.exit_code()), format!("{:?}", ExitCode::SUCCESS));
        figures.of("create").average("calls", 8.01, 8.0, "6");
        assert_eq!(format!("{:?}", figures.exit_code()), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn a_situation_is_named_once_and_what_failed_is_said() {
        let mut figures = Figures::default();
        figures.of("create").must("spec untouched", true, "no");
        figures.of("create").average("calls", 2.456, 2.5, "");
        figures.failed("kms", &anyhow::anyhow!("no key"));
        let lines = figures.lines(|line| format!("! {line}"));
        assert_eq!(lines.iter().filter(|line| line.starts_with("create")).count(), 1);
        assert!(lines.iter().any(|line| line.starts_with("! kms")), "{lines:#?}");
        assert!(lines.iter().any(|line| line.contains("2.46") && line.contains("≤ 2.5")), "{lines:#?}");
        assert_eq!(lines.last().map(String::as_str), Some("kms: no key"));
        assert_eq!(format!("{:?}", figures.exit_code()), format!("{:?}", ExitCode::FAILURE));
    }

    #[test]
    fn several_times_are_told_by_three() {
        let times = [300, 100, 200].map(Duration::from_millis);
        assert_eq!(spread(&times), "0.10 / 0.20 / 0.30 s");
        assert_eq!(spread(&[]), "none");
        assert_eq!(seconds(Duration::from_millis(12_340)), "12.3 s");
    }
}

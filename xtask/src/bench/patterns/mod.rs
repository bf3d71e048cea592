//! `cargo xtask bench patterns`: the fifteen alarms of CIS over seeded records, beside the plain way of evaluating them.
//!
//! Knows: the figures and what they mean. Must not know: how patterns are evaluated.

mod records;

use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use fastrand::Rng;
use serde::Deserialize;
use test_cluster::progress::Task;
use test_cluster::scratch::ScratchDir;

use super::usage;
use crate::terminal::table;
use crate::{command, signals, workspace};

/// Ten million records a minute.
const GOAL: f64 = 10_000_000.0 / 60.0;

#[derive(Debug, Parser)]
pub(super) struct Args {
    /// How many records
    #[arg(long, value_name = "N", default_value = "50000")]
    records: u32,
    /// What the records are made of
    #[arg(long, value_name = "SEED", default_value = "7")]
    seed: u64,
}

/// What the program that measures says, times in seconds of the processor.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    records: u32,
    bytes: u32,
    matches: Vec<(String, u32)>,
    together: f64,
    plainly: f64,
    each_alone: f64,
    reading: f64,
}

impl Args {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let _requests = signals::stop_all_on_request("")?;
        let folder = ScratchDir::new()?;
        let path = folder.path().join("records");
        let mut text = String::new();
        let mut random = Rng::with_seed(self.seed);
        (0..self.records).for_each(|_| records::write(&mut text, &mut random));
        std::fs::write(&path, text).context("cannot write the records")?;
        // Unoptimised code tells nothing about optimised code.
        let build = ["build", "--release", "--package", "trail-operator-domain", "--example", "patterns"];
        command::must("building the program that measures (release)", &mut workspace::cargo(&build))?;
        let program = workspace::target()?.with_file_name("release").join("examples").join("patterns");
        let load = usage::load()?;
        let task = Task::start("measuring");
        let output = Command::new(&program).arg(&path).output();
        let output = output.with_context(|| format!("cannot run {}", program.display()))?;
        task.done();
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
        let measured: Measured = serde_json::from_slice(&output.stdout).context("not understood")?;
        println!(
            "\n{} records of {} bytes on average, seed {}, one of {} processors whose load was {load}.\n{EXPLANATION}\n",
            measured.records,
            measured.bytes / measured.records.max(1),
            self.seed,
            super::processors(),
        );
        measured.lines().iter().for_each(|line| println!("{line}"));
        Ok(ExitCode::SUCCESS)
    }
}

impl Measured {
    fn lines(&self) -> Vec<String> {
        let head = ["", "records/s", "MB/s", "time", "beside ours"].map(String::from).to_vec();
        let rows = [
            ("fifteen patterns together (ours)", self.together),
            ("a tree of each record, pattern after pattern", self.plainly),
            ("a pass for each pattern", self.each_alone),
            ("only reading the JSON", self.reading),
        ]
        .map(|(what, seconds)| {
            let records = f64::from(self.records) / seconds;
            let megabytes = f64::from(self.bytes) / 1e6 / seconds;
            let ratio = seconds / self.together;
            let cells = [
                what.into(),
                format!("{records:.0}"),
                format!("{megabytes:.0}"),
                format!("{seconds:.3} s"),
                format!("{ratio:.2}×"),
            ];
            cells.to_vec()
        });
        let mut lines = table(&[vec![head], rows.to_vec()].concat(), &[1, 2, 3, 4]);
        let speed = f64::from(self.records) / self.together;
        let reached = speed / GOAL;
        lines.push(format!(
            "\n{:.1} million records a minute and core: {reached:.2} times the ten million we want.",
            speed * 60.0 / 1e6
        ));
        let matches: Vec<_> =
            self.matches.iter().map(|(name, matches)| format!("{name} {matches}")).collect();
        lines.push(format!("Matches, the same in all ways: {}.", matches.join(", ")));
        lines
    }
}

/// What a reader of the table must know.
const EXPLANATION: &str = "\
Times are of the processor, medians of seven rounds in turn, one thread, the program's release build. The patterns are those
of Security Hub, and CIS 4.15. Only reading is what the parser takes when nothing is asked.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_beside_ours() {
        let said = r#"{"records": 500000, "bytes": 600000000, "matches": [["a", 3]], "together": 2.0, "plainly": 9.0,
                       "eachAlone": 20.0, "reading": 1.0}"#;
        let lines = serde_json::from_str::<Measured>(said).unwrap().lines();
        assert!(lines[1].ends_with("250000   300   2.000 s        1.00×"), "{lines:?}");
        assert!(lines[2].ends_with("4.50×"), "{lines:?}");
        assert_eq!(lines[5], "\n15.0 million records a minute and core: 1.50 times the ten million we want.");
        assert!(lines[6].ends_with("a 3."));
    }
}

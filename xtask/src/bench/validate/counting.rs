//! `cargo xtask bench cost`: what counting the events of log files adds to validating them, as costs are estimated from.
//!
//! Knows: the situations, the goal, the table. Must not know: how trees are made, served and read.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;
use jiff::SignedDuration;
use test_cluster::progress::Task;
use test_cluster::scratch::ScratchDir;

use super::programs::{Program, Programs};
use super::serving::Served;
use super::{LARGE, Measured, ROUNDS, SMALL, measured, median, tree};
use crate::bench::{figures::seconds, processors, stage::Profile, usage};
use crate::signals;
use crate::terminal::table;

/// Counting may add less than this part of the time.
const GOAL: f64 = 0.30;
/// What is validated: of which tree how many days, and how late each answer is.
const SITUATIONS: [(&str, tree::Spec, i64, Duration); 3] = [
    ("small log files", SMALL, 7, Duration::ZERO),
    ("small log files, each answer 20 ms late", SMALL, 7, Duration::from_millis(20)),
    ("large log files", LARGE, 1, Duration::ZERO),
];

#[derive(Debug, Parser)]
pub(in crate::bench) struct Args {
    /// Measures the release build instead of the one for daily work
    #[arg(long)]
    release: bool,
}

impl Args {
    pub(in crate::bench) fn run(&self) -> Result<ExitCode> {
        let _requests = signals::stop_all_on_request("")?;
        let profile = if self.release { Profile::Release } else { Profile::Dev };
        let scratch = ScratchDir::new()?;
        let programs = Programs::prepare(profile, scratch.path())?;
        let load = usage::load()?;
        let head =
            ["", "alone", "counting", "more", "our CPU alone", "counting", ""].map(String::from).to_vec();
        let mut rows = vec![head];
        for (name, spec, days, latency) in SITUATIONS {
            let [alone, counting] = measure(&programs, name, spec, days, latency)?;
            rows.push(row(name, &alone, &counting));
        }
        println!(
            "\nThe command's {} build on {} processors whose load was {load}.\n{EXPLANATION}\n",
            profile.name(),
            processors()
        );
        for line in table(&rows, &[1, 2, 3, 4, 5]) {
            println!("{line}");
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn row(name: &str, alone: &Measured, counting: &Measured) -> Vec<String> {
    let more = counting.run.took.as_secs_f64() / alone.run.took.as_secs_f64() - 1.0;
    vec![
        name.to_owned(),
        seconds(alone.run.took),
        seconds(counting.run.took),
        format!("{:+.0} %", 100.0 * more),
        seconds(alone.run.cpu),
        seconds(counting.run.cpu),
        if more < GOAL { "✓" } else { "✗" }.to_owned(),
    ]
}

/// Runs both in turn, over the same tree.
fn measure(
    programs: &Programs,
    name: &str,
    spec: tree::Spec,
    days: i64,
    latency: Duration,
) -> Result<[Measured; 2]> {
    let folder = ScratchDir::new()?;
    let index = tree::make(folder.path(), spec)?;
    let task = Task::start(name);
    let served = Served::start(folder.path(), latency)?;
    let start = index.end - SignedDuration::from_hours(days * 24) + SignedDuration::from_secs(1);
    let (mut alone, mut counting) = (Vec::new(), Vec::new());
    let mut found = None;
    for _ in 0..ROUNDS {
        for (program, runs) in [(Program::Ours, &mut alone), (Program::Counting, &mut counting)] {
            let run = measured::run(programs.command(program, served.endpoint(), (start, index.end))?)?;
            let this = program.read(&run.output)?;
            let known = *found.get_or_insert(this);
            ensure!(known == this, "both must find the same: {known:?}, {program:?} {this:?}");
            runs.push(Measured { run, server: Duration::ZERO });
        }
    }
    task.done();
    Ok([median(alone).context("no run")?, median(counting).context("no run that counts")?])
}

/// What a reader of the table must know.
const EXPLANATION: &str = "\
`validate-logs` without and with `--count-events`, of the same bucket, served over plain HTTP on this machine by a process of its own.
Medians of five runs in turn. Counting may add less than 30 %.";

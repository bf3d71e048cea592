//! `cargo xtask bench validate`: log file validation beside the stock AWS CLI's, on the same trees in one run.
//!
//! Knows: the situations, their goals, the tables. Must not know: how trees are made, served and read.

mod answers;
mod bucket;
pub(super) mod counting;
mod measured;
mod member;
mod programs;
mod records;
pub(super) mod server;
mod serving;
mod tree;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};
use jiff::SignedDuration;
use test_cluster::cache;
use test_cluster::progress::Task;
use test_cluster::scratch::ScratchDir;
use test_lab::{ACCOUNT, REGION};

use super::figures::{megabytes, seconds};
use super::stage::Profile;
use super::usage;
use crate::signals;
use crate::terminal::{Paint, table};
use measured::Run;
use programs::{Found, Program, Programs};
use serving::Served;
use tree::{Index, Spec};

const BUCKET: &str = "example-logs";
const TRAIL: &str = "audit";
/// A program that takes longer is run once: its time varies by little then.
const LONG: Duration = Duration::from_secs(20);
/// How often the others are run, of which the median is told.
const ROUNDS: usize = 5;
/// Memory that we may take, in bytes.
const MEMORY: u64 = 150_000_000;

const SMALL: Spec = Spec { name: "30 days of small log files", days: 30, log_file: 76_000 };
const LARGE: Spec = Spec { name: "a day of large log files", days: 1, log_file: 29 << 20 };

/// What is validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Situation {
    /// 7 days of small log files
    Small,
    /// 1 day of log files of 30 MB
    Large,
    /// 7 days of small log files, each answer 20 ms late
    Latency,
    /// 1, 7 and 30 days of small log files
    Growth,
}

#[derive(Debug, Parser)]
pub(super) struct Args {
    /// Measures the release build instead of the one for daily work
    #[arg(long)]
    release: bool,
    /// Only these situations; may be given several times. Default: all
    #[arg(long, value_name = "SITUATION")]
    only: Vec<Situation>,
    /// Keeps the trees, 1.1 GB, in the cache for the next time
    #[arg(long)]
    keep: bool,
}

/// What one situation came to.
struct Row {
    situation: Situation,
    found: Found,
    days: usize,
    aws: Measured,
    ours: Measured,
}

/// The median run of a program, and what the server used meanwhile.
struct Measured {
    run: Run,
    server: Duration,
}

impl Args {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let _requests = signals::stop_all_on_request("")?;
        let profile = if self.release { Profile::Release } else { Profile::Dev };
        let scratch = ScratchDir::new()?;
        let programs = Programs::prepare(profile, scratch.path())?;
        let load = usage::load()?;
        let mut rows = Vec::new();
        for spec in [SMALL, LARGE] {
            let wanted: Vec<_> = Situation::value_variants()
                .iter()
                .filter(|one| one.spec().name == spec.name && self.wants(**one))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            // One tree at a time, unless they are kept.
            let own = ScratchDir::new()?;
            let folder = if self.keep { kept(spec)? } else { own.path().to_owned() };
            let index = tree::make(&folder, spec)?;
            for situation in wanted {
                for days in situation.days() {
                    rows.push(measure(&programs, (*situation, *days), &folder, &index)?);
                }
            }
        }
        println!(
            "\nThe command's {} build and awscli {}, on {} processors whose load was {load}.\n{EXPLANATION}\n",
            profile.name(),
            programs.aws_version()?,
            super::processors()
        );
        print(&rows);
        Ok(ExitCode::SUCCESS)
    }

    fn wants(&self, situation: Situation) -> bool {
        self.only.is_empty() || self.only.contains(&situation)
    }
}

impl Situation {
    fn spec(self) -> Spec {
        match self {
            Self::Small | Self::Latency | Self::Growth => SMALL,
            Self::Large => LARGE,
        }
    }

    fn days(self) -> &'static [usize] {
        match self {
            Self::Small | Self::Latency => &[7],
            Self::Large => &[1],
            Self::Growth => &[1, 7, 30],
        }
    }

    fn latency(self) -> Duration {
        if self == Self::Latency { Duration::from_millis(20) } else { Duration::ZERO }
    }

    /// How many times as fast as the AWS CLI we want to be.
    fn goal(self) -> Option<f64> {
        match self {
            Self::Small => Some(20.0),
            Self::Large => Some(3.5),
            Self::Latency => Some(50.0),
            Self::Growth => None,
        }
    }
}

/// Where a tree stays.
fn kept(spec: Spec) -> Result<PathBuf> {
    let key = cache::key(&[format!("{spec:?}").as_bytes()]);
    let folder = cache::root()?.join("bench").join(&key[..16]);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

/// Runs both programs in turn.
fn measure(
    programs: &Programs,
    (situation, days): (Situation, usize),
    folder: &Path,
    index: &Index,
) -> Result<Row> {
    let label = format!("validating {days} days ({situation:?})");
    let task = Task::start(&label.to_lowercase());
    let served = Served::start(folder, situation.latency())?;
    // The digest that ends right then is the last of the days before.
    let start =
        index.end - SignedDuration::from_hours(i64::try_from(days)? * 24) + SignedDuration::from_secs(1);
    let (mut aws, mut ours) = (Vec::new(), Vec::new());
    let mut found = None;
    for round in 0..ROUNDS {
        for (program, runs) in [(Program::AwsCli, &mut aws), (Program::Ours, &mut ours)] {
            if runs.first().is_some_and(|first: &Measured| first.run.took > LONG) {
                continue;
            }
            task.note(&format!("{program:?}, round {}", round + 1));
            let before = served.cpu()?;
            let run = measured::run(programs.command(program, served.endpoint(), (start, index.end))?)?;
            let share = served.cpu()?.saturating_sub(before);
            let this = program.read(&run.output)?;
            let known = *found.get_or_insert(this);
            ensure!(known == this, "both must find the same: {known:?}, {program:?} {this:?}");
            runs.push(Measured { run, server: share });
        }
    }
    task.done();
    let found = found.context("nothing was run")?;
    let (aws, ours) = (median(aws).context("no run of aws")?, median(ours).context("no run of ours")?);
    Ok(Row { situation, found, days, aws, ours })
}

/// The run of which as many were faster as were slower.
fn median(mut runs: Vec<Measured>) -> Option<Measured> {
    runs.sort_by_key(|measured| measured.run.took);
    let middle = runs.len() / 2;
    (middle < runs.len()).then(|| runs.swap_remove(middle))
}

fn print(rows: &[Row]) {
    let paint = Paint::stdout();
    let head = [
        "situation",
        "days",
        "digests",
        "log files",
        "awscli",
        "ours",
        "ratio",
        "goal",
        "",
        "our memory",
        "",
        "awscli's",
        "our CPU",
        "server's",
        "awscli's CPU",
    ];
    let mut cells = vec![head.map(String::from).to_vec()];
    cells.extend(rows.iter().map(Row::cells));
    for (line, row) in table(&cells, &[1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14])
        .iter()
        .zip(std::iter::once(None).chain(rows.iter().map(Some)))
    {
        println!("{}", if row.is_some_and(|row| !row.is_kept()) { paint.red(line) } else { line.clone() });
    }
}

impl Row {
    fn ratio(&self) -> f64 {
        self.aws.run.took.as_secs_f64() / self.ours.run.took.as_secs_f64()
    }

    fn is_fast(&self) -> bool {
        self.situation.goal().is_none_or(|goal| self.ratio() >= goal)
    }

    fn is_small(&self) -> bool {
        self.ours.run.memory <= MEMORY
    }

    fn is_kept(&self) -> bool {
        self.is_fast() && self.is_small()
    }

    fn cells(&self) -> Vec<String> {
        let mark = |kept: bool| if kept { "✓" } else { "✗" };
        let goal = self.situation.goal();
        let name = self.situation.to_possible_value();
        [
            name.map_or_else(String::new, |name| name.get_name().to_owned()),
            self.days.to_string(),
            self.found.digests.to_string(),
            self.found.log_files.to_string(),
            seconds(self.aws.run.took),
            seconds(self.ours.run.took),
            format!("{:.1}×", self.ratio()),
            goal.map_or_else(String::new, |goal| format!("≥ {goal}×")),
            goal.map_or("", |_| mark(self.is_fast())).to_owned(),
            megabytes(self.ours.run.memory),
            mark(self.is_small()).to_owned(),
            megabytes(self.aws.run.memory),
            seconds(self.ours.run.cpu),
            seconds(self.ours.server),
            seconds(self.aws.run.cpu),
        ]
        .into()
    }
}

fn trail_arn() -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{TRAIL}")
}

/// What a reader of the table must know.
const EXPLANATION: &str = "\
Both validate the same bucket, served over plain HTTP on this machine by a process of its own, whose processor time is
beside ours; each starts anew for every run. Medians of five runs in turn, of one where it takes longer than twenty seconds.
Memory is the most that was resident: we want at most 150 MB. Both found the same files, and all of them valid.";

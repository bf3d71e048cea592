//! `cargo xtask bench`: figures of the operator, on a real control plane and the AWS lab, of the command, and of patterns.
//!
//! Knows: the order, and what is printed. Must not know: how anything is measured.

mod counting;
mod figures;
mod fleet;
mod objects;
mod patterns;
mod plot;
mod requests;
mod restart;
mod situations;
mod stage;
mod usage;
mod validate;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use test_cluster::scratch::ScratchDir;
use test_cluster::tools::{self, Tool};

use crate::signals;
use crate::terminal::Paint;
use figures::Figures;
use fleet::Fleet;
use plot::FIVE;
use situations::Situation;
use stage::{Profile, Stage};

/// What to measure.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// What it takes to create, check, change and repair trails: times, AWS calls, Kubernetes requests, memory.
    /// Fails when a count is not as demanded; times depend on the machine, and are only marked
    Reconcile(Reconcile),
    /// How fast log files are validated, beside the stock AWS CLI on the same trees.
    /// Fails when the two do not find the same; times and memory depend on the machine, and are only marked
    Validate(validate::Args),
    /// How fast filter patterns are evaluated over records, beside the plain way of doing it.
    /// Fails when they do not find the same; times depend on the machine, and are told as ratios
    Patterns(patterns::Args),
    /// What counting events adds to validating their log files.
    /// Fails when not the same is found; times depend on the machine, and are told as ratios
    Cost(validate::counting::Args),
    /// Serves a tree to both
    #[command(hide = true)]
    ValidateServer(validate::server::Args),
}

#[derive(Debug, Parser)]
struct Reconcile {
    /// Measures the release build instead of the one for daily work
    #[arg(long)]
    release: bool,
    /// Only these situations; may be given several times. Default: all
    #[arg(long, value_name = "SITUATION")]
    only: Vec<Situation>,
    /// Trails of the fleet
    #[arg(long, value_name = "N", default_value = "500")]
    trails: NonZeroUsize,
    /// AWS accounts they are spread over, at most five in each
    #[arg(long, value_name = "M", default_value = "100")]
    accounts: NonZeroUsize,
}

/// The verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.what {
        What::Reconcile(args) => args.run(),
        What::Validate(args) => args.run(),
        What::Patterns(args) => args.run(),
        What::Cost(args) => args.run(),
        What::ValidateServer(args) => validate::server::run(args),
    }
}

impl Reconcile {
    fn run(&self) -> Result<ExitCode> {
        let (trails, accounts) = (self.trails.get(), self.accounts.get());
        ensure!(
            trails <= accounts * FIVE,
            "CloudTrail allows {FIVE} trails in a Region: {trails} trails take {} accounts",
            trails.div_ceil(FIVE)
        );
        let _requests = signals::stop_all_on_request("")?;
        tools::locate([
            Tool::Etcd,
            Tool::KubeApiserver,
            Tool::KubeControllerManager,
            Tool::Kubectl,
            Tool::Helm,
        ])?;
        test_lab::lab_venv()?;
        let profile = if self.release { Profile::Release } else { Profile::Dev };
        let folder = ScratchDir::new()?;
        let binary = profile.build(folder.path())?;
        let load = usage::load()?;
        let mut figures = Figures::default();
        self.measure(&binary, profile, &mut figures)?;
        println!(
            "\nThe operator's {} build, on {} processors whose load was {load}.",
            profile.name(),
            processors()
        );
        println!("{EXPLANATION}\n");
        let paint = Paint::stdout();
        for line in figures.lines(|line| paint.red(line)) {
            println!("{line}");
        }
        Ok(figures.exit_code())
    }

    fn measure(&self, binary: &Path, profile: Profile, figures: &mut Figures) -> Result<()> {
        let (of_fleet, alone): (Vec<_>, Vec<_>) =
            Situation::ALL.into_iter().filter(|one| self.wants(*one)).partition(|one| one.is_of_fleet());
        if !alone.is_empty() {
            let stage = Stage::start(binary, profile)?;
            for situation in alone {
                situation.measure(&stage, figures);
            }
        }
        if !of_fleet.is_empty() {
            // A stage of its own, so that nothing else is checked, counted or remembered there.
            let mut stage = Stage::start(binary, profile)?;
            let fleet = Fleet::new(self.trails.get(), self.accounts.get());
            situations::measure_fleet(&mut stage, &fleet, &of_fleet, figures);
        }
        Ok(())
    }

    fn wants(&self, situation: Situation) -> bool {
        self.only.is_empty() || self.only.contains(&situation)
    }
}

/// What a reader of the table must know.
const EXPLANATION: &str = "\
Requests are the operator's own, by the API server's audit log: Leases and watches are left out. AWS calls are all that
the lab was asked, of any service, refused and throttled ones too. ACK is cloudtrail-controller v1.3.2: one run on a like
machine, all trails in one account and no limits kept; its counts are exact, its times are to be repeated side by side.";

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

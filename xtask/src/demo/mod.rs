//! `cargo xtask demo`: the quick start, told in about a minute, on real parts.
//!
//! Knows: the order of the acts. Must not know: the lines ([`story`]) or the stage's machinery ([`stage`]).

mod bill;
mod example;
mod proof;
mod show;
mod stage;
mod story;
mod watch;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use crate::{parts, signals};
use stage::Stage;

/// How to play it.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Leaves everything running until Ctrl-C, with the exports for kubectl and aws
    #[arg(long)]
    keep: bool,
    /// Uses the current context of this kubeconfig instead of a control plane of our own. The chart is installed
    /// without replicas; the operator runs on this machine, since the lab does
    #[arg(long, value_name = "PATH")]
    kubeconfig: Option<PathBuf>,
}

/// The verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let requests = signals::stop_all_on_request(if args.kubeconfig.is_some() { stage::BY_HAND } else { "" })?;
    let mut stage = Stage::set_up(args.kubeconfig.as_deref())?;
    let told = story::tell(&mut stage);
    if told.is_err() {
        stage.explain_failure();
    } else if args.keep {
        show_exports(&stage);
        requests.wait();
    }
    let left = stage.leave();
    told.and(left).map(|()| ExitCode::SUCCESS)
}

fn show_exports(stage: &Stage) {
    println!("\nEverything goes on running until Ctrl-C. For another shell:\n");
    for (name, value) in stage.exports() {
        println!("export {name}={}", parts::quoted(&value));
    }
    for (name, path) in stage.aliases() {
        println!("alias {name}={}", parts::quoted(&path));
    }
    println!("# the operator's log: {}", stage.operator_log());
}

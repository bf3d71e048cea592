//! `cargo xtask`: everything a developer of this project types.
//!
//! Knows: which verbs there are. Must not know: how they work.
#![allow(clippy::print_stdout, reason = "a program for people writes to standard output")]

mod bench;
mod command;
mod counts;
mod crds;
mod demo;
mod layers;
mod lint;
mod parts;
mod prices;
mod signals;
mod terminal;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

/// The project's own tasks.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows the operator at work: from a manifest to a trail that logs, on a real control plane and the AWS lab
    Demo(demo::Args),
    /// Runs all tests, ending with a count
    Test(test::Args),
    /// Measures the operator, on a real control plane and the AWS lab
    Bench(bench::Args),
    /// Checks format, clippy and dependencies
    Lint,
    /// Writes crds/*.yaml from the Rust types
    Crds {
        /// Only says whether they are up to date
        #[arg(long)]
        check: bool,
    },
    /// Takes the prices of AWS's price lists into the table in the binary
    Prices(prices::Args),
    /// Starts a Kubernetes control plane alone, until Ctrl-C
    Cluster,
    /// Starts the AWS lab alone, until Ctrl-C
    Lab {
        /// More arguments for it, after `--`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Builds what the others need, so that they start at once: the cluster's programs and the Python environments
    Prepare,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            test_cluster::progress::say(&format!("{} {error:#}", terminal::Paint::stderr().red("error:")));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode> {
    match cli.verb {
        Verb::Demo(args) => demo::run(&args),
        Verb::Test(args) => test::run(&args),
        Verb::Bench(args) => bench::run(&args),
        Verb::Lint => lint::run(),
        Verb::Crds { check } => crds::run(check),
        Verb::Prices(args) => prices::run(&args),
        Verb::Cluster => parts::cluster(),
        Verb::Lab { args } => parts::lab(&args),
        Verb::Prepare => parts::prepare(),
    }
}

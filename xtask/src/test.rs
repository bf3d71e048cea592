//! `cargo xtask test`: all layers, then a count.
//!
//! Knows: the order and the summary. Must not know: which tests there are ([`crate::layers`]).

use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Error, Result, ensure};
use clap::Parser;
use test_cluster::progress::human;
use test_cluster::tools::{self, Tool};
use test_lab::Lab;

use crate::counts::Counts;
use crate::layers::Layer;
use crate::terminal::{Paint, table};
use crate::{command, lint, signals, workspace};

/// What to test.
#[derive(Debug, Parser)]
pub(crate) struct Args {
    /// Only these layers; may be given several times. Default: all
    #[arg(long, value_name = "LAYER")]
    only: Vec<Layer>,
}

/// How a layer went.
struct Row {
    name: &'static str,
    counts: Counts,
    took: Duration,
}

/// The verb.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let _requests = signals::stop_all_on_request("")?;
    let start = Instant::now();
    let layers: Vec<_> =
        Layer::ALL.into_iter().filter(|layer| args.only.is_empty() || args.only.contains(layer)).collect();
    let rows = match prepare(&layers) {
        Ok(()) => run_layers(&layers),
        Err(error) => vec![failed("build", &error, start.elapsed())],
    };
    let total = summary(&rows, start.elapsed());
    println!("{} passed, {} failed", total.passed, total.failed);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_layers(layers: &[Layer]) -> Vec<Row> {
    let mut rows = Vec::new();
    for layer in layers {
        let start = Instant::now();
        let name = layer.name();
        rows.push(match run_layer(*layer) {
            Ok(counts) => Row { name, counts, took: start.elapsed() },
            Err(error) => failed(name, &error, start.elapsed()),
        });
    }
    if layers.iter().any(|layer| layer.needs_lab()) {
        say_fidelity();
    }
    rows
}

/// What could not even be tried counts as one failure.
fn failed(name: &'static str, error: &Error, took: Duration) -> Row {
    println!("{name}: {error:#}");
    Row { name, counts: Counts { failed: 1, ..Counts::default() }, took }
}

/// Everything slow first, each with its own progress, so that the layers' times are the tests' own.
fn prepare(layers: &[Layer]) -> Result<()> {
    if layers.iter().any(|layer| *layer != Layer::Lint) {
        command::must("building the programs", &mut workspace::cargo(&["build", "--workspace", "--bins"]))?;
        command::must("building the tests", &mut workspace::cargo(&["test", "--workspace", "--no-run"]))?;
    }
    if layers.iter().any(|layer| layer.needs_cluster()) {
        let all = [Tool::Etcd, Tool::KubeApiserver, Tool::KubeControllerManager, Tool::Kubectl, Tool::Helm];
        tools::locate(all)?;
    }
    if layers.iter().any(|layer| layer.needs_lab()) {
        Lab::start()?.aws_cli()?;
    }
    Ok(())
}

fn run_layer(layer: Layer) -> Result<Counts> {
    if layer == Layer::Lint {
        return lint::check();
    }
    let mut counts = Counts::default();
    for (label, mut cargo) in layer.commands()? {
        cargo.env("TRAIL_OPERATOR_BIN", workspace::operator()?);
        counts += counted(&label, &mut cargo, Counts::of_cargo)?;
    }
    if layer == Layer::Lab {
        let mut python = Command::new(test_lab::lab_venv()?);
        python.args(["-m", "unittest", "discover", "--start-directory", "tests"]);
        python.current_dir(workspace::root().join("tests/lab")).env("PYTHONDONTWRITEBYTECODE", "1");
        // The stock AWS CLI judges what the lab delivers.
        let aws = Lab::start()?.aws_cli()?;
        python.env("LAB_AWS", aws.program());
        counts += counted("the lab's own tests", &mut python, Counts::of_unittest)?;
    }
    ensure!(counts.passed + counts.failed > 0, "no test ran: this layer says nothing");
    Ok(counts)
}

/// Runs tests; the output of a run with failures is shown, since it says what failed.
fn counted(label: &str, command: &mut Command, count: fn(&str) -> Counts) -> Result<Counts> {
    let done = command::run(label, command)?;
    let counts = count(&done.output).or_failed(done.success);
    if counts.failed > 0 {
        println!("{}", done.output.trim_end());
    }
    Ok(counts)
}

/// How well the lab's behaviours are known: a passed test says no more than that.
fn say_fidelity() {
    match Lab::start().and_then(|lab| lab.fidelity()) {
        Ok(fidelity) => {
            let count = |what: &str| fidelity.counts.get(what).copied().unwrap_or_default();
            let (documented, reported, assumed) = (count("documented"), count("reported"), count("assumed"));
            println!(
                "\nThe lab imitates {} behaviours of AWS: {documented} documented by AWS, {reported} reported by users, \
                 {assumed} assumed. Nothing here has run against AWS itself.",
                documented + reported + assumed
            );
        }
        Err(error) => println!("\nThe lab does not say how well it is known: {error:#}"),
    }
}

fn summary(rows: &[Row], took: Duration) -> Counts {
    let mut total = Counts::default();
    let cells = |name: &str, counts: Counts, took: Duration| {
        let numbers = [counts.passed, counts.failed, counts.ignored].map(|number| number.to_string());
        [&[name.to_owned()], &numbers[..], &[human(took)]].concat()
    };
    let mut lines = vec![["layer", "passed", "failed", "ignored", "time"].map(String::from).to_vec()];
    for row in rows {
        total += row.counts;
        lines.push(cells(row.name, row.counts, row.took));
    }
    lines.push(cells("all", total, took));
    let paint = Paint::stdout();
    println!();
    for (at, line) in table(&lines, &[1, 2, 3, 4]).iter().enumerate() {
        let failed = at.checked_sub(1).and_then(|at| rows.get(at)).is_some_and(|row| row.counts.failed > 0);
        println!("{}", if failed { paint.red(line) } else { line.clone() });
    }
    println!();
    total
}

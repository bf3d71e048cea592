//! The verb `selector test`: which of these events a trail's selectors take.
//!
//! Only puts together: selectors come from the operator's own judgement of the manifests, answers from the domain.

mod counting;
mod declared;
mod showing;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Result;
use clap::{Subcommand, ValueEnum};
use serde_json::Value;
use trail_operator_domain::selectors::Record;

use crate::{events, output, plan::read_manifests};
use counting::Counts;
pub(crate) use counting::most_frequent;
pub(crate) use declared::accepted;

/// What can be done with selectors.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Says which of these events a trail would record, and by which selector. Asks no cluster, and of AWS only S3 for events.
    Test(Test),
}

/// Which trail and which events.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit: 0; 4 when there is no answer.")]
struct Test {
    /// Manifests with the Trail and its EventSelectors: files, folders, or - for stdin.
    #[arg(short, long = "filename", value_name = "FILE", required = true)]
    filename: Vec<PathBuf>,

    /// The Trail, as NAME or NAMESPACE/NAME; needed where the manifests have several.
    #[arg(long, value_name = "NAME")]
    trail: Option<String>,

    /// Namespace of manifests that name none.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Also the places of events that are recorded, and of those of which that is not known; from 0.
    #[arg(long)]
    list: bool,

    /// As a table for people, or as a document of kind SelectorTest.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// Events: log files of CloudTrail, files of one record a line, gzip or not, folders of such, s3://BUCKET/KEY, or - for
    /// stdin.
    #[arg(value_name = "EVENTS", required = true)]
    events: Vec<PathBuf>,

    /// For events in a bucket.
    #[command(flatten)]
    access: events::Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Tests, prints.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let Verb::Test(args) = &args.verb;
    let stdin = |paths: &[PathBuf]| paths.iter().filter(|path| path.as_os_str() == "-").count();
    if stdin(&args.filename) + stdin(&args.events) > 1 {
        anyhow::bail!("stdin can be only one of the files: there is more than one '-'");
    }
    let objects = read_manifests(&args.filename, args.namespace.as_deref(), None)?;
    let declared = declared::of(&objects, args.trail.as_deref())?;
    let mut counts = Counts::of(&declared.selectors, args.list);
    events::each(&args.events, &args.access, |event| {
        let event: Value = serde_json::from_str(event).map_err(|error| error.to_string())?;
        let record = Record::from_json(&event).map_err(|error| error.to_string())?;
        counts.add(&record, &name(&event), declared.is_elsewhere(&event));
        Ok(())
    })
    .await?;
    match args.output {
        Output::Table => showing::table(&declared, &counts)?,
        Output::Json => showing::document(&counts)?,
    }
    for note in declared.notes(&counts) {
        output::tell(format_args!("note: {note}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// What people call an event.
fn name(event: &Value) -> String {
    let text = |field: &str| event[field].as_str().unwrap_or("?").to_owned();
    format!("{} {}", text("eventSource"), text("eventName"))
}

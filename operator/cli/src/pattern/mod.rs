//! The verb `pattern test`: what a filter pattern of CloudWatch Logs matches of records of CloudTrail.
//!
//! Only puts together: patterns are read and evaluated by the domain, records come from files and buckets.

mod asking;
mod counting;
mod declared;
mod sampling;
mod showing;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Result, bail};
use clap::{Subcommand, ValueEnum};

use crate::{events, output};
use counting::Counts;
use declared::Asked;
use sampling::Samples;

/// Nothing surely matches.
const NO_MATCH: u8 = 1;

/// What can be done with patterns.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Says which of these events a pattern matches. Asks no cluster, and AWS only for events in S3, or with --aws.
    Test(Test),
}

/// Which patterns and which events.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "kubectl cloudtrail pattern test PATTERN EVENTS...\n       kubectl cloudtrail pattern test --preset NAME EVENTS...\n       kubectl cloudtrail pattern test --filename FILE EVENTS...",
    after_help = "Exit: 0 when an event matches; 1 when none surely does; 4 when there is no answer, as for an invalid pattern."
)]
struct Test {
    /// The pattern, unless --preset or --filename says which; then events: log files of CloudTrail, files of one record a
    /// line, gzip or not, folders of such, s3://BUCKET/KEY, or - for stdin.
    #[arg(value_name = "PATTERN EVENTS", required = true)]
    words: Vec<String>,

    /// The pattern of a preset, or those of a standard, as `kubectl cloudtrail presets` lists them; can be repeated.
    #[arg(long, value_name = "NAME", conflicts_with = "filename")]
    preset: Vec<String>,

    /// The patterns of MetricAlarms in manifests: files, folders, or - for stdin.
    #[arg(short, long, value_name = "FILE")]
    filename: Vec<PathBuf>,

    /// Also the places of events that match, and of those of which that is not known; from 0.
    #[arg(long)]
    list: bool,

    /// As a table for people, or as a document of kind PatternTest.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// Also asks CloudWatch Logs itself, by TestMetricFilter with your own credentials, about at most so many of the events
    /// for each pattern: by default 500.
    #[arg(
        long, value_name = "MOST", num_args = 0..=1, require_equals = true, default_missing_value = "500",
        value_parser = clap::value_parser!(u32).range(1..=10_000)
    )]
    aws: Option<u32>,

    /// For events in a bucket, and for --aws.
    #[command(flatten)]
    access: events::Access,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Json,
}

/// Tests, prints, and says by the exit code whether anything matches.
pub(crate) async fn run(args: &Args) -> Result<ExitCode> {
    let Verb::Test(args) = &args.verb;
    let (patterns, events) = asked(args)?;
    for asked in &patterns {
        corners(asked, patterns.len() > 1);
    }
    // Nothing is read for nothing: the Region is known before.
    let aws = match args.aws {
        Some(most) => Some((most, asking::here(&args.access).await?)),
        None => None,
    };
    let mut counts = Counts::of(&patterns, args.list);
    let mut samples = Samples::of(patterns.len(), args.aws.unwrap_or_default());
    let done = events::each(&events, &args.access, |event| {
        let at = counts.events;
        let verdicts = counts.add(event).map_err(|error| error.to_string())?;
        samples.add(at, event, verdicts);
        Ok(())
    });
    let done = done.await?;
    let mut answers = Vec::new();
    if let Some((most, here)) = &aws {
        for (asked, samples) in patterns.iter().zip(samples.take(*most)) {
            answers.push(asking::ask(here, asked, &samples).await?);
        }
    }
    match args.output {
        Output::Table => output::text(&showing::table(&patterns, &counts, &answers))?,
        Output::Json => output::json(&showing::document(&patterns, &counts, &answers))?,
    }
    output::tell(done);
    for (asked, answer) in patterns.iter().zip(&answers) {
        showing::tell(asked, answer);
    }
    let matches = counts.each.iter().any(|count| count.matched > 0);
    Ok(if matches { ExitCode::SUCCESS } else { ExitCode::from(NO_MATCH) })
}

/// The patterns, and where events are.
fn asked(args: &Test) -> Result<(Vec<Asked>, Vec<PathBuf>)> {
    let stdin = |path: &PathBuf| path.as_os_str() == "-";
    let is_named = !args.preset.is_empty() || !args.filename.is_empty();
    let (pattern, events) = match args.words.as_slice() {
        words if is_named => (None, words),
        [pattern, events @ ..] => (Some(pattern), events),
        [] => (None, &[][..]),
    };
    let events: Vec<_> = events.iter().map(PathBuf::from).collect();
    if args.filename.iter().chain(&events).filter(|path| stdin(path)).count() > 1 {
        bail!("stdin can be only one of the files: there is more than one '-'");
    }
    let patterns = match pattern {
        Some(pattern) => vec![declared::of_text(pattern)?],
        None if args.preset.is_empty() => declared::of_manifests(&args.filename)?,
        None => declared::of_presets(&args.preset)?,
    };
    if events.is_empty() {
        bail!(
            "there are no events to test the pattern with: after it name log files of CloudTrail, folders, s3://BUCKET/KEY, or - for stdin"
        );
    }
    Ok((patterns, events))
}

/// What AWS does not document about a pattern.
fn corners(asked: &Asked, is_one_of_several: bool) {
    let name = if is_one_of_several { format!("{}: ", asked.name) } else { String::new() };
    for corner in asked.pattern.corners() {
        output::tell(format_args!("note: {name}{}", corner.sentence()));
    }
}

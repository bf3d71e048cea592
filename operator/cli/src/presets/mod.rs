//! The verb `presets`: the alarms that standards ask for, as a table, as data, or as manifests of MetricAlarms.
//!
//! Only puts together: patterns and standards are the domain's, and whether an auditor accepts one is judged as in the
//! status of a MetricAlarm. Asks neither AWS nor a cluster.

mod choosing;
mod judging;
mod manifests;
mod showing;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::ValueEnum;

use crate::output;
pub(crate) use choosing::choose;
use manifests::Place;

/// An alarm has no more actions (`cloudtrail.md` 6.1).
const MOST_TOPICS: usize = 5;

/// Which presets, and how to show them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exit: 0; 4 when there is no answer.")]
pub(crate) struct Args {
    /// Presets, such as CIS-5.0.0/4.3, or standards: security-hub, cis-5.0.0 (or cis, or another version of it), guide. All
    /// when none is given.
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// As a table for people, as manifests of MetricAlarms, or as a document of kind Presets.
    #[arg(short, long, value_enum, default_value_t = Output::Table)]
    output: Output,

    /// Namespace that the manifests name; by default they name none.
    #[arg(short, long, value_name = "NAMESPACE")]
    namespace: Option<String>,

    /// Trail whose log group the manifests watch.
    #[arg(long, value_name = "NAME")]
    trail: Option<String>,

    /// SNS topic that the alarms tell; can be repeated.
    #[arg(long, value_name = "ARN", value_parser = topic)]
    topic_arn: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    Table,
    Yaml,
    Json,
}

/// Chooses, prints.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    if let Some(problem) = args.trail.as_deref().and_then(crate::import::problem_of_name) {
        bail!("--trail: {problem}");
    }
    if args.topic_arn.len() > MOST_TOPICS {
        bail!(
            "--topic-arn: an alarm tells at most {MOST_TOPICS} topics, and these are {}",
            args.topic_arn.len()
        );
    }
    let chosen = choose(&args.names)?;
    let place =
        Place { namespace: args.namespace.as_deref(), trail: args.trail.as_deref(), topics: &args.topic_arn };
    match args.output {
        Output::Table => output::text(&showing::table(&chosen))?,
        Output::Yaml => output::document(&manifests::yaml(&chosen, &place)?)?,
        Output::Json => output::json(&showing::document(&chosen, &place)?)?,
    }
    for note in &chosen.notes {
        output::tell(format_args!("note: {note}"));
    }
    if args.output == Output::Yaml {
        for note in place.notes() {
            output::tell(format_args!("note: {note}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// As the schema wants them.
fn topic(text: &str) -> Result<String, String> {
    let parts: Vec<_> = text.split(':').collect();
    let is_name = |name: &str| {
        let fits = |char: char| char.is_ascii_alphanumeric() || char == '-' || char == '_';
        (1..=256).contains(&name.len()) && name.chars().all(fits)
    };
    let is_account = |text: &str| text.len() == 12 && text.chars().all(|char| char.is_ascii_digit());
    match parts.as_slice() {
        ["arn", partition, "sns", region, account, name]
            if partition.starts_with("aws") && !region.is_empty() && is_account(account) && is_name(name) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("it is no ARN of an SNS topic; one looks like arn:aws:sns:us-east-1:111122223333:security"
            .to_owned()),
    }
}

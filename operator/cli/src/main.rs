//! `kubectl cloudtrail`: the operator's answers on the command line, from the same parts.
//!
//! Data goes to stdout, everything else to stderr. Exit 4 means that there is no answer: a wrong call, or an error that
//! prevented one.

mod color;
mod cost;
mod events;
mod import;
mod metric_alarm;
mod output;
mod pattern;
mod plan;
mod presets;
mod selector;
mod untrusted;
mod validate_logs;
mod yaml;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// No answer.
const NO_ANSWER: u8 = 4;

/// Asks what the operator would do, and what it thinks of CloudTrail.
#[derive(Parser)]
#[command(name = "kubectl-cloudtrail", bin_name = "kubectl cloudtrail", version)]
struct Cli {
    /// When to colour the output.
    #[arg(long, global = true, value_enum, default_value_t = color::When::Auto)]
    color: color::When,

    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Prints what the operator would do in AWS, and does nothing.
    Plan(plan::Args),
    /// Says what trails cost a month, in the cluster or of manifests.
    Cost(cost::Args),
    /// Writes manifests for a trail that exists in AWS.
    Import(import::Args),
    /// Lists the alarms that standards ask for, or writes their manifests.
    Presets(presets::Args),
    /// Tries out filter patterns of CloudWatch Logs.
    Pattern(pattern::Args),
    /// Tries out what a trail records.
    Selector(selector::Args),
    /// Proves that what a trail delivered is whole and unchanged.
    ValidateLogs(validate_logs::Args),
    /// Prints the CustomResourceDefinitions.
    Crds,
    /// Prints the version.
    Version,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Nobody is left to tell where even this cannot be printed.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(NO_ANSWER) } else { ExitCode::SUCCESS };
        }
    };
    cli.color.apply();
    let answer = match cli.verb {
        // A plan holds all its objects and AWS's answers.
        Verb::Plan(args) => Box::pin(plan::run(&args)).await,
        Verb::Cost(args) => Box::pin(cost::run(&args)).await,
        Verb::Import(args) => Box::pin(import::run(&args)).await,
        Verb::Presets(args) => presets::run(&args),
        Verb::Pattern(args) => Box::pin(pattern::run(&args)).await,
        Verb::Selector(args) => Box::pin(selector::run(&args)).await,
        Verb::ValidateLogs(args) => Box::pin(validate_logs::run(&args)).await,
        Verb::Crds => crds(),
        Verb::Version => version(),
    };
    answer.unwrap_or_else(|error| {
        output::tell(format_args!("error: {error:#}"));
        ExitCode::from(NO_ANSWER)
    })
}

fn crds() -> anyhow::Result<ExitCode> {
    let mut document = String::new();
    for manifest in trail_operator_crds::manifests()? {
        document.push_str(&manifest.yaml()?);
    }
    output::document(&document)?;
    Ok(ExitCode::SUCCESS)
}

fn version() -> anyhow::Result<ExitCode> {
    output::text(&format!("kubectl-cloudtrail {}\n", env!("CARGO_PKG_VERSION")))?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}

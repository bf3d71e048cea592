//! The command line. Turns arguments into calls; knows nothing of what they do.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::{logging, run};

/// Keeps AWS CloudTrail as declared in Kubernetes, and proves that it works.
#[derive(Parser)]
#[command(name = "trail-operator", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the controllers until SIGTERM or SIGINT.
    Run(RunArgs),
    /// Prints the CustomResourceDefinitions, or writes each to a folder.
    Crds {
        /// Folder for one file each.
        #[arg(long, value_name = "FOLDER")]
        output_dir: Option<PathBuf>,
    },
}

/// How to run.
#[derive(Args, Clone, Debug)]
pub(crate) struct RunArgs {
    /// Where /metrics is served.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) metrics_address: SocketAddr,

    /// Where /livez and /readyz are served.
    #[arg(long, default_value = "127.0.0.1:8081", value_name = "ADDRESS")]
    pub(crate) health_address: SocketAddr,

    /// Whether to act only while holding the Lease `trail-operator` in the operator's namespace. Switch it off only
    /// where nothing else can be running.
    #[arg(long, default_value_t = true, action = ArgAction::Set, value_name = "BOOL")]
    pub(crate) leader_election: bool,

    /// First part of the owner tag in AWS: tells this cluster's trails from another's. At most 40 letters, digits, '.',
    /// '_' or '-'. The uid of namespace kube-system when unset.
    #[arg(long, value_name = "ID", value_parser = cluster_id)]
    pub(crate) cluster_id: Option<String>,

    /// Look after the Trails of these namespaces only; of all when unset.
    #[arg(long, value_name = "NAMESPACES", value_delimiter = ',', value_parser = namespace)]
    pub(crate) watch_namespaces: Vec<String>,

    /// Read, compare and report, and change nothing in AWS, whatever the objects say.
    #[arg(long)]
    pub(crate) read_only: bool,

    /// How often what a trail costs is estimated, in seconds: 0 (never), or 60 and more.
    #[arg(long, default_value_t = 3600, value_name = "SECONDS", value_parser = cost_interval)]
    pub(crate) cost_interval: u64,

    /// A file of negotiated prices and discounts, as `kubectl cloudtrail cost --prices` takes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,

    /// Ask AWS once a day for its list prices, by pricing:GetProducts, instead of using those in the program alone.
    #[arg(long)]
    pub(crate) price_refresh: bool,

    /// One JSON object a line, or text.
    #[arg(long, value_enum, default_value_t = LogFormat::Json)]
    pub(crate) log_format: LogFormat,

    /// error, warn, info, debug or trace; or directives such as `info,trail_operator_aws=debug`.
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    pub(crate) log_level: String,

    /// Name of this process, for the Lease and for events. Two running processes must not share it.
    #[arg(long, env = "POD_NAME", hide_env_values = true, value_name = "NAME")]
    pub(crate) pod_name: Option<String>,

    /// Namespace of the Lease.
    #[arg(long, env = "POD_NAMESPACE", hide_env_values = true, value_name = "NAMESPACE")]
    pub(crate) pod_namespace: Option<String>,
}

/// Format of log lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Parses the arguments and does what they say.
pub(crate) fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Crds { output_dir } => crds(output_dir.as_deref()).map(|()| ExitCode::SUCCESS),
        Command::Run(args) => {
            logging::start(args.log_format, &args.log_level)?;
            let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
            let code = runtime.block_on(run::run(args));
            // Whatever still runs was given up by name; nobody waits for it.
            runtime.shutdown_background();
            code
        }
    }
}

#[expect(clippy::print_stdout, reason = "this verb's output is the definitions")]
fn crds(output_dir: Option<&Path>) -> anyhow::Result<()> {
    for manifest in trail_operator_crds::manifests()? {
        let yaml = manifest.yaml()?;
        match output_dir {
            Some(folder) => {
                let path = folder.join(&manifest.file_name);
                std::fs::write(&path, yaml).with_context(|| format!("cannot write {}", path.display()))?;
            }
            None => print!("{yaml}"),
        }
    }
    Ok(())
}

fn namespace(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if text.is_empty() || text.len() > 63 || !text.chars().all(allowed) {
        return Err("must be names of namespaces, separated by commas".into());
    }
    Ok(text.to_owned())
}

fn cost_interval(text: &str) -> Result<u64, String> {
    text.parse()
        .ok()
        .filter(|seconds| *seconds == 0 || (60..=604_800).contains(seconds))
        .ok_or_else(|| "must be 0, which means never, or 60 to 604800".to_owned())
}

fn cluster_id(text: &str) -> Result<String, String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-_".contains(c);
    if text.is_empty() || text.len() > 40 || !text.chars().all(allowed) {
        return Err("must be 1 to 40 letters, digits, '.', '_' or '-'".into());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn cluster_ids_fit_into_a_tag() {
        assert!(cluster_id("prod-eu_1.a").is_ok());
        for bad in ["", "a/b", "ä", &"x".repeat(41)] {
            assert!(cluster_id(bad).is_err(), "{bad}");
        }
    }
}

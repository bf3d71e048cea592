//! Log lines: JSON or text, on standard error.

use anyhow::Context;
use tracing_subscriber::{EnvFilter, fmt};

use crate::cli::LogFormat;

/// Starts logging for the whole process. `level` is a level or a list of directives.
pub(crate) fn start(format: LogFormat, level: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(level).with_context(|| {
        format!("--log-level '{level}' must be error, warn, info, debug, trace, or directives such as 'info,kube=debug'")
    })?;
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Json => lines.json().flatten_event(true).with_span_list(false).init(),
        LogFormat::Text => lines.init(),
    }
    Ok(())
}

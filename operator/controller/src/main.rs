//! `trail-operator`: the controller.

mod backoff;
mod check;
mod cli;
mod controllers;
mod events;
mod finalizer;
mod http;
mod identities;
mod kubernetes;
mod lease;
mod logging;
mod memory;
mod metrics;
mod run;
mod status;
mod stores;
mod validation;

use std::process::ExitCode;

fn main() -> ExitCode {
    match cli::main() {
        Ok(code) => code,
        Err(error) => {
            eprintln!("trail-operator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

//! Format, clippy, dependencies.

use std::process::ExitCode;

use anyhow::Result;

use crate::counts::Counts;
use crate::{command, workspace};

/// What is checked: what it is called, and the cargo command.
const CHECKS: [(&str, &[&str]); 2] = [
    ("cargo fmt", &["fmt", "--all", "--check"]),
    ("cargo clippy", &["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
];

/// The verb.
pub(crate) fn run() -> Result<ExitCode> {
    Ok(if check()?.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs all checks and counts them; what fails is shown.
pub(crate) fn check() -> Result<Counts> {
    let mut counts = Counts::default();
    for (label, args) in CHECKS {
        counts.add(one(label, args)?);
    }
    // Not everybody has it. Advisories are for a job of their own: new ones come without any change here.
    let installed =
        workspace::cargo(&["deny", "--version"]).output().is_ok_and(|output| output.status.success());
    if installed {
        counts.add(one("cargo deny", &["deny", "check", "bans", "licenses", "sources"])?);
    } else {
        println!("cargo deny is not installed (cargo install --locked cargo-deny): dependencies not checked");
        counts.ignored += 1;
    }
    Ok(counts)
}

fn one(label: &str, args: &[&str]) -> Result<Counts> {
    let done = command::run(label, &mut workspace::cargo(args))?;
    if done.success {
        return Ok(Counts { passed: 1, ..Counts::default() });
    }
    println!("{}", done.output.trim_end());
    Ok(Counts { failed: 1, ..Counts::default() })
}

//! The two programs that are measured, and what each says it found.
//!
//! Knows: how they are called, and their output. Must not know: what is measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};
use jiff::Timestamp;
use serde_json::Value;
use test_lab::AwsCli;

use super::{ACCOUNT, BUCKET, REGION, trail_arn};
use crate::bench::stage::Profile;

/// Who validates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    AwsCli,
    Ours,
    /// Ours, counting the events as well.
    Counting,
}

/// How many files were found valid; all there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) digests: u64,
    pub(super) log_files: u64,
}

/// Where both are.
#[derive(Debug)]
pub(super) struct Programs {
    aws: PathBuf,
    ours: PathBuf,
}

impl Programs {
    /// Installs the one and builds the other, or takes the one that `KUBECTL_CLOUDTRAIL_BIN` names; a copy of it goes into
    /// `folder`: a build beside must not change what is measured.
    pub(super) fn prepare(profile: Profile, folder: &Path) -> Result<Self> {
        let aws = AwsCli::at("").context("the stock AWS CLI")?.program().to_owned();
        let built = match std::env::var_os("KUBECTL_CLOUDTRAIL_BIN") {
            Some(path) => path.into(),
            None => profile.build_package("the command", "kubectl-cloudtrail", "kubectl-cloudtrail")?,
        };
        let ours = folder.join("kubectl-cloudtrail");
        std::fs::copy(&built, &ours).with_context(|| format!("cannot copy {}", built.display()))?;
        Ok(Self { aws, ours })
    }

    /// The version of the AWS CLI.
    pub(super) fn aws_version(&self) -> Result<String> {
        let output = Command::new(&self.aws).arg("--version").output().context("cannot run aws")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let version = text.split_whitespace().next().and_then(|word| word.strip_prefix("aws-cli/"));
        Ok(version.context("aws does not say its version")?.to_owned())
    }

    /// The call that validates from `start` to `end`.
    pub(super) fn command(
        &self,
        program: Program,
        endpoint: &str,
        (start, end): (Timestamp, Timestamp),
    ) -> Result<Command> {
        let (path, verb): (_, &[&str]) = match program {
            Program::AwsCli => (&self.aws, &["cloudtrail"]),
            Program::Ours | Program::Counting => (&self.ours, &[]),
        };
        let mut command = AwsCli::at(endpoint)?.command_of(path, ACCOUNT, REGION);
        let (start, end, arn) = (start.to_string(), end.to_string(), trail_arn());
        command.args(verb).args(["validate-logs", "--trail-arn", &arn, "--region", REGION]);
        command.args(["--start-time", &start, "--end-time", &end, "--s3-bucket", BUCKET]);
        if program != Program::AwsCli {
            command.args(["-o", "json"]);
        }
        if program == Program::Counting {
            command.arg("--count-events");
        }
        Ok(command)
    }
}

impl Program {
    /// What its output says; an error unless all is valid.
    pub(super) fn read(self, output: &str) -> Result<Found> {
        match self {
            Self::AwsCli => of_awscli(output),
            Self::Ours | Self::Counting => of_ours(output),
        }
    }
}

/// `168/168 digest files valid`, `2016/2016 log files valid`
fn of_awscli(output: &str) -> Result<Found> {
    ensure!(!output.contains("INVALID"), "aws found something invalid:\n{output}");
    let count = |what: &str| {
        let line = output.lines().find_map(|line| line.strip_suffix(&format!(" {what} files valid")));
        let (valid, all) = line.and_then(|line| line.split_once('/')).unwrap_or_default();
        ensure!(
            valid == all && !all.is_empty(),
            "aws did not say that all {what} files are valid:\n{output}"
        );
        Ok(all.parse()?)
    };
    Ok(Found { digests: count("digest")?, log_files: count("log")? })
}

fn of_ours(output: &str) -> Result<Found> {
    let report: Value = serde_json::from_str(output).context("no report")?;
    let [chain] = report["chains"].as_array().map(Vec::as_slice).unwrap_or_default() else {
        bail!("not one chain: {output}");
    };
    ensure!(report["verdict"] == "Valid", "not valid: {output}");
    let count = |what: &str| chain[what]["valid"].as_u64().with_context(|| format!("no {what}: {output}"));
    Ok(Found { digests: count("digests")?, log_files: count("logFiles")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found = Found { digests: 24, log_files: 288 };

    #[test]
    fn both_say_how_much_they_found_valid() {
        let aws = "Results found for 2026 to 2026:\n\n24/24 digest files valid\n288/288 log files valid\n";
        assert_eq!(Program::AwsCli.read(aws).unwrap(), FOUND);
        let ours =
            r#"{"verdict": "Valid", "chains": [{"digests": {"valid": 24}, "logFiles": {"valid": 288}}]}"#;
        assert_eq!(Program::Ours.read(ours).unwrap(), FOUND);
    }

    #[test]
    fn whatever_is_not_valid_is_an_error() {
        let invalid = "23/24 digest files valid, 1/24 digest files INVALID\n288/288 log files valid\n";
        for aws in ["No digests found\n", invalid, "24/24 digest files valid\n"] {
            assert!(Program::AwsCli.read(aws).is_err(), "{aws}");
        }
        let chain = r#""chains": [{"digests": {"valid": 24}, "logFiles": {"valid": 288}}]"#;
        for ours in [
            format!(r#"{{"verdict": "Incomplete", {chain}}}"#),
            r#"{"verdict": "Valid", "chains": []}"#.into(),
        ] {
            assert!(Program::Ours.read(&ours).is_err(), "{ours}");
        }
    }
}

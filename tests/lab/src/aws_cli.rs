//! The stock AWS command line, pointed at the lab.
//!
//! Knows: its environment variables. Must not know: its commands.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::client::Lab;
use crate::venv;

/// The `aws` program and the lab it talks to.
#[derive(Debug, Clone)]
pub struct AwsCli {
    program: PathBuf,
    endpoint: String,
}

impl Lab {
    /// The AWS command line for this lab; installed in an environment of its own on first use.
    pub fn aws_cli(&self) -> Result<AwsCli> {
        AwsCli::at(self.endpoint())
    }
}

impl AwsCli {
    /// The same for whoever answers at `endpoint`.
    pub fn at(endpoint: &str) -> Result<Self> {
        let python = venv::ensure_venv("aws", "requirements-aws.txt")?;
        Ok(Self { program: python.with_file_name("aws"), endpoint: endpoint.to_owned() })
    }

    /// Where the program is.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// The variables that point any AWS SDK at the lab as `account`, for a person's shell too.
    pub fn env(&self, account: &str, region: &str) -> Vec<(String, String)> {
        [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            // The lab takes the account from the access key.
            ("AWS_ACCESS_KEY_ID", account),
            ("AWS_SECRET_ACCESS_KEY", "lab"),
            ("AWS_REGION", region),
            ("AWS_DEFAULT_REGION", region),
            ("AWS_CONFIG_FILE", "/dev/null"),
            ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_PAGER", ""),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    /// A command as `account`, not yet run. Nothing of the user's own AWS settings is in it.
    pub fn command(&self, account: &str, region: &str, args: &[&str]) -> Command {
        let mut command = self.command_of(&self.program, account, region);
        command.args(args);
        command
    }

    /// The same of another program that takes those settings.
    pub fn command_of(&self, program: &Path, account: &str, region: &str) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            command.env_remove(name);
        }
        command.envs(self.env(account, region)).stdin(Stdio::null());
        command
    }

    /// Runs it and gives its output; what it says on standard error is the error.
    pub fn run(&self, account: &str, region: &str, args: &[&str]) -> Result<String> {
        let output = self.command(account, region, args).output().context("cannot run aws")?;
        if !output.status.success() {
            bail!("aws {}: {}", args.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it and reads its JSON.
    pub fn json(&self, account: &str, region: &str, args: &[&str]) -> Result<Value> {
        let text = self.run(account, region, &[args, &["--output", "json"]].concat())?;
        serde_json::from_str(&text).with_context(|| format!("aws {} gave no JSON", args.join(" ")))
    }
}

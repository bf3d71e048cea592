//! The commands of a README, and a shell to type them in.
//!
//! Knows: how READMEs show commands. Must not know: what they do.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_lab::{ACCOUNT, AwsCli, REGION};
use test_suites::stage::{Stage, beside_the_operator};

/// Commands that stand together in a README.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Block {
    /// The account in which they are typed.
    pub(crate) account: String,
    /// The commands.
    pub(crate) text: String,
}

/// What is indented is a block of commands, blank lines inside it included. "In account 444455556666" in the paragraph
/// before it says where they are typed, if not in the operator's own account.
pub(crate) fn blocks(readme: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut paragraph = String::new();
    let mut inside = false;
    for line in readme.lines() {
        match (line.strip_prefix("    "), blocks.last_mut()) {
            (Some(command), Some(block)) if inside => {
                block.text += command;
                block.text += "\n";
            }
            (Some(command), _) => {
                blocks.push(Block { account: account(&paragraph), text: format!("{command}\n") });
                inside = true;
                paragraph.clear();
            }
            // It may go on after this.
            (None, _) if line.is_empty() => {
                if !inside {
                    paragraph += "\n\n";
                }
            }
            (None, _) => {
                inside = false;
                paragraph += line;
                paragraph += "\n";
            }
        }
    }
    blocks
}

fn account(before: &str) -> String {
    let paragraph = before.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let named = paragraph.split("In account ").nth(1).and_then(|rest| rest.get(..12));
    named.unwrap_or(ACCOUNT).to_owned()
}

/// A shell with `aws`, `kubectl` and our plugin of it.
pub(crate) struct Shell {
    aws: AwsCli,
    path: OsString,
    /// For kubectl.
    env: Vec<(OsString, OsString)>,
}

impl Shell {
    pub(crate) fn new(stage: &Stage) -> Result<Self> {
        let aws = stage.lab.aws_cli()?;
        let bin = stage.cluster.folder().join("bin");
        fs::create_dir(&bin)?;
        symlink(aws.program(), bin.join("aws"))?;
        symlink(stage.cluster.programs()[0], bin.join("kubectl"))?;
        symlink(beside_the_operator("kubectl-cloudtrail")?, bin.join("kubectl-cloudtrail"))?;
        // The stage has installed the chart, in which AWS is the lab.
        let helm = bin.join("helm");
        fs::write(&helm, "#!/bin/sh\n")?;
        fs::set_permissions(&helm, PermissionsExt::from_mode(0o755))?;
        let kubectl = stage.cluster.kubectl_command(&[]);
        let env = kubectl.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned())));
        Ok(Self { path: in_front(&bin)?, env: env.collect(), aws })
    }

    /// Types a block in a folder; the first command that fails ends it.
    pub(crate) fn run(&self, folder: &Path, block: &Block) -> Result<()> {
        // To look on without end is for people.
        let text = block.text.replace(" --watch", "");
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &text]).current_dir(folder);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("AWS_")) {
            bash.env_remove(name);
        }
        bash.envs(self.aws.env(&block.account, REGION)).envs(self.env.iter().cloned());
        let output = bash.env("PATH", &self.path).output().context("cannot run bash")?;
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        ensure!(output.status.success(), "{text}failed:\n{}", said.concat());
        Ok(())
    }
}

fn in_front(bin: &Path) -> Result<OsString> {
    let others = std::env::var_os("PATH").unwrap_or_default();
    let all = [PathBuf::from(bin)].into_iter().chain(std::env::split_paths(&others));
    Ok(std::env::join_paths(all)?)
}

#[test]
fn a_block_is_what_is_indented_and_is_typed_where_the_paragraph_before_says() {
    let readme = "# One\n\nIn account 444455556666, this:\n\n    aws a \\\n        b\n\n    aws c\n\nIn words.\n\nThen:\n\n    kubectl d\n";
    let block = |account: &str, text: &str| Block { account: account.into(), text: text.into() };
    let expected = [block("444455556666", "aws a \\\n    b\naws c\n"), block(ACCOUNT, "kubectl d\n")];
    assert_eq!(blocks(readme), expected);
}

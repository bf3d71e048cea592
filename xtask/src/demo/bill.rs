//! The last chapter: what the trail costs, and what a second one would.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, Result};

use super::{example::TRAIL, show, stage::Stage};
use crate::workspace;

/// Two tables: the trail of the example, and what would be different with another like it.
pub(super) fn tell(stage: &Stage) -> Result<()> {
    show::chapter("8. What it costs");
    let events = format!("s3://{}/AWSLogs/{}/CloudTrail/", stage.example.bucket, stage.example.account);
    show::say("Counted in the log files that were delivered, priced with what AWS says of the account:");
    show::run(stage.cloudtrail(&["cost", "--filename", TRAIL, "--events", &events, "--aws"])?)?;
    show::say(
        "A second trail, priced before anybody applies it: its copy of the management events is not free.",
    );
    let second = second()?;
    let second = second.to_str().context("a path that is no text")?;
    let both = ["cost", "--filename", TRAIL, "--filename", second, "--compare", TRAIL];
    show::run(stage.cloudtrail(&[&both[..], &["--events", &events, "--aws"]].concat())?)?;
    Ok(())
}

/// The example's manifest under another name.
fn second() -> Result<PathBuf> {
    let root = workspace::root();
    let manifest = fs::read_to_string(root.join(TRAIL)).with_context(|| format!("cannot read {TRAIL}"))?;
    let path = workspace::target()?.join("second-trail.yaml");
    fs::write(&path, manifest.replacen("name: audit", "name: second", 1))
        .with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.strip_prefix(root).map(ToOwned::to_owned).unwrap_or(path))
}

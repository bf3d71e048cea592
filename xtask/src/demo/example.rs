//! What the demo needs to know of `examples/quick-start`, read from its files.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::workspace;

/// The manifest.
pub(crate) const TRAIL: &str = "examples/quick-start/trail.yaml";
/// The bucket's policy.
pub(crate) const POLICY: &str = "examples/quick-start/bucket-policy.json";
/// The namespace of the manifest, which the account must allow.
pub(crate) const NAMESPACE: &str = "default";

/// The names in AWS.
#[derive(Debug)]
pub(crate) struct Example {
    pub(crate) account: String,
    pub(crate) region: String,
    pub(crate) trail: String,
    pub(crate) bucket: String,
}

impl Example {
    /// Reads them from the bucket's policy, which names the trail by ARN.
    pub(crate) fn read() -> Result<Self> {
        let text = fs::read_to_string(workspace::root().join(POLICY)).context(POLICY)?;
        Self::parse(&text).context(POLICY)
    }

    fn parse(policy: &str) -> Result<Self> {
        let policy: Value = serde_json::from_str(policy)?;
        let statement = &policy["Statement"][0];
        let arn =
            statement["Condition"]["StringEquals"]["aws:SourceArn"].as_str().context("no aws:SourceArn")?;
        let words: Vec<_> = arn.split(':').collect();
        ensure!(words.len() == 6 && words[2] == "cloudtrail", "{arn} is no trail's ARN");
        let bucket = statement["Resource"].as_str().and_then(|arn| arn.strip_prefix("arn:aws:s3:::"));
        Ok(Self {
            account: words[4].to_owned(),
            region: words[3].to_owned(),
            trail: words[5].trim_start_matches("trail/").to_owned(),
            bucket: bucket.context("its first statement is not about the bucket")?.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_in_the_work_tree_can_be_read() {
        let example = Example::read().unwrap();
        assert!(example.bucket.contains(&example.account));
        let manifest = fs::read_to_string(workspace::root().join(TRAIL)).unwrap();
        for text in [&example.region, &example.bucket, &format!("name: {}", example.trail)] {
            assert!(manifest.contains(text.as_str()), "{TRAIL} does not say {text}");
        }
        assert!(manifest.contains(&format!("namespace: {NAMESPACE}")));
    }
}

//! A key named by its alias: the manifest stays as it is, applying it again costs nothing, and removing it clears it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::let_pass;
use crate::bench::figures::Figures;
use crate::bench::plot::{CONFIRMED, Plot};
use crate::bench::stage::Stage;

/// How often the manifest is applied again.
const AGAIN: u32 = 3;
/// A request that would be made is made by then.
const SOON: Duration = Duration::from_secs(3);

pub(super) fn measure(stage: &Stage, figures: &mut Figures, name: &'static str) -> Result<()> {
    let plot = Plot::new("kms", 40).unguarded();
    plot.prepare(stage)?;
    let key = make_key(stage, &plot)?;
    let spec = json!({"kms": {"keyId": "alias/audit"}, "intervalSeconds": 86_400});
    let manifest = plot.trail(0, &spec);
    stage.apply(std::slice::from_ref(&manifest))?;
    plot.wait_ready(stage, 1)?;
    let_pass(CONFIRMED);
    let encrypted = key_in_aws(stage, &plot)? == key;

    let mark = stage.mark()?;
    for _ in 0..AGAIN {
        stage.apply(std::slice::from_ref(&manifest))?;
    }
    let_pass(SOON);
    let counted = plot.since(stage, mark)?;
    let seen = plot.seen(stage, 0)?;
    let untouched = seen.first["spec"] == seen.now["spec"] && seen.now["metadata"]["generation"] == 1;
    let clean = diff_is_clean(stage, &manifest)?;

    plot.patch(stage, 0, &json!({"spec": {"kms": null}}))?;
    plot.wait(stage, 0, "the key to be removed", |seen| {
        seen.ready_since().filter(|_| seen.now["metadata"]["generation"] == 2)
    })?;
    let cleared = key_in_aws(stage, &plot)?.is_null();

    let mut of = figures.of(name);
    of.must("encrypts with the key that the alias stands for", encrypted, "yes");
    of.must("spec untouched", untouched, "no");
    let [calls, requests] = [counted.aws.len(), counted.kubernetes.len()];
    of.count(&format!("applied again {AGAIN} times: AWS calls"), calls, 0, "7 each");
    of.count(&format!("applied again {AGAIN} times: Kubernetes requests"), requests, 0, "");
    of.must("kubectl diff is clean", clean, "no");
    of.must("keyId removed: cleared in AWS", cleared, "no");
    Ok(())
}

/// A key that CloudTrail may use; gives its ARN.
fn make_key(stage: &Stage, plot: &Plot) -> Result<Value> {
    let service = json!({"Service": "cloudtrail.amazonaws.com"});
    let owner = json!({"AWS": format!("arn:aws:iam::{}:root", plot.account)});
    let allow = |who: &Value, action: &str| json!({"Effect": "Allow", "Principal": who, "Action": action, "Resource": "*"});
    let statements =
        [allow(&owner, "kms:*"), allow(&service, "kms:GenerateDataKey*"), allow(&service, "kms:DescribeKey")];
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let key = plot.aws(&stage.lab, "kms", "CreateKey", &json!({"Policy": policy}))?;
    let alias = json!({"AliasName": "alias/audit", "TargetKeyId": key["KeyMetadata"]["KeyId"]});
    plot.aws(&stage.lab, "kms", "CreateAlias", &alias)?;
    Ok(key["KeyMetadata"]["Arn"].clone())
}

fn key_in_aws(stage: &Stage, plot: &Plot) -> Result<Value> {
    let trails = plot.trails_in_aws(stage)?;
    Ok(trails.first().context("there is no trail in AWS")?["KmsKeyId"].clone())
}

/// `kubectl diff` ends with 0 where nothing differs.
fn diff_is_clean(stage: &Stage, manifest: &Value) -> Result<bool> {
    let file = stage.cluster.folder().join("diff.json");
    std::fs::write(&file, manifest.to_string())?;
    let output = stage.cluster.kubectl_output(&["diff", "--filename", &file.display().to_string()])?;
    Ok(output.status.success())
}

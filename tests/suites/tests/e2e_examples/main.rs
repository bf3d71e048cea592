//! Every example as its README tells it: each command is typed as it stands there, against a real control plane, the
//! operator with the documented IAM policy, and the lab.
//!
//! What a README applies must become Ready and be in AWS as the manifest says. An example that leaves out a manifest of
//! its own fails.

mod in_aws;
mod records;
mod shell;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Error, Result, ensure};
use jiff::{Span, Timestamp};
use serde_json::{Value, json};
use test_cluster::{Cluster, Overrides};
use test_lab::{ACCOUNT, Lab, REGION};
use test_suites::examples::{self, Manifest};
use test_suites::stage::{Stage, condition};

use shell::Shell;

/// The account that is not the operator's own: a member of the organization, and its log archive.
const OTHER: &str = "444455556666";
/// What the READMEs take for given: the operator is installed, with this role of [`ACCOUNT`].
const ROLE: &str = "trail-operator";
const POLICY: &str = include_str!("../../../../docs/operator-iam-policy.json");

/// One after the other: an account has room for five trails, and they call what they make by the same names.
#[test]
fn what_every_readme_says_works_and_ends_in_aws_as_its_manifests_say() -> Result<()> {
    let mut stage = stage()?;
    let shell = Shell::new(&stage)?;
    let mut failures = Vec::new();
    for folder in examples::all()? {
        let followed = follow(&stage, &shell, &folder).with_context(|| folder.display().to_string());
        failures.extend([followed, tidy(&mut stage)].into_iter().filter_map(Result::err));
    }
    let told: Vec<_> = failures.iter().map(|error: &Error| format!("{error:#}")).collect();
    ensure!(told.is_empty(), "{}", told.join("\n\n"));
    Ok(())
}

/// As the quick start installs it: the operator is its role, may do what the documented policy grants, and the account's
/// guardrails, and how often costs are estimated, are the default.
fn stage() -> Result<Stage> {
    let mut stage = Stage { operator: None, cluster: Cluster::start()?, lab: Lab::start_with(&["--auth"])? };
    let organization = json!({"management": ACCOUNT, "members": [OTHER], "trustedAccess": true});
    stage.lab.organization(organization)?;
    let often = ("cost.intervalSeconds", "3600");
    stage.install(&[("defaultAccount.guardrails.weakening", "Refuse"), often])?;
    let overrides = Overrides { env: session(&stage.lab)?, ..Overrides::default() };
    stage.operator = Some(stage.run_operator(&overrides)?);
    Ok(stage)
}

/// Credentials of the operator's role, as its Pod would have them.
fn session(lab: &Lab) -> Result<Vec<(String, String)>> {
    let call =
        |service: &str, operation: &str, params: Value| lab.aws(service, operation, &params, ACCOUNT, REGION);
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": format!("arn:aws:iam::{ACCOUNT}:root")}, "Action": "sts:AssumeRole",
    }]});
    let role = json!({"RoleName": ROLE, "AssumeRolePolicyDocument": trust.to_string()});
    call("iam", "CreateRole", role)?;
    call("iam", "PutRolePolicy", json!({"RoleName": ROLE, "PolicyName": "docs", "PolicyDocument": POLICY}))?;
    let arn = format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}");
    let answer = call("sts", "AssumeRole", json!({"RoleArn": arn, "RoleSessionName": "operator"}))?;
    let keys = &answer["Credentials"];
    let names = [
        ("AWS_ACCESS_KEY_ID", "AccessKeyId"),
        ("AWS_SECRET_ACCESS_KEY", "SecretAccessKey"),
        ("AWS_SESSION_TOKEN", "SessionToken"),
    ];
    let variable = |(variable, member): (&str, &str)| {
        let value = keys[member].as_str().with_context(|| format!("no {member} in {keys}"))?;
        Ok((variable.to_owned(), value.to_owned()))
    };
    names.into_iter().map(variable).collect()
}

/// Types what the README of an example says, and looks after each block of commands for what is Ready by then.
fn follow(stage: &Stage, shell: &Shell, folder: &Path) -> Result<()> {
    let copy = copied(stage, folder)?;
    let readme = fs::read_to_string(copy.join("README.md"))?;
    let mut seen = BTreeSet::new();
    for block in shell::blocks(&readme) {
        if block.text.contains("validate-logs") {
            an_hour_passes(stage)?;
        }
        shell.run(&copy, &block)?;
        for (at, manifest) in examples::manifests(&copy)?.iter().enumerate() {
            let Some(object) = applied(stage, manifest)? else { continue };
            if is_ready(&object) && seen.insert(at) {
                in_aws::check(stage, &object).with_context(|| manifest.told())?;
            }
        }
    }
    let manifests = examples::manifests(&copy)?;
    let missing: Vec<_> = manifests.iter().enumerate().filter(|(at, _)| !seen.contains(at)).collect();
    let told: Vec<_> = missing.into_iter().map(|(_, manifest)| manifest.told()).collect();
    ensure!(told.is_empty(), "after no block of commands was this there and Ready: {}", told.join(", "));
    Ok(())
}

/// In the lab files arrive only when a test asks: those of the hour up to now, with their digest.
fn an_hour_passes(stage: &Stage) -> Result<()> {
    stage.lab.set_clock(&(Timestamp::now() - Span::new().hours(1)).to_string())?;
    for trail in stage.lab.trails()?.as_array().into_iter().flatten() {
        let what =
            json!({"trail": trail["arn"], "account": trail["account"], "region": trail["home_region"]});
        let delivered = stage.lab.deliver(what)?;
        let digests = delivered["digests"].as_array().map_or(0, Vec::len);
        ensure!(digests > 0, "no digest was delivered: {delivered}");
    }
    Ok(())
}

/// READMEs change their files.
fn copied(stage: &Stage, folder: &Path) -> Result<std::path::PathBuf> {
    let copy = stage.cluster.folder().join("examples").join(folder.file_name().context("no name")?);
    fs::create_dir_all(&copy)?;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        fs::copy(entry.path(), copy.join(entry.file_name()))?;
    }
    Ok(copy)
}

/// The object of a manifest, where the one that is there was made by it as it is now.
fn applied(stage: &Stage, manifest: &Manifest) -> Result<Option<Value>> {
    let declared = &manifest.object;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = format!("{}s.trail-operator.dev", text(&declared["kind"]).to_lowercase());
    let (name, namespace) = (text(&declared["metadata"]["name"]), text(&declared["metadata"]["namespace"]));
    let get = ["get", &kind, &name, "--namespace", &namespace, "--ignore-not-found", "--output", "json"];
    let found = stage.cluster.kubectl(&get)?;
    if found.trim().is_empty() {
        return Ok(None);
    }
    let object: Value = serde_json::from_str(&found)?;
    let annotation = &object["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"];
    let by: Value = serde_json::from_str(annotation.as_str().context("it was not applied")?)?;
    Ok((by["spec"] == declared["spec"]).then_some(object))
}

fn is_ready(object: &Value) -> bool {
    let ready = condition(object, "Ready");
    ready["status"] == "True" && ready["observedGeneration"] == object["metadata"]["generation"]
}

/// Takes away what an example left, so that the next one finds AWS and the cluster as its README says.
fn tidy(stage: &mut Stage) -> Result<()> {
    let kinds = "metricalarms.trail-operator.dev,eventselectors.trail-operator.dev,trails.trail-operator.dev";
    stage.cluster.kubectl(&["delete", kinds, "--all", "--all-namespaces", "--timeout", "1m"])?;
    let accounts = stage.cluster.kubectl(&["get", "awsaccounts.trail-operator.dev", "--output", "name"])?;
    for account in accounts.lines().filter(|line| !line.ends_with("/default")) {
        stage.cluster.kubectl(&["delete", account, "--timeout", "1m"])?;
    }
    for trail in stage.lab.trails()?.as_array().into_iter().flatten() {
        let word = |member: &str| trail[member].as_str().with_context(|| format!("no {member} in {trail}"));
        let name = json!({"Name": word("arn")?});
        stage.lab.aws("cloudtrail", "DeleteTrail", &name, word("account")?, word("home_region")?)?;
    }
    // For one that runs on, a trail that others deleted is a second copy until it looks again.
    stage.operator.as_mut().context("no operator")?.restart()
}

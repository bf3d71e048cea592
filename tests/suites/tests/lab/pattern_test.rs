//! `kubectl cloudtrail pattern test` over what was delivered, beside what CloudWatch Logs itself says of it.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_lab::Lab;
use test_suites::stage::beside_the_operator;

use crate::world::{HOME, World};

/// The command with these words, as whoever has this key.
fn call(lab: &Lab, key: (&str, &str), words: &[&str]) -> Result<(Option<i32>, String, String)> {
    let output = Command::new(beside_the_operator("kubectl-cloudtrail")?)
        .args(["pattern", "test"])
        .args(words)
        .env_clear()
        .env("AWS_ENDPOINT_URL", lab.endpoint())
        .env("AWS_REGION", HOME)
        .env("AWS_ACCESS_KEY_ID", key.0)
        .env("AWS_SECRET_ACCESS_KEY", key.1)
        .output()
        .context("cannot run kubectl-cloudtrail")?;
    let text = |bytes| Ok::<_, anyhow::Error>(String::from_utf8(bytes)?);
    Ok((output.status.code(), text(output.stdout)?, text(output.stderr)?))
}

/// A trail that delivered an hour of events, the root user's sign-in among them. Where its log files are.
async fn delivered(lab: &Lab, account: &'static str) -> Result<String> {
    let world = World::of(lab, account)?;
    let World { client, bucket, .. } = &world;
    client.create_trail().name("heard").s3_bucket_name(bucket).send().await?;
    client.start_logging().name("heard").send().await?;
    let sign_in = json!({
        "eventSource": "signin.amazonaws.com", "eventName": "ConsoleLogin", "eventType": "AwsConsoleSignIn",
        "readOnly": false, "managementEvent": true, "eventCategory": "Management",
        "userIdentity": {"type": "Root", "accountId": account, "principalId": account},
        "responseElements": {"ConsoleLogin": "Success"},
    });
    lab.deliver(json!({
        "trail": "heard", "account": account, "region": HOME, "hours": 1, "filesPerHour": 4, "eventsPerFile": 60,
        "events": [sign_in],
    }))?;
    Ok(format!("s3://{bucket}/AWSLogs/{account}/CloudTrail/{HOME}/"))
}

#[tokio::test]
async fn cloudwatch_logs_says_the_same_of_the_patterns_of_security_hub() -> Result<()> {
    let account = "400000000011";
    let lab = Lab::start()?;
    let events = delivered(&lab, account).await?;
    let words = ["--preset", "SecurityHub", "--aws", "--output", "json", &events];
    let (code, out, err) = call(&lab, (account, "lab"), &words)?;
    assert_eq!(code, Some(0), "{err}");
    let document: Value = serde_json::from_str(&out).with_context(|| out.clone())?;
    let items = document["items"].as_array().cloned().unwrap_or_default();
    assert_eq!(items.len(), 14, "{out}");
    let asked = |item: &Value| item["cloudWatchLogs"]["asked"].as_u64().unwrap_or_default();
    for item in &items {
        ensure!(asked(item) > 0, "nothing was asked: {item}");
        assert_eq!(item["cloudWatchLogs"]["disagreements"], json!([]), "{item}");
    }
    let root = &items[0];
    assert_eq!((&root["matched"], &root["cloudWatchLogs"]["matched"]), (&json!(1), &json!(1)), "{root}");
    Ok(())
}

#[tokio::test]
async fn who_may_not_ask_is_told_which_permission_it_takes() -> Result<()> {
    let account = "400000000012";
    let lab = Lab::start_with(&["--auth"])?;
    let events = delivered(&lab, account).await?;
    let iam = |operation: &str, params: Value| lab.aws("iam", operation, &params, account, HOME);
    iam("CreateUser", json!({"UserName": "reader"}))?;
    let may = json!([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}]);
    let policy = json!({"Version": "2012-10-17", "Statement": may}).to_string();
    iam("PutUserPolicy", json!({"UserName": "reader", "PolicyName": "reads", "PolicyDocument": policy}))?;
    let key = iam("CreateAccessKey", json!({"UserName": "reader"}))?["AccessKey"].clone();
    let key = (
        key["AccessKeyId"].as_str().context("no key")?,
        key["SecretAccessKey"].as_str().context("no secret")?,
    );
    let pattern = "{ $.userIdentity.type = \"Root\" }";
    let (code, out, err) = call(&lab, key, &[pattern, &events])?;
    ensure!(code == Some(0) && out.contains("matched"), "without --aws it needs no more: {out}{err}");
    let (code, out, err) = call(&lab, key, &[pattern, "--aws", &events])?;
    ensure!(
        code == Some(4) && out.is_empty() && err.contains("logs:TestMetricFilter"),
        "{code:?} {out} {err}"
    );
    Ok(())
}

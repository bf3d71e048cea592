//! `kubectl cloudtrail validate-logs`: what was delivered is whole until somebody touches it, and then it says what.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};
use test_lab::{ACCOUNT, Lab, REGION};
use test_suites::stage::beside_the_operator;
use trail_operator_integrity::{Reason, Report, Verdict};

use crate::{place, shared};

/// Another Region that trails record.
const AWAY: &str = "eu-west-1";
/// An account of the organization.
const MEMBER: &str = "444455556666";
const BUCKET: &str = "validated-logs";
/// A bucket of the other account.
const ARCHIVE: &str = "archived-logs";
/// So many hours are delivered, the last of which ends now.
const HOURS: i64 = 4;

/// What came of one call.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Answer {
    fn report(&self) -> Result<Report> {
        serde_json::from_str(&self.out).with_context(|| format!("{self:?}"))
    }
}

/// A lab with a trail that has delivered. A lab of its own: its clock is turned.
struct Delivered {
    lab: Lab,
    name: &'static str,
    start: String,
}

impl Delivered {
    /// A trail of all Regions, with these settings besides, that has delivered in these.
    fn new(name: &'static str, settings: Value, regions: &[&str]) -> Result<Self> {
        Self::until(Timestamp::now(), name, settings, regions)
    }

    /// The same, and the last hour ends then.
    fn until(end: Timestamp, name: &'static str, settings: Value, regions: &[&str]) -> Result<Self> {
        let lab = Lab::start()?;
        let start = end - HOURS.hours();
        lab.set_clock(&start.to_string())?;
        lab.organization(json!({"management": ACCOUNT, "members": [MEMBER], "trustedAccess": true}))?;
        open_bucket(&lab, BUCKET, ACCOUNT)?;
        open_bucket(&lab, ARCHIVE, MEMBER)?;
        let this = Self { lab, name, start: (start - 30.minutes()).to_string() };
        this.make_trail(name, settings)?;
        let what =
            json!({"trail": name, "region": REGION, "regions": regions, "hours": HOURS, "filesPerHour": 2});
        this.lab.deliver(what)?;
        Ok(this)
    }

    fn make_trail(&self, name: &str, settings: Value) -> Result<()> {
        let mut trail = json!({
            "Name": name, "S3BucketName": BUCKET, "IsMultiRegionTrail": true, "EnableLogFileValidation": true,
        });
        if let (Value::Object(trail), Value::Object(settings)) = (&mut trail, settings) {
            trail.extend(settings);
        }
        self.aws("cloudtrail", "CreateTrail", &trail)?;
        self.aws("cloudtrail", "StartLogging", &json!({"Name": name})).map(drop)
    }

    fn aws(&self, service: &str, operation: &str, params: &Value) -> Result<Value> {
        self.lab.aws(service, operation, params, ACCOUNT, REGION)
    }

    fn arn(&self) -> String {
        format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{}", self.name)
    }

    /// Keys that hold this.
    fn keys(&self, part: &str) -> Result<Vec<String>> {
        self.keys_in(BUCKET, ACCOUNT, part)
    }

    fn keys_in(&self, bucket: &str, owner: &str, part: &str) -> Result<Vec<String>> {
        let listed = self.lab.aws("s3", "ListObjectsV2", &json!({"Bucket": bucket}), owner, REGION)?;
        let objects = listed["Contents"].as_array().cloned().unwrap_or_default();
        let keys = objects.iter().filter_map(|object| object["Key"].as_str());
        let keys: Vec<_> = keys.filter(|key| key.contains(part)).map(str::to_owned).collect();
        ensure!(!keys.is_empty(), "no key with {part} in {listed}");
        Ok(keys)
    }

    fn command(&self, words: &[&str]) -> Result<Command> {
        let mut command = Command::new(beside_the_operator("kubectl-cloudtrail")?);
        command
            .arg("validate-logs")
            .args(words)
            .env_clear()
            .env("AWS_ENDPOINT_URL", self.lab.endpoint())
            .env("AWS_ACCESS_KEY_ID", ACCOUNT)
            .env("AWS_SECRET_ACCESS_KEY", "lab");
        Ok(command)
    }

    /// The words for this trail and its time, and these.
    fn call(&self, words: &[&str]) -> Result<Answer> {
        let (arn, start) = (self.arn(), &self.start);
        let which = ["--trail-arn", &arn, "--start-time", start];
        answer(&mut self.command(&[&which[..], words].concat())?)
    }

    /// The report for this trail, with the exit code.
    fn report(&self, words: &[&str]) -> Result<(Option<i32>, Report)> {
        let answer = self.call(&[&["--output", "json"], words].concat())?;
        Ok((answer.code, answer.report()?))
    }
}

fn answer(command: &mut Command) -> Result<Answer> {
    let output = command.output().context("cannot run kubectl-cloudtrail")?;
    Ok(Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

/// A bucket of that account, to which CloudTrail may deliver for anybody.
fn open_bucket(lab: &Lab, bucket: &str, account: &str) -> Result<()> {
    lab.aws("s3", "CreateBucket", &json!({"Bucket": bucket}), account, REGION)?;
    let allow = |action: &str, resource: String| json!({"Effect": "Allow", "Principal": {"Service": "cloudtrail.amazonaws.com"}, "Action": action, "Resource": resource});
    let arn = format!("arn:aws:s3:::{bucket}");
    let statements = [allow("s3:PutObject", format!("{arn}/*")), allow("s3:GetBucketAcl", arn)];
    let policy = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    lab.aws("s3", "PutBucketPolicy", &json!({"Bucket": bucket, "Policy": policy}), account, REGION).map(drop)
}

/// What the AWS command line says of the same trail and time.
fn by_aws(trail: &Delivered, region: &str) -> Result<String> {
    let (arn, start) = (trail.arn(), trail.start.as_str());
    // Without the flag it takes the digests of the home Region, and the keys of the environment's.
    let words =
        ["validate-logs", "--trail-arn", &arn, "--start-time", start, "--region", region, "--verbose"];
    trail.lab.aws_cli()?.run(ACCOUNT, region, &[&["cloudtrail"], &words[..]].concat())
}

/// The lines about files.
fn files(told: &str) -> BTreeSet<&str> {
    told.lines().filter(|line| line.contains('\t')).collect()
}

fn reasons(report: &Report) -> Vec<(Reason, &str)> {
    report.findings.iter().map(|one| (one.reason, one.object.as_deref().unwrap_or_default())).collect()
}

fn chains(report: &Report) -> Vec<(&str, &str)> {
    report.chains.iter().map(|chain| (chain.account_id.as_str(), chain.region.as_str())).collect()
}

#[test]
fn what_was_delivered_is_valid_until_somebody_changes_it() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION, AWAY])?;
    let table = trail.call(&[])?;
    assert_eq!(table.code, Some(0), "{table:?}");
    assert!(
        table.out.ends_with("\nValid: all of it was read and is unchanged: 4 digests, 8 log files.\n"),
        "{table:?}"
    );
    assert!(table.err.contains("note: only Region us-east-1 is verified; --all-regions"), "{table:?}");
    let (code, report) = trail.report(&["--all-regions"])?;
    assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
    assert_eq!(chains(&report), [(ACCOUNT, AWAY), (ACCOUNT, REGION)]);
    let verbose = trail.call(&["--region", AWAY, "--verbose"])?;
    assert_eq!(verbose.out.matches("\tvalid\n").count(), 12, "{verbose:?}");
    assert_eq!(files(&verbose.out), files(&by_aws(&trail, AWAY)?), "the same files, in the same words");
    assert!(!verbose.out.contains("/us-east-1/") && !verbose.err.contains("note:"), "{verbose:?}");

    let changed = trail.keys("/CloudTrail/eu-west-1/")?.swap_remove(3);
    trail.lab.tamper(json!({"action": "modify", "bucket": BUCKET, "key": changed}))?;
    let object = format!("s3://{BUCKET}/{changed}");
    let (code, report) = trail.report(&["--all-regions"])?;
    assert_eq!((code, reasons(&report)), (Some(1), vec![(Reason::LogFileModified, object.as_str())]));
    assert_eq!(trail.report(&[])?.0, Some(0), "another Region is as it was");
    // The environment chooses as for aws.
    let (arn, start) = (trail.arn(), &trail.start);
    let mut elsewhere = trail.command(&["--trail-arn", &arn, "--start-time", start, "--verbose"])?;
    let elsewhere = answer(elsewhere.env("AWS_DEFAULT_REGION", AWAY))?;
    let line = format!("Log file\t{object}\tINVALID: LogFileModified: ");
    assert!(elsewhere.code == Some(1) && elsewhere.out.contains(&line), "{elsewhere:?}");
    let junit = trail.call(&["--all-regions", "--output", "junit"])?;
    assert!(junit.out.contains(" tests=\"8\" failures=\"1\" errors=\"0\""), "{junit:?}");
    assert!(
        junit
            .out
            .contains(&format!("<failure type=\"LogFileModified\" message=\"LogFileModified {object}: "))
    );
    Ok(())
}

#[test]
fn what_cannot_be_read_is_neither_valid_nor_invalid() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    for (operation, least) in [("GetObject", 4), ("ListObjectsV2", 1)] {
        let denied = json!({"service": "s3", "operation": operation, "code": "AccessDenied", "status": 403, "times": -1});
        let fault = trail.lab.fault(denied)?;
        let (code, report) = trail.report(&[])?;
        assert_eq!((code, report.verdict), (Some(3), Verdict::Inconclusive), "{report:?}");
        let found = reasons(&report);
        assert!(
            found.len() >= least && found.iter().all(|(reason, _)| *reason == Reason::AccessDenied),
            "{found:?}"
        );
        trail.lab.delete_fault(&fault)?;
    }
    assert_eq!(trail.report(&[])?.0, Some(0));
    Ok(())
}

#[test]
fn without_an_answer_it_says_what_would_give_one() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    let (arn, start) = (trail.arn(), trail.start.as_str());
    let gone = arn.replace("main", "gone");
    let foreign = arn.replace(ACCOUNT, "999900000000");
    for (words, said) in [
        (
            vec!["--trail-arn", &gone, "--start-time", start],
            "account 111122223333 has these in us-east-1: arn:",
        ),
        (
            vec!["--trail-arn", &foreign, "--start-time", start],
            "there is arn:aws:cloudtrail:us-east-1:111122223333",
        ),
        (vec!["--trail-arn", "main", "--start-time", start], "it is no ARN of a trail; one looks like"),
        (vec!["--trail-arn", &arn, "--start-time", "monday"], "it is no time; write 2026-01-05"),
        (vec!["--trail-arn", &arn], "--start-time <TIME>"),
        (
            vec!["--trail-arn", &arn, "--start-time", "2026-01-02", "--end-time", "2026-01-01"],
            "has to be before the end",
        ),
        (vec!["--start-time", start], "--trail-arn <ARN>|trail/NAME"),
        (vec!["trail/main"], "give --trail-arn to do without one"),
    ] {
        let answer = answer(&mut trail.command(&words)?)?;
        assert!(answer.code == Some(4) && answer.out.is_empty(), "{words:?}: {answer:?}");
        assert!(answer.err.contains(said), "{words:?}: {answer:?}");
    }
    let denied = json!({"service": "cloudtrail", "operation": "DescribeTrails", "code": "AccessDeniedException", "times": -1});
    trail.lab.fault(denied)?;
    let refused = trail.call(&[])?;
    assert!(refused.err.contains("may not call cloudtrail:DescribeTrails"), "{refused:?}");
    assert_eq!((refused.code, trail.report(&["--s3-bucket", BUCKET])?.0), (Some(4), Some(0)));
    Ok(())
}

#[test]
fn an_organization_s_accounts_are_all_found_without_its_id() -> Result<()> {
    let settings = json!({"IsOrganizationTrail": true, "S3KeyPrefix": "audit"});
    let trail = Delivered::new("everywhere", settings, &[REGION, AWAY])?;
    let (code, report) = trail.report(&["--all-regions"])?;
    assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
    let all = [(ACCOUNT, AWAY), (ACCOUNT, REGION), (MEMBER, AWAY), (MEMBER, REGION)];
    assert_eq!(chains(&report), all);
    let (_, of_one) = trail.report(&["--account-id", MEMBER, "--region", AWAY])?;
    assert_eq!((chains(&of_one), of_one.verdict), (vec![(MEMBER, AWAY)], Verdict::Valid));

    // Whoever may not ask CloudTrail, as in an archive's account, names the bucket.
    trail.lab.fault(
        json!({"service": "cloudtrail", "operation": "DescribeTrails", "code": "AccessDeniedException", "times": -1}),
    )?;
    let named = ["--s3-bucket", BUCKET, "--s3-prefix", "audit", "--all-regions"];
    let (code, report) = trail.report(&named)?;
    assert_eq!((code, chains(&report)), (Some(0), all.to_vec()), "{report:?}");
    let deleted = trail.keys(&format!("/{MEMBER}/CloudTrail/{AWAY}/"))?.swap_remove(0);
    trail.lab.tamper(json!({"action": "delete", "bucket": BUCKET, "key": deleted}))?;
    let (code, report) = trail.report(&named)?;
    let object = format!("s3://{BUCKET}/{deleted}");
    assert_eq!((code, reasons(&report)), (Some(1), vec![(Reason::LogFileMissing, object.as_str())]));
    Ok(())
}

#[test]
fn a_region_all_of_whose_files_are_gone_is_missed() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION, AWAY])?;
    for key in trail.keys("/eu-west-1/")? {
        trail.lab.tamper(json!({"action": "delete", "bucket": BUCKET, "key": key}))?;
    }
    let (code, report) = trail.report(&["--all-regions"])?;
    assert_eq!((code, report.verdict), (Some(1), Verdict::Invalid), "{report:?}");
    let folder = format!("s3://{BUCKET}/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{AWAY}/");
    assert_eq!(reasons(&report), [(Reason::DigestMissing, folder.as_str())]);
    assert_eq!(chains(&report), [(ACCOUNT, AWAY), (ACCOUNT, REGION)]);
    Ok(())
}

#[test]
fn a_record_that_begins_too_late_is_not_whole() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    let (arn, start) = (trail.arn(), (Timestamp::now() - 9.hours()).to_string());
    let words = ["--trail-arn", &arn, "--start-time", &start, "--output", "json"];
    let answer = answer(&mut trail.command(&words)?)?;
    let report = answer.report()?;
    let first = format!("s3://{BUCKET}/{}", trail.keys("/CloudTrail-Digest/")?.swap_remove(0));
    assert_eq!((answer.code, reasons(&report)), (Some(3), vec![(Reason::DeliveryGap, first.as_str())]));
    assert_eq!(report.chains[0].gaps.len(), 1, "{report:?}");
    Ok(())
}

#[test]
fn a_chain_is_followed_to_an_earlier_bucket_that_is_named() -> Result<()> {
    let (moved, hours) = ("moved-logs", 2);
    let until = Timestamp::now() - hours.hours();
    let trail = Delivered::until(until, "main", json!({"S3KeyPrefix": "before"}), &[REGION])?;
    open_bucket(&trail.lab, moved, ACCOUNT)?;
    trail.aws(
        "cloudtrail",
        "UpdateTrail",
        &json!({"Name": "main", "S3BucketName": moved, "S3KeyPrefix": ""}),
    )?;
    trail.lab.deliver(json!({"trail": "main", "region": REGION, "hours": hours, "filesPerHour": 1}))?;
    let (code, report) = trail.report(&[])?;
    assert_eq!((code, report.verdict), (Some(3), Verdict::Inconclusive), "{report:?}");
    assert!(report.findings[0].message.contains("name the bucket"), "{report:?}");
    let message = &report.findings[0].message;
    assert!(message.ends_with("; with --earlier-location s3://validated-logs/before it is"), "{message}");
    let [earlier, present] = [format!("s3://{BUCKET}/before"), format!("s3://{moved}/")];
    let before = ["--earlier-location", &earlier];
    // Each place counts once, however often it is named.
    let twice = [before, ["--earlier-location", &present], before].concat();
    for words in [&before[..], &twice] {
        let (code, report) = trail.report(words)?;
        assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
        assert_eq!(report.chains[0].digests.valid, 6, "{report:?}");
    }
    Ok(())
}

#[test]
fn a_prefix_of_before_is_not_held_against_what_is_delivered_now() -> Result<()> {
    let hours = 3;
    let until = Timestamp::now() - hours.hours();
    let trail = Delivered::until(until, "main", json!({"S3KeyPrefix": "it's old"}), &[REGION])?;
    trail.aws("cloudtrail", "UpdateTrail", &json!({"Name": "main", "S3KeyPrefix": "new"}))?;
    trail.lab.deliver(json!({"trail": "main", "region": REGION, "hours": hours, "filesPerHour": 1}))?;
    let (code, report) = trail.report(&[])?;
    assert_eq!((code, report.verdict), (Some(3), Verdict::Inconclusive), "{report:?}");
    let message = &report.findings[0].message;
    let written = r"; with --earlier-location 's3://validated-logs/it'\''s old' it is";
    assert!(message.ends_with(written), "{message}");
    let (code, report) = trail.report(&["--earlier-location", &format!("s3://{BUCKET}/it's old")])?;
    assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
    assert_eq!(report.chains[0].digests.valid, 7, "{report:?}");
    let before = ["--s3-prefix", "it's old"];
    let (code, report) = trail.report(&[&before[..], &["--end-time", &until.to_string()]].concat())?;
    assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
    let (code, report) = trail.report(&before)?;
    assert_eq!((code, reasons(&report).len(), report.findings[0].reason), (Some(3), 1, Reason::DigestsStale));
    Ok(())
}

#[test]
fn a_trail_that_became_an_organization_s_is_verified_from_before_on() -> Result<()> {
    let hours = 2;
    let until = Timestamp::now() - hours.hours();
    let trail = Delivered::until(until, "main", json!({}), &[REGION])?;
    trail.aws("cloudtrail", "UpdateTrail", &json!({"Name": "main", "IsOrganizationTrail": true}))?;
    trail.lab.deliver(json!({"trail": "main", "region": REGION, "hours": hours, "filesPerHour": 1}))?;
    let deleted = trail.keys(&format!("AWSLogs/{ACCOUNT}/CloudTrail/"))?.swap_remove(2);
    let object = format!("s3://{BUCKET}/{deleted}");
    // Whether CloudTrail says what it is, or the digests do.
    let named: [&[&str]; 2] = [&[], &["--s3-bucket", BUCKET]];
    for words in named {
        let (code, report) = trail.report(&[words, &["--account-id", ACCOUNT]].concat())?;
        assert_eq!((code, report.verdict), (Some(0), Verdict::Valid), "{report:?}");
        assert_eq!(report.chains[0].digests.valid, 6, "{report:?}");
        let (_, report) = trail.report(words)?;
        assert_eq!(chains(&report), [(ACCOUNT, REGION), (MEMBER, REGION)]);
        trail.lab.fault(
            json!({"service": "cloudtrail", "operation": "DescribeTrails", "code": "AccessDeniedException", "times": -1}),
        )?;
    }
    trail.lab.tamper(json!({"action": "delete", "bucket": BUCKET, "key": deleted}))?;
    let (code, report) = trail.report(&["--s3-bucket", BUCKET, "--account-id", ACCOUNT])?;
    assert_eq!((code, reasons(&report)), (Some(1), vec![(Reason::LogFileMissing, object.as_str())]));
    Ok(())
}

#[test]
fn what_a_lifecycle_rule_let_go_is_no_evidence_of_change() -> Result<()> {
    let end = Timestamp::now() - 72.hours();
    let trail = Delivered::until(end, "main", json!({}), &[REGION])?;
    let rule = json!({"ID": "short", "Status": "Enabled", "Filter": {"Prefix": "AWSLogs/"}, "Expiration": {"Days": 2}});
    let rules = json!({"Bucket": BUCKET, "LifecycleConfiguration": {"Rules": [rule]}});
    trail.aws("s3", "PutBucketLifecycleConfiguration", &rules)?;
    let digest = trail.keys("/CloudTrail-Digest/")?.swap_remove(0);
    let log_file = trail.keys("/CloudTrail/")?.pop().context("no log file")?;
    for key in [&digest, &log_file] {
        trail.lab.tamper(json!({"action": "delete", "bucket": BUCKET, "key": key}))?;
    }
    let [digest, log_file] = [digest, log_file].map(|key| format!("s3://{BUCKET}/{key}"));
    let call = ["--end-time", &end.to_string()];
    let (code, report) = trail.report(&call)?;
    let expired = vec![(Reason::Expired, digest.as_str()), (Reason::Expired, log_file.as_str())];
    assert_eq!((code, report.verdict, reasons(&report)), (Some(3), Verdict::Inconclusive, expired));

    // Who may not read the rules is told that they are not known.
    let denied = json!({"service": "s3", "operation": "GetBucketLifecycleConfiguration", "code": "AccessDenied", "status": 403, "times": -1});
    trail.lab.fault(denied)?;
    let answer = trail.call(&[&call[..], &["--output", "json"]].concat())?;
    let missing = vec![(Reason::DigestMissing, digest.as_str()), (Reason::LogFileMissing, log_file.as_str())];
    assert_eq!((answer.code, reasons(&answer.report()?)), (Some(1), missing));
    assert!(
        answer.err.contains("note: what the lifecycle rules of validated-logs have let go"),
        "{answer:?}"
    );
    Ok(())
}

#[test]
fn the_files_of_a_neighbour_without_digests_are_not_held_against_the_trail() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    let strange = trail.keys("/CloudTrail/us-east-1/")?.swap_remove(1);
    let copy = strange.replace(".json.gz", "x.json.gz");
    trail.lab.tamper(json!({"action": "copy", "bucket": BUCKET, "key": strange, "toKey": copy}))?;
    let (code, report) = trail.report(&[])?;
    let object = format!("s3://{BUCKET}/{copy}");
    assert_eq!((code, reasons(&report)), (Some(3), vec![(Reason::LogFileUnlisted, object.as_str())]));
    trail.make_trail("neighbour", json!({"EnableLogFileValidation": false}))?;
    let answer = trail.call(&[])?;
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(
        answer.err.contains("trail/neighbour delivers to the same place without log file validation"),
        "{answer:?}"
    );
    Ok(())
}

#[test]
fn with_credentials_of_an_archive_an_unlisted_file_may_be_of_a_trail_that_is_not_seen() -> Result<()> {
    let trail = Delivered::new("main", json!({"S3BucketName": ARCHIVE}), &[REGION])?;
    let strange = trail.keys_in(ARCHIVE, MEMBER, "/CloudTrail/us-east-1/")?.swap_remove(1);
    let copy = strange.replace(".json.gz", "x.json.gz");
    trail.lab.tamper(json!({"action": "copy", "bucket": ARCHIVE, "key": strange, "toKey": copy}))?;
    let (arn, start) = (trail.arn(), trail.start.as_str());
    let words = ["--trail-arn", &arn, "--start-time", start, "--s3-bucket", ARCHIVE, "--output", "json"];
    let answer = answer(trail.command(&words)?.env("AWS_ACCESS_KEY_ID", MEMBER))?;
    let report = answer.report()?;
    let object = format!("s3://{ARCHIVE}/{copy}");
    assert_eq!((answer.code, reasons(&report)), (Some(3), vec![(Reason::LogFileUnlisted, object.as_str())]));
    let why = format!("do not see the trails of account {ACCOUNT}");
    let message = &report.findings[0].message;
    assert!(message.contains("that of another trail") && message.ends_with(&why), "{message}");
    assert!(answer.err.contains("note: a log file that no digest lists may be that of a trail"));
    assert!(answer.err.contains(&why), "{answer:?}");
    Ok(())
}

#[test]
fn a_document_holds_every_character_and_is_written_or_there_is_no_answer() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    let key = trail.keys("/CloudTrail-Digest/")?.swap_remove(1);
    let head = trail.aws("s3", "HeadObject", &json!({"Bucket": BUCKET, "Key": key}))?;
    let digest = json!({
        "awsAccountId": ACCOUNT, "digestStartTime": "2026-01-05T00:01:31Z", "digestEndTime": "2026-01-05T01:01:31Z",
        "digestS3Bucket": BUCKET, "digestS3Object": "else\u{7f}where", "digestPublicKeyFingerprint": "",
        "previousDigestSignature": null, "logFiles": [],
    });
    let put = json!({
        "action": "put", "bucket": BUCKET, "key": key, "text": digest.to_string(), "metadata": head["Metadata"],
    });
    trail.lab.tamper(put)?;
    let answer = trail.call(&["--output", "json"])?;
    assert!(answer.code == Some(1) && answer.out.contains("/else\u{7f}where"), "{answer:?}");
    for output in ["table", "json", "junit"] {
        let (arn, start) = (trail.arn(), trail.start.as_str());
        let words = ["--trail-arn", &arn, "--start-time", start, "--output", output];
        let full = OpenOptions::new().write(true).open("/dev/full")?;
        let refused = trail.command(&words)?.stdout(full).output()?;
        assert_eq!(refused.status.code(), Some(4), "{refused:?}");
        let err = String::from_utf8(refused.stderr)?;
        assert!(err.contains("error: cannot write to stdout: No space left on device"), "{err}");
        // Whoever has read enough still gets the verdict.
        let (_, closed) = std::io::pipe()?;
        assert_eq!(trail.command(&words)?.stdout(closed).output()?.status.code(), Some(1));
    }
    Ok(())
}

#[test]
fn a_trail_of_the_cluster_is_verified_as_it_is_declared() -> Result<()> {
    let trail = Delivered::new("declared-in-cluster", json!({"S3KeyPrefix": "a/b"}), &[REGION, AWAY])?;
    let (stage, at) = (shared(), place("declared", REGION));
    stage.apply_trail(at, |spec| {
        *spec = json!({
            "region": REGION, "trailName": "declared-in-cluster", "suspend": true,
            "s3": {"bucketName": BUCKET, "keyPrefix": "a/b"},
        });
    })?;
    let of_cluster = |words: &[&str]| -> Result<Answer> {
        let words = [&["trail/declared", "-n", at.namespace, "--output", "json"], words].concat();
        answer(trail.command(&words)?.env("KUBECONFIG", stage.cluster.kubeconfig()))
    };
    let whole = of_cluster(&["--start-time", &trail.start])?;
    assert_eq!(whole.code, Some(0), "{whole:?}");
    assert_eq!(chains(&whole.report()?), [(ACCOUNT, AWAY), (ACCOUNT, REGION)]);
    assert_eq!(whole.report()?.trail_arn, trail.arn());
    // A day is longer than the trail has been there.
    let day = of_cluster(&[])?;
    assert_eq!((day.code, day.report()?.verdict), (Some(3), Verdict::Incomplete), "{day:?}");
    assert!(day.err.contains("--start-time goes back further"), "{day:?}");
    let one = of_cluster(&["--region", AWAY, "--start-time", &trail.start])?;
    assert_eq!(chains(&one.report()?), [(ACCOUNT, AWAY)], "{one:?}");
    let mut gone = trail.command(&["trails/gone", "-n", at.namespace])?;
    let gone = answer(gone.env("KUBECONFIG", stage.cluster.kubeconfig()))?;
    assert!(
        gone.code == Some(4) && gone.err.contains("there is no Trail 'gone' in namespace 'default'"),
        "{gone:?}"
    );

    // A bucket that has become somebody else's is not read.
    stage.patch_trail(at, &json!({"s3": {"bucketOwner": MEMBER}}))?;
    let foreign = of_cluster(&[])?;
    assert_eq!((foreign.code, foreign.report()?.verdict), (Some(3), Verdict::Inconclusive), "{foreign:?}");
    stage.delete_trail(at)
}

#[test]
fn an_interrupt_ends_it_at_once() -> Result<()> {
    let trail = Delivered::new("main", json!({}), &[REGION])?;
    let fault =
        trail.lab.fault(json!({"service": "s3", "operation": "GetObject", "hang": true, "times": -1}))?;
    let (arn, start) = (trail.arn(), trail.start.as_str());
    let mut command = trail.command(&["--trail-arn", &arn, "--start-time", start])?;
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    trail.lab.wait_hit(&fault, Duration::from_secs(30))?;
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    ensure!(killed.success(), "kill: {killed}");
    let output = child.wait_with_output()?;
    assert_eq!((output.status.code(), output.stdout.len()), (Some(130), 0), "{output:?}");
    Ok(())
}

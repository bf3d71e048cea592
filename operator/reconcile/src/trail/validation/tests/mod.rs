//! What validation promises, told by cases: here what the cases share.

mod covering;
mod doubting;
mod judging;
mod merging;
mod reaching;
mod scheduling;
mod standing;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::TrailStatus as PreviousStatus;
use trail_operator_integrity::{
    Anchor, ChainReport, Finding, Outcome, Range, Reason, Report, Severity, Trail, records::Control,
    walker::BEGINS_ANEW,
};

use super::*;
use crate::{
    aws::TrailStatus,
    conditions::{Fact, Status},
    reason::Reason as Why,
    trail::{Input, tests::input},
};

const ACCOUNT: &str = "111122223333";
const HOUR: SignedDuration = SignedDuration::from_hours(1);
/// A whole hour of a day with days before it.
const NOON: Timestamp = Timestamp::constant(1_767_614_400, 0);

fn subject() -> Subject {
    Subject {
        trail: Trail::from_arn("arn:aws:cloudtrail:us-east-1:111122223333:trail/audit").unwrap(),
        bucket: "logs".into(),
        prefix: String::new(),
        owner: String::new(),
        is_organization_trail: false,
        is_multi_region_trail: true,
        validation: trail_operator_crds::Validation::default(),
    }
}

fn facts(now: Timestamp) -> Facts {
    Facts {
        now,
        organizations: vec![],
        regions: Some(vec!["us-east-1".into(), "eu-west-1".into()]),
        accounts: None,
        started: Some(now - 100 * HOUR),
        delivery: BTreeMap::new(),
        expirations: vec![],
        shares_its_place: false,
        seed: 7,
    }
}

fn pair(region: &str) -> Pair {
    Pair { account: ACCOUNT.into(), region: region.into() }
}

fn digest_key(region: &str, end: Timestamp) -> String {
    let day = end.strftime("%Y/%m/%d");
    let stamp = end.strftime("%Y%m%dT%H%M%SZ");
    format!(
        "AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/{day}/{ACCOUNT}_CloudTrail-Digest_{region}_audit_us-east-1_{stamp}.json.gz"
    )
}

fn log_file(region: &str, at: Timestamp) -> String {
    let day = at.strftime("%Y/%m/%d");
    let stamp = at.strftime("%Y%m%dT%H%MZ");
    format!(
        "s3://logs/AWSLogs/{ACCOUNT}/CloudTrail/{region}/{day}/{ACCOUNT}_CloudTrail_{region}_{stamp}_abcdefghijklmnop.json.gz"
    )
}

fn anchor(region: &str, end: Timestamp) -> Anchor {
    Anchor {
        account_id: ACCOUNT.into(),
        region: region.into(),
        backfill: false,
        bucket: "logs".into(),
        key: digest_key(region, end),
        end,
        sha256: format!("{:064x}", end.as_second()),
    }
}

fn finding(reason: Reason, region: &str, object: &str) -> Finding {
    Finding {
        severity: reason.severity(),
        reason,
        object: Some(object.into()),
        account_id: Some(ACCOUNT.into()),
        region: Some(region.into()),
        message: "what is wrong".into(),
    }
}

/// What a read of both Regions came to that verified up to these digests.
fn outcome(window: Range, ends: [(&str, Timestamp); 2], findings: Vec<Finding>) -> Outcome {
    let mut report = Report::new("arn", window);
    for (region, _) in ends {
        let mut chain = ChainReport::new(ACCOUNT, region);
        chain.digests.valid = 2;
        chain.log_files.files.valid = 6;
        report.chains.push(chain);
    }
    report.findings = findings;
    Outcome { report, anchors: ends.map(|(region, end)| anchor(region, end)).into(), level: true }
}

fn work() -> Work {
    Work { request: None, deep: false }
}

/// A first run at noon, with these findings.
fn first(findings: Vec<Finding>) -> Run {
    let ends = [("us-east-1", NOON - HOUR), ("eu-west-1", NOON - 2 * HOUR)];
    let start = start(&subject(), NOON);
    Run {
        work: work(),
        look: None,
        onward: outcome(Range { start, end: NOON }, ends, findings),
        start,
        deep: None,
        recalled: vec![anchor("us-east-1", NOON - 2 * HOUR), anchor("eu-west-1", NOON - 2 * HOUR)],
        again: vec![],
        controls: vec![],
    }
}

fn after(before: Ledger, run: &Run, now: Timestamp) -> Ledger {
    merge(&subject(), &facts(now), before, run)
}

/// The next run, an hour later, which read these windows again.
fn next(findings: Vec<Finding>, again: Vec<(Pair, Range, Outcome)>) -> Run {
    let ends = [("us-east-1", NOON), ("eu-west-1", NOON - HOUR)];
    let window = Range { start: NOON - HOUR, end: NOON + HOUR };
    let looked = [("us-east-1", NOON - 2 * HOUR), ("eu-west-1", NOON - 2 * HOUR)];
    Run {
        look: Some(outcome(Range { start: NOON - 26 * HOUR, end: NOON - 3 * HOUR }, looked, vec![])),
        onward: outcome(window, ends, findings),
        recalled: vec![anchor("us-east-1", NOON - HOUR), anchor("eu-west-1", NOON - HOUR)],
        again,
        ..first(vec![])
    }
}

fn read_again(region: &str, at: Timestamp, findings: Vec<Finding>) -> (Pair, Range, Outcome) {
    let range = Range { start: at - 2 * HOUR, end: at + 2 * HOUR };
    (pair(region), range, outcome(range, [("us-east-1", at), ("eu-west-1", at)], findings))
}

fn reasons(ledger: &Ledger) -> Vec<Reason> {
    ledger.open.iter().map(|open| open.finding.reason).collect()
}

fn stopped(time: Timestamp) -> Control {
    Control {
        time,
        event_name: "StopLogging".into(),
        event_id: "1".into(),
        principal: "arn:aws:iam::111122223333:user/somebody".into(),
        validation: None,
    }
}

fn status_of(ledger: &Ledger) -> PreviousStatus {
    PreviousStatus {
        validation: ledger.status(),
        coverage: ledger.coverage.as_ref().map(Coverage::status),
        ..PreviousStatus::default()
    }
}

fn is_error(open: &Open) -> bool {
    open.finding.severity == Severity::Error
}

fn modified() -> Finding {
    finding(Reason::LogFileModified, "us-east-1", &log_file("us-east-1", NOON - 3 * HOUR))
}

fn folder(reason: Reason, region: &str) -> Finding {
    finding(reason, region, &format!("s3://logs/AWSLogs/{ACCOUNT}/CloudTrail-Digest/{region}/"))
}

/// About the bucket as a whole.
fn whole(reason: Reason) -> Finding {
    Finding { account_id: None, region: None, ..finding(reason, "", "s3://logs/AWSLogs/") }
}

fn gap(start: Timestamp, end: Timestamp) -> Finding {
    let object = format!("s3://logs/{}", digest_key("eu-west-1", end + HOUR));
    let message = format!("nothing proves what was delivered between {start} and {end}: {BEGINS_ANEW}");
    Finding { message, ..finding(Reason::DeliveryGap, "eu-west-1", &object) }
}

/// A first run that found this gap.
fn with_gap(start: Timestamp, end: Timestamp, controls: Vec<Control>) -> Run {
    let mut run = first(vec![gap(start, end)]);
    run.onward.report.chains[1].gaps = vec![Range { start, end }];
    Run { controls, ..run }
}

/// What GetTrailStatus says of a trail that logs and delivers.
fn home(now: Timestamp) -> TrailStatus {
    TrailStatus {
        is_logging: true,
        start_logging_time: Some(now - 100 * HOUR),
        latest_digest_delivery_time: Some(now - HOUR),
        ..TrailStatus::default()
    }
}

fn with(ledger: Ledger) -> Input {
    Input { ledger: Arc::new(ledger), ..input() }
}

/// `LogFileValidated`
fn said(ledger: &Ledger, now: Timestamp) -> Fact {
    let [validated, _] =
        judge(&with(ledger.clone()), Some(&home(now)), &PreviousStatus::default(), now).facts;
    validated
}

fn verdict(ledger: &Ledger, now: Timestamp) -> (Status, Why) {
    let fact = said(ledger, now);
    (fact.status, fact.reason)
}

fn told(ledger: Ledger) -> Ledger {
    Ledger { news: vec![], ..ledger }
}

fn events(ledger: &Ledger) -> Vec<Why> {
    ledger.news.iter().map(|event| event.reason).collect()
}

fn restarted(ledger: &Ledger) -> Ledger {
    Ledger::of(&status_of(ledger))
}

//! What follows from a run.

use super::*;
use crate::{event::EventType, reason};

#[test]
fn a_clean_run_is_remembered_and_tells_nothing() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    assert_eq!(ledger.verified, Some(Range { start: NOON - 24 * HOUR, end: NOON - 2 * HOUR }));
    assert_eq!(ledger.valid, Counted { digests: 4, log_files: 12 });
    assert_eq!((ledger.news.len(), ledger.open.len()), (0, 0));
    let second = after(ledger, &next(vec![], vec![]), NOON + HOUR);
    assert_eq!(second.verified, Some(Range { start: NOON - 24 * HOUR, end: NOON - HOUR }));
    assert_eq!(second.valid, Counted { digests: 8, log_files: 24 });
}

#[test]
fn what_status_holds_is_what_a_restart_begins_with() {
    let run = with_gap(NOON - 9 * HOUR, NOON - 7 * HOUR, vec![stopped(NOON - 9 * HOUR)]);
    let mut run = Run { work: Work { request: Some("now".into()), deep: false }, ..run };
    run.onward.report.findings.push(modified());
    let ledger = after(Ledger::default(), &run, NOON);
    assert_eq!((ledger.open.len(), ledger.explained.len()), (1, 1));
    let status = status_of(&ledger);
    assert_eq!(status_of(&Ledger::of(&status)), status);
}

#[test]
fn a_finding_is_told_once_stands_until_it_is_read_again_and_then_it_is_whole_again() {
    let ledger = after(Ledger::default(), &first(vec![modified()]), NOON);
    assert_eq!(ledger.news.len(), 1);
    assert_eq!(
        (ledger.news[0].type_, ledger.news[0].reason),
        (EventType::Warning, reason::Reason::LogFileModified)
    );
    assert!(ledger.news[0].note.starts_with(modified().object.as_deref().unwrap()));

    let unread = after(Ledger { news: vec![], ..ledger.clone() }, &next(vec![], vec![]), NOON + HOUR);
    assert_eq!(
        (reasons(&unread), unread.news.len()),
        (vec![Reason::LogFileModified], 0),
        "nobody has looked"
    );
    let restarted = after(Ledger::of(&status_of(&ledger)), &next(vec![], vec![]), NOON + HOUR);
    assert_eq!(
        (reasons(&restarted), restarted.news.len()),
        (vec![Reason::LogFileModified], 0),
        "told before"
    );

    let still = next(vec![], vec![read_again("us-east-1", NOON - 3 * HOUR, vec![modified()])]);
    let still = after(Ledger { news: vec![], ..ledger.clone() }, &still, NOON + HOUR);
    assert_eq!(
        (reasons(&still), still.open[0].since, still.news.len()),
        (vec![Reason::LogFileModified], NOON, 0)
    );

    let mended = next(vec![], vec![read_again("us-east-1", NOON - 3 * HOUR, vec![])]);
    let mended = after(Ledger { news: vec![], ..ledger }, &mended, NOON + HOUR);
    assert_eq!(mended.open, []);
    assert_eq!((mended.news[0].type_, mended.news[0].reason), (EventType::Normal, reason::Reason::Intact));
}

#[test]
fn evidence_that_cannot_be_read_any_more_is_still_evidence() {
    let ledger = after(Ledger::default(), &first(vec![modified()]), NOON);
    let denied = finding(Reason::AccessDenied, "us-east-1", &log_file("us-east-1", NOON - 3 * HOUR));
    let run = next(vec![], vec![read_again("us-east-1", NOON - 3 * HOUR, vec![denied])]);
    let later = after(ledger, &run, NOON + HOUR);
    assert_eq!(reasons(&later), [Reason::LogFileModified, Reason::AccessDenied]);
}

#[test]
fn a_bucket_that_may_not_be_read_hides_nothing_that_was_found() {
    let ledger = after(Ledger::default(), &first(vec![modified()]), NOON);
    let mut run =
        next(vec![whole(Reason::AccessDenied)], vec![read_again("us-east-1", NOON - 3 * HOUR, vec![])]);
    run.onward.anchors.clear();
    let later = after(ledger.clone(), &run, NOON + HOUR);
    assert_eq!(reasons(&later), [Reason::LogFileModified, Reason::AccessDenied]);
    assert_eq!(later.anchors, ledger.anchors, "and is gone on from where it was");
    assert_eq!(later.verified, ledger.verified);
}

#[test]
fn a_gap_that_records_explain_is_told_as_such() {
    let (start, end) = (NOON - 9 * HOUR, NOON - 7 * HOUR);
    let explained = after(Ledger::default(), &with_gap(start, end, vec![stopped(start)]), NOON);
    assert_eq!((explained.open.len(), explained.explained.len()), (0, 1));
    assert_eq!(explained.explained[0].control.event_name, "StopLogging");
    assert_eq!(explained.explained[0].gap, Range { start, end });
    let again = after(explained, &with_gap(start, end, vec![]), NOON + HOUR);
    assert_eq!((again.open.len(), again.explained.len()), (0, 1), "it stays explained");
}

#[test]
fn a_chain_that_begins_anew_and_that_nobody_explains_for_a_day_is_evidence() {
    let (start, end) = (NOON - 9 * HOUR, NOON - 7 * HOUR);
    let ledger = after(Ledger::default(), &with_gap(start, end, vec![stopped(start - 5 * HOUR)]), NOON);
    assert_eq!(reasons(&ledger), [Reason::DeliveryGap]);
    assert_eq!(ledger.open[0].window(&[]), Some(Range { start: start - 2 * HOUR, end: end + 2 * HOUR }));
    let later = |hours: i32| {
        let before = Ledger::of(&status_of(&ledger));
        after(before, &next(vec![], vec![]), NOON + hours * HOUR)
    };
    assert_eq!(reasons(&later(23)), [Reason::DeliveryGap]);
    assert_eq!(reasons(&later(24)), [Reason::ChainRestarted]);
    assert!(is_error(&later(24).open[0]));
    let mut run = next(vec![], vec![]);
    run.controls = vec![stopped(start)];
    let known = after(later(24), &run, NOON + 25 * HOUR);
    assert_eq!((known.open.len(), known.explained.len()), (0, 1), "an explanation is never too late");
}

#[test]
fn a_gap_is_read_again_with_the_home_region_where_whoever_stopped_the_trail_was_recorded() {
    let ledger = after(Ledger::default(), &with_gap(NOON - 9 * HOUR, NOON - 7 * HOUR, vec![]), NOON);
    let requests = again(&subject(), &facts(NOON + HOUR), &ledger, &ledger.open);
    let places: Vec<_> = requests.iter().map(|(pair, window, _)| (pair.region.as_str(), *window)).collect();
    let window = Range { start: NOON - 11 * HOUR, end: NOON - 5 * HOUR };
    assert_eq!(places, [("us-east-1", window), ("eu-west-1", window)]);
}

#[test]
fn findings_of_one_hour_are_read_again_together() {
    let at = |minutes: i64| log_file("us-east-1", NOON - 3 * HOUR + SignedDuration::from_mins(minutes));
    let found = [0, 5, 55].map(|minutes| finding(Reason::LogFileModified, "us-east-1", &at(minutes)));
    let ledger = after(Ledger::default(), &first(found.into()), NOON);
    let requests = again(&subject(), &facts(NOON + HOUR), &ledger, &ledger.open);
    assert_eq!(requests.len(), 1);
    assert!(requests[0].2.anchors.is_empty() && requests[0].2.window.end <= NOON + HOUR);
}

#[test]
fn regions_that_owe_nothing_are_not_missed() {
    let stale = |region: &str| finding(Reason::DigestsStale, region, "s3://logs/AWSLogs/");
    let nothing = finding(Reason::NothingFound, "ap-south-1", "s3://logs/AWSLogs/");
    let run = first(vec![stale("eu-west-1"), stale("ap-south-1"), nothing]);
    let ledger = after(Ledger::default(), &run, NOON);
    let regions: Vec<_> = ledger.open.iter().filter_map(Open::pair).map(|pair| pair.region).collect();
    assert_eq!(regions, ["eu-west-1"], "ap-south-1 is not enabled");
    let unasked = Facts { regions: None, ..facts(NOON) };
    let ledger = merge(&subject(), &unasked, Ledger::default(), &first(vec![stale("ap-south-1")]));
    assert_eq!(reasons(&ledger), [Reason::DigestsStale], "who knows whether it is");
}

#[test]
fn what_is_older_than_the_verdict_reaches_is_no_longer_held_against_the_trail() {
    let old = finding(Reason::LogFileModified, "us-east-1", &log_file("us-east-1", NOON - 90 * 24 * HOUR));
    let ledger = after(Ledger::default(), &first(vec![old]), NOON - HOUR);
    assert_eq!(ledger.open.len(), 1);
    let later = after(ledger, &next(vec![], vec![]), NOON + HOUR);
    assert_eq!(later.open, []);
}

#[test]
fn many_findings_are_told_in_few_events() {
    let found = (0..50).map(|minute| {
        let at = NOON - 3 * HOUR + SignedDuration::from_mins(minute);
        finding(Reason::LogFileMissing, "us-east-1", &log_file("us-east-1", at))
    });
    let ledger = after(Ledger::default(), &first(found.collect()), NOON);
    assert_eq!((ledger.open.len(), ledger.news.len()), (50, 11));
    assert!(ledger.news[10].note.contains("40 more"));
    let status = ledger.status().unwrap();
    assert_eq!((status.findings.len(), status.findings_total, status.log_files.invalid), (20, 50, 50));
    assert_eq!(Ledger::of(&status_of(&ledger)).beyond, 30);
}

#[test]
fn a_deep_pass_moves_the_beginning_back_as_far_as_it_has_read() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let request = deep(&subject(), &facts(NOON + HOUR), &ledger).unwrap();
    assert_eq!(request.window.start, NOON + HOUR - 90 * 24 * HOUR);
    let mut read =
        outcome(request.window, [("us-east-1", NOON - 2 * HOUR), ("eu-west-1", NOON - 2 * HOUR)], vec![]);
    let began = request.window.start + 24 * HOUR;
    read.report.found = Some(Range { start: began, end: NOON - 2 * HOUR });
    let run = Run { deep: Some(read), ..next(vec![], vec![]) };
    let later = after(ledger, &run, NOON + HOUR);
    assert_eq!(later.verified.unwrap().start, began, "nothing is said of the time before the first digest");
    assert_eq!(later.deep_pass, Some(NOON + HOUR));
    assert_eq!(later.valid.digests, 8, "what was verified before is not counted twice");
}

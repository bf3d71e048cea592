//! What must never look like peace: each of these did once.

use trail_operator_crds::{LogFiles, Validation};
use trail_operator_integrity::{Delivery, LogFiles as Read};

use super::*;
use crate::trail::delivery::Elsewhere;

/// The next run, in which the second Region is nowhere.
fn without_the_second(again: Vec<(Pair, Range, Outcome)>) -> Run {
    let mut run = next(vec![], again);
    for outcome in run.look.iter_mut().chain([&mut run.onward]) {
        outcome.anchors.retain(|anchor| anchor.region == "us-east-1");
        outcome.report.chains.retain(|chain| chain.region == "us-east-1");
    }
    run
}

#[test]
fn a_chain_that_disappeared_stays_so_through_a_restart_until_it_verifies() {
    let ledger = after(Ledger::default(), &first(vec![folder(Reason::ChainDisappeared, "eu-west-1")]), NOON);
    let ledger = after(restarted(&ledger), &without_the_second(vec![]), NOON + HOUR);
    assert_eq!(verdict(&ledger, NOON + HOUR), (Status::False, Why::ChainDisappeared));
    assert_eq!(events(&ledger), []);
    let ledger = after(told(ledger), &next(vec![], vec![]), NOON + 2 * HOUR);
    assert_eq!(verdict(&ledger, NOON + 2 * HOUR), (Status::True, Why::Intact));
    assert_eq!(events(&ledger), [Why::Intact]);
}

#[test]
fn a_missing_last_digest_is_missing_until_it_or_a_later_one_was_read() {
    let at = NOON - 3 * HOUR;
    let missing =
        finding(Reason::DigestMissing, "eu-west-1", &format!("s3://logs/{}", digest_key("eu-west-1", at)));
    let before = after(Ledger::default(), &first(vec![missing]), NOON);
    let again = |found_to: Timestamp| {
        let mut read = read_again("eu-west-1", at, vec![]);
        read.2.report.found = Some(Range { start: at - 2 * HOUR, end: found_to });
        after(restarted(&before), &next(vec![], vec![read]), NOON + HOUR)
    };
    assert_eq!(reasons(&again(at - HOUR)), [Reason::DigestMissing]);
    assert_eq!(reasons(&again(at)), []);
    assert_eq!(reasons(&again(at + HOUR)), []);
}

#[test]
fn a_look_over_the_past_that_read_nothing_says_nothing_of_it() {
    let mut far = subject();
    far.validation.deep_pass.lookback_days = 3650;
    for (reason, is_done) in [(Reason::TooMuch, true), (Reason::AccessDenied, false)] {
        let ledger = merge(&far, &facts(NOON), Ledger::default(), &first(vec![]));
        let from = ledger.verified.unwrap().start;
        let request = deep(&far, &facts(NOON + HOUR), &ledger).unwrap();
        let mut nothing = outcome(request.window, [("us-east-1", NOON), ("eu-west-1", NOON)], vec![]);
        nothing.report.findings = vec![folder(reason, "us-east-1")];
        nothing.report.found = Some(Range { start: request.window.start, end: NOON });
        let run = Run { deep: Some(nothing), ..next(vec![], vec![]) };
        let ledger = merge(&far, &facts(NOON + HOUR), told(ledger), &run);
        assert_eq!(ledger.verified.unwrap().start, from, "{reason}");
        assert_eq!(
            ledger.deep_pass.is_some(),
            is_done,
            "what a bound keeps away is not tried every hour: {reason}"
        );
    }
}

#[test]
fn what_a_lifecycle_rule_took_ends_the_range_and_is_said() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let request = deep(&subject(), &facts(NOON + HOUR), &ledger).unwrap();
    let at = NOON - 30 * 24 * HOUR;
    let gone = finding(Reason::Expired, "us-east-1", &format!("s3://logs/{}", digest_key("us-east-1", at)));
    let mut past = outcome(request.window, [("us-east-1", NOON), ("eu-west-1", NOON)], vec![gone]);
    past.report.found = Some(Range { start: at - 24 * HOUR, end: NOON });
    let run = Run { deep: Some(past), ..next(vec![], vec![]) };
    let ledger = after(told(ledger), &run, NOON + HOUR);
    assert_eq!((ledger.verified.unwrap().start, reasons(&ledger)), (at, vec![]));
    let fact = said(&restarted(&ledger), NOON + HOUR);
    assert_eq!(fact.status, Status::True);
    assert!(fact.message.contains(&format!("until {at} a lifecycle rule has expired")), "{}", fact.message);
}

#[test]
fn findings_that_had_no_room_are_looked_for_in_every_file_before_all_is_well() {
    let at = NOON - 3 * HOUR;
    let denied = |region: &str| {
        let file = |n: u32| log_file(region, at).replace("abcdefghijklmnop", &format!("{n:016}"));
        (0..25).map(|n| finding(Reason::AccessDenied, region, &file(n))).collect::<Vec<_>>()
    };
    let run = first([denied("eu-west-1"), denied("us-east-1")].concat());
    let ledger = restarted(&after(Ledger::default(), &run, NOON));
    assert!(due(&Validation::default(), &ledger, None, NOON + HOUR).unwrap().deep);
    let request = deep(&subject(), &facts(NOON + HOUR), &ledger).unwrap();
    assert_eq!(request.log_files, Read::All);
    let again = || ["us-east-1", "eu-west-1"].map(|region| read_again(region, at, vec![])).into();
    let shallow = after(ledger.clone(), &next(vec![], again()), NOON + HOUR);
    assert_eq!(verdict(&shallow, NOON + HOUR), (Status::Unknown, Why::NotYetVerified));
    let mut past = outcome(request.window, [("us-east-1", NOON), ("eu-west-1", NOON)], vec![]);
    past.report.found = Some(request.window);
    let read = after(ledger, &Run { deep: Some(past), ..next(vec![], again()) }, NOON + HOUR);
    assert_eq!(verdict(&read, NOON + HOUR), (Status::True, Why::Intact));
}

#[test]
fn more_than_can_be_remembered_is_not_forgotten() {
    let file =
        |n: u32| log_file("us-east-1", NOON - 3 * HOUR).replace("abcdefghijklmnop", &format!("{n:016}"));
    let many = (0..1500).map(|n| finding(Reason::LogFileMissing, "us-east-1", &file(n))).collect();
    let ledger = after(Ledger::default(), &first(many), NOON);
    assert_eq!((ledger.open.len(), ledger.beyond), (1000, 500));
    let ledger = after(
        told(ledger),
        &next(vec![], vec![read_again("us-east-1", NOON - 3 * HOUR, vec![])]),
        NOON + HOUR,
    );
    assert_eq!(verdict(&ledger, NOON + HOUR), (Status::Unknown, Why::NotYetVerified));
    assert_eq!(events(&ledger), []);
}

#[test]
fn log_files_that_no_run_has_read_are_not_called_intact_when_the_manifest_wants_them_read() {
    let mut without = subject();
    without.validation.log_files = LogFiles::None;
    let ledger = merge(&without, &facts(NOON), Ledger::default(), &first(vec![]));
    for ledger in [ledger.clone(), restarted(&ledger)] {
        assert!(said(&ledger, NOON).message.contains("log files were not all read"));
        let (start, anchors) =
            goes_on_from(&subject(), &ledger, next(vec![], vec![]).look.as_ref(), NOON + HOUR);
        assert_eq!((start, anchors), (NOON - 23 * HOUR, vec![]), "it begins anew");
        let run = Run { start, ..next(vec![], vec![]) };
        let ledger = merge(&subject(), &facts(NOON + HOUR), ledger, &run);
        assert_eq!(ledger.log_files, Some(LogFiles::All));
        assert!(!said(&ledger, NOON + HOUR).message.contains("not all read"));
    }
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let ledger = merge(&without, &facts(NOON + HOUR), ledger, &next(vec![], vec![]));
    assert_eq!(ledger.log_files, Some(LogFiles::None), "the least counts");
}

#[test]
fn a_bucket_that_is_gone_clears_nothing() {
    let at = NOON - 3 * HOUR;
    let ledger = after(Ledger::default(), &first(vec![modified()]), NOON);
    let read = read_again("us-east-1", at, vec![folder(Reason::NothingFound, "us-east-1")]);
    let run = next(vec![whole(Reason::NothingFound), folder(Reason::NothingFound, "us-east-1")], vec![read]);
    for latest_digest in [None, Some(NOON)] {
        let mut facts = facts(NOON + HOUR);
        facts.delivery.insert("us-east-1".into(), Delivery { latest_digest, stopped: None });
        let later = merge(&subject(), &facts, told(ledger.clone()), &run);
        assert_eq!(verdict(&later, NOON + HOUR), (Status::False, Why::LogFileModified));
        assert_eq!(later.news.iter().filter(|event| event.reason == Why::Intact).count(), 0);
    }
}

#[test]
fn an_unlisted_file_is_not_forgiven_because_another_trail_delivers_there_now() {
    let at = NOON - 8 * HOUR;
    let strange = finding(Reason::LogFileUnlisted, "us-east-1", &log_file("us-east-1", at));
    let ledger = after(Ledger::default(), &first(vec![strange]), NOON);
    for (shares_its_place, left) in [(true, 1), (false, 0)] {
        let facts = Facts { shares_its_place, ..facts(NOON + HOUR) };
        let (pair, window, request) = again(&subject(), &facts, &ledger, &ledger.open).remove(0);
        assert_eq!(request.unlisted, !shares_its_place);
        let read = (pair, window, outcome(window, [("us-east-1", NOON), ("eu-west-1", NOON)], vec![]));
        let later = merge(&subject(), &facts, told(ledger.clone()), &next(vec![], vec![read]));
        assert_eq!(later.open.len(), left);
    }
}

#[test]
fn runs_that_do_not_end_are_no_peace() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    assert_eq!(verdict(&ledger, NOON + 4 * HOUR), (Status::True, Why::Intact));
    let late = NOON + 4 * HOUR + SignedDuration::from_secs(1);
    assert_eq!(verdict(&ledger, late), (Status::Unknown, Why::NotYetVerified));
    let ledger = after(Ledger::default(), &first(vec![modified()]), NOON);
    assert_eq!(verdict(&ledger, late), (Status::False, Why::LogFileModified), "evidence stays");
}

#[test]
fn of_many_gaps_those_where_the_cause_may_stand_are_read_first_and_the_others_in_turn() {
    let regions = ["ap-south-1", "eu-central-1", "eu-west-1", "us-east-1", "us-west-2"];
    let gap = |region: &str, days: i32| {
        let range = Range { start: NOON - (24 * days + 2) * HOUR, end: NOON - 24 * days * HOUR };
        let object = format!("s3://logs/{}", digest_key(region, range.end + HOUR));
        Open { finding: finding(Reason::DeliveryGap, region, &object), since: NOON, gap: Some(range) }
    };
    let open: Vec<_> = regions.iter().flat_map(|region| (1..=12).map(|days| gap(region, days))).collect();
    let asked = |seed| {
        let facts = Facts { seed, ..facts(NOON) };
        let asked = again(&subject(), &facts, &Ledger::default(), &open);
        asked.into_iter().map(|(pair, window, _)| (pair.region, window.start)).collect::<Vec<_>>()
    };
    let home =
        |asked: &[(String, Timestamp)]| asked.iter().filter(|(region, _)| region == "us-east-1").count();
    assert_eq!((asked(0).len(), home(&asked(0))), (32, 12));
    let all: std::collections::BTreeSet<_> = (0..48).flat_map(asked).collect();
    assert_eq!(all.len(), 60, "each has its turn");
    let explained = Explained { pair: pair("eu-west-1"), gap: open[24].gap.unwrap(), control: stopped(NOON) };
    let ledger = Ledger { explained: vec![explained], ..Ledger::default() };
    assert_eq!(again(&subject(), &facts(NOON), &ledger, &open[24..25]).len(), 0, "it is explained");
}

#[test]
fn what_another_region_said_speaks_of_the_time_when_it_did() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let mut input = with(ledger);
    input.settings.is_multi_region_trail = true;
    let then = NOON - 6 * HOUR;
    for (digest, reason) in [(then - HOUR, Why::Intact), (then - 4 * HOUR, Why::DigestsStale)] {
        let status = TrailStatus { latest_digest_delivery_time: Some(digest), ..home(then) };
        input.elsewhere = Elsewhere {
            regions: Some([("eu-west-1".to_owned(), status)].into()),
            asked: [("eu-west-1".to_owned(), then)].into(),
        };
        assert_eq!(
            judge(&input, Some(&home(NOON)), &PreviousStatus::default(), NOON).facts[0].reason,
            reason
        );
    }
}

#[test]
fn an_edited_status_ends_nothing_and_moves_nothing() {
    let ledger = Ledger { verified: Some(Range { start: Timestamp::MAX, end: NOON }), ..Ledger::default() };
    let _ = due(&Validation::default(), &ledger, None, NOON);
    let whole = after(Ledger::default(), &first(vec![]), NOON);
    let request = |status: &PreviousStatus| {
        let ledger = Ledger::of(status).believed(NOON + HOUR);
        goes_on_from(&subject(), &ledger, next(vec![], vec![]).look.as_ref(), NOON + HOUR)
    };
    let good = status_of(&whole);
    assert_eq!(request(&good).0, whole.verified.unwrap().start);
    assert!(!request(&good).1.is_empty());
    let edit = |change: fn(&mut trail_operator_crds::ValidationStatus)| {
        let mut status = good.clone();
        change(status.validation.as_mut().unwrap());
        status
    };
    for edited in [
        edit(|status| status.verified_from.as_mut().unwrap().0 -= 80 * 24 * HOUR),
        edit(|status| status.verified_through.as_mut().unwrap().0 += HOUR / 2),
        edit(|status| status.last_deep_pass_time = status.verified_from.clone()),
        edit(|status| status.findings_total = 3),
        edit(|status| status.log_files_read = None),
        edit(|status| status.locations.clear()),
        edit(|status| status.anchor = None),
        edit(|status| status.chains += 1),
    ] {
        let (start, anchors) = request(&edited);
        assert_eq!(anchors, [], "{edited:?}");
        let ledger = Ledger::of(&edited).believed(NOON + HOUR);
        let run = Run { start, ..next(vec![], vec![]) };
        let later = after(ledger, &run, NOON + HOUR);
        let verified = later.verified.unwrap();
        assert_eq!((verified.start, later.deep_pass), (start, None), "{edited:?}");
        assert!(verified.end <= NOON, "{edited:?}");
    }
    let nobody = edit(|status| {
        status.findings = vec![trail_operator_crds::ValidationFinding {
            severity: trail_operator_crds::FindingSeverity::Warning,
            reason: "DeliveryGap".into(),
            object: None,
            account_id: Some("abc".into()),
            region: Some("us-east-1".into()),
            message: String::new(),
            since: status.verified_from.clone().unwrap(),
            gap_start: status.verified_from.clone(),
            gap_end: status.verified_through.clone(),
        }];
    });
    assert_eq!(Ledger::of(&nobody).open, [], "no run could read that account");
}

#[test]
fn a_request_is_kept_as_far_as_status_has_room() {
    let long = "ä".repeat(300);
    let request =
        due(&Validation::default(), &Ledger::default(), Some(&long), NOON).unwrap().request.unwrap();
    assert_eq!(request.chars().count(), 256);
    let ledger = Ledger { request: Some(request), last_run: Some(NOON), ..Ledger::default() };
    assert_eq!(due(&Validation::default(), &ledger, Some(&long), NOON), None, "it was acted on");
}

#[test]
fn all_is_told_to_be_well_once_and_only_because_it_was_read() {
    let at = NOON - 3 * HOUR;
    let before = after(Ledger::default(), &first(vec![modified()]), NOON);
    // Something that cannot be read comes in between.
    let cut = finding(Reason::ObjectUnreadable, "eu-west-1", &log_file("eu-west-1", at));
    let between =
        after(told(before.clone()), &next(vec![cut], vec![read_again("us-east-1", at, vec![])]), NOON + HOUR);
    assert_eq!(events(&between), [Why::ObjectUnreadable]);
    let well =
        after(told(between), &next(vec![], vec![read_again("eu-west-1", at, vec![])]), NOON + 2 * HOUR);
    assert_eq!(events(&well), [Why::Intact]);
    assert_eq!(events(&after(told(well), &next(vec![], vec![]), NOON + 3 * HOUR)), []);
    // It is only too old to count.
    let mut near = subject();
    near.validation.deep_pass.lookback_days = 0;
    let aged = merge(&near, &facts(NOON + HOUR), told(before), &next(vec![], vec![]));
    assert_eq!((reasons(&aged), events(&aged)), (vec![], vec![]));
}

#[test]
fn what_is_called_worse_is_told_again() {
    let run = with_gap(NOON - 9 * HOUR, NOON - 7 * HOUR, vec![]);
    let ledger = after(Ledger::default(), &run, NOON);
    assert_eq!(events(&ledger), [Why::DeliveryGap]);
    let ledger = after(told(ledger), &next(vec![], vec![]), NOON + 25 * HOUR);
    assert_eq!(events(&ledger), [Why::ChainRestarted]);
    assert_eq!(events(&after(told(ledger), &next(vec![], vec![]), NOON + 26 * HOUR)), []);
}

#[test]
fn what_stands_in_a_bucket_is_shown_without_control_characters() {
    let cunning = finding(Reason::DigestMoved, "us-east-1", "s3://logs/a\u{1b}[2Jb\nc");
    let ledger = after(Ledger::default(), &first(vec![cunning]), NOON);
    let status = ledger.status().unwrap();
    let shown = [
        said(&ledger, NOON).message,
        ledger.news[0].note.clone(),
        status.findings[0].object.clone().unwrap(),
    ];
    assert!(shown.iter().all(|text| !text.chars().any(char::is_control)), "{shown:?}");
}

#[test]
fn a_member_that_vanished_is_missed_after_a_restart_too() {
    let organization = Subject { is_organization_trail: true, ..subject() };
    let member =
        |region: &str| Anchor { account_id: "444455556666".into(), ..anchor(region, NOON - 2 * HOUR) };
    let mut run = first(vec![]);
    run.onward.anchors.extend([member("us-east-1"), member("eu-west-1")]);
    let mut ledger = merge(&organization, &facts(NOON), Ledger::default(), &run);
    for hours in [10, 14] {
        let now = NOON + hours * HOUR;
        let mut run = first(vec![]);
        run.onward.anchors.iter_mut().for_each(|anchor| anchor.end = now - HOUR);
        ledger = merge(&organization, &facts(now), told(ledger), &run);
    }
    assert_eq!(ledger.coverage.as_ref().unwrap().silent_accounts, 1);
    let mut run = first(vec![]);
    run.onward.anchors.iter_mut().for_each(|anchor| anchor.end = NOON + 14 * HOUR);
    let ledger = merge(&organization, &facts(NOON + 15 * HOUR), restarted(&ledger), &run);
    assert_eq!(ledger.coverage.unwrap().silent_accounts, 1);
}

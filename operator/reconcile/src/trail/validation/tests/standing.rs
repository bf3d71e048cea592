//! What was found stands until it is read again with a clear answer.

use trail_operator_integrity::Delivery;

use super::*;

/// When the file of [`modified`] was delivered.
const AT: Timestamp = Timestamp::constant(1_767_614_400 - 3 * 3600, 0);

/// What a first run that found this comes to with the next one.
fn then(found: Finding, run: &Run) -> Ledger {
    after(told(after(Ledger::default(), &first(vec![found]), NOON)), run, NOON + HOUR)
}

/// A look over the whole past.
fn past(findings: Vec<Finding>) -> Outcome {
    let window = Range { start: NOON - 90 * 24 * HOUR, end: NOON - 2 * HOUR };
    let mut past = outcome(window, [("us-east-1", NOON), ("eu-west-1", NOON)], findings);
    past.report.found = Some(window);
    past
}

#[test]
fn only_reading_all_the_hours_around_a_file_in_its_own_region_answers_for_it() {
    for (region, at, stands) in [
        ("us-east-1", AT, false),
        ("eu-west-1", AT, true),
        ("us-east-1", AT - 6 * HOUR, true),
        ("us-east-1", AT - HOUR, true),
        ("us-east-1", AT + HOUR, true),
    ] {
        let ledger = then(modified(), &next(vec![], vec![read_again(region, at, vec![])]));
        assert_eq!(!ledger.open.is_empty(), stands, "{region} at {at}");
    }
}

#[test]
fn what_a_lifecycle_rule_took_elsewhere_keeps_no_finding_and_what_it_took_there_answers_for_none() {
    for (region, at, stands) in [
        ("us-east-1", AT - 9 * HOUR, false),
        ("us-east-1", AT + 3 * HOUR, false),
        ("eu-west-1", AT, false),
        ("us-east-1", AT - 2 * HOUR, true),
        ("us-east-1", AT + 2 * HOUR, true),
    ] {
        let gone = finding(Reason::Expired, region, &format!("s3://logs/{}", digest_key(region, at)));
        let ledger = then(modified(), &next(vec![gone], vec![read_again("us-east-1", AT, vec![])]));
        assert_eq!(reasons(&ledger), vec![Reason::LogFileModified; usize::from(stands)], "{region} at {at}");
    }
}

#[test]
fn what_cannot_be_read_of_one_region_keeps_no_finding_of_another() {
    for (unread, stands) in [
        (folder(Reason::AccessDenied, "us-east-1"), true),
        (folder(Reason::AccessDenied, "eu-west-1"), false),
        (whole(Reason::AccessDenied), true),
    ] {
        let ledger = then(modified(), &next(vec![unread], vec![read_again("us-east-1", AT, vec![])]));
        assert_eq!(reasons(&ledger).contains(&Reason::LogFileModified), stands, "{:?}", reasons(&ledger));
    }
}

#[test]
fn a_file_in_no_place_of_the_trails_stands_until_the_whole_past_was_read() {
    let elsewhere = Finding { object: Some("s3://elsewhere/AWSLogs/file.json.gz".into()), ..modified() };
    let unread = |reason| Some(past(vec![folder(reason, "eu-west-1")]));
    for (deep, stands) in [
        (None, true),
        (unread(Reason::AccessDenied), true),
        (unread(Reason::TooMuch), true),
        (Some(past(vec![])), false),
    ] {
        let run = Run { deep, ..next(vec![], vec![read_again("us-east-1", AT, vec![])]) };
        let ledger = then(elsewhere.clone(), &run);
        assert_eq!(reasons(&ledger).contains(&Reason::LogFileModified), stands, "{:?}", run.deep);
    }
}

#[test]
fn an_unlisted_file_whose_name_tells_no_time_is_not_forgiven_because_another_trail_delivers_there_now() {
    let object = format!("s3://logs/AWSLogs/{ACCOUNT}/CloudTrail/us-east-1/2026/01/05/planted.json.gz");
    let strange = finding(Reason::LogFileUnlisted, "us-east-1", &object);
    let ledger = after(Ledger::default(), &first(vec![strange]), NOON);
    for (shares_its_place, left) in [(true, vec![Reason::LogFileUnlisted]), (false, vec![])] {
        let facts = Facts { shares_its_place, ..facts(NOON + HOUR) };
        let run = Run { deep: Some(past(vec![])), ..next(vec![], vec![]) };
        assert_eq!(reasons(&merge(&subject(), &facts, told(ledger.clone()), &run)), left);
    }
}

#[test]
fn around_an_unlisted_file_digests_are_read_that_end_later_than_around_others() {
    for (reason, hours) in [(Reason::LogFileUnlisted, 5), (Reason::LogFileModified, 2)] {
        let at = NOON - 9 * HOUR;
        let open = Open {
            finding: finding(reason, "us-east-1", &log_file("us-east-1", at)),
            since: NOON,
            gap: None,
        };
        let (_, _, request) = again(&subject(), &facts(NOON), &Ledger::default(), &[open]).remove(0);
        assert_eq!(request.window, Range { start: at - 2 * HOUR, end: at + hours * HOUR }, "{reason}");
    }
}

#[test]
fn a_chain_that_disappeared_is_back_once_a_digest_of_it_verifies_and_not_before() {
    // Digests of the second Region that verified and that did not: in the look, and in what is new.
    for (looked, onward, stands) in
        [((0, 0), (0, 0), true), ((0, 1), (0, 1), true), ((1, 0), (0, 0), false), ((0, 0), (1, 0), false)]
    {
        let mut run = next(vec![], vec![]);
        let look = run.look.as_mut().unwrap();
        for (outcome, (valid, invalid)) in [(look, looked), (&mut run.onward, onward)] {
            let digests = &mut outcome.report.chains[1].digests;
            (digests.valid, digests.invalid) = (valid, invalid);
        }
        let ledger = then(folder(Reason::ChainDisappeared, "eu-west-1"), &run);
        assert_eq!(
            reasons(&ledger),
            vec![Reason::ChainDisappeared; usize::from(stands)],
            "{looked:?} {onward:?}"
        );
    }
}

#[test]
fn a_finding_that_is_found_again_is_one_and_as_old_as_it_was() {
    let ledger = then(modified(), &next(vec![modified()], vec![]));
    assert_eq!((reasons(&ledger), ledger.open[0].since), (vec![Reason::LogFileModified], NOON));
    assert_eq!(events(&ledger), []);
}

#[test]
fn a_gap_that_was_called_worse_is_so_when_it_is_found_again() {
    let range = Range { start: NOON - 9 * HOUR, end: NOON - 7 * HOUR };
    let before = after(Ledger::default(), &with_gap(range.start, range.end, vec![]), NOON);
    let before = after(told(before), &next(vec![], vec![]), NOON + 25 * HOUR);
    let window = before.open[0].window(&[]).unwrap();
    let mut read =
        outcome(window, [("us-east-1", NOON), ("eu-west-1", NOON)], vec![gap(range.start, range.end)]);
    read.report.chains[1].gaps = vec![range];
    let run = next(vec![], vec![(pair("eu-west-1"), window, read)]);
    for before in [told(before.clone()), restarted(&before)] {
        let ledger = after(before, &run, NOON + 26 * HOUR);
        assert_eq!((reasons(&ledger), ledger.open[0].since), (vec![Reason::ChainRestarted], NOON));
        assert_eq!((ledger.open[0].gap, events(&ledger)), (Some(range), vec![]));
    }
}

#[test]
fn only_a_chain_that_begins_anew_is_called_so_after_a_day() {
    let hole = |mut run: Run| {
        let message = &mut run.onward.report.findings[0].message;
        *message = message.replace(BEGINS_ANEW, "the windows of both digests leave it out");
        run
    };
    let gap = || with_gap(NOON - 9 * HOUR, NOON - 7 * HOUR, vec![]);
    for (run, reason) in [
        (gap(), Reason::ChainRestarted),
        (hole(gap()), Reason::DeliveryGap),
        (first(vec![modified()]), Reason::LogFileModified),
    ] {
        let ledger = after(Ledger::default(), &run, NOON);
        let ledger = after(told(ledger), &next(vec![], vec![]), NOON + 48 * HOUR);
        assert_eq!(reasons(&ledger), [reason]);
        assert_eq!(ledger.open[0].gap.is_some(), reason != Reason::LogFileModified);
    }
}

#[test]
fn a_region_without_digests_is_a_finding_only_where_the_trail_delivers_and_none_of_it_is_there() {
    for (region, delivered, others, held) in [
        ("eu-west-1", true, false, true),
        ("eu-west-1", true, true, false),
        ("eu-west-1", false, false, false),
        ("ap-south-1", true, false, false),
    ] {
        let mut run = first(vec![folder(Reason::NothingFound, region)]);
        run.onward.anchors.retain(|_| others);
        let mut facts = facts(NOON);
        let latest_digest = delivered.then_some(NOON - HOUR);
        facts.delivery.insert("us-east-1".into(), Delivery { latest_digest, stopped: None });
        let ledger = merge(&subject(), &facts, Ledger::default(), &run);
        assert_eq!(
            reasons(&ledger),
            vec![Reason::NothingFound; usize::from(held)],
            "{region} {delivered} {others}"
        );
    }
}

#[test]
fn of_the_bucket_as_a_whole_the_last_run_is_right() {
    let mut facts = facts(NOON + HOUR);
    facts.delivery.insert("us-east-1".into(), Delivery { latest_digest: Some(NOON), stopped: None });
    let before = after(Ledger::default(), &first(vec![whole(Reason::AccessDenied)]), NOON);
    assert_eq!(verdict(&before, NOON), (Status::Unknown, Why::AccessDenied));
    for (found, left) in [(vec![], vec![]), (vec![whole(Reason::NothingFound)], vec![Reason::NothingFound])] {
        let ledger = merge(&subject(), &facts, told(before.clone()), &next(found, vec![]));
        assert_eq!(reasons(&ledger), left);
    }
}

//! How far the verdict reaches, and what a run reads for it.

use trail_operator_crds::LogFiles;
use trail_operator_integrity::LogFiles as Read;

use super::*;

fn clean() -> Ledger {
    after(Ledger::default(), &first(vec![]), NOON)
}

/// A first run that verified up to these digests.
fn up_to(anchors: Vec<Anchor>) -> Run {
    let mut run = first(vec![]);
    run.onward.anchors = anchors;
    run
}

fn backfill(end: Timestamp) -> Anchor {
    Anchor { backfill: true, ..anchor("us-east-1", end) }
}

fn expired(bucket: &str, at: Timestamp) -> Finding {
    finding(Reason::Expired, "us-east-1", &format!("s3://{bucket}/{}", digest_key("us-east-1", at)))
}

#[test]
fn the_chain_that_is_least_far_ends_the_range_unless_it_is_silent_or_of_late_files() {
    let at = |minutes: i64| NOON - SignedDuration::from_mins(minutes);
    let second = |minutes| anchor("eu-west-1", at(minutes));
    let newest = || anchor("us-east-1", at(60));
    for (what, anchors, end) in [
        ("both go on", vec![newest(), second(120)], at(120)),
        ("almost three hours behind", vec![newest(), second(239)], at(239)),
        ("three hours behind", vec![newest(), second(240)], at(60)),
        ("a month behind", vec![newest(), second(43_200)], at(60)),
        ("late files came long ago", vec![newest(), second(90), backfill(at(150))], at(90)),
        ("late files came last", vec![anchor("us-east-1", at(600)), second(660), backfill(at(60))], at(660)),
    ] {
        let ledger = after(Ledger::default(), &up_to(anchors), NOON);
        assert_eq!(ledger.verified.unwrap().end, end, "{what}");
    }
    assert_eq!(after(Ledger::default(), &up_to(vec![backfill(at(60))]), NOON).verified, None);
}

#[test]
fn a_chain_that_catches_up_takes_back_nothing_of_what_was_said() {
    let anchors = vec![anchor("us-east-1", NOON - HOUR), anchor("eu-west-1", NOON - 5 * HOUR)];
    let before = after(Ledger::default(), &up_to(anchors), NOON);
    let mut run = next(vec![], vec![]);
    run.onward.anchors = vec![anchor("us-east-1", NOON), anchor("eu-west-1", NOON - 2 * HOUR)];
    for before in [before.clone(), restarted(&before)] {
        assert_eq!(after(before, &run, NOON + HOUR).verified.unwrap().end, NOON - HOUR);
    }
}

#[test]
fn a_chain_that_was_silent_for_half_of_a_look_is_not_what_the_next_look_is_compared_by() {
    for (hours, begins_anew) in [(13, true), (14, true), (15, false)] {
        let mut run = first(vec![]);
        run.recalled.push(anchor("ap-south-1", NOON - hours * HOUR));
        let ledger = restarted(&after(Ledger::default(), &run, NOON));
        // The look does not see its last digest any more.
        let look = next(vec![], vec![]).look.unwrap();
        let (_, anchors) = goes_on_from(&subject(), &ledger, Some(&look), NOON + HOUR);
        assert_eq!(anchors.is_empty(), begins_anew, "{hours}");
    }
}

#[test]
fn what_a_lifecycle_rule_took_is_said_by_every_later_run_too() {
    let at = NOON - 10 * HOUR;
    let ledger = after(Ledger::default(), &first(vec![expired("logs", at)]), NOON);
    assert_eq!((ledger.verified.unwrap().start, ledger.expired), (at, Some(at)));
    for before in [told(ledger.clone()), restarted(&ledger)] {
        let earlier = next(vec![expired("logs", at - HOUR)], vec![]);
        for run in [Run { start: at, ..next(vec![], vec![]) }, Run { start: at, ..earlier }] {
            let later = after(before.clone(), &run, NOON + HOUR);
            assert_eq!((later.verified.unwrap().start, later.expired), (at, Some(at)));
            assert!(said(&later, NOON + HOUR).message.contains("a lifecycle rule has expired"));
        }
        let mut past = outcome(
            Range { start: NOON - 90 * 24 * HOUR, end: NOON },
            [("us-east-1", NOON), ("eu-west-1", NOON)],
            vec![],
        );
        past.report.found = Some(past.report.requested);
        let run = Run { start: at, deep: Some(past), ..next(vec![], vec![]) };
        let later = after(before, &run, NOON + HOUR);
        assert_eq!(later.verified.unwrap().start, at, "what is gone is not verified by reading what is left");
    }
}

#[test]
fn what_a_lifecycle_rule_took_where_the_trail_delivers_again_ends_the_range() {
    let at = NOON - 10 * HOUR;
    let ledger = after(Ledger::default(), &first(vec![expired("earlier", at)]), NOON);
    assert_eq!(verdict(&ledger, NOON), (Status::Unknown, Why::Expired), "no place of the trail's");
    let back = Subject { bucket: "earlier".into(), ..subject() };
    let later = merge(&back, &facts(NOON + HOUR), told(ledger), &next(vec![], vec![]));
    assert_eq!(verdict(&later, NOON + HOUR), (Status::True, Why::Intact));
    assert_eq!((later.verified.unwrap().start, later.expired), (at, Some(at)));
}

#[test]
fn a_look_over_the_past_that_did_not_come_through_finds_nothing_that_was_forgotten() {
    let before = Ledger { beyond: 30, ..clean() };
    let window = deep(&subject(), &facts(NOON + HOUR), &before).unwrap().window;
    for (what, found, finding, beyond, done) in [
        ("all of it", Some(window), None, 0, true),
        ("a bound was reached", Some(window), Some(Reason::TooMuch), 30, true),
        ("not all may be read", Some(window), Some(Reason::AccessDenied), 30, false),
        ("there is nothing", None, Some(Reason::DigestMissing), 30, false),
    ] {
        let findings = finding.map(|reason| folder(reason, "eu-west-1"));
        let ends = [("us-east-1", NOON), ("eu-west-1", NOON)];
        let mut past = outcome(window, ends, findings.into_iter().collect());
        past.report.found = found;
        let ledger = after(before.clone(), &Run { deep: Some(past), ..next(vec![], vec![]) }, NOON + HOUR);
        let start = if beyond == 0 { window.start } else { before.verified.unwrap().start };
        let seen = (ledger.beyond, ledger.deep_pass.is_some(), ledger.verified.unwrap().start);
        assert_eq!(seen, (beyond, done, start), "{what}");
        let total = usize::try_from(ledger.status().unwrap().findings_total).unwrap();
        assert_eq!(total, ledger.open.len() + beyond, "{what}");
    }
}

#[test]
fn a_range_that_cannot_be_is_not_believed() {
    let second = SignedDuration::from_secs(1);
    for (start, end, believed) in [
        (NOON - HOUR, NOON, true),
        (NOON, NOON, true),
        (NOON, NOON + HOUR, true),
        (NOON, NOON + HOUR + second, false),
        (NOON, NOON - second, false),
    ] {
        let ledger = Ledger { verified: Some(Range { start, end }), ..clean() }.believed(NOON);
        assert_eq!(ledger.verified.is_some(), believed, "{start} to {end}");
        assert_eq!((ledger.seal.is_some(), ledger.anchors.is_empty()), (believed, !believed));
    }
    let claimed = restarted(&clean());
    let edited = Ledger { verified: Some(Range { start: NOON, end: NOON - second }), ..claimed.clone() };
    assert_eq!((claimed.believed(NOON).claim.is_some(), edited.believed(NOON).claim), (true, None));
}

#[test]
fn a_status_that_was_edited_to_begin_where_the_look_does_is_not_gone_on_from() {
    let mut status = status_of(&clean());
    let validation = status.validation.as_mut().unwrap();
    let (through, far) = (NOON + HOUR / 2, NOON + HOUR);
    validation.verified_through.as_mut().unwrap().0 = through;
    validation.verified_from.as_mut().unwrap().0 = through - 24 * HOUR;
    validation.last_deep_pass_time = validation.last_run_time.clone().map(|mut time| {
        time.0 = far;
        time
    });
    let ledger = Ledger::of(&status).believed(far);
    let request = look(&subject(), &facts(far), &ledger).unwrap();
    let ends = [("us-east-1", NOON), ("eu-west-1", NOON - HOUR)];
    let look = outcome(request.window, ends, vec![]);
    let (start, anchors) = goes_on_from(&subject(), &ledger, Some(&look), far);
    assert_eq!(anchors, []);
    let run = Run { start, look: Some(look), ..next(vec![], vec![]) };
    let later = after(ledger, &run, far);
    assert_eq!((later.verified.unwrap().end, later.deep_pass), (NOON - HOUR, None));
}

#[test]
fn a_place_of_before_is_read_as_long_as_the_verdict_reaches_back_to_it() {
    let moved = Subject { bucket: "new".into(), ..subject() };
    let day = |days: i32| NOON + days * 24 * HOUR;
    let places = |ledger: &Ledger| {
        ledger.locations.iter().map(|place| (place.bucket.clone(), place.until)).collect::<Vec<_>>()
    };
    let left = merge(&moved, &facts(day(1)), clean(), &next(vec![], vec![]));
    let at = |days: i32| merge(&moved, &facts(day(days)), restarted(&left), &next(vec![], vec![]));
    let (new, old) = (("new".to_owned(), None), ("logs".to_owned(), Some(day(1))));
    assert_eq!(places(&at(2)), [new.clone(), old.clone()], "it is not left anew by every run");
    assert_eq!(places(&at(91)), [new.clone(), old.clone()]);
    assert_eq!(places(&at(92)), [new]);
    let back = merge(&subject(), &facts(day(2)), left, &next(vec![], vec![]));
    assert_eq!(places(&back), [("logs".to_owned(), None), ("new".to_owned(), Some(day(2)))]);
}

#[test]
fn a_trail_of_one_account_looks_into_no_folder_of_an_organization() {
    let facts = Facts { organizations: vec!["o-abcdefghij".into()], ..facts(NOON) };
    let organization = Subject { is_organization_trail: true, ..subject() };
    for (subject, folders) in
        [(subject(), vec![None]), (organization, vec![Some("o-abcdefghij".to_owned()), None])]
    {
        let request = look(&subject, &facts, &clean()).unwrap();
        let asked: Vec<_> = request.locations.into_iter().map(|place| place.organization).collect();
        assert_eq!(asked, folders);
    }
}

#[test]
fn files_that_no_digest_lists_are_looked_for_once_and_where_nobody_else_delivers() {
    let anchors = clean().anchors;
    for shares_its_place in [false, true] {
        let facts = Facts { shares_its_place, ..facts(NOON + HOUR) };
        let onward = |anchors| onward(&subject(), &facts, &clean(), NOON, anchors).unlisted;
        let look = look(&subject(), &facts, &clean()).unwrap().unlisted;
        let seen = (look, onward(anchors.clone()), onward(vec![]));
        assert_eq!(seen, (!shares_its_place, false, !shares_its_place));
    }
}

#[test]
fn the_manifest_says_which_log_files_are_read() {
    let sample = Read::Sample { one_in: 10, seed: 7 };
    for (declared, past, new, forgotten) in [
        (LogFiles::All, Read::Changed, Read::All, Read::All),
        (LogFiles::Sample, Read::Changed, sample, Read::All),
        (LogFiles::None, Read::None, Read::None, Read::None),
    ] {
        let mut subject = subject();
        subject.validation.log_files = declared;
        let (facts, ledger) = (facts(NOON + HOUR), clean());
        assert_eq!(look(&subject, &facts, &ledger).unwrap().log_files, past);
        assert_eq!(onward(&subject, &facts, &ledger, NOON, vec![]).log_files, new);
        assert_eq!(deep(&subject, &facts, &ledger).unwrap().log_files, past);
        let beyond = Ledger { beyond: 1, ..ledger.clone() };
        assert_eq!(deep(&subject, &facts, &beyond).unwrap().log_files, forgotten);
        let open = after(Ledger::default(), &first(vec![modified()]), NOON).open;
        let (_, _, request) = again(&subject, &facts, &ledger, &open).remove(0);
        assert_eq!(request.log_files, Read::All, "what was amiss is read in full");
    }
}

//! When a run is due, and where it goes on.

use super::*;

fn spec(edit: impl FnOnce(&mut trail_operator_crds::Validation)) -> trail_operator_crds::Validation {
    let mut spec = trail_operator_crds::Validation::default();
    edit(&mut spec);
    spec
}

#[test]
fn the_first_run_is_due_at_once_and_the_next_after_the_interval() {
    let spec = spec(|_| {});
    assert_eq!(due(&spec, &Ledger::default(), None, NOON), Some(work()));
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    assert_eq!(due(&spec, &ledger, None, NOON + HOUR - SignedDuration::from_secs(1)), None);
    assert!(due(&spec, &ledger, None, NOON + HOUR).is_some());
}

#[test]
fn whoever_asks_is_answered_once_also_where_nothing_runs_by_itself() {
    let never = spec(|spec| spec.interval_seconds = 0);
    assert_eq!(due(&never, &Ledger::default(), None, NOON), None);
    let asked = due(&never, &Ledger::default(), Some("now"), NOON).unwrap();
    assert_eq!(asked.request.as_deref(), Some("now"));
    let ledger = after(Ledger::default(), &Run { work: asked, ..first(vec![]) }, NOON);
    assert_eq!(due(&never, &ledger, Some("now"), NOON + 100 * HOUR), None);
    assert!(due(&never, &ledger, Some("again"), NOON).is_some());
}

#[test]
fn the_past_is_gone_over_an_hour_after_the_first_run_and_then_weekly() {
    let spec = spec(|_| {});
    let deep = |ledger: &Ledger, now| due(&spec, ledger, None, now).map(|work| work.deep);
    assert_eq!(deep(&Ledger::default(), NOON), Some(false), "the first answer comes first");
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let asked = due(&spec, &ledger, Some("now"), NOON + HOUR - SignedDuration::from_secs(1));
    assert_eq!(asked.map(|work| work.deep), Some(false), "not by who asks sooner");
    assert_eq!(deep(&ledger, NOON + HOUR), Some(true));
    let passed = Ledger { deep_pass: Some(NOON + HOUR), last_run: Some(NOON + HOUR), ..ledger };
    assert_eq!(deep(&passed, NOON + 3 * HOUR), Some(false));
    assert_eq!(deep(&passed, NOON + 169 * HOUR), Some(true));
    let unknown = Ledger { beyond: 1, ..passed };
    assert_eq!(deep(&unknown, NOON + 3 * HOUR), Some(true), "what status had no room for is found again");
    let nothing = Ledger { verified: None, ..unknown };
    assert_eq!(deep(&nothing, NOON + 3 * HOUR), Some(false), "of what was never verified there is no past");
}

#[test]
fn a_first_run_begins_where_the_manifest_says() {
    assert_eq!(goes_on_from(&subject(), &Ledger::default(), None, NOON), (NOON - 24 * HOUR, vec![]));
}

#[test]
fn after_a_restart_a_run_goes_on_from_the_digests_that_status_has_the_hash_of_and_from_no_others() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let restarted = Ledger::of(&status_of(&ledger));
    assert!(restarted.anchors.is_empty());
    let look = look(&subject(), &facts(NOON + HOUR), &restarted).unwrap();
    let verified = ledger.verified.unwrap();
    assert_eq!(verified.end, NOON - 2 * HOUR, "as far as the chain that is least far");
    assert_eq!(look.window, Range { start: verified.end - 24 * HOUR, end: verified.end - HOUR });
    let same = outcome(look.window, [("us-east-1", NOON - 2 * HOUR), ("eu-west-1", NOON - 2 * HOUR)], vec![]);
    let (start, anchors) = goes_on_from(&subject(), &restarted, Some(&same), NOON + HOUR);
    assert_eq!((start, anchors), (verified.start, same.anchors.clone()));

    let other =
        outcome(look.window, [("us-east-1", NOON - 3 * HOUR), ("eu-west-1", NOON - 2 * HOUR)], vec![]);
    let (start, anchors) = goes_on_from(&subject(), &restarted, Some(&other), NOON + HOUR);
    assert_eq!((start, anchors), (look.window.start, vec![]), "read again rather than skipped");

    let mut edited = status_of(&ledger);
    let through = &mut edited.validation.as_mut().unwrap().verified_through;
    through.as_mut().unwrap().0 = NOON - HOUR;
    let (_, anchors) = goes_on_from(&subject(), &Ledger::of(&edited), Some(&other), NOON + HOUR);
    assert_eq!(anchors, [], "a status that somebody moved forward moves nothing");

    let mut edited = status_of(&ledger);
    let from = &mut edited.validation.as_mut().unwrap().verified_from;
    from.as_mut().unwrap().0 = look.window.start;
    let edited = Ledger::of(&edited);
    let (start, anchors) = goes_on_from(&subject(), &edited, Some(&other), NOON + HOUR);
    assert_eq!(anchors, []);
    assert_ne!(
        Some(start),
        edited.verified.map(|range| range.start),
        "nor is it taken for what was verified"
    );
}

#[test]
fn a_process_that_has_run_goes_on_from_its_own_memory() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let other = outcome(ledger.verified.unwrap(), [("us-east-1", NOON), ("eu-west-1", NOON)], vec![]);
    let (_, anchors) = goes_on_from(&subject(), &ledger, Some(&other), NOON + HOUR);
    assert_eq!(anchors, ledger.anchors);
}

#[test]
fn a_look_over_a_thousand_chains_goes_back_less_far() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let hours = |chains| {
        let seal = Some(Seal { chains, hash: String::new() });
        let look = look(&subject(), &facts(NOON), &Ledger { seal, ..ledger.clone() }).unwrap();
        look.window.end.duration_since(look.window.start).as_hours() + 1
    };
    assert_eq!((hours(2), hours(2000), hours(100_000)), (24, 10, 6));
}

#[test]
fn places_of_before_are_read_too() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let moved = Subject { bucket: "new".into(), prefix: "audit".into(), ..subject() };
    let request = look(&moved, &facts(NOON), &ledger).unwrap();
    let places: Vec<_> =
        request.locations.iter().map(|place| (place.bucket.as_str(), place.prefix.as_deref())).collect();
    assert_eq!(places, [("new", Some("audit")), ("logs", None)]);
    let later = merge(&moved, &facts(NOON + HOUR), ledger, &next(vec![], vec![]));
    let kept: Vec<_> = later.locations.iter().map(|place| (place.bucket.as_str(), place.until)).collect();
    assert_eq!(kept, [("new", None), ("logs", Some(NOON + HOUR))]);
}

#[test]
fn a_status_that_speaks_of_the_future_is_not_believed() {
    let ledger = after(Ledger::default(), &first(vec![]), NOON);
    let far = NOON + 100_000 * HOUR;
    let edited = Ledger { last_run: Some(far), deep_pass: Some(far), ..ledger.clone() };
    assert!(due(&spec(|_| {}), &edited, None, NOON).is_some(), "nobody puts validation off for years");
    let verified = Some(Range { start: NOON, end: far });
    let edited = Ledger { verified, ..ledger.clone() }.believed(NOON);
    assert_eq!((edited.verified, edited.seal, edited.anchors.len()), (None, None, 0));
    assert_eq!(ledger.clone().believed(NOON), ledger);
}

#[test]
fn names_from_the_ends_of_time_are_no_trouble() {
    for time in [Timestamp::MIN, Timestamp::MAX] {
        let gap = Some(Range { start: time, end: time });
        let open =
            Open { finding: finding(Reason::DeliveryGap, "us-east-1", "s3://logs/x"), since: NOON, gap };
        assert!(open.window(&[]).is_some_and(|window| window.start <= window.end));
    }
}

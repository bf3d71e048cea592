//! What a run reads, in what order and how much at once, and what it does when something is slow or wrong around the files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{
    Hooks, LogFiles, Object, ReadError, Reason, Request, RunError, Selection, Verdict,
};

use crate::support::chains::{ACCOUNT, HOURS, MEMBER, World};
use crate::support::memory::{Memory, Trouble, gzip};
use crate::support::{found, only, reasons, try_verify, verify};

#[test]
fn what_keeps_everything_away_is_said_and_is_not_invalid() {
    let world = World::new();
    world.memory.with(|state| state.keys.clear());
    let outcome = verify(&world.memory, world.request());
    assert!(reasons(&outcome).iter().all(|reason| *reason == Reason::NoPublicKeys));
    assert_eq!(outcome.report.findings.len(), 4, "once a chain");
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
    assert_eq!(outcome.report.chains[0].digests.unchecked, HOURS as u64);

    let denied = || ReadError::AccessDenied("not authorized".to_owned());
    let world = World::new();
    world.memory.with(|state| state.keys_error = Some(denied()));
    let outcome = verify(&world.memory, world.request());
    assert!(reasons(&outcome).iter().all(|reason| *reason == Reason::AccessDenied));
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);

    for (error, reason) in [
        (denied(), Reason::AccessDenied),
        (ReadError::NotFound, Reason::NothingFound),
        (ReadError::Retry("503".to_owned()), Reason::ObjectUnreadable),
    ] {
        for selection in [Selection::All, Selection::Only(vec![ACCOUNT.to_owned()])] {
            let world = World::new();
            world.memory.with(|state| state.list_error = Some(error.clone()));
            let mut request = world.request();
            only(&mut request, ACCOUNT, "us-east-1");
            request.accounts = selection;
            assert_eq!(reasons(&verify(&world.memory, request)), [reason]);
        }
    }
}

#[test]
fn nothing_there_is_not_valid() {
    let world = World::new();
    let empty = Memory::new();
    let outcome = verify(&empty, world.request());
    assert_eq!(
        (outcome.report.verdict, reasons(&outcome)),
        (Verdict::Inconclusive, vec![Reason::NothingFound])
    );
    assert_eq!(outcome.report.found, None);
    let mut request = world.request();
    only(&mut request, ACCOUNT, "ap-south-1");
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::NothingFound]);
}

#[test]
fn a_slow_object_holds_up_nobody() {
    let world = World::new();
    let (digest, log) = (&world.chains[0].digests[HOURS - 1].object, &world.chains[1].digests[3].logs[0]);
    world.memory.trouble(digest, Trouble::Stall);
    world.memory.trouble(log, Trouble::Stall);
    let mut request = world.request();
    request.limits.attempts = 1;
    request.limits.parallel = 3;
    let began = Instant::now();
    let outcome = verify(&world.memory, request);
    let mut expected =
        vec![(Reason::ObjectUnreadable, digest.to_string()), (Reason::ObjectUnreadable, log.to_string())];
    let mut seen: Vec<_> =
        found(&outcome).into_iter().map(|(reason, object)| (reason, object.to_owned())).collect();
    expected.sort();
    seen.sort();
    assert_eq!(seen, expected);
    assert!(began.elapsed() < Duration::from_secs(20), "one wait, not one after the other");
    let open = world.memory.with(|state| state.most_open);
    assert!(open <= 3, "{open} reads at once");
}

#[test]
fn everything_else_is_read_while_an_object_stalls() {
    let world = World::new();
    let stalled = &world.chains[0].digests[HOURS - 1].object;
    world.memory.trouble(stalled, Trouble::Stall);
    let mut request = world.request();
    request.limits.idle = Duration::from_hours(1);
    let hooks = Hooks::default();
    let (progress, cancel) = (Arc::clone(&hooks.progress), hooks.cancel.clone());
    let memory = world.memory.clone();
    let run = std::thread::spawn(move || try_verify(&memory, request, hooks));
    // All but the digest that stalls and its two log files.
    let all = 4 * HOURS as u64;
    while progress.snapshot().log_files_done < 2 * (all - 1) || progress.snapshot().digests_done < all - 1 {
        std::thread::yield_now();
    }
    cancel.cancel();
    assert_eq!(run.join().unwrap(), Err(RunError::Cancelled));
}

#[test]
fn requests_that_make_no_sense_are_refused() {
    let world = World::new();
    let refused = |change: fn(&mut Request)| {
        let mut request = world.request();
        change(&mut request);
        let Err(RunError::Request(message)) = try_verify(&world.memory, request, Hooks::default()) else {
            panic!()
        };
        message
    };
    assert!(refused(|request| request.window.end = Timestamp::UNIX_EPOCH).contains("after the end time"));
    assert!(refused(|request| request.locations.clear()).contains("no bucket"));
    assert!(
        refused(|request| request.accounts = Selection::Only(vec!["../x".to_owned()])).contains("\"../x\"")
    );
    assert!(
        refused(|request| request.regions = Selection::Only(vec!["Europe".to_owned()]))
            .contains("\"Europe\"")
    );
    assert_eq!(world.memory.with(|state| state.lists), 0);
}

#[test]
fn log_files_are_read_as_asked() {
    let world = World::new();
    let changed = world.chains[1].digests[3].logs[0].clone();
    let gone = world.chains[2].digests[1].logs[1].clone();
    let later = world.chains[1].digests[5].end;
    world.memory.edit(&changed, |stored| {
        stored.body = gzip(b"{}");
        stored.last_modified = Some(later);
    });
    world.memory.remove(&gone);
    let run = |log_files| {
        world.memory.with(|state| state.gets.clear());
        let outcome = verify(&world.memory, Request { log_files, ..world.request() });
        let logs =
            world.memory.with(|state| state.gets.iter().filter(|get| !get.key.contains("Digest")).count());
        let mut reasons = reasons(&outcome);
        reasons.sort();
        (reasons, logs)
    };
    assert_eq!(run(LogFiles::None), (vec![], 0));
    // The changed one is read twice, before it counts as evidence.
    assert_eq!(run(LogFiles::Changed), (vec![Reason::LogFileModified, Reason::LogFileMissing], 3));
    assert_eq!(run(LogFiles::All), (vec![Reason::LogFileModified, Reason::LogFileMissing], 8 * HOURS + 1));
    let (_, some) = run(LogFiles::Sample { one_in: 4, seed: 7 });
    assert!((1..4 * HOURS).contains(&some), "{some}");
}

#[test]
fn what_a_run_may_hash_and_list_is_bounded() {
    let world = World::new();
    let mut request = world.request();
    request.limits.bytes = Some(1);
    request.limits.parallel = 1;
    let outcome = verify(&world.memory, request);
    assert!(reasons(&outcome).contains(&Reason::TooMuch));
    assert_eq!(outcome.report.verdict, Verdict::Inconclusive);
    let read = world.memory.with(|state| state.gets.iter().filter(|get| !get.key.contains("Digest")).count());
    assert!(read < 8 * HOURS, "{read}");

    let mut request = world.request();
    request.limits.digests = 3;
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::TooMuch; 3]);

    let mut request = world.request();
    request.limits.pages = 1;
    only(&mut request, MEMBER, "us-east-1");
    world.memory.with(|state| state.page = 2);
    assert_eq!(reasons(&verify(&world.memory, request)), [Reason::TooMuch]);
}

#[test]
fn digests_are_read_newest_first() {
    let world = World::new();
    let mut request = world.request();
    only(&mut request, MEMBER, "us-east-1");
    request.limits.parallel = 1;
    verify(&world.memory, request);
    let read: Vec<Object> = world
        .memory
        .with(|state| state.gets.iter().filter(|get| get.key.contains("Digest")).cloned().collect());
    let mut expected: Vec<Object> = world.chains[2].digests.iter().map(|made| made.object.clone()).collect();
    expected.reverse();
    assert_eq!(read, expected);
}

#[test]
fn the_window_is_that_of_awscli() {
    let world = World::new();
    let digests = &world.chains[2].digests;
    let mut request = world.request();
    only(&mut request, MEMBER, "us-east-1");
    // Ends between the start and an hour after the end; both edges belong to it.
    request.window.start = digests[1].end;
    request.window.end = digests[3].end;
    request.now = "2026-01-05T07:45:00Z".parse().unwrap();
    let outcome = verify(&world.memory, request.clone());
    assert_eq!(outcome.report.chains[0].digests.valid, 4);
    request.window.start = digests[1].end + SignedDuration::from_secs(1);
    request.window.end = digests[3].end - SignedDuration::from_secs(1);
    let outcome = verify(&world.memory, request);
    assert_eq!(outcome.report.chains[0].digests.valid, 2);
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
}

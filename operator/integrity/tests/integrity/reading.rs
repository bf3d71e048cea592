//! What a run reads, in what order and how much at once, and what it does when something is slow or wrong around the files.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{
    Hooks, LogFiles, Object, ReadError, Reason, Request, RunError, Selection, Verdict,
};

use crate::support::chains::{ACCOUNT, HOURS, MEMBER, World, listed, spec};
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

/// A run over the past: every digest read, log files listed, and read where they changed.
fn again(world: &World) -> Request {
    Request { log_files: LogFiles::Changed, ..world.request() }
}

#[test]
fn a_pass_over_the_past_lists_log_files_and_reads_those_that_changed() {
    let world = World::new();
    let outcome = verify(&world.memory, again(&world));
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    let (digests, logs) = read(&world);
    assert_eq!((digests, logs), (4 * HOURS, 0), "every digest, and no log file is asked for by its name");
    // Listed by pages, not one by one: two days of four kinds of files would be far less than one request a file.
    world.memory.with(|state| state.page = 1000);
    world.memory.with(|state| state.lists = 0);
    verify(&world.memory, again(&world));
    let lists = world.memory.with(|state| state.lists);
    assert!(lists < 40, "{lists}");

    for chain in 0..4 {
        for at in [0, 3, HOURS - 1] {
            let world = World::new();
            let made = world.chains[chain].digests[at].clone();
            let (within, after) = (&made.logs[0], &made.logs[1]);
            // Written anew with the same content, and changed: both are read, since S3 says that they were written.
            let minutes = |minutes| Some(made.end + SignedDuration::from_mins(minutes));
            world.memory.edit(within, |stored| stored.last_modified = minutes(4));
            world.memory.edit(after, |stored| stored.last_modified = minutes(6));
            let outcome = verify(&world.memory, again(&world));
            assert_eq!(outcome.report.verdict, Verdict::Valid);
            assert_eq!(read(&world).1, 1, "clocks may differ by five minutes");
            world.memory.edit(after, |stored| stored.body = gzip(b"{}"));
            let outcome = verify(&world.memory, again(&world));
            assert_eq!(found(&outcome), [(Reason::LogFileModified, &*after.to_string())]);
            world.memory.remove(after);
            let outcome = verify(&world.memory, again(&world));
            assert_eq!(found(&outcome), [(Reason::LogFileMissing, &*after.to_string())]);
        }
    }
}

/// How many digests and log files were asked for since this was asked last.
fn read(world: &World) -> (usize, usize) {
    world.memory.with(|state| {
        let gets = std::mem::take(&mut state.gets);
        let digests = gets.iter().filter(|get| get.key.contains("Digest")).count();
        (digests, gets.len() - digests)
    })
}

#[test]
fn a_pass_over_the_past_that_may_not_list_reads_everything() {
    let world = World::new();
    let denied = ReadError::AccessDenied("no".to_owned());
    world.memory.with(|state| state.list_trouble = Some(("/CloudTrail/".to_owned(), denied)));
    let outcome = verify(&world.memory, Request { unlisted: false, ..again(&world) });
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    assert_eq!(read(&world), (4 * HOURS, 8 * HOURS));
}

#[test]
fn a_pass_over_several_days_lists_each_day_for_its_digests() {
    let mut world = World::new();
    let mut long = spec(MEMBER, "ap-south-1", false);
    long.start = "2026-01-01T12:01:31Z".parse().unwrap();
    let made = world.make(long, 80, &|_, _| ());
    world.memory.with(|state| state.keys.insert("ap-south-1".to_owned(), vec![listed(0)]));
    world.memory.with(|state| state.page = 1000);
    let mut request = again(&world);
    only(&mut request, MEMBER, "ap-south-1");
    request.window.start = "2026-01-01T00:00:00Z".parse().unwrap();
    request.window.end = made.digests[79].end;
    request.now = request.window.end;
    let outcome = verify(&world.memory, request.clone());
    assert_eq!(outcome.report.verdict, Verdict::Valid, "{:#?}", outcome.report.findings);
    assert_eq!(outcome.report.chains[0].digests.valid, 80);
    assert_eq!(read(&world), (80, 0));
    let changed = &made.digests[20].logs[0];
    world.memory.edit(changed, |stored| stored.body.push(0));
    world.memory.edit(changed, |stored| stored.last_modified = Some(request.now));
    let outcome = verify(&world.memory, request);
    assert_eq!(found(&outcome), [(Reason::LogFileTrailingData, &*changed.to_string())]);
    world.chains.push(made);
}

#[test]
fn a_run_that_may_hash_little_begins_with_the_oldest_and_goes_on_behind_them() {
    let world = World::new();
    let mut request = world.request();
    only(&mut request, MEMBER, "us-east-1");
    request.limits.parallel = 1;
    let whole = verify(&world.memory, request.clone()).report.chains[0].log_files;
    request.limits.bytes = Some(whole.bytes / 3);
    let mut runs = 0;
    loop {
        let outcome = verify(&world.memory, request.clone());
        runs += 1;
        let done = outcome.report.verdict == Verdict::Valid;
        assert!(done || reasons(&outcome) == [Reason::TooMuch], "{:?}", reasons(&outcome));
        assert_ne!(outcome.anchors, request.anchors, "it comes on");
        request.anchors = outcome.anchors;
        if done {
            break;
        }
    }
    assert!((2..6).contains(&runs), "{runs}");
}

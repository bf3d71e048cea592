//! What the records of a run tell: how many there were, and who stopped the trail where it has a gap.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use serde_json::{Value, json};
use trail_operator_integrity::records::{Controls, LogFileSink, Record, RecordSink, Records, explain};
use trail_operator_integrity::{Hooks, Observer, Outcome, Reason, content};

use crate::support::chains::{HOURS, World};
use crate::support::memory::{Stored, gzip};
use crate::support::{reasons, try_verify};

/// What it was handed.
#[derive(Default)]
struct Handed {
    files: AtomicUsize,
    records: AtomicUsize,
}

struct HandedFile {
    records: usize,
    all: Arc<Handed>,
}

impl RecordSink for Handed {
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink> {
        Box::new(HandedFile { records: 0, all: self })
    }
}

impl LogFileSink for HandedFile {
    fn record(&mut self, _: &Record<'_>) {
        self.records += 1;
    }

    fn verified(self: Box<Self>) {
        self.all.files.fetch_add(1, Relaxed);
        self.all.records.fetch_add(self.records, Relaxed);
    }
}

/// The world with a chain that begins anew at its fourth digest, and a log file of its third that says so.
fn stopped(records: &Value) -> World {
    let raw = json!({"Records": records}).to_string();
    let hash = hex::encode(content::sha256(raw.as_bytes()));
    let world = World::edited(1, &|at, document| {
        if at == 2 {
            document["logFiles"][1]["hashValue"] = json!(hash);
        }
        if at == 3 {
            for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
                document[format!("previousDigest{member}")] = Value::Null;
            }
            document["digestStartTime"] = json!("2026-01-05T03:41:31Z");
        }
    });
    let log = world.chains[1].digests[2].logs[1].clone();
    world.memory.put(&log, Stored { body: gzip(raw.as_bytes()), ..Stored::default() });
    world
}

fn run(world: &World) -> (Outcome, Arc<Handed>, Arc<Controls>) {
    let handed = Arc::new(Handed::default());
    let controls = Arc::new(Controls::new(world.trail.clone()));
    let sinks: Vec<Arc<dyn RecordSink>> = vec![Arc::clone(&handed) as _, Arc::clone(&controls) as _];
    let observer: Arc<dyn Observer> = Arc::new(Records::new(sinks));
    let hooks = Hooks { observer: Some(observer), ..Hooks::default() };
    (try_verify(&world.memory, world.request(), hooks).unwrap(), handed, controls)
}

#[test]
fn the_last_log_file_before_a_gap_tells_who_stopped_the_trail() {
    let world = stopped(&json!([
        {"eventName": "GetTrail", "eventSource": "cloudtrail.amazonaws.com"},
        {
            "eventTime": "2026-01-05T03:00:58Z", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
            "eventID": "e-1", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
            "requestParameters": {"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"},
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/eve"},
        },
    ]));
    let (outcome, handed, controls) = run(&world);
    assert_eq!(reasons(&outcome), [Reason::DeliveryGap]);
    let [gap] = outcome.report.chains[0].gaps[..] else { panic!("{:#?}", outcome.report.chains) };
    let seen = controls.seen();
    let said = explain(gap, &seen).unwrap().to_string();
    assert_eq!(said, "StopLogging by arn:aws:iam::111122223333:user/eve at 2026-01-05T03:00:58Z (event e-1)");
    assert_eq!(handed.files.load(Relaxed), 8 * HOURS);
    // The log files of the other digests hold thirty documents each, one after the other, of which one is read.
    assert_eq!(handed.records.load(Relaxed), 8 * HOURS + 1);
}

#[test]
fn a_gap_that_no_record_explains_stays_one() {
    let world = stopped(&json!([{"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com"}]));
    let (outcome, _, controls) = run(&world);
    let [gap] = outcome.report.chains[0].gaps[..] else { panic!("{:#?}", outcome.report.chains) };
    assert_eq!(explain(gap, &controls.seen()), None);
}

#[test]
fn records_of_a_file_that_was_changed_are_handed_to_nobody() {
    let world = World::new();
    let changed = &world.chains[1].digests[2].logs[1];
    let stop = json!({"Records": [{
        "eventTime": "2026-01-05T03:00:58Z", "eventSource": "cloudtrail.amazonaws.com", "eventName": "StopLogging",
        "eventID": "e-1", "awsRegion": "us-east-1", "recipientAccountId": "111122223333",
        "requestParameters": {"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit"},
    }]});
    world.memory.put(changed, Stored { body: gzip(stop.to_string().as_bytes()), ..Stored::default() });
    let (outcome, handed, controls) = run(&world);
    assert_eq!(reasons(&outcome), [Reason::LogFileModified]);
    assert_eq!(handed.files.load(Relaxed), 8 * HOURS - 1);
    assert_eq!(controls.seen(), []);
}

//! Who switched a trail on or off, as the delivered records themselves tell: what explains a gap.
//!
//! The StopLogging event itself is delivered in the last log file before the gap (`cloudtrail.md` 4.2).

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{LogFileSink, Record, RecordSink};
use crate::finding::shortened;
use crate::names::Trail;
use crate::report::Range;
use crate::time::WINDOW;

/// Most events that are kept: the newest.
const MOST_CONTROLS: usize = 200;

/// An event that switched a trail, or its log file validation, on or off.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Control {
    /// When it happened.
    pub time: Timestamp,
    /// `StopLogging`, `StartLogging`, `UpdateTrail`, `DeleteTrail` or `CreateTrail`.
    pub event_name: String,
    /// Its id.
    pub event_id: String,
    /// ARN of who did it, or else the type of identity.
    pub principal: String,
    /// What it set log file validation to, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<bool>,
}

impl fmt::Display for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { time, event_name, event_id, principal, .. } = self;
        write!(f, "{event_name} by {principal} at {time} (event {event_id})")
    }
}

impl Control {
    /// The control event that a record is of this trail, if it is one that succeeded.
    pub fn of(record: &Record<'_>, trail: &Trail) -> Option<Self> {
        let event_name = record.event_name.as_deref()?;
        let is_one = matches!(
            event_name,
            "StopLogging" | "StartLogging" | "UpdateTrail" | "DeleteTrail" | "CreateTrail"
        ) && record.event_source.as_deref() == Some("cloudtrail.amazonaws.com")
            && record.error_code.is_none();
        if !is_one {
            return None;
        }
        let Whole { request_parameters, user_identity } = serde_json::from_str(record.raw).ok()?;
        let Parameters { name, enable_log_file_validation } = request_parameters;
        // A name alone means a trail of the account and Region that was asked.
        let named = name == trail.name
            && record.aws_region.as_deref() == Some(trail.home_region.as_str())
            && record.recipient_account_id.as_deref() == Some(trail.account.as_str());
        if !named && name != trail.arn {
            return None;
        }
        let principal =
            ["arn", "invokedBy", "type"].into_iter().find_map(|name| user_identity[name].as_str());
        Some(Self {
            time: record.event_time.as_deref()?.parse().ok()?,
            event_name: event_name.to_owned(),
            event_id: shortened(record.event_id.as_deref().unwrap_or_default()),
            principal: shortened(principal.unwrap_or("somebody the record does not name")),
            validation: enable_log_file_validation,
        })
    }

    /// Whether no digests come after it.
    fn ends(&self) -> bool {
        match self.event_name.as_str() {
            "StopLogging" | "DeleteTrail" => true,
            "UpdateTrail" => self.validation == Some(false),
            _ => false,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    request_parameters: Parameters,
    #[serde(default)]
    user_identity: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parameters {
    name: String,
    enable_log_file_validation: Option<bool>,
}

/// The event that explains a gap: one that ended the chain at its start. Windows are an hour long, so it may be that far from
/// the edge. That the chain was begun anew at its end explains nothing by itself: whoever removes digests and log files may
/// stop and start the trail afterwards, and CloudTrail delivers the event that stopped it before the gap.
pub fn explain(gap: Range, controls: &[Control]) -> Option<&Control> {
    let distance = |control: &&Control| -> SignedDuration { control.time.duration_since(gap.start).abs() };
    controls.iter().filter(|one| one.ends() && distance(one) <= WINDOW).min_by_key(distance)
}

/// Collects the control events of one trail from the records of a run.
#[derive(Debug)]
pub struct Controls {
    trail: Trail,
    newest: Mutex<BTreeSet<Control>>,
}

impl Controls {
    /// A collector for this trail.
    pub fn new(trail: Trail) -> Self {
        Self { trail, newest: Mutex::default() }
    }

    /// The newest events that were seen, oldest first.
    pub fn seen(&self) -> Vec<Control> {
        self.newest.lock().iter().cloned().collect()
    }
}

impl RecordSink for Controls {
    fn log_file(self: Arc<Self>) -> Box<dyn LogFileSink> {
        Box::new(OfLogFile { newest: BTreeSet::new(), all: self })
    }
}

/// Those of one log file.
struct OfLogFile {
    newest: BTreeSet<Control>,
    all: Arc<Controls>,
}

impl LogFileSink for OfLogFile {
    fn record(&mut self, record: &Record<'_>) {
        if let Some(control) = Control::of(record, &self.all.trail) {
            add(&mut self.newest, [control]);
        }
    }

    fn verified(self: Box<Self>) {
        add(&mut self.all.newest.lock(), self.newest);
    }
}

fn add(newest: &mut BTreeSet<Control>, more: impl IntoIterator<Item = Control>) {
    for control in more {
        newest.insert(control);
        if newest.len() > MOST_CONTROLS {
            newest.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::records::Scanner;

    fn trail() -> Trail {
        Trail::from_arn("arn:aws:cloudtrail:us-east-1:111122223333:trail/audit").unwrap()
    }

    fn event(time: &str, name: &str, parameters: &Value) -> Value {
        json!({
            "eventTime": time, "eventSource": "cloudtrail.amazonaws.com", "eventName": name, "eventID": format!("id-{time}"),
            "awsRegion": "us-east-1", "recipientAccountId": "111122223333", "requestParameters": parameters,
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/ops/eve"},
        })
    }

    fn collect(events: &[Value]) -> Vec<Control> {
        let controls = Arc::new(Controls::new(trail()));
        let (mut scanner, mut sink) = (Scanner::default(), controls.clone().log_file());
        scanner.push(json!({"Records": events}).to_string().as_bytes(), |record| sink.record(record));
        scanner.finish(|record| sink.record(record)).unwrap();
        sink.verified();
        controls.seen()
    }

    fn changed(member: &str, value: Value) -> Value {
        let mut event = event("2026-01-05T00:00:00Z", "StopLogging", &json!({"name": "audit"}));
        event[member] = value;
        event
    }

    #[test]
    fn events_of_this_trail_that_succeeded_are_collected() {
        let stopped = collect(&[changed("x", json!(1))]);
        assert_eq!(
            stopped[0].to_string(),
            "StopLogging by arn:aws:sts::111122223333:assumed-role/ops/eve at 2026-01-05T00:00:00Z (event id-2026-01-05T00:00:00Z)"
        );
        let arn = json!({"name": trail().arn, "enableLogFileValidation": false});
        let updated = collect(&[event("2026-01-05T00:00:00Z", "UpdateTrail", &arn)]);
        assert_eq!(updated[0].validation, Some(false));
        for other in [
            changed("eventSource", json!("s3.amazonaws.com")),
            changed("eventName", json!("GetTrail")),
            changed("errorCode", json!("AccessDenied")),
            changed("requestParameters", json!({"name": "audit2"})),
            changed(
                "requestParameters",
                json!({"name": "arn:aws:cloudtrail:us-east-1:999999999999:trail/audit"}),
            ),
            changed("requestParameters", Value::Null),
            changed("awsRegion", json!("eu-west-1")),
            changed("recipientAccountId", json!("999999999999")),
            changed("eventTime", json!("yesterday")),
        ] {
            assert_eq!(collect(std::slice::from_ref(&other)), [], "{other}");
        }
    }

    #[test]
    fn the_newest_are_kept_and_each_once() {
        let name = json!({"name": "audit"});
        let at = |n: usize| format!("2026-01-05T{:02}:{:02}:00Z", n / 60, n % 60);
        let mut events: Vec<Value> = (0..300).rev().map(|n| event(&at(n), "StopLogging", &name)).collect();
        events.extend_from_within(..10);
        let seen = collect(&events);
        assert_eq!(seen.len(), MOST_CONTROLS);
        assert_eq!((seen[0].time.to_string(), seen[199].time.to_string()), (at(100), at(299)));
    }

    #[test]
    fn a_gap_is_explained_by_what_happened_at_its_edges() {
        let name = json!({"name": "audit"});
        let gap = Range {
            start: "2026-01-05T06:10:00Z".parse().unwrap(),
            end: "2026-01-05T12:30:00Z".parse().unwrap(),
        };
        let explained = |time: &str, event_name: &str, parameters: &Value| {
            let controls = collect(&[event(&format!("2026-01-05T{time}:00Z"), event_name, parameters)]);
            explain(gap, &controls).is_some()
        };
        for (time, event_name, is_explained) in [
            ("06:10", "StopLogging", true),
            ("06:40", "DeleteTrail", true),
            ("05:10", "StopLogging", true),
            ("05:09", "StopLogging", false),
            ("09:00", "StopLogging", false),
            ("12:30", "StopLogging", false),
            // Somebody who removed the digests may have done that.
            ("12:25", "StartLogging", false),
            ("12:30", "CreateTrail", false),
            ("06:10", "StartLogging", false),
            ("06:10", "UpdateTrail", false),
        ] {
            assert_eq!(explained(time, event_name, &name), is_explained, "{event_name} {time}");
        }
        let set = |on: bool| json!({"name": "audit", "enableLogFileValidation": on});
        assert!(explained("06:00", "UpdateTrail", &set(false)));
        assert!(!explained("06:00", "UpdateTrail", &set(true)));
        assert!(!explained("12:31", "UpdateTrail", &set(true)));
        assert!(!explained("12:31", "UpdateTrail", &set(false)));
        let both = collect(&[
            event("2026-01-05T05:40:00Z", "DeleteTrail", &name),
            event("2026-01-05T06:09:00Z", "StopLogging", &name),
            event("2026-01-05T12:30:00Z", "StartLogging", &name),
        ]);
        assert_eq!(explain(gap, &both).map(|control| control.event_name.as_str()), Some("StopLogging"));
    }
}

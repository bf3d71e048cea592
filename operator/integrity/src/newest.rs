//! Whether the newest digests are there. Nothing in the bucket points at the newest one, so it takes the clock and what
//! CloudTrail itself reports (`cloudtrail.md` 4.5).
//!
//! Pure.

use jiff::{SignedDuration, Timestamp};

use crate::finding::{Fault, Reason};
use crate::report::Range;
use crate::request::Delivery;
use crate::time::{TOLERANCE, WINDOW, shifted};

/// A newest digest older than this is late.
const LATE: SignedDuration = SignedDuration::from_hours(3);

/// What follows from the end of the newest digest that is there, none being listed after the window.
/// `delivery` is what GetTrailStatus says, where it may be asked.
pub fn check(
    newest: Option<Timestamp>,
    window: Range,
    now: Timestamp,
    delivery: Option<Delivery>,
) -> Option<Fault> {
    let reported = delivery.and_then(|delivery| delivery.latest_digest);
    let Some(newest) = newest else {
        return Some(nothing(window, reported));
    };
    let stopped = delivery.and_then(|delivery| delivery.stopped).unwrap_or(Timestamp::MAX);
    let due = window.end.min(now).min(stopped);
    if let Some(reported) = reported
        && newest < window.end
        && reported > shifted(newest, WINDOW)
    {
        let message = format!(
            "CloudTrail reports that it delivered a digest at {reported}, and the newest one there ends at {newest}: the \
             newest digests were removed"
        );
        return Some(Fault::new(Reason::DigestMissing, message));
    }
    let lacks_one = shifted(newest, WINDOW + TOLERANCE) < due;
    if lacks_one && now.duration_since(newest) > LATE {
        let message = format!(
            "the newest digest ends at {newest}, and one is delivered every hour while the trail logs: what was delivered \
             since then cannot be verified"
        );
        return Some(Fault::new(Reason::DigestsStale, message));
    }
    None
}

fn nothing(window: Range, reported: Option<Timestamp>) -> Fault {
    match reported {
        Some(reported) if reported > window.start => Fault::new(
            Reason::DigestMissing,
            format!(
                "CloudTrail reports that it delivered a digest at {reported}, and there is none from {} on",
                window.start
            ),
        ),
        _ => Fault::new(
            Reason::NothingFound,
            "there are no digests of this trail in that time; is log file validation on, and are bucket, prefix, \
             account and Region the right ones?",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-01-05T{text}Z").parse().unwrap()
    }

    fn reason(newest: &str, end: &str, now: &str, latest: Option<&str>) -> Option<Reason> {
        let window = Range { start: at("00:00:00"), end: at(end) };
        let delivery = latest.map(|latest| Delivery { latest_digest: Some(at(latest)), stopped: None });
        check(Some(at(newest)), window, at(now), delivery).map(|fault| fault.reason)
    }

    #[test]
    fn a_digest_that_is_not_due_yet_is_not_missed() {
        assert_eq!(reason("08:01:31", "09:00:00", "12:00:00", None), None);
        assert_eq!(reason("08:01:31", "10:59:00", "11:00:00", None), None);
        assert_eq!(reason("08:01:31", "23:00:00", "11:00:00", Some("08:20:00")), None);
    }

    #[test]
    fn late_digests_make_the_record_stale() {
        assert_eq!(reason("06:01:31", "09:00:00", "12:00:00", None), Some(Reason::DigestsStale));
        assert_eq!(reason("06:01:31", "23:00:00", "09:01:32", None), Some(Reason::DigestsStale));
        assert_eq!(reason("06:01:31", "23:00:00", "09:01:31", None), None);
        assert_eq!(reason("06:01:31", "09:00:00", "12:00:00", Some("06:59:00")), Some(Reason::DigestsStale));
    }

    #[test]
    fn what_cloudtrail_says_it_delivered_is_missing() {
        assert_eq!(reason("06:01:31", "09:00:00", "09:00:00", Some("08:20:00")), Some(Reason::DigestMissing));
        assert_eq!(reason("06:01:31", "06:01:00", "09:00:00", Some("08:20:00")), None, "after the window");
    }

    #[test]
    fn a_stopped_trail_owes_nothing_after_its_last_digest() {
        let window = Range { start: at("00:00:00"), end: at("12:00:00") };
        let delivery = Some(Delivery { latest_digest: Some(at("06:30:00")), stopped: Some(at("06:10:00")) });
        assert_eq!(check(Some(at("06:01:31")), window, at("12:00:00"), delivery), None);
    }

    #[test]
    fn where_nothing_is_cloudtrails_word_decides() {
        let window = Range { start: at("00:00:00"), end: at("09:00:00") };
        let reason = |delivery| check(None, window, at("12:00:00"), delivery).map(|fault| fault.reason);
        assert_eq!(reason(None), Some(Reason::NothingFound));
        let delivered = Delivery { latest_digest: Some(at("08:00:00")), stopped: None };
        assert_eq!(reason(Some(delivered)), Some(Reason::DigestMissing));
        let before = Delivery { latest_digest: Some("2026-01-04T00:00:00Z".parse().unwrap()), stopped: None };
        assert_eq!(reason(Some(before)), Some(Reason::NothingFound));
    }
}

//! Times as `aws cloudtrail validate-logs` takes them. Pure.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

/// Seconds since 1970, ISO 8601 with a zone, or without one: then UTC. A date is its first moment.
pub(crate) fn parse(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    seconds(text)
        .or_else(|| text.parse().ok())
        .or_else(|| {
            let without_zone: DateTime = text.parse().ok()?;
            without_zone.to_zoned(TimeZone::UTC).ok().map(|time| time.timestamp())
        })
        .ok_or_else(|| {
            "it is no time; write 2026-01-05, 2026-01-05T10:00:00 (UTC), 2026-01-05T10:00:00+01:00, or seconds since 1970"
                .to_owned()
        })
}

/// Any number, as there: `20260105` too.
fn seconds(text: &str) -> Option<Timestamp> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    if !is_number {
        return None;
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let fraction_is_one = fraction.bytes().all(|byte| byte.is_ascii_digit());
    let whole: i64 = whole.parse().ok().filter(|_| fraction_is_one)?;
    Timestamp::from_second(whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_aws_takes_is_taken() {
        for (text, time) in [
            ("2026-01-05", "2026-01-05T00:00:00Z"),
            ("2026-01-05T10:00:00Z", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05 10:00:00", "2026-01-05T10:00:00Z"),
            ("2026-01-05T10:00:00.500Z", "2026-01-05T10:00:00.5Z"),
            ("2026-01-05T10:00:00+01:00", "2026-01-05T09:00:00Z"),
            ("2026-01-05T10:00:00-0530", "2026-01-05T15:30:00Z"),
            ("20260105T100000Z", "2026-01-05T10:00:00Z"),
            (" 2026-01-05 ", "2026-01-05T00:00:00Z"),
            ("1767571200", "2026-01-05T00:00:00Z"),
            ("1767571200.75", "2026-01-05T00:00:00Z"),
            ("-1", "1969-12-31T23:59:59Z"),
            // A number is seconds, whatever it looks like.
            ("20260105", "1970-08-23T11:48:25Z"),
        ] {
            assert_eq!(parse(text), Ok(time.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "2026-01-05T25:00:00Z",
            "1e9",
            "1.2.3",
            "2026-01",
            "99999999999999",
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("2026-01-05T10:00:00+01:00"), "{text}: {error}");
        }
    }
}

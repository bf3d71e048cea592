//! The three ways CloudTrail writes a time: in digests, in names of digests, in names of log files.
//!
//! Pure. Knows no clock.

use jiff::{SignedDuration, Timestamp, civil, tz};

/// A digest covers about an hour of deliveries (`cloudtrail.md` 4.2).
pub(crate) const WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// How far the ends of neighbouring windows may be apart and still be called the same moment.
pub(crate) const TOLERANCE: SignedDuration = SignedDuration::from_secs(60);

/// `2026-01-05T01:01:31Z`: times inside a digest.
pub(crate) fn in_digest(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    if bytes.len() != 20 || bytes[4] != b'-' || bytes[7] != b'-' || bytes[13] != b':' || bytes[16] != b':' {
        return None;
    }
    let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'-' | b':')).collect();
    in_name(std::str::from_utf8(&joined).ok()?)
}

/// `20260105T010131Z`: digests, or `20260105T0101Z`: log files.
pub(crate) fn in_name(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (date, time) = (bytes.get(..8)?, bytes.get(9..bytes.len().checked_sub(1)?)?);
    let separated = bytes.get(8) == Some(&b'T') && bytes.last() == Some(&b'Z');
    if !separated || !matches!(time.len(), 4 | 6) {
        return None;
    }
    let second = if time.len() == 6 { number(&time[4..])? } else { 0 };
    civil::DateTime::new(
        number(&date[..4])?,
        i8::try_from(number(&date[4..6])?).ok()?,
        i8::try_from(number(&date[6..])?).ok()?,
        i8::try_from(number(&time[..2])?).ok()?,
        i8::try_from(number(&time[2..4])?).ok()?,
        i8::try_from(second).ok()?,
        0,
    )
    .ok()?
    .to_zoned(tz::TimeZone::UTC)
    .ok()
    .map(|zoned| zoned.timestamp())
}

fn number(digits: &[u8]) -> Option<i16> {
    digits
        .iter()
        .try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
}

/// The stamp in the name of a digest that ends then.
pub(crate) fn digest_stamp(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// The stamp in the name of a log file delivered then.
pub(crate) fn log_file_stamp(time: Timestamp) -> String {
    time.strftime("%Y%m%dT%H%MZ").to_string()
}

/// The folder of a day: `2026/01/05`.
pub(crate) fn day_folder(time: Timestamp) -> String {
    time.strftime("%Y/%m/%d").to_string()
}

/// When the day of such a folder begins.
pub(crate) fn day_of(folder: &str) -> Option<Timestamp> {
    let start = in_name(&format!("{}T000000Z", folder.replace('/', "")))?;
    (day_folder(start) == folder).then_some(start)
}

/// The same time without its fraction, as reports print it.
pub(crate) fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// `time` moved by `by`, stopping at the ends of time.
pub(crate) fn shifted(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_name_the_same_moment() {
        let moment: Timestamp = "2026-01-05T01:01:31Z".parse().unwrap();
        assert_eq!(in_digest("2026-01-05T01:01:31Z"), Some(moment));
        assert_eq!(in_name("20260105T010131Z"), Some(moment));
        assert_eq!(in_name("20260105T0101Z"), Some("2026-01-05T01:01:00Z".parse().unwrap()));
        assert_eq!(digest_stamp(moment), "20260105T010131Z");
        assert_eq!(log_file_stamp(moment), "20260105T0101Z");
        assert_eq!(day_folder(moment), "2026/01/05");
        assert_eq!(day_of("2026/01/05"), Some("2026-01-05T00:00:00Z".parse().unwrap()));
        for folder in ["2026/13/05", "2026/01-05", "20260105//", "2026/1/5"] {
            assert_eq!(day_of(folder), None, "{folder}");
        }
    }

    #[test]
    fn nothing_else_is_a_time() {
        for text in [
            "",
            "Z",
            "T",
            "20260105T01Z",
            "20260105T010131",
            "20261305T010131Z",
            "20260132T010131Z",
            "20260105T240000Z",
            "2026010ST010131Z",
            "x_20260105T010131Z",
            "20260105 010131Z",
            "20260105T01013Z",
            "２０２６0105T010131Z",
        ] {
            assert_eq!(in_name(text), None, "{text}");
        }
        for text in [
            "2026-01-05T01:01:31",
            "2026-01-05T01:01:31.000Z",
            "2026-01-05 01:01:31Z",
            "20260105T010131Z0000",
        ] {
            assert_eq!(in_digest(text), None, "{text}");
        }
    }
}

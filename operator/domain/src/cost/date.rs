//! Days of the calendar. Knows no clock.

/// Days since 1970-01-01 of a date `YYYY-MM-DD`; `None` for anything else.
pub(super) fn days(date: &str) -> Option<i64> {
    let mut parts = date.splitn(3, '-').map(|part| (part.len(), part.parse::<i64>().ok()));
    let (Some((4, Some(year))), Some((2, Some(month))), Some((2, Some(day)))) =
        (parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) || year < 1 {
        return None;
    }
    // Years that begin in March have their leap day at the end.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let before_month = (153 * month + 2) / 5;
    Some(365 * year + year / 4 - year / 100 + year / 400 + before_month + day - 1 - 719_468)
}

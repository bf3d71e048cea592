//! Months from windows.

use std::collections::BTreeMap;

use super::super::counting::Count;
use super::*;

const HOUR: i64 = 3600;
/// 2026-03-02, a Monday.
const MONDAY: i64 = 1_772_409_600;

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }
}

/// Events of an hour of an account that works from 8 to 18 on working days, and has jobs that run at night.
fn happening(at: i64, random: &mut Random) -> u64 {
    let (hour, day) = ((at / HOUR) % 24, ((at - MONDAY) / (24 * HOUR)).rem_euclid(7));
    let works = day < 5 && (8..18).contains(&hour);
    let base = if works { 60_000 } else { 8_000 } + if hour == 2 { 40_000 } else { 0 };
    base * (85 + random.below(31)) / 100
}

fn window(start: i64, end: i64, events: u64) -> Window<&'static str> {
    Window {
        start,
        end,
        counts: BTreeMap::from([("all", Count { events, bytes: events.saturating_mul(2) })]),
    }
}

fn events(windows: &[Window<&'static str>]) -> Decimal {
    extrapolate(windows).unwrap().monthly["all"].events
}

/// Four weeks and 58 hours: a month of 730 hours that begins on a Monday.
fn month(random: &mut Random) -> Vec<u64> {
    (0..730).map(|hour| happening(MONDAY + hour * HOUR, random)).collect()
}

/// How far off a month is that was extrapolated, in per cent of what 730 average hours of many weeks have.
fn off_by(windows: &[Window<&'static str>]) -> Decimal {
    let mut random = Random(99);
    let weeks = 50;
    let all: u64 = (0..168 * weeks).map(|hour| happening(MONDAY + hour * HOUR, &mut random)).sum();
    let truth = Decimal::from(all) * Decimal::from(730) / Decimal::from(168 * weeks);
    ((events(windows) - truth) / truth * Decimal::ONE_HUNDRED).abs()
}

/// The hours of the first week that are wanted, each a window.
fn sampled(hours: &[u64], mut is_wanted: impl FnMut(usize) -> bool) -> Vec<Window<&'static str>> {
    let first_week = hours.iter().take(168).enumerate().filter(|(hour, _)| is_wanted(*hour));
    let place = |hour: usize| MONDAY + i64::try_from(hour).unwrap() * HOUR;
    first_week.map(|(hour, events)| window(place(hour), place(hour + 1), *events)).collect()
}

#[test]
fn a_month_from_a_week_of_which_every_second_hour_was_read_is_within_five_per_cent() {
    for seed in 0..100 {
        let hours = month(&mut Random(seed));
        let windows = sampled(&hours, |hour| (hour + hour / 24) % 2 == 0);
        let off = off_by(&windows);
        assert!(off < decimal("5"), "{off} per cent with seed {seed}");
        let real = Decimal::from(hours.iter().sum::<u64>());
        let of_this_month = ((events(&windows) - real) / real).abs();
        assert!(of_this_month < decimal("0.05"), "{of_this_month} of the month itself with seed {seed}");
    }
}

#[test]
fn a_third_of_the_hours_read_by_chance_is_within_ten_per_cent_nine_times_of_ten() {
    let is_near = |seed: &u64| {
        let mut random = Random(*seed);
        let hours = month(&mut random);
        off_by(&sampled(&hours, |_| random.below(3) == 0)) < decimal("10")
    };
    let near = (0..100).filter(is_near).count();
    assert!(near >= 90, "{near} of 100");
}

/// Twelve days from a Monday on have ten working days: a plain average would be too high.
#[test]
fn days_that_were_seen_more_often_count_no_more() {
    let mut random = Random(7);
    let mut windows = Vec::new();
    for hour in 0..288 {
        let start = MONDAY + hour * HOUR;
        windows.push(window(start, start + HOUR, happening(start, &mut random)));
    }
    let plain: u64 = windows.iter().map(|window| window.counts["all"].events).sum();
    let plain = Decimal::from(plain) * Decimal::from(730) / Decimal::from(288);
    assert!(off_by(&windows) < decimal("2"));
    assert!(plain > events(&windows) * decimal("1.05"), "the test would find nothing otherwise");
}

#[test]
fn a_whole_week_is_as_it_is() {
    for start in [MONDAY, MONDAY + 5 * HOUR + 17] {
        let week = [window(start, start + 168 * HOUR, 168_000)];
        assert_eq!(events(&week).round_dp(6), decimal("730000"));
        let weeks = [window(start, start + 2 * 168 * HOUR, 168_000)];
        assert_eq!(events(&weeks).round_dp(6), decimal("365000"));
    }
}

#[test]
fn a_first_day_is_enough_for_a_figure() {
    let morning = [window(MONDAY + 9 * HOUR, MONDAY + 11 * HOUR, 2_000)];
    let first = extrapolate(&morning).unwrap();
    assert_eq!(first.monthly["all"].events.round_dp(6), decimal("730000"));
    assert_eq!(first.monthly["all"].bytes.round_dp(6), decimal("1460000"));
    let expected =
        Sample { first: MONDAY + 9 * HOUR, last: MONDAY + 11 * HOUR, seconds: 7200, hours_seen: 2 };
    assert_eq!(first.sample, expected);
    let text = "extrapolated from 2 counted hours; 2 of the 48 hours of working days and weekends were seen";
    assert_eq!(first.sample.describe(), text);
}

#[test]
fn weekends_that_were_never_seen_are_as_working_days_at_the_same_hour() {
    let day = [window(MONDAY, MONDAY + 12 * HOUR, 12), window(MONDAY + 12 * HOUR, MONDAY + 24 * HOUR, 120)];
    assert_eq!(events(&day).round_dp(6), (decimal("132") * decimal("730") / decimal("24")).round_dp(6));
}

#[test]
fn a_month_grows_with_every_event_and_windows_of_no_length_tell_nothing() {
    let windows =
        |events| [window(MONDAY, MONDAY + 100, 5), window(MONDAY + 999_000, MONDAY + 999_100, events)];
    assert!(events(&windows(6)) > events(&windows(5)));
    assert_eq!(extrapolate(&[window(MONDAY, MONDAY, 5)]), None);
    assert_eq!(extrapolate::<&str>(&[]), None);
    assert!(extrapolate(&[window(i64::MIN, i64::MAX, u64::MAX)]).is_some(), "nothing overflows");
}

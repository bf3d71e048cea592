//! What is stored in which month.

use super::*;

#[test]
fn storage_grows_until_the_first_things_expire() {
    use PricedMonth::{Number, SteadyState};
    // 730 days are 24 months of 730 hours.
    for (month, retention, stored) in [
        (Number(1), Retention::Days(730), "0.5"),
        (Number(2), Retention::Days(730), "1.5"),
        (Number(24), Retention::Days(730), "23.5"),
        (Number(25), Retention::Days(730), "24"),
        (Number(100), Retention::Days(730), "24"),
        (SteadyState, Retention::Days(730), "24"),
        (SteadyState, Retention::Days(0), "0"),
        (Number(1), Retention::Unlimited, "0.5"),
        (Number(36), Retention::Unlimited, "35.5"),
        (SteadyState, Retention::Unlimited, "11.5"),
        (Number(0), Retention::Unlimited, "0.5"),
        // 365 / 24 days are half a month of 730 hours: 0.125 while it fills, 0.25 after.
        (Number(1), Retention::Days(73), "0.5"),
    ] {
        assert_eq!(month.stored(retention).round_dp(9), decimal(stored), "{month:?} {retention:?}");
    }
}

#[test]
fn a_month_in_which_the_first_things_expire_is_between() {
    // 73 days are 2.4 months: the third month fills for 0.4 of it and stays for 0.6.
    let stored = PricedMonth::Number(3).stored(Retention::Days(73));
    assert_eq!(stored.round_dp(9), decimal("2.32"));
}

#[test]
fn which_month_is_priced_is_said() {
    for (month, retention, text) in [
        (PricedMonth::SteadyState, Retention::Days(90), "stored at steady state, 90 days kept"),
        (PricedMonth::SteadyState, Retention::Unlimited, "stored in month 12, nothing expires"),
        (PricedMonth::Number(3), Retention::Days(90), "stored in month 3, 90 days kept"),
        (PricedMonth::Number(3), Retention::Unlimited, "stored in month 3, nothing expires"),
    ] {
        assert_eq!(month.describe(retention), text);
    }
}

//! How money is printed, and when a new figure is written.

use super::*;

#[test]
fn amounts_are_rounded_when_they_are_printed() {
    for (amount, text, status) in [
        ("0", "$0.00", "0.00"),
        ("0.004", "$0.00", "0.00"),
        ("0.005", "$0.01", "0.01"),
        ("322.34664", "$322.35", "322.35"),
        ("-80", "-$80.00", "-80.00"),
        ("-0.001", "$0.00", "0.00"),
    ] {
        assert_eq!(dollars(decimal(amount)), text);
        assert_eq!(plain(decimal(amount)).trim_start_matches('-'), status.trim_start_matches('-'));
    }
    assert_eq!(unit_price(decimal("0.0000035000")), "0.0000035");
}

#[test]
fn money_does_not_flap() {
    for (old, new, day_changed, written) in [
        ("10.00", "10.20", false, false),
        ("10.00", "10.21", false, true),
        ("10.00", "9.79", false, true),
        ("0.10", "0.11", false, false),
        ("0.10", "0.111", false, true),
        ("0", "0.01", false, false),
        ("0", "0.02", false, true),
        ("10.00", "10.01", true, true),
        ("10.00", "10.00", true, false),
        ("10.001", "10.002", true, false),
    ] {
        assert_eq!(worth_writing(decimal(old), decimal(new), day_changed), written, "{old} {new}");
    }
}

#[test]
fn parts_of_a_quantity_cost_what_the_whole_costs() {
    let tier = |from: &str, price: &str| Tier { from: decimal(from), price: decimal(price) };
    let tiers =
        Tiers::new(vec![tier("51200", "0.022"), tier("0", "0.023"), tier("512000", "0.021")]).unwrap();
    assert_eq!(tiers.cost(decimal("51200")), decimal("1177.6"));
    assert_eq!(tiers.cost(decimal("61200")), decimal("1397.6"));
    let parts = |before: &str, quantity: &str| -> Decimal {
        tiers.parts(decimal(before), decimal(quantity)).iter().map(TierPart::cost).sum()
    };
    assert_eq!(parts("0", "51000") + parts("51000", "600000"), tiers.cost(decimal("651000")));
}

#[test]
fn tiers_that_make_no_sense_are_refused() {
    let tier = |from: &str, price: &str| Tier { from: decimal(from), price: decimal(price) };
    for (tiers, why) in [
        (vec![], "no tier"),
        (vec![tier("5", "1")], "begins at 5"),
        (vec![tier("0", "1"), tier("0", "2")], "two tiers begin at 0"),
        (vec![tier("0", "-1")], "negative"),
    ] {
        let error = Tiers::new(tiers).unwrap_err();
        assert!(error.contains(why), "{error}");
    }
}

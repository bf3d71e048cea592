//! Money and what it is counted in.
//!
//! Knows how amounts are printed. Amounts are exact everywhere else: nothing is rounded before it is shown.

use rust_decimal::{Decimal, RoundingStrategy};

/// Hours that AWS's price pages take for a month.
pub const HOURS_A_MONTH: u32 = 730;

/// Bytes of what AWS's price lists call a GB: storage and ingestion are billed by 2³⁰ bytes.
pub const GIB: Decimal = Decimal::from_parts(1 << 30, 0, 0, false, 0);

/// An amount as people read it: two places, half a cent rounded up.
pub fn dollars(amount: Decimal) -> String {
    let rounded = rounded(amount);
    let sign = if rounded.is_sign_negative() && !rounded.is_zero() { "-" } else { "" };
    format!("{sign}${:.2}", rounded.abs())
}

/// An amount as status and JSON carry it: two places, no sign of the currency.
pub fn plain(amount: Decimal) -> String {
    format!("{:.2}", rounded(amount))
}

/// A price of one unit, with all its digits.
pub fn unit_price(price: Decimal) -> String {
    price.normalize().to_string()
}

/// Amounts in whole cents whose sum is the sum of the amounts, rounded: cents that are left over go where most was cut off,
/// the first of equals.
pub fn cents(amounts: &[Decimal]) -> Vec<Decimal> {
    let total = rounded(sum(amounts.iter().copied()));
    let mut cut: Vec<Decimal> =
        amounts.iter().map(|amount| amount.round_dp_with_strategy(2, RoundingStrategy::ToZero)).collect();
    let mut order: Vec<usize> = (0..amounts.len()).collect();
    let lost = |place: &usize| amounts.get(*place).zip(cut.get(*place)).map(|(whole, cut)| *whole - *cut);
    order.sort_by_key(|place| std::cmp::Reverse(lost(place)));
    let cent = Decimal::new(1, 2);
    let mut left = total.saturating_sub(sum(cut.iter().copied()));
    for place in order {
        if left < cent {
            break;
        }
        if let Some(amount) = cut.get_mut(place) {
            *amount = amount.saturating_add(cent);
            left -= cent;
        }
    }
    cut
}

/// The sum; as much as can be held where it is more.
pub(super) fn sum(amounts: impl IntoIterator<Item = Decimal>) -> Decimal {
    amounts.into_iter().fold(Decimal::ZERO, Decimal::saturating_add)
}

/// A part of the whole; nothing of nothing.
pub(super) fn ratio(part: Decimal, whole: Decimal) -> Decimal {
    part.checked_div(whole).unwrap_or_default()
}

fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

//! Whether a new figure is worth writing. Must not know figures.

use rust_decimal::Decimal;

/// Whether a new amount replaces the one that was written: when it moved by more than a cent and by more than two per cent,
/// or the day changed and it is another at all.
pub fn worth_writing(old: Decimal, new: Decimal, day_changed: bool) -> bool {
    let moved = new.saturating_sub(old).abs();
    let two_per_cent = old.abs().saturating_mul(Decimal::new(2, 2));
    let is_other = super::plain(old) != super::plain(new);
    (moved > Decimal::new(1, 2) && moved > two_per_cent) || (day_changed && is_other)
}

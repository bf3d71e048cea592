//! That figures stay figures, however large.

use super::*;

#[test]
fn nothing_overflows() {
    let mut one =
        Trail { bucket: Some(Bucket { retention: Retention::Days(u32::MAX), ..bucket() }), ..trail("one") };
    one.delivered.stored_bytes = Decimal::MAX;
    one.delivered.log_files = Decimal::MAX;
    one.topic = Some(Topic { region: HOME.into(), email: u32::MAX, http: u32::MAX });
    let huge = Volume { events: Decimal::MAX, ..volume(0, Access::Read) };
    let all = Situation {
        month: PricedMonth::Number(u32::MAX),
        ..situation(vec![one, trail("two"), trail("three")], vec![huge.clone(), huge], vec![])
    };
    let estimate = estimate(&all);
    assert!(estimate.monthly > Decimal::ZERO);
    assert!(!estimate.shares().is_empty());
}

#[test]
fn less_than_nothing_is_nothing() {
    let negative = Volume { events: decimal("-5"), ..volume(0, Access::Read) };
    let estimate = estimate(&situation(vec![trail("one"), trail("two")], vec![negative], vec![]));
    assert_eq!((estimate.monthly, estimate.lines.len()), (decimal("0"), 0));
}

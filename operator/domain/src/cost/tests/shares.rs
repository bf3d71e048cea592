//! Who pays for what.

use super::*;

#[test]
fn trail_selector_and_alarm_have_shares_that_add_up() {
    let (old, new) = (Trail { object: None, ..since(trail("old"), 1) }, since(trail("new"), 2));
    let object = |kind, name: &str| Object { kind, namespace: "security".into(), name: name.into() };
    let selector = object(ObjectKind::EventSelector, "objects");
    let alarm = object(ObjectKind::MetricAlarm, "root");
    let data = Recorded { object: Some(selector.clone()), ..recorded(&new, Category::Data, 3_000_000) };
    let mut all = situation(vec![old, new.clone()], vec![volume(100_000, Access::Read)], vec![data]);
    all.alarms = vec![Alarm {
        account: ACCOUNT.into(),
        region: HOME.into(),
        metric: "CISBenchmark/RootUsage".into(),
        hours_with_data: None,
        alarm_metrics: 1,
        resolution: Resolution::Standard,
        object: Some(alarm.clone()),
    }];
    let estimate = estimate(&all);
    let own = new.object.unwrap();
    for (object, monthly) in [(&own, "2"), (&selector, "3"), (&alarm, "0.4")] {
        assert_eq!(estimate.share_of(object).monthly, decimal(monthly), "{object:?}");
        assert_eq!(estimate.lines_of(object).map(|line| line.monthly).sum::<Decimal>(), decimal(monthly));
    }
    assert_eq!(estimate.shares().iter().map(|share| share.monthly).sum::<Decimal>(), estimate.monthly);
    let stranger = object(ObjectKind::Trail, "stranger");
    assert_eq!(estimate.share_of(&stranger).monthly, decimal("0"));
}

#[test]
fn cents_of_shares_add_up_to_the_cents_of_the_whole() {
    for (amounts, expected) in [
        (&["0.005", "0.005", "0.005"][..], &["0.01", "0.01", "0.00"][..]),
        (&["1.004", "1.004", "1.004"], &["1.01", "1.00", "1.00"]),
        (&["0.333", "0.333", "0.334"], &["0.33", "0.33", "0.34"]),
        (&[], &[]),
    ] {
        let amounts: Vec<_> = amounts.iter().map(|amount| decimal(amount)).collect();
        let expected: Vec<_> = expected.iter().map(|amount| decimal(amount)).collect();
        assert_eq!(cents(&amounts), expected, "{amounts:?}");
    }
}

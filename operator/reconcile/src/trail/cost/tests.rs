//! What the figures promise.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{CostStatus, DeclaredVolume, TrailStatus as PreviousStatus, condition};
use trail_operator_domain::cost::{
    Access, Alarm, Decimal, LogGroup, Object, ObjectKind, Prices, Resolution, Retention, Trail,
    counting::{Count, Kind},
};

use super::*;
use crate::{
    conditions::{Fact, Status},
    reason::Reason,
};

const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
const ACCOUNT: &str = "111122223333";
const REGION: &str = "us-east-1";
/// A Monday.
const NOON: Timestamp = Timestamp::constant(1_767_614_400, 0);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn object(kind: ObjectKind, name: &str) -> Object {
    Object { kind, namespace: "security".into(), name: name.into() }
}

fn subject() -> Subject {
    Subject {
        bucket_refuses: false,
        trail: Trail::new(ARN, ACCOUNT, REGION),
        object: object(ObjectKind::Trail, "audit"),
        named: vec![],
        validation: None,
        pairs: 1,
        declared: Declared::default(),
        log_group: None,
        alarms: vec![],
    }
}

/// Another trail that is older, so that every copy of this one is paid.
fn account() -> Account {
    let older = Trail {
        logging_since: Some(0),
        ..Trail::new("arn:aws:cloudtrail:us-east-1:111122223333:trail/older", ACCOUNT, REGION)
    };
    let own = Trail { logging_since: Some(1), ..Trail::new(ARN, ACCOUNT, REGION) };
    Account { trails: vec![older, own], ..Account::default() }
}

fn kind(category: &str, source: &str, selector: Option<&str>) -> Kind {
    Kind {
        category: category.into(),
        source: source.into(),
        access: Access::Write,
        region: REGION.into(),
        account: ACCOUNT.into(),
        selector: selector.map(str::to_owned),
    }
}

fn tally(from: Timestamp, hours: i64, kinds: &[(Kind, u64)]) -> Tally {
    let counts =
        kinds.iter().map(|(kind, events)| (kind.clone(), Count { events: *events, bytes: events * 1000 }));
    Tally {
        from,
        through: from + SignedDuration::from_hours(hours),
        log_files: 12 * hours.unsigned_abs(),
        kinds: counts.collect(),
    }
}

fn management(events: u64) -> (Kind, u64) {
    (kind("Management", "ec2.amazonaws.com", None), events)
}

/// An even week: so many management events each hour.
fn a_week(each_hour: u64) -> Counted {
    (0..168).fold(Counted::default(), |counted, hour| {
        counted.with(tally(NOON + SignedDuration::from_hours(hour), 1, &[management(each_hour)]))
    })
}

fn judged(subject: &Subject, costs: &Costs, previous: &PreviousStatus, now: Timestamp) -> Judged {
    judge(subject, Some(costs), previous, now)
}

fn costs(subject: &Subject, counted: &Counted) -> Costs {
    estimate(subject, &account(), counted, &Prices::built_in(), NOON)
}

fn said(judged: &Judged, type_: &str) -> (Status, Reason) {
    let fact = judged.facts.iter().find(|fact| fact.type_ == type_).unwrap();
    (fact.status, fact.reason)
}

fn status(judged: &Judged) -> &CostStatus {
    judged.status.as_ref().unwrap()
}

fn cents(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn a_counted_week_is_a_month_at_its_rate() {
    let subject = subject();
    let costs = costs(&subject, &a_week(100_000));
    let judged = judged(&subject, &costs, &PreviousStatus::default(), NOON);
    // 73 million events of a second copy at $2 for 100,000 (`cloudtrail.md` 9.1).
    assert_eq!(status(&judged).monthly, "1460.00");
    assert_eq!(status(&judged).components[0].name, "ManagementEvents");
    assert_eq!(said(&judged, condition::COST_ESTIMATED), (Status::True, Reason::Estimated));
    let finding = &status(&judged).findings[0];
    assert_eq!(
        (finding.reason.as_str(), finding.monthly.as_deref()),
        ("SecondManagementCopy", Some("1460.00"))
    );
}

#[test]
fn a_restart_forgets_nothing() {
    let subject = subject();
    let before = costs(&subject, &a_week(100_000));
    let written = judged(&subject, &before, &PreviousStatus::default(), NOON);
    let counted = Counted::of(status(&written).counted.as_ref());
    let after = judged(&subject, &costs(&subject, &counted), &PreviousStatus::default(), NOON);
    assert_eq!(status(&after), status(&written));
}

#[test]
fn what_is_counted_anew_is_not_counted_twice() {
    let hour = |hour: i64| NOON + SignedDuration::from_hours(hour);
    let counted = a_week(100).with(tally(hour(160), 10, &[management(1000)]));
    let events: u64 = {
        let status = counted.status().unwrap();
        status.kinds.iter().map(|kind| u64::try_from(kind.events).unwrap()).sum()
    };
    assert_eq!(events, 160 * 100 + 1000);
    // Also where what is counted anew is a part of what status had put together.
    let restarted = Counted::of(a_week(100).status().as_ref()).with(tally(hour(84), 90, &[management(0)]));
    assert_eq!(restarted.status().unwrap().kinds[0].events, 84 * 100);
    let empty = Counted::default().with(tally(NOON, 0, &[management(5)]));
    assert_eq!((empty.month(), empty.status()), (None, None));
}

#[test]
fn a_week_is_kept_and_older_days_are_left_behind() {
    let busy = tally(NOON - 30 * 24 * HOUR, 24, &[management(1_000_000)]);
    let first = Counted::default().with(busy);
    let then = (0..8).fold(first, |counted, day| {
        counted.with(tally(NOON + SignedDuration::from_hours(24 * day), 24, &[management(24)]))
    });
    let events = then.month().unwrap().events.monthly.values().next().unwrap().events;
    assert_eq!(events.round_dp(6), Decimal::from(730));
}

#[test]
fn status_holds_the_most_frequent_kinds_and_loses_no_event() {
    let regions = (0..100_u64).map(|number| {
        let kind = Kind { region: format!("region-{number}"), ..kind("Management", "", None) };
        (kind, number + 1)
    });
    let counted = Counted::default().with(tally(NOON, 1, &regions.collect::<Vec<_>>()));
    let status = counted.status().unwrap();
    assert_eq!(status.kinds.len(), 64);
    assert_eq!(status.kinds.iter().map(|kind| kind.events).sum::<i64>(), 5050);
    assert_eq!(status.kinds[0].region, "region-99");
}

#[test]
fn services_are_kept_apart_where_a_trail_can_leave_them_out() {
    let of = |source| (kind("Management", source, None), 1);
    let counted = Counted::default().with(tally(
        NOON,
        1,
        &[of("ec2.amazonaws.com"), of("iam.amazonaws.com"), of("kms.amazonaws.com")],
    ));
    let kinds = counted.status().unwrap().kinds;
    let mut sources: Vec<_> = kinds.iter().map(|kind| (kind.source.as_deref(), kind.events)).collect();
    sources.sort_unstable();
    assert_eq!(sources, [(None, 2), (Some("kms.amazonaws.com"), 1)]);
}

#[test]
fn parts_add_up_to_the_whole_and_whose_they_are_is_told() {
    let alarm = Alarm {
        account: ACCOUNT.into(),
        region: REGION.into(),
        metric: "CISBenchmark/root".into(),
        hours_with_data: None,
        alarm_metrics: 1,
        resolution: Resolution::Standard,
        object: Some(object(ObjectKind::MetricAlarm, "root")),
    };
    let subject = Subject { alarms: vec![alarm], ..subject() };
    let data = (kind("Data", "s3.amazonaws.com", Some("team/objects")), 33_333);
    let counted = Counted::default().with(tally(NOON, 24, &[management(77_777), data]));
    let judged = judged(&subject, &costs(&subject, &counted), &PreviousStatus::default(), NOON);
    let status = status(&judged);
    let sum = |amounts: Vec<&String>| amounts.into_iter().map(|text| cents(text)).sum::<Decimal>();
    let monthly = cents(&status.monthly);
    assert_eq!(sum(status.components.iter().map(|one| &one.monthly_cost).collect()), monthly);
    assert_eq!(sum(status.objects.iter().map(|one| &one.monthly).collect()), monthly);
    let of: BTreeMap<_, _> = status
        .objects
        .iter()
        .map(|one| (one.kind.as_str(), (one.name.as_str(), one.monthly.as_str())))
        .collect();
    // A custom metric at $0.30 and an alarm at $0.10 (`cloudtrail.md` 6.4).
    assert_eq!(of["MetricAlarm"], ("root", "0.40"));
    // 33,333 events a day are 1,013,879 a month, at $0.10 for 100,000.
    assert_eq!(of["EventSelector"], ("objects", "1.01"));
    assert_eq!(of.len(), 3);
}

#[test]
fn money_does_not_flap() {
    let subject = subject();
    let first = judged(&subject, &costs(&subject, &a_week(100_000)), &PreviousStatus::default(), NOON);
    let previous = PreviousStatus { cost: first.status.clone(), ..PreviousStatus::default() };
    for (each_hour, later, written) in [
        (101_000, HOUR, "1460.00"),
        (103_000, HOUR, "1503.80"),
        (101_000, 24 * HOUR, "1474.60"),
        (100_000, 24 * HOUR, "1460.00"),
    ] {
        let judged = judged(&subject, &costs(&subject, &a_week(each_hour)), &previous, NOON + later);
        assert_eq!(status(&judged).monthly, written, "{each_hour} after {later}");
        let message = &judged.facts[0].message;
        assert!(message.contains(&format!("${written}")), "{message}");
        let is_same = *status(&judged) == *first.status.as_ref().unwrap();
        assert_eq!(is_same, each_hour == 101_000 && later == HOUR, "{each_hour} after {later}");
    }
}

#[test]
fn a_budget_is_held_or_not_or_nobody_knows() {
    let budget = |dollars: i64| Subject {
        declared: Declared { monthly_budget: Some(dollars.into()), ..Declared::default() },
        ..subject()
    };
    let counted = a_week(100_000);
    for (dollars, status, reason) in
        [(1460, Status::True, Reason::WithinBudget), (1459, Status::False, Reason::BudgetExceeded)]
    {
        let subject = budget(dollars);
        let judged = judged(&subject, &costs(&subject, &counted), &PreviousStatus::default(), NOON);
        assert_eq!(said(&judged, condition::WITHIN_BUDGET), (status, reason));
    }
    // A Region of which no price is known.
    let elsewhere = (Kind { region: "mx-central-1".into(), ..kind("Data", "", None) }, 1000);
    let counted = Counted::default().with(tally(NOON, 1, &[elsewhere]));
    let subject = budget(1);
    let judged = judged(&subject, &costs(&subject, &counted), &PreviousStatus::default(), NOON);
    assert_eq!(said(&judged, condition::COST_ESTIMATED), (Status::Unknown, Reason::PriceUnknown));
    assert_eq!(said(&judged, condition::WITHIN_BUDGET), (Status::Unknown, Reason::PriceUnknown));
    assert!(!status(&judged).unknown.is_empty());
}

#[test]
fn the_best_source_is_taken_and_named() {
    let declared = DeclaredVolume { management_write_events: 1_000_000, ..DeclaredVolume::default() };
    let subject =
        Subject { declared: Declared { volume: Some(declared), ..Declared::default() }, ..subject() };
    let group = LogGroup { region: REGION.into(), retention: Retention::Days(30), incoming_bytes: None };
    let metrics = Metrics { events: 2_000_000.into(), bytes: 0.into(), days: 7 };
    let with_metrics = Account { log_group: Some((group, Some(metrics))), ..account() };
    let prices = Prices::built_in();
    for (account, counted, basis, monthly) in [
        (&with_metrics, a_week(100_000), trail_operator_crds::CostBasis::Measured, "1460.00"),
        (&with_metrics, Counted::default(), trail_operator_crds::CostBasis::Metrics, "40.00"),
        (&account(), Counted::default(), trail_operator_crds::CostBasis::Declared, "20.00"),
    ] {
        let costs = estimate(&subject, account, &counted, &prices, NOON);
        let judged = judged(&subject, &costs, &PreviousStatus::default(), NOON);
        let events = status(&judged).components.iter().find(|one| one.name == "ManagementEvents").unwrap();
        assert_eq!((status(&judged).basis, events.monthly_cost.as_str()), (basis, monthly));
    }
    let unknown = Subject { declared: Declared::default(), ..subject };
    let costs = estimate(&unknown, &account(), &Counted::default(), &prices, NOON);
    let judged = judged(&unknown, &costs, &PreviousStatus::default(), NOON);
    assert_eq!(said(&judged, condition::COST_ESTIMATED), (Status::Unknown, Reason::NoVolume));
    assert_eq!(judged.status, None);
}

#[test]
fn days_of_metrics_are_a_month_and_the_first_one_is_none() {
    let day = |day: i64, events: f64| DayOfLogs { start: day * 86_400, events, bytes: events * 100.0 };
    let month = |days: &[DayOfLogs]| Metrics::of_days(days).map(|metrics| (metrics.events, metrics.days));
    assert_eq!(month(&[]), None);
    assert_eq!(month(&[day(3, 1000.0)]), None, "a day that may not be whole");
    assert_eq!(month(&[day(3, 1.0), day(4, 24.0)]), Some((730.into(), 1)));
    // A day in between of which nothing is told brought nothing.
    assert_eq!(month(&[day(3, 1.0), day(4, 24.0), day(6, 48.0)]), Some((730.into(), 3)));
}

#[test]
fn without_an_estimate_everything_stays_as_it_was() {
    let subject = subject();
    let first = judged(&subject, &costs(&subject, &a_week(100_000)), &PreviousStatus::default(), NOON);
    let conditions = crate::conditions::next(
        &[],
        None,
        1,
        &crate::conditions::Readiness::Ready { message: String::new() },
        &first.facts,
        NOON,
    );
    let previous = PreviousStatus {
        cost: first.status.clone(),
        conditions: conditions.list,
        ..PreviousStatus::default()
    };
    let later = judge(&subject, None, &previous, NOON + 100 * HOUR);
    assert_eq!(later, first);
    let new = judge(&subject, None, &PreviousStatus::default(), NOON);
    assert_eq!((new.facts, new.status), (Vec::<Fact>::new(), None));
}

//! Every component: what makes it, and what it costs.

use super::*;

/// A trail of which one part is set.
fn with(change: impl FnOnce(&mut Trail)) -> Situation {
    let mut one = Trail { bucket: Some(bucket()), ..trail("one") };
    change(&mut one);
    situation(vec![one], vec![], vec![])
}

fn alarm(name: &str, resolution: Resolution) -> Alarm {
    Alarm {
        account: ACCOUNT.into(),
        region: HOME.into(),
        metric: format!("CISBenchmark/{name}"),
        hours_with_data: None,
        alarm_metrics: 1,
        resolution,
        object: None,
    }
}

fn alarms(alarms: Vec<Alarm>) -> Situation {
    Situation { alarms, ..Situation::default() }
}

#[test]
fn each_component_costs_what_its_row_says() {
    let topic = Topic { region: HOME.into(), email: 2, http: 1 };
    let group = LogGroup {
        region: HOME.into(),
        retention: Retention::Days(365),
        incoming_bytes: Some(GIB * decimal("4")),
    };
    let network = {
        let one = trail("one");
        let recorded = recorded(&one, Category::NetworkActivity, 1_000_000);
        situation(vec![one], vec![], vec![recorded])
    };
    let cases = [
        (Component::NetworkActivityEvents, "1", network),
        (Component::LogStorage, "0.276", with(|trail| trail.delivered.stored_bytes = GIB)),
        (Component::WriteRequests, "0.05", with(|trail| trail.delivered.log_files = decimal("10000"))),
        (Component::WriteRequests, "0.00365", with(|trail| trail.delivered.digests = decimal("730"))),
        (Component::WriteRequests, "0.005", with(|trail| trail.reads.lists = decimal("1000"))),
        (Component::ReadRequests, "0.4", with(|trail| trail.reads.gets = decimal("1000000"))),
        (Component::Keys, "1", with(|trail| trail.kms = Some(Kms { region: HOME.into(), dedicated: true }))),
        (Component::Keys, "0", with(|trail| trail.kms = Some(Kms { region: HOME.into(), dedicated: false }))),
        (
            Component::KeyRequests,
            "0.03",
            with(|trail| {
                trail.kms = Some(Kms { region: HOME.into(), dedicated: false });
                trail.reads.decrypts = decimal("30000");
            }),
        ),
        (Component::LogIngestion, "2", with(|trail| trail.log_group = Some(group.clone()))),
        (
            Component::LogGroupStorage,
            "0.36",
            with(|trail| {
                trail.log_group = Some(group.clone());
                trail.delivered.stored_bytes = GIB;
            }),
        ),
        (
            Component::Notifications,
            "0.5",
            with(|trail| {
                trail.topic = Some(topic.clone());
                trail.delivered.log_files = decimal("2000000");
            }),
        ),
        (
            Component::EmailNotifications,
            "0.02",
            with(|trail| {
                trail.topic = Some(topic.clone());
                trail.delivered.log_files = decimal("1000");
            }),
        ),
        (
            Component::HttpNotifications,
            "0.06",
            with(|trail| {
                trail.topic = Some(topic.clone());
                trail.delivered.log_files = decimal("200000");
            }),
        ),
        (Component::CustomMetrics, "0.3", alarms(vec![alarm("a", Resolution::Standard)])),
        (Component::CustomMetrics, "0.3", alarms(vec![alarm("a", Resolution::Standard); 2])),
        (
            Component::CustomMetrics,
            "0.03",
            alarms(vec![Alarm { hours_with_data: Some(73), ..alarm("a", Resolution::Standard) }]),
        ),
        (Component::StandardAlarms, "0.2", alarms(vec![alarm("a", Resolution::Standard); 2])),
        (
            Component::StandardAlarms,
            "0.3",
            alarms(vec![Alarm { alarm_metrics: 3, ..alarm("anomaly", Resolution::Standard) }]),
        ),
        (Component::HighResolutionAlarms, "0.3", alarms(vec![alarm("a", Resolution::High)])),
    ];
    for (component, cost, situation) in cases {
        let estimate = estimate(&situation);
        assert_eq!(of(&estimate, component).round_dp(9), decimal(cost), "{component} {:#?}", estimate.lines);
    }
}

#[test]
fn every_line_says_where_it_comes_from() {
    let estimate = estimate(&with(|trail| trail.delivered.stored_bytes = GIB));
    let [line] = estimate.lines.as_slice() else { panic!("{:?}", estimate.lines) };
    assert_eq!((line.basis, line.quantity.round_dp(9)), (Basis::Measured, decimal("12")));
    assert_eq!(line.note, "stored at steady state, 365 days kept");
    assert!(line.price_source.contains("Price List"), "{}", line.price_source);
    assert_eq!(line.unit_price(), decimal("0.023"));
    assert_eq!(estimate.price_list_date, Prices::built_in().date());
}

#[test]
fn aggregation_and_regions_without_a_row_have_no_price_and_no_line() {
    let mut one = Trail { aggregation: true, ..trail("one") };
    one.home_region = "eu-north-1".into();
    let nowhere = Volume { region: "xx-nowhere-1".into(), ..volume(1000, Access::Read) };
    let estimate = estimate(&situation(vec![one, trail("two")], vec![nowhere], vec![]));
    assert_eq!((estimate.monthly, estimate.lines.len()), (decimal("0"), 0));
    let unknown = |component, region: &str| PriceUnknown { component, region: region.into() };
    let expected = [
        unknown(Component::ManagementEvents, "xx-nowhere-1"),
        unknown(Component::EventAggregation, "eu-north-1"),
    ];
    assert_eq!(estimate.unknown, expected);
}

/// 40,000 reads: 40,000 data events of the bucket, and as many calls of KMS, in the second copy too.
#[test]
fn our_validation_pays_for_the_events_it_causes() {
    let mut one = objects(Trail { bucket: Some(bucket()), ..trail("one") }, &[]);
    one.reads = Reads { gets: decimal("40000"), lists: decimal("0"), decrypts: decimal("40000") };
    let declared = Volume { basis: Basis::Declared, ..volume(1000, Access::Read) };
    let mut all = situation(vec![one, trail("two"), trail("three")], vec![declared], vec![]);
    let estimate_of_plan = estimate(&all);
    assert_eq!(quantity(&estimate_of_plan, Component::DataEvents), decimal("40000"));
    assert_eq!(quantity(&estimate_of_plan, Component::ManagementEvents), decimal("41000"));
    all.volumes.management[0].basis = Basis::Measured;
    let measured = estimate(&all);
    assert_eq!(quantity(&measured, Component::DataEvents), decimal("0"), "they were counted already");
    assert_eq!(quantity(&measured, Component::ManagementEvents), decimal("1000"));
}

#[test]
fn an_estimate_rests_on_the_weakest_of_its_volumes() {
    let one = trail("one");
    let mut data = recorded(&one, Category::Data, 1000);
    let mut all = situation(vec![one, trail("two")], vec![volume(1000, Access::Read)], vec![data.clone()]);
    assert_eq!(estimate(&all).basis, Basis::Measured);
    data.volume.basis = Basis::Metrics;
    all.volumes.recorded = vec![data];
    assert_eq!(estimate(&all).basis, Basis::Metrics);
    all.volumes.management[0].basis = Basis::Declared;
    assert_eq!(estimate(&all).basis, Basis::Declared);
}

#[test]
fn a_new_trail_is_assumed_to_deliver_this() {
    let assumed = Delivered::assumed(decimal("1000000"), 2, true);
    assert_eq!(assumed.raw_bytes, decimal("1536000000"));
    assert_eq!((assumed.log_files, assumed.digests), (decimal("17520"), decimal("1460")));
    assert_eq!(Delivered::assumed(decimal("10"), 20, false).log_files, decimal("10"));
}

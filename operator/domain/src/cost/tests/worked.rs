//! AWS's worked examples and the guide's price rows, to the cent (`cloudtrail.md` 9.1).

use super::*;

fn two_full_trails(events: u64) -> Situation {
    situation(vec![trail("one"), trail("two")], vec![volume(events, Access::Read)], vec![])
}

/// The guide's table: free first trail, $2.00, $0.10 and $0.35 per 100,000, S3 by its own prices.
#[test]
fn the_five_rows_of_the_guide() {
    let one = trail("one");
    let first = estimate(&situation(vec![one.clone()], vec![volume(100_000, Access::Write)], vec![]));
    assert_eq!(dollars(first.monthly), "$0.00");
    assert_eq!(dollars(estimate(&two_full_trails(100_000)).monthly), "$2.00");
    let data = recorded(&one, Category::Data, 100_000);
    assert_eq!(dollars(estimate(&situation(vec![one.clone()], vec![], vec![data])).monthly), "$0.10");
    let analysed = Trail {
        insights: insights(&[InsightType::ApiErrorRate], &[InsightCategory::Management]),
        ..one.clone()
    };
    let analysed = estimate(&situation(vec![analysed], vec![volume(100_000, Access::Read)], vec![]));
    assert_eq!(dollars(analysed.monthly), "$0.35");
    let mut stored = Trail { bucket: Some(bucket()), ..one };
    stored.delivered.stored_bytes = GIB * decimal("100") * decimal("730") / decimal("8760");
    assert_eq!(dollars(estimate(&situation(vec![stored], vec![], vec![])).monthly), "$2.30");
}

#[test]
fn two_trails_with_150_000_management_events_and_2_million_data_events_cost_5_dollars() {
    let mut all = two_full_trails(150_000);
    all.volumes.recorded = vec![recorded(&all.trails[0], Category::Data, 2_000_000)];
    let estimate = estimate(&all);
    assert_eq!(of(&estimate, Component::ManagementEvents), decimal("3.00"));
    assert_eq!(estimate.monthly, decimal("5.00"));
}

#[test]
fn a_published_bill_of_tokyo() {
    let tokyo = Volume { region: "ap-northeast-1".into(), ..volume(16_117_332, Access::Read) };
    let estimate = estimate(&situation(vec![trail("one"), trail("two")], vec![tokyo], vec![]));
    assert_eq!(dollars(estimate.monthly), "$322.35");
    assert_eq!(estimate.free_copies[0].events, decimal("16117332"));
}

/// AWS's example 2 of Insights: 800,000 management events, of which both analyses together see 890,000.
#[test]
fn insights_on_one_of_two_trails() {
    let analysed = |trail| Trail {
        insights: insights(
            &[InsightType::ApiCallRate, InsightType::ApiErrorRate],
            &[InsightCategory::Management],
        ),
        ..trail
    };
    let volumes = vec![volume(710_000, Access::Read), volume(90_000, Access::Write)];
    let one = estimate(&situation(vec![analysed(trail("one"))], volumes.clone(), vec![]));
    assert_eq!(one.monthly, decimal("3.115"));
    let two = estimate(&situation(vec![analysed(trail("one")), trail("two")], volumes, vec![]));
    assert_eq!(two.monthly, decimal("19.115"));
}

/// The guide's example of what Insights counts.
#[test]
fn insights_count_330_000_and_1_130_000_events() {
    let both = [InsightType::ApiCallRate, InsightType::ApiErrorRate];
    let volumes = vec![volume(270_000, Access::Read), volume(30_000, Access::Write)];
    let mut one = Trail { insights: insights(&both, &[InsightCategory::Management]), ..trail("one") };
    let management = estimate(&situation(vec![one.clone()], volumes.clone(), vec![]));
    assert_eq!(quantity(&management, Component::ManagementInsights), decimal("330000"));
    one.insights = insights(&both, &[InsightCategory::Management, InsightCategory::Data]);
    let data = recorded(&one, Category::Data, 400_000);
    let with_data = estimate(&situation(vec![one], volumes, vec![data]));
    let analysed =
        quantity(&with_data, Component::ManagementInsights) + quantity(&with_data, Component::DataInsights);
    assert_eq!(analysed, decimal("1130000"));
    assert_eq!(of(&with_data, Component::DataInsights), decimal("0.24"));
}

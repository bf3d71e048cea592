//! What holds for any trails and any events.

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};

use super::*;

const REGIONS: [&str; 3] = ["us-east-1", "us-east-2", "ap-northeast-1"];
const ACCOUNTS: [&str; 2] = [ACCOUNT, "444455556666"];
const SOURCES: [&str; 4] = ["ec2.amazonaws.com", "kms.amazonaws.com", "rdsdata.amazonaws.com", ""];

fn access() -> impl Strategy<Value = Access> {
    select(vec![Access::Read, Access::Write, Access::Unsaid])
}

fn some_volume() -> impl Strategy<Value = Volume> {
    (
        select(ACCOUNTS.to_vec()),
        select(REGIONS.to_vec()),
        select(SOURCES.to_vec()),
        access(),
        0..5_000_000_u64,
    )
        .prop_map(|(account, region, source, access, events)| Volume {
            account: account.into(),
            region: region.into(),
            source: source.into(),
            ..volume(events, access)
        })
}

fn selectors() -> impl Strategy<Value = Selectors> {
    let read_write = select(vec![ReadWrite::All, ReadWrite::ReadOnly, ReadWrite::WriteOnly]);
    let excluded =
        select(vec![&[][..], &["kms.amazonaws.com"], &["kms.amazonaws.com", "rdsdata.amazonaws.com"]]);
    let management = (read_write, excluded)
        .prop_map(|(read_write, excluded)| recording(trail("x"), read_write, excluded).selectors);
    prop_oneof![2 => Just(Selectors::Default), 4 => management, 1 => Just(objects(trail("x"), &[]).selectors)]
}

fn regions() -> impl Strategy<Value = Regions> {
    let some = vec(select(REGIONS.to_vec()), 1..3)
        .prop_map(|list| Regions::Only(list.into_iter().map(str::to_owned).collect()));
    prop_oneof![2 => Just(Regions::All), 1 => some]
}

fn some_trail() -> impl Strategy<Value = Trail> {
    let who = (0..6_u8, select(ACCOUNTS.to_vec()), proptest::option::of(0..3_i64), any::<bool>(), 0..8_u8);
    let what = (selectors(), regions(), 0..4_usize, 0..1_000_000_u64);
    (who, what).prop_map(
        |((name, account, since, organization, flags), (selectors, regions, kinds, files))| {
            let kinds = [InsightType::ApiCallRate, InsightType::ApiErrorRate].into_iter().take(kinds.min(2));
            let kinds: Vec<_> = kinds.collect();
            let mut one = Trail { bucket: Some(bucket()), ..trail(&format!("{account}-{name}")) };
            one.account = account.into();
            one.logging_since = since;
            one.organization = organization;
            one.logging = flags != 0;
            one.selectors = selectors;
            one.regions = regions;
            one.insights = insights(&kinds, &[InsightCategory::Management, InsightCategory::Data]);
            one.delivered.log_files = files.into();
            one.delivered.stored_bytes = (files * 10_000).into();
            if flags == 1 {
                one.object = None;
            }
            one
        },
    )
}

fn some_situation() -> impl Strategy<Value = Situation> {
    (vec(some_trail(), 0..6), vec(some_volume(), 0..8), vec((0..6_usize, some_volume()), 0..4)).prop_map(
        |(mut trails, management, data)| {
            trails.sort_by(|one, other| one.arn.cmp(&other.arn));
            trails.dedup_by(|one, other| one.arn == other.arn);
            let of_trail = |(place, volume): (usize, Volume)| {
                let trail = trails.get(place)?;
                Some(Recorded { trail: trail.arn.clone(), object: None, category: Category::Data, volume })
            };
            let recorded = data.into_iter().filter_map(of_trail).collect();
            situation(trails, management, recorded)
        },
    )
}

/// Management events of an account and Region.
fn happening(situation: &Situation, account: &str, region: &str) -> Decimal {
    let volumes = situation.volumes.management.iter();
    volumes
        .filter(|volume| volume.account == account && volume.region == region)
        .map(|volume| volume.events)
        .sum()
}

fn holds(situation: &Situation, more: u64) -> Result<(), TestCaseError> {
    let prices = Prices::built_in();
    let whole = situation.estimate(&prices);
    prop_assert!(whole.monthly >= Decimal::ZERO);
    prop_assert!(
        whole.lines.iter().all(|line| line.monthly >= Decimal::ZERO && line.quantity > Decimal::ZERO)
    );

    let lines: Decimal = whole.lines.iter().map(|line| line.monthly).sum();
    let shares = whole.shares();
    prop_assert_eq!(lines, whole.monthly);
    prop_assert_eq!(shares.iter().map(|share| share.monthly).sum::<Decimal>(), whole.monthly);
    let in_cents: Decimal = shares.iter().map(|share| share.cents).sum();
    prop_assert_eq!(plain(in_cents), plain(whole.monthly));

    for (account, region) in ACCOUNTS.iter().flat_map(|account| REGIONS.map(|region| (*account, region))) {
        let free = whole.free_copies.iter().filter(|copy| copy.account == account && copy.region == region);
        prop_assert!(free.map(|copy| copy.events).sum::<Decimal>() <= happening(situation, account, region));
    }

    let mut busier = situation.clone();
    if let Some(volume) = busier.volumes.management.first_mut() {
        volume.events += Decimal::from(more);
    }
    if let Some(recorded) = busier.volumes.recorded.first_mut() {
        recorded.volume.events += Decimal::from(more);
    }
    prop_assert!(busier.estimate(&prices).monthly >= whole.monthly);

    let mut reversed = situation.clone();
    reversed.trails.reverse();
    reversed.volumes.management.reverse();
    prop_assert_eq!(reversed.estimate(&prices).monthly, whole.monthly);
    Ok(())
}

#[test]
fn ten_thousand_sets_of_trails_keep_the_invariants() {
    let config = ProptestConfig { cases: 10_000, failure_persistence: None, ..<_>::default() };
    let mut runner = TestRunner::new(config);
    runner.run(&(some_situation(), 0..1_000_000_u64), |(situation, more)| holds(&situation, more)).unwrap();
}

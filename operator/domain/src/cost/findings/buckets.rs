//! Data events of buckets, and buckets that take nothing.
//!
//! Asks selectors what they admit. Must not know management events.

use rust_decimal::Decimal;
use serde_json::json;

use super::super::{Access, Bucket, Category, Component, Line, Prices, Recorded, Trail, Volumes};
use super::{Finding, Reason, amount, event_charges};
use crate::partition;
use crate::selectors::{Admission, AdvancedSelector, Record};

/// Whether a trail surely records calls of S3 on the log files of an account in this bucket.
pub(in super::super) fn records_objects(
    trail: &Trail,
    bucket: &Bucket,
    account: &str,
    access: Access,
) -> bool {
    let (name, read_only) = match access {
        Access::Read => ("GetObject", true),
        Access::Write | Access::Unsaid => ("PutObject", false),
    };
    let partition = partition::of_region(&bucket.region);
    let key = format!("AWSLogs/{account}/CloudTrail/{}/", bucket.region);
    let call = json!({
        "eventCategory": "Data",
        "eventSource": "s3.amazonaws.com",
        "eventName": name,
        "eventType": "AwsApiCall",
        "readOnly": read_only,
        "resources": [{"type": "AWS::S3::Object", "ARN": format!("arn:{partition}:s3:::{}/{key}x", bucket.name)}],
    });
    Record::from_json(&call).is_ok_and(|record| trail.selectors.admits(&record) == Admission::Yes)
}

/// A trail that records what CloudTrail puts into its own bucket (`cloudtrail.md` 2.5): every delivery is an event that is
/// delivered.
pub(super) fn own(trail: &Trail, prices: &Prices) -> Option<Finding> {
    let bucket = trail.bucket.as_ref()?;
    if !trail.reaches(&trail.account, &bucket.region)
        || !records_objects(trail, bucket, &trail.account, Access::Write)
    {
        return None;
    }
    let deliveries = trail.delivered.log_files.saturating_add(trail.delivered.digests);
    let price = prices.price(Component::DataEvents, &bucket.region).ok();
    let monthly = price.map(|row| row.tiers.cost(deliveries));
    let message = format!(
        "trail {} records the deliveries into its own bucket {} as data events: each makes another one, {} at {} deliveries a month. Exclude the bucket with resources.ARN notStartsWith arn:{}:s3:::{}/",
        trail.name(),
        bucket.name,
        amount(monthly),
        deliveries.round(),
        partition::of_region(&bucket.region),
        bucket.name,
    );
    Some(Finding::new(Reason::RecordsOwnBucket, trail, monthly, message))
}

/// A bucket that refuses deliveries: events are billed for 30 days all the same (`cloudtrail.md` 9.1).
pub(super) fn refusing(trail: &Trail, lines: &[Line]) -> Option<Finding> {
    let bucket = trail.bucket.as_ref().filter(|bucket| bucket.refuses)?;
    let monthly = Some(event_charges(trail, lines));
    let message = format!(
        "bucket {} refuses what trail {} delivers, and its events are billed for 30 days all the same, {}: nothing of them can be read. Repair the bucket's policy, or stop the trail",
        bucket.name,
        trail.name(),
        amount(monthly),
    );
    Some(Finding::new(Reason::BucketRefuses, trail, monthly, message))
}

/// Pairs of trails of which the one records all data events of S3 objects that the other does. The younger is named.
pub(super) fn twice(trails: &[Trail], volumes: &Volumes, prices: &Prices) -> Vec<Finding> {
    let mut by_age: Vec<&Trail> = trails.iter().filter(|trail| trail.logging).collect();
    by_age.sort_by_key(|trail| trail.seniority());
    let mut found = Vec::new();
    for (place, younger) in by_age.iter().enumerate() {
        let older = by_age.iter().take(place);
        found.extend(older.filter_map(|older| pair(older, younger, volumes, prices)));
    }
    found
}

fn pair(older: &Trail, younger: &Trail, volumes: &Volumes, prices: &Prices) -> Option<Finding> {
    let (of_older, of_younger) = (objects(older), objects(younger));
    let within = |inner: &[AdvancedSelector], outer: &[AdvancedSelector]| {
        !inner.is_empty() && inner.iter().all(|one| outer.iter().any(|other| other.covers(one)))
    };
    // The one that is within the other is recorded twice as a whole; it may be either.
    let (narrow, wide) = if within(&of_younger, &of_older) {
        (younger, older)
    } else if within(&of_older, &of_younger) {
        (older, younger)
    } else {
        return None;
    };
    let both = |recorded: &&Recorded| {
        recorded.trail == narrow.arn
            && recorded.category == Category::Data
            && recorded.volume.source == "s3.amazonaws.com"
            && wide.reaches(&recorded.volume.account, &recorded.volume.region)
    };
    let records = volumes.recorded.iter().filter(both);
    if !may_meet(older, younger) {
        return None;
    }
    let each = records.map(|recorded| {
        let row = prices.price(Component::DataEvents, &recorded.volume.region).ok()?;
        Some(row.tiers.cost(recorded.volume.events.max(Decimal::ZERO)))
    });
    let each: Vec<_> = each.collect();
    let monthly = if each.is_empty() { None } else { each.into_iter().sum::<Option<Decimal>>() };
    let message = format!(
        "trails {} and {} both record the data events of S3 that {} records: every copy is paid, {}. Take them out of one of the trails",
        older.name(),
        younger.name(),
        narrow.name(),
        amount(monthly),
    );
    Some(Finding::new(Reason::DataEventsTwice, younger, monthly, message))
}

/// Whether two trails can record the same event at all: in the same account and Region.
fn may_meet(one: &Trail, other: &Trail) -> bool {
    use super::super::Regions::{All, Only};
    let regions = match (&one.regions, &other.regions) {
        (All, _) | (_, All) => true,
        (Only(one), Only(other)) => one.intersection(other).next().is_some(),
    };
    regions && (one.organization || other.organization || one.account == other.account)
}

/// The selectors of objects in buckets.
fn objects(trail: &Trail) -> Vec<AdvancedSelector> {
    let all = trail.selectors.advanced();
    all.into_iter().filter(|selector| selector.selects_objects() && selector.can_match()).collect()
}

//! What other services charge because of a trail (`cloudtrail.md` 9.2).
//!
//! Knows which of them a trail and an alarm use, and how much. Must not know prices.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::super::{
    Alarm, Basis, Component, Delivered, GIB, HOURS_A_MONTH, LogGroup, PricedMonth, Quantity, Resolution,
    Topic, Trail,
};
use super::ledger::{Entry, Ledger};

/// S3, KMS, CloudWatch Logs and SNS.
pub(super) fn of_trails(ledger: &mut Ledger, trails: &[Trail], month: PricedMonth) {
    for trail in trails.iter().filter(|trail| trail.logging) {
        bucket(ledger, trail, month);
        key(ledger, trail);
        if let Some(group) = &trail.log_group {
            log_group(ledger, trail, group, month);
        }
        if let Some(topic) = &trail.topic {
            notifications(ledger, trail, topic);
        }
    }
}

/// A bucket that refuses deliveries stores nothing new. Who delivers is CloudTrail, who pays for it the bucket's owner
/// (`cloudtrail.md` 9.3, remembered there).
fn bucket(ledger: &mut Ledger, trail: &Trail, month: PricedMonth) {
    let Some(bucket) = &trail.bucket else { return };
    let reads = trail.reads;
    let mut charge = |component, note: String, amount, basis| {
        ledger.charge(Entry::of_trail(component, trail, &bucket.region, note), Quantity::new(amount, basis));
    };
    let Delivered { log_files, digests, stored_bytes, basis, .. } = trail.delivered;
    if !bucket.refuses {
        let stored = stored_bytes.saturating_mul(month.stored(bucket.retention)) / GIB;
        charge(Component::LogStorage, month.describe(bucket.retention), stored, basis);
        charge(Component::WriteRequests, "log files delivered".into(), log_files, basis);
        charge(Component::WriteRequests, "digest files delivered".into(), digests, basis);
    }
    charge(Component::WriteRequests, "lists of our validation".into(), reads.lists, basis);
    charge(Component::ReadRequests, "reads of our validation".into(), reads.gets, basis);
}

fn key(ledger: &mut Ledger, trail: &Trail) {
    let Some(kms) = &trail.kms else { return };
    let entry = |component, note: &str| Entry::of_trail(component, trail, &kms.region, note);
    if kms.dedicated {
        ledger.charge(entry(Component::Keys, ""), Quantity::new(Decimal::ONE, Basis::Measured));
    }
    let decrypts = Quantity::new(trail.reads.decrypts, trail.delivered.basis);
    ledger.charge(entry(Component::KeyRequests, "decryption for our validation"), decrypts);
}

/// CloudWatch Logs takes in what is not compressed and keeps it compressed: as the bucket does, as far as is known.
fn log_group(ledger: &mut Ledger, trail: &Trail, group: &LogGroup, month: PricedMonth) {
    let delivered = trail.delivered;
    let counted = group.incoming_bytes.map(|bytes| (bytes, Basis::Metrics));
    let (raw, basis) = counted.unwrap_or((delivered.raw_bytes, delivered.basis));
    let entry = |component, note: String| Entry::of_trail(component, trail, &group.region, note);
    ledger.charge(entry(Component::LogIngestion, String::new()), Quantity::new(raw / GIB, basis));
    let kept = delivered.stored_bytes.saturating_mul(month.stored(group.retention)) / GIB;
    let note = format!("{}, compressed as in the bucket", month.describe(group.retention));
    ledger.charge(entry(Component::LogGroupStorage, note), Quantity::new(kept, delivered.basis));
}

/// One notification for each log file (`cloudtrail.md` 3.4), none for digests.
fn notifications(ledger: &mut Ledger, trail: &Trail, topic: &Topic) {
    let Delivered { log_files, basis, .. } = trail.delivered;
    let mut charge = |component, subscriptions: u32| {
        let amount = log_files.saturating_mul(subscriptions.into());
        ledger.charge(Entry::of_trail(component, trail, &topic.region, ""), Quantity::new(amount, basis));
    };
    charge(Component::Notifications, 1);
    charge(Component::EmailNotifications, topic.email);
    charge(Component::HttpNotifications, topic.http);
}

/// Metrics of metric filters, and alarms. The filters are free.
pub(super) fn of_alarms(ledger: &mut Ledger, alarms: &[Alarm]) {
    let mut paid = BTreeSet::new();
    for alarm in alarms {
        let entry = |component| Entry {
            component,
            account: alarm.account.clone(),
            region: alarm.region.clone(),
            trail: None,
            object: alarm.object.clone(),
            note: String::new(),
        };
        if paid.insert((&alarm.account, &alarm.region, &alarm.metric)) {
            let hours = alarm.hours_with_data.unwrap_or(HOURS_A_MONTH).min(HOURS_A_MONTH);
            let months = Decimal::from(hours) / Decimal::from(HOURS_A_MONTH);
            ledger.charge(entry(Component::CustomMetrics), Quantity::new(months, Basis::Measured));
        }
        let component = match alarm.resolution {
            Resolution::Standard => Component::StandardAlarms,
            Resolution::High => Component::HighResolutionAlarms,
        };
        ledger.charge(entry(component), Quantity::new(alarm.alarm_metrics.into(), Basis::Measured));
    }
}

//! Events that our own validation causes.
//!
//! Reading a log file is a data event of its bucket, and decrypting it a management event of KMS. Volumes that were counted
//! have them already: they are added only to what was merely declared or taken from metrics.

use rust_decimal::Decimal;

use super::super::findings::records_objects;
use super::super::{Access, Basis, Bucket, Category, Recorded, Trail, Volume, Volumes};
use super::Situation;

/// The volumes with what validation adds; `None` when that is nothing.
pub(super) fn by_validation(situation: &Situation) -> Option<Volumes> {
    let mut volumes = None;
    for trail in situation.trails.iter().filter(|trail| trail.logging) {
        let Some(bucket) = &trail.bucket else { continue };
        if is_counted(&situation.volumes, &trail.account) {
            continue;
        }
        let reads = trail.reads;
        if reads.gets.is_zero() && reads.lists.is_zero() && reads.decrypts.is_zero() {
            continue;
        }
        let volumes = volumes.get_or_insert_with(|| situation.volumes.clone());
        volumes.management.push(volume(trail, bucket, "kms.amazonaws.com", reads.decrypts));
        let calls = reads.gets.saturating_add(reads.lists);
        for recording in &situation.trails {
            if recording.reaches(&trail.account, &bucket.region)
                && records_objects(recording, bucket, &trail.account, Access::Read)
            {
                volumes.recorded.push(Recorded {
                    trail: recording.arn.clone(),
                    object: None,
                    category: Category::Data,
                    volume: volume(trail, bucket, "s3.amazonaws.com", calls),
                });
            }
        }
    }
    volumes
}

fn is_counted(volumes: &Volumes, account: &str) -> bool {
    let recorded = volumes.recorded.iter().map(|recorded| &recorded.volume);
    let mut all = volumes.management.iter().chain(recorded);
    all.any(|volume| volume.account == account && volume.basis == Basis::Measured)
}

fn volume(trail: &Trail, bucket: &Bucket, source: &str, events: Decimal) -> Volume {
    Volume {
        account: trail.account.clone(),
        region: bucket.region.clone(),
        source: source.to_owned(),
        access: Access::Read,
        events,
        basis: Basis::Declared,
    }
}

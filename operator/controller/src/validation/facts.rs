//! What AWS is asked before anything is read from the bucket. What may not be asked is left out.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use trail_operator_aws::{Account, Objects};
use trail_operator_integrity::{Delivery, Location, organization::organizations};
use trail_operator_reconcile::{
    aws::{CloudTrail, TrailStatus},
    trail::validation::{Facts, Subject},
};

/// What changes seldom may be as old as this.
const SLOW: Duration = Duration::from_hours(1);

/// Who asks, and about which trail.
pub(crate) struct Asker {
    /// The account and identity.
    pub(crate) account: Account,
    /// Home Region of the trail.
    pub(crate) region: String,
    /// Its ARN.
    pub(crate) arn: String,
    /// Account that must own the bucket.
    pub(crate) owner: Option<String>,
}

impl Asker {
    /// Asks. `elsewhere` is what the trail does in other Regions, as last looked at.
    pub(super) async fn ask(
        &self,
        subject: &Subject,
        objects: &Objects,
        elsewhere: &BTreeMap<String, TrailStatus>,
        started: Option<Timestamp>,
    ) -> Facts {
        let home = self.account.cloud_trail(&self.region);
        let (delivery, regions, trails, expirations, organization) = tokio::join!(
            home.digest_delivery(&self.arn),
            self.account.list_regions(SLOW),
            home.describe_trails(SLOW),
            home.expirations(&subject.bucket, self.owner.as_deref()),
            organization(subject, objects),
        );
        let shares_its_place = trails.is_ok_and(|trails| {
            trails.iter().any(|other| {
                let settings = &other.settings;
                other.arn != self.arn
                    && settings.s3_bucket_name == subject.bucket
                    && settings.s3_key_prefix == subject.prefix
                    && !settings.enable_log_file_validation
            })
        });
        Facts {
            now: Timestamp::now(),
            organization,
            regions: regions.ok(),
            accounts: None,
            started,
            delivery: deliveries(&self.region, delivery.ok(), elsewhere),
            expirations: expirations.unwrap_or_default(),
            shares_its_place,
            seed: fastrand::u64(..),
        }
    }
}

async fn organization(subject: &Subject, objects: &Objects) -> Option<String> {
    if !subject.is_organization_trail {
        return None;
    }
    let place = Location {
        bucket: subject.bucket.clone(),
        prefix: (!subject.prefix.is_empty()).then(|| subject.prefix.clone()),
        organization: None,
    };
    let found = organizations(objects, &place).await;
    let found =
        found.inspect_err(|error| tracing::warn!(%error, "cannot look for the organization's folder"));
    found.ok()?.into_iter().find_map(|place| place.organization)
}

/// Whoever stops a trail stops it in all Regions.
fn deliveries(
    home: &str,
    at_home: Option<Delivery>,
    elsewhere: &BTreeMap<String, TrailStatus>,
) -> BTreeMap<String, Delivery> {
    let stopped = at_home.and_then(|delivery| delivery.stopped);
    let others = elsewhere.iter().map(|(region, status)| {
        (region.clone(), Delivery { latest_digest: status.latest_digest_delivery_time, stopped })
    });
    others.chain(at_home.map(|delivery| (home.to_owned(), delivery))).collect()
}

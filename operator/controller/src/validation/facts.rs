//! What AWS is asked before anything is read from the bucket. What may not be asked is left out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::Timestamp;
use trail_operator_aws::{Account, Objects};
use trail_operator_integrity::{Delivery, Location, RunError, organization::organizations};
use trail_operator_reconcile::{
    aws::{CloudTrail, TrailStatus},
    trail::validation::{Facts, Ledger, Subject},
};

/// What changes seldom may be as old as this.
const SLOW: Duration = Duration::from_hours(1);

/// Folders that look like an organization's: one is the trail's.
const MOST_FOLDERS: usize = 4;

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
    /// Asks. `elsewhere` is what the trail does in other Regions, as last looked at; `before` is what was known.
    ///
    /// # Errors
    /// When nobody can tell in which folder the digests of an organization's trail lie: whatever was found then would be
    /// wrong.
    pub(super) async fn ask(
        &self,
        subject: &Subject,
        objects: &Objects,
        elsewhere: &BTreeMap<String, TrailStatus>,
        started: Option<Timestamp>,
        before: &Ledger,
    ) -> Result<Facts, RunError> {
        let home = self.account.cloud_trail(&self.region);
        let (delivery, regions, expirations, organizations, accounts) = tokio::join!(
            home.digest_delivery(&self.arn),
            self.account.list_regions(SLOW),
            home.expirations(&subject.bucket, self.owner.as_deref()),
            self.organizations(subject, objects, before),
            self.accounts(subject),
        );
        let regions = regions.ok();
        let shares_its_place = self.shares_its_place(subject, regions.as_deref()).await;
        Ok(Facts {
            now: Timestamp::now(),
            organizations: organizations?,
            regions,
            accounts,
            started,
            delivery: deliveries(&self.region, delivery.ok(), elsewhere),
            expirations: expirations.unwrap_or_default(),
            shares_its_place,
            seed: fastrand::u64(..),
        })
    }

    /// Active accounts of the organization.
    async fn accounts(&self, subject: &Subject) -> Option<Vec<String>> {
        if !subject.is_organization_trail {
            return None;
        }
        let accounts = self.account.list_accounts(SLOW).await;
        accounts
            .inspect_err(|error| tracing::info!(%error, "the organization's accounts cannot be listed"))
            .ok()
    }

    /// Folders of the organization in the bucket: by its id, else all that look like one; anybody who may write to the
    /// bucket can make another.
    async fn organizations(
        &self,
        subject: &Subject,
        objects: &Objects,
        before: &Ledger,
    ) -> Result<Vec<String>, RunError> {
        if !subject.is_organization_trail {
            return Ok(vec![]);
        }
        if let Ok(organization) = self.account.organization(SLOW).await {
            return Ok(vec![organization.id]);
        }
        let place = Location {
            bucket: subject.bucket.clone(),
            prefix: (!subject.prefix.is_empty()).then(|| subject.prefix.clone()),
            organization: None,
        };
        let found = organizations(objects, &place).await;
        let names = match found {
            Ok(places) => {
                places.into_iter().filter_map(|place| place.organization).take(MOST_FOLDERS).collect()
            }
            Err(error) => {
                tracing::warn!(%error, "cannot look for the organization's folder");
                let known = before.anchors.iter().filter_map(|anchor| folder_in(&anchor.key));
                known.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
            }
        };
        if names.is_empty() {
            let message = "nobody can tell in which folder of the bucket the organization's digests lie: neither \
                           organizations:DescribeOrganization nor listing the bucket says so";
            return Err(RunError::Request(message.to_owned()));
        }
        Ok(names)
    }

    /// Whether a trail that is seen from any Region delivers to the same place without digests. Where that cannot be told,
    /// it may.
    async fn shares_its_place(&self, subject: &Subject, regions: Option<&[String]>) -> bool {
        let home = std::slice::from_ref(&self.region);
        let looks = regions.unwrap_or(home).iter().map(async |region| {
            let trails = self.account.cloud_trail(region).describe_trails(SLOW).await;
            trails.map_or(true, |trails| {
                trails.iter().any(|other| {
                    let settings = &other.settings;
                    other.arn != self.arn
                        && settings.s3_bucket_name == subject.bucket
                        && settings.s3_key_prefix == subject.prefix
                        && !settings.enable_log_file_validation
                })
            })
        });
        futures::future::join_all(looks).await.contains(&true)
    }
}

/// The organization's folder that a key lies in.
fn folder_in(key: &str) -> Option<&str> {
    key.split('/').skip_while(|part| *part != "AWSLogs").nth(1).filter(|part| part.starts_with("o-"))
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

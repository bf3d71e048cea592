//! What AWS says of the trail: where it delivers, when it did so last, and who else delivers there.
//!
//! Only DescribeTrails may be needed for an answer; without the others less is proved, which is told.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Result, anyhow};
use tokio::task::JoinSet;
use trail_operator_aws::Account;
use trail_operator_integrity::{Delivery, Location, Trail};
use trail_operator_reconcile::{
    aws::{CloudTrail, Identity, TrailDescription, TrailSettings},
    aws_account,
    aws_error::AwsError,
    reason::Reason,
};

use super::target;

/// What was read that long ago is not asked for again.
const JUST_NOW: Duration = Duration::from_mins(1);

/// The answer of AWS about the trail itself.
#[derive(Debug)]
pub(super) struct Described {
    identity: Option<Identity>,
    trails: Result<Vec<TrailDescription>, AwsError>,
    arn: String,
}

/// What is known of the Regions that were asked.
#[derive(Clone, Debug, Default)]
pub(super) struct InRegions {
    pub(super) delivery: BTreeMap<String, Delivery>,
    pub(super) visible: Vec<TrailDescription>,
    /// Why nothing is known of some delivery.
    pub(super) unknown: Option<String>,
    /// Why some trails may be missing among the visible ones.
    pub(super) unseen: Option<String>,
}

/// Asks in the home Region who we are and what the trail is.
pub(super) async fn describe(account: &Account, trail: &Trail) -> Result<Described> {
    let home = account.cloud_trail(&trail.home_region);
    let security_tokens = account.security_tokens();
    let (identity, trails) =
        tokio::join!(aws_account::observe(&security_tokens), home.describe_trails(Duration::ZERO));
    if let Some(error) = identity.as_ref().err().filter(|error| error.code == "CredentialsError") {
        return Err(anyhow!(error.clone()).context("there are no AWS credentials that can be used"));
    }
    let trails = trails.map(|trails| trails.to_vec());
    Ok(Described { identity: identity.ok(), trails, arn: trail.arn.clone() })
}

impl Described {
    /// Its settings, where it is visible.
    pub(super) fn settings(&self) -> Option<&TrailSettings> {
        let found = self.trails.as_ref().ok()?.iter().find(|trail| trail.arn == self.arn)?;
        Some(&found.settings)
    }

    /// Where it delivers.
    pub(super) fn place(&self) -> Option<Location> {
        let settings = self.settings()?;
        Some(target::place(&settings.s3_bucket_name, Some(&settings.s3_key_prefix)))
    }

    /// Whether it is the trail's own account that answers: another one is told of its own trails only.
    pub(super) fn is_by_owner(&self, trail: &Trail) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.account_id == trail.account)
    }

    /// Why it is not visible, and what to do.
    pub(super) fn why_not(&self, trail: &Trail) -> anyhow::Error {
        let Trail { arn, account, home_region, name } = trail;
        let instead = "name the bucket with --s3-bucket to do without";
        let visible = match &self.trails {
            Ok(visible) => visible,
            Err(error) if error.reason() == Reason::AccessDenied => {
                return anyhow!(
                    "your credentials ({}) may not call cloudtrail:DescribeTrails, which tells where {arn} delivers; allow it, or {instead}",
                    self.who()
                );
            }
            Err(error) => {
                return anyhow!(error.clone()).context(format!("cannot tell where {arn} delivers"));
            }
        };
        if let Some(namesake) = visible.iter().find(|other| other.name == *name) {
            return anyhow!(
                "there is no trail {arn} that your credentials ({}) can see; there is {}",
                self.who(),
                namesake.arn
            );
        }
        let theirs = self.identity.as_ref().map(|identity| identity.account_id.as_str());
        if let Some(theirs) = theirs.filter(|theirs| theirs != account) {
            return anyhow!(
                "there is no trail {arn} that your credentials ({}) can see: they belong to account {theirs}; use credentials of account {account}, or {instead}",
                self.who()
            );
        }
        let names: Vec<_> = visible.iter().map(|trail| trail.arn.as_str()).collect();
        let others = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        anyhow!(
            "there is no trail {arn}; account {account} has these in {home_region}: {others}. If it was deleted, {instead}"
        )
    }

    pub(super) fn who(&self) -> &str {
        self.identity.as_ref().map_or("of an unknown account", |identity| &identity.arn)
    }
}

/// Asks in each of these Regions how far the trail has delivered, and which trails there are.
pub(super) async fn in_regions(account: &Account, trail: &Trail, regions: Vec<String>) -> InRegions {
    let mut asking = JoinSet::new();
    for region in regions {
        let (here, arn) = (account.cloud_trail(&region), trail.arn.clone());
        asking.spawn(async move {
            let (delivery, trails) = tokio::join!(here.digest_delivery(&arn), here.describe_trails(JUST_NOW));
            (region, delivery, trails)
        });
    }
    let mut known = InRegions::default();
    while let Some(answer) = asking.join_next().await {
        let Ok((region, delivery, trails)) = answer else { continue };
        match delivery {
            Ok(delivery) => drop(known.delivery.insert(region.clone(), delivery)),
            Err(error) => known.unknown = Some(format!("{region}: {error}")),
        }
        match trails {
            Ok(trails) => known.visible.extend(trails.iter().cloned()),
            Err(error) => known.unseen = Some(format!("{region}: {error}")),
        }
    }
    known
}

impl InRegions {
    /// A trail whose log files are in no digest, and lie among those of this one.
    pub(super) fn undigested_neighbour(&self, arn: &str, place: &Location) -> Option<&str> {
        let is_one = |other: &&TrailDescription| {
            let settings = &other.settings;
            let theirs = target::place(&settings.s3_bucket_name, Some(&settings.s3_key_prefix));
            other.arn != arn
                && !settings.enable_log_file_validation
                && (&theirs.bucket, &theirs.prefix) == (&place.bucket, &place.prefix)
        };
        self.visible.iter().find(is_one).map(|other| other.arn.as_str())
    }
}

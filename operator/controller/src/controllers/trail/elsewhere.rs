//! What a trail does in Regions other than its home: looked at once an hour, beside the rounds, which read the result.
//!
//! Costs one ListRegions for each account and one GetTrailStatus for each other enabled Region of each multi-Region trail.

use std::time::Duration;

use trail_operator_aws::Account;
use trail_operator_reconcile::{
    aws::CloudTrail,
    trail::{Freshness, Input, delivery::Elsewhere},
};

use super::Context;

/// How often.
const EVERY: Duration = Duration::from_hours(1);

/// The first look waits for this and up to as long again, so that a restart does not begin with all of them.
const FIRST: Duration = Duration::from_mins(1);

/// Begins a look if it is due, or if somebody has asked for one.
pub(super) fn look_if_due(account: &Account, input: &Input, uid: &str, context: &Context) {
    if !input.settings.is_multi_region_trail || !input.acquired {
        return;
    }
    if input.freshness == Freshness::Requested {
        context.memory.look_elsewhere_now(uid);
    }
    if !context.memory.is_to_look_elsewhere(uid, EVERY, FIRST.mul_f64(1.0 + fastrand::f64())) {
        return;
    }
    let (account, memory) = (account.clone(), context.memory.clone());
    let (home, arn, uid) = (input.region.clone(), input.arn.clone(), uid.to_owned());
    let stop = context.shared.stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            elsewhere = look(&account, &home, &arn) => memory.looked_elsewhere(&uid, elsewhere),
        }
    });
}

/// Regions that cannot be asked are left out: what is not known is not said to fail.
async fn look(account: &Account, home: &str, arn: &str) -> Elsewhere {
    let regions = match account.list_regions(EVERY).await {
        Ok(regions) => regions,
        Err(error) => {
            tracing::warn!(arn, %error, "the account's Regions cannot be listed; deliveries are judged in the home Region only");
            return Elsewhere { regions: Some(<_>::default()) };
        }
    };
    let mut seen = std::collections::BTreeMap::new();
    for region in regions.into_iter().filter(|region| region != home) {
        match account.cloud_trail(&region).get_trail_status(arn).await {
            Ok(status) => drop(seen.insert(region, status)),
            Err(error) => tracing::info!(arn, region, %error, "a Region cannot be asked about the trail"),
        }
    }
    Elsewhere { regions: Some(seen) }
}

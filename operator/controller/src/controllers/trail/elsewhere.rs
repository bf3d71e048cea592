//! What a trail does in Regions other than its home: looked at once an hour, beside the rounds, which read the result.
//!
//! Costs one ListRegions for each account and one GetTrailStatus for each other enabled Region of each multi-Region trail.

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
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
    if !input.settings.is_multi_region_trail || !input.was_seen {
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
    let before = input.elsewhere.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = stop.cancelled() => {}
            elsewhere = look(&account, &home, &arn, before) => {
                if let Some(elsewhere) = elsewhere {
                    memory.looked_elsewhere(&uid, elsewhere);
                }
            }
        }
    });
}

/// Looks that go on at the same time, of whatever trails: a Region that answers nobody holds up no repair elsewhere.
static LOOKS: Semaphore = Semaphore::const_new(8);

/// Of a Region that cannot be asked now, what was last known stands. `None` where not even the Regions are known.
async fn look(account: &Account, home: &str, arn: &str, before: Elsewhere) -> Option<Elsewhere> {
    let _turn = LOOKS.acquire().await.ok()?;
    let regions = account.list_regions(EVERY).await;
    let regions = regions.inspect_err(|error| {
        tracing::warn!(arn, %error, "the account's Regions cannot be listed; other Regions than the home Region are not looked at");
    });
    let regions: Vec<_> = regions.ok()?.into_iter().filter(|region| region != home).collect();
    let Elsewhere { regions: known, mut asked } = before;
    let mut known = known.unwrap_or_default();
    known.retain(|region, _| regions.contains(region));
    asked.retain(|region, _| regions.contains(region));
    for region in regions {
        match account.cloud_trail(&region).get_trail_status(arn).await {
            Ok(status) => {
                asked.insert(region.clone(), Timestamp::now());
                known.insert(region, status);
            }
            Err(error) => tracing::info!(arn, region, %error, "a Region cannot be asked about the trail"),
        }
    }
    Some(Elsewhere { regions: Some(known), asked })
}

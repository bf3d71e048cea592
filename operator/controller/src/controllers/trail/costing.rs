//! What a trail costs: estimated once an hour, whenever logs were counted and when another thing is declared, beside the
//! rounds, which read the result.
//!
//! Only asks and puts together: what follows from the answers is the reconcile crate's to say. What may not be asked is said
//! in the estimate and never taken for nothing.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::Semaphore;
use trail_operator_aws::Account;
use trail_operator_crds::Trail;
use trail_operator_domain::cost::{Kms, Organization, Prices, Topic};
use trail_operator_reconcile::trail::{
    Input,
    cost::{self, Costs, Counted, Metrics},
};

use super::{Context, validating};

/// Estimates that go on at the same time, of whatever trails.
static ESTIMATES: Semaphore = Semaphore::const_new(4);

/// How costs are estimated.
#[derive(Clone, Debug)]
pub(crate) struct Costing {
    /// How often; zero for never.
    pub(crate) every: Duration,
    /// The prices.
    pub(crate) prices: Arc<Prices>,
}

/// Begins an estimate if it is due.
pub(super) fn estimate_if_due(account: &Account, trail: &Trail, input: &Input, uid: &str, context: &Context) {
    let Costing { every, prices } = context.shared.costing.clone();
    if every.is_zero() || !input.was_seen || !context.memory.is_to_estimate(uid, every, &input.cost) {
        return;
    }
    let counted =
        context.memory.what_was_counted(uid).unwrap_or_else(|| Counted::of(validating::counted(trail)));
    let question = Question {
        account: account.clone(),
        input: input.clone(),
        owner: trail.spec.s3.bucket_owner.clone(),
        every,
    };
    let (memory, again, stop) = (context.memory.clone(), context.again.clone(), context.shared.stop.clone());
    let uid = uid.to_owned();
    let key = (trail.namespace().unwrap_or_default(), trail.name_any());
    tokio::spawn(async move {
        let costs = stop.run_until_cancelled(question.ask(&counted, &prices)).await;
        if let Some(costs) = costs
            && memory.estimated(&uid, &question.input.cost, costs)
        {
            // When the controllers have ended nobody needs to know.
            let _ = again.unbounded_send(key);
        }
    });
}

/// What is to be asked.
struct Question {
    account: Account,
    input: Input,
    owner: Option<String>,
    every: Duration,
}

impl Question {
    async fn ask(&self, counted: &Counted, prices: &Prices) -> Costs {
        // A semaphore that is never closed gives a turn.
        let _turn = ESTIMATES.acquire().await;
        let seen = Box::pin(self.account()).await;
        cost::estimate(&self.input.cost, &seen, counted, prices, Timestamp::now())
    }

    async fn account(&self) -> cost::Account {
        let Self { account, input, every, .. } = self;
        let settings = &input.settings;
        let trails = Box::pin(account.trails(&input.region, *every)).await;
        let mut seen =
            cost::Account { trails: trails.trails, unseen: trails.unseen, ..cost::Account::default() };
        let region = || input.region.clone();
        let encrypted = !settings.kms_key_id.is_empty() || !input.kms_key_id.is_empty();
        // Whether the key is there for this trail alone nobody can tell.
        seen.kms = encrypted.then(|| Kms { region: region(), dedicated: false });
        seen.topic =
            (!settings.sns_topic_arn.is_empty()).then(|| Topic { region: region(), email: 0, http: 0 });
        if settings.is_organization_trail {
            let accounts = account.list_accounts(*every).await;
            seen.organization =
                accounts.ok().map(|accounts| Organization { accounts: accounts.len() as u64, seen: 1 });
        }
        self.bucket(&mut seen).await;
        self.log_group(&mut seen).await;
        seen
    }

    async fn bucket(&self, seen: &mut cost::Account) {
        let home = self.account.cloud_trail(&self.input.region);
        let settings = &self.input.settings;
        let bucket = &settings.s3_bucket_name;
        match home.lifecycle(bucket, self.owner.as_deref()).await {
            Ok(found) => {
                seen.bucket =
                    Some(cost::bucket(bucket, &settings.s3_key_prefix, &found.region, &found.expirations));
            }
            Err(_) => seen.unseen.push(format!("the bucket '{bucket}'")),
        }
    }

    async fn log_group(&self, seen: &mut cost::Account) {
        let Some(name) = self.input.cost.log_group.as_deref() else { return };
        let here = self.account.alarms(&self.input.region);
        let volume = here.log_group_volume(name, Timestamp::now(), self.every).await;
        if volume.is_err() {
            seen.unseen.push(format!("the log group '{name}'"));
        }
        let volume = volume.unwrap_or_default();
        let group = cost::log_group(&self.input.region, volume.retention_days);
        seen.log_group = Some((group, Metrics::of_days(&volume.days)));
    }
}

//! What a trail costs: estimated once an hour, whenever logs were counted and when another thing is declared, beside the
//! rounds, which read the result.
//!
//! Only asks and puts together: what follows from the answers is the reconcile crate's to say. What may not be asked is said
//! in the estimate and never taken for nothing.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::ResourceExt;
use tokio::sync::Semaphore;
use trail_operator_aws::Account;
use trail_operator_crds::Trail;
use trail_operator_domain::cost::{Overrides, Prices};
use trail_operator_reconcile::trail::{
    Input,
    cost::{self, Costs, Counted},
};

use super::{Context, validating};
use crate::metrics::Metrics;

/// Estimates that go on at the same time, of whatever trails.
static ESTIMATES: Semaphore = Semaphore::const_new(4);

/// How old AWS's list prices may be: they change some times a year.
const PRICES_AGE: Duration = Duration::from_hours(24);

/// How costs are estimated.
#[derive(Clone, Debug)]
pub(crate) struct Costing {
    /// How often; zero for never.
    pub(crate) every: Duration,
    /// The prices that are known without asking.
    pub(crate) list: Arc<Prices>,
    /// What somebody negotiated.
    pub(crate) overrides: Arc<Overrides>,
    /// Whether AWS may be asked for its list prices.
    pub(crate) refresh: bool,
}

impl Costing {
    /// The prices, without asking.
    pub(crate) fn prices(&self) -> Prices {
        Prices::clone(&self.list).overridden(&self.overrides)
    }

    /// The prices, with AWS's newest of these Regions where it may be asked, and what could not be read.
    async fn prices_of(&self, account: &Account, regions: &BTreeSet<String>) -> (Prices, Vec<String>) {
        if !self.refresh {
            return (self.prices(), Vec::new());
        }
        let (newer, unread) = account.prices(regions, PRICES_AGE).await;
        let prices = Prices::clone(&self.list).refreshed(newer).overridden(&self.overrides);
        (prices, unread.into_iter().map(|region| format!("the price list of {region}")).collect())
    }
}

/// Begins an estimate if it is due.
pub(super) fn estimate_if_due(account: &Account, trail: &Trail, input: &Input, uid: &str, context: &Context) {
    let costing = context.shared.costing.clone();
    let every = costing.every;
    if every.is_zero() || !input.was_seen || !context.memory.is_to_estimate(uid, every, &input.cost) {
        return;
    }
    let counted =
        context.memory.what_was_counted(uid).unwrap_or_else(|| Counted::of(validating::counted(trail)));
    let question = Question {
        account: account.clone(),
        input: input.clone(),
        owner: trail.spec.s3.bucket_owner.clone(),
        costing,
        metrics: context.shared.metrics.clone(),
    };
    let (memory, again, stop) = (context.memory.clone(), context.again.clone(), context.shared.stop.clone());
    let uid = uid.to_owned();
    let key = (trail.namespace().unwrap_or_default(), trail.name_any());
    tokio::spawn(async move {
        let costs = stop.run_until_cancelled(question.ask(&counted)).await;
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
    costing: Costing,
    metrics: Arc<Metrics>,
}

impl Question {
    async fn ask(&self, counted: &Counted) -> Costs {
        // A semaphore that is never closed gives a turn.
        let _turn = ESTIMATES.acquire().await;
        let Self { account, input, owner, costing, metrics } = self;
        let mut seen = Box::pin(account.cost_account(input, owner.as_deref(), costing.every)).await;
        let mut regions = counted.regions();
        regions.extend(
            [input.region.clone()]
                .into_iter()
                .chain(seen.bucket.as_ref().map(|bucket| bucket.region.clone())),
        );
        let (prices, unread) = costing.prices_of(account, &regions).await;
        metrics.prices_of(prices.date());
        seen.unseen.extend(unread);
        cost::estimate(&input.cost, &seen, counted, &prices, Timestamp::now())
    }
}

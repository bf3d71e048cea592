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
use trail_operator_domain::cost::Prices;
use trail_operator_reconcile::trail::{
    Input,
    cost::{self, Costs, Counted},
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
        let Self { account, input, owner, every } = self;
        let seen = Box::pin(account.cost_account(input, owner.as_deref(), *every)).await;
        cost::estimate(&input.cost, &seen, counted, prices, Timestamp::now())
    }
}

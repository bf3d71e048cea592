//! The controller of `AwsAccount`.
//!
//! Asks STS who the account's credentials belong to, and keeps an account that is in use until its users are gone.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt, channel::mpsc::UnboundedReceiver};
use jiff::{SignedDuration, Timestamp};
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        Controller, Predicate, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates, reflector,
        reflector::{ObjectRef, Store},
        watcher,
    },
};
use tracing::Instrument;
use trail_operator_crds::{AwsAccount, AwsAccountStatus};
use trail_operator_reconcile::{
    aws::Identity,
    aws_account,
    aws_error::AwsError,
    references::ActAs,
    trail::{Next, finalize},
};

use super::{RoundError, Shared, log_watch_error, requeue, round_id, undecodable};
use crate::{finalizer, memory::Memory, metrics::RoundResult, status, stores::Stores};

const KIND: &str = "AwsAccount";

/// Rounds that may run at the same time.
const CONCURRENCY: u16 = 64;

/// How often AWS is asked who we are.
const INTERVAL: Duration = Duration::from_mins(10);

type Guarded = DeserializeGuard<AwsAccount>;

struct Context {
    shared: Shared,
    stores: Stores,
    own: Store<Guarded>,
    memory: Memory<AwsAccountStatus>,
}

/// Runs until told to stop, and finishes what is in hand. `users_changed` names accounts that may have won or lost a
/// user.
pub(crate) async fn run(shared: Shared, stores: Stores, users_changed: UnboundedReceiver<String>) {
    let (reader, writer) = reflector::store();
    let accounts: Api<Guarded> = Api::all(shared.client.clone());
    let context =
        Arc::new(Context { memory: Memory::new(), shared: shared.clone(), stores, own: reader.clone() });
    let changes = predicates::generation.combine(predicates::finalizers).combine(predicates::annotations);
    let stream = watcher(accounts, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(forget_deleted(context.clone()))
        .applied_objects()
        .predicate_filter(changes, PredicateConfig::default());
    let stop = shared.stop.clone();
    Controller::for_stream(stream, reader)
        .with_config(Config::default().concurrency(CONCURRENCY))
        .reconcile_on(users_changed.map(|name| ObjectRef::new(&name)))
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, context)
        .for_each(async |ended| log_watch_error(KIND, ended))
        .await;
}

/// An account that is gone leaves neither series, memory nor credentials; neither does a role that is no longer used.
fn forget_deleted(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<Guarded>, watcher::Error>) + Send + 'static {
    move |event| {
        if let Ok(watcher::Event::Delete(account)) = event {
            let uid = account.meta().uid.as_deref().unwrap_or_default();
            context.shared.metrics.object_gone(KIND, "", &account.name_any());
            context.memory.forget(uid);
            context.forget_unused();
        }
    }
}

impl Context {
    fn forget_unused(&self) {
        let used: Vec<_> =
            self.own.state().iter().filter_map(|account| account.0.as_ref().ok().map(ActAs::of)).collect();
        self.shared.identities.retain(|act_as| used.contains(act_as));
        self.shared.aws.retain(|act_as| used.contains(act_as));
    }
}

async fn reconcile(account: Arc<Guarded>, context: Arc<Context>) -> Result<Action, RoundError> {
    let name = account.meta().name.clone().unwrap_or_default();
    let generation = account.meta().generation;
    let span = tracing::info_span!("reconcile", kind = KIND, name, generation, reconcile_id = round_id());
    async {
        match &account.0 {
            Ok(account) => round(account, &context).await,
            Err(invalid) => {
                // Nobody looks after it: what was last said of it is not to be taken for true.
                let name = account.meta().name.as_deref().unwrap_or_default();
                context.shared.metrics.object_gone(KIND, "", name);
                let api = Api::<PartialObjectMeta<AwsAccount>>::all(context.shared.client.clone());
                undecodable(api, invalid, &context.shared).await
            }
        }
    }
    .instrument(span)
    .await
}

async fn round(account: &AwsAccount, context: &Context) -> Result<Action, RoundError> {
    let Context { shared, stores, memory, .. } = context;
    tokio::select! {
        biased;
        () = shared.stop.cancelled() => return Err(RoundError::Stopping),
        () = stores.whole() => {}
    }
    let api: Api<AwsAccount> = Api::all(shared.client.clone());
    let users = stores.users(&account.name_any());
    if let Some(action) = keep_or_let_go(&api, account, &users).await? {
        return Ok(action);
    }
    let uid = account.uid().unwrap_or_default();
    let start = Instant::now();
    let mut account = account.clone();
    if let Some(newer) = memory.newer_than(&uid, account.resource_version().as_deref()) {
        account.status = Some(newer);
    }
    let identity = identity(&account, context).await;
    if identity.is_ok() {
        memory.saw(&uid);
    }
    let unseen_for = SignedDuration::try_from(memory.unseen_for(&uid)).unwrap_or(SignedDuration::MAX);
    let report = aws_account::report(&account, &identity, &users, unseen_for, Timestamp::now());

    shared.events.publish(&report.events, &account.object_ref(&())).await;
    if account.status.as_ref() != Some(&report.status) {
        let version = status::write(&api, &account, &report.status).await?;
        memory.wrote(&uid, version.as_deref(), report.status.clone());
    }
    shared.metrics.has_conditions(KIND, "", &account.name_any(), &report.status.conditions);
    let result = if report.next == Next::Interval { RoundResult::Success } else { RoundResult::Pending };
    shared.metrics.reconciled(KIND, result, Some(start.elapsed()));
    if report.next != Next::Backoff {
        memory.succeeded(&uid);
    }
    Ok(match report.next {
        Next::Interval => Action::requeue(crate::backoff::jittered(INTERVAL)),
        next => requeue(next, INTERVAL, || memory.back_off(&uid)),
    })
}

/// An account in use keeps a finalizer until its users are gone; one that is not in use has none. Gives what to do where
/// nothing else is left to be done in this round.
async fn keep_or_let_go(
    api: &Api<AwsAccount>,
    account: &AwsAccount,
    users: &[String],
) -> Result<Option<Action>, RoundError> {
    let deleting = account.meta().deletion_timestamp.is_some();
    let forced = deleting && finalize::is_forced(&account.metadata);
    match (finalizer::is_on(account), users.is_empty() || forced) {
        (false, false) if !deleting => finalizer::put_on(api, account).await?,
        (true, true) => finalizer::take_off(api, account).await?,
        (false, _) if deleting => {}
        _ => return Ok(None),
    }
    // The watch brings the object back as it is now, or says that it is gone.
    Ok(Some(Action::await_change()))
}

/// Who the account's credentials belong to. Credentials that are new are asked at once, others now and then.
async fn identity(account: &AwsAccount, context: &Context) -> Result<Identity, AwsError> {
    let act_as = ActAs::of(account);
    let known = context.shared.identities.lately(&act_as, INTERVAL.mul_f64(0.85));
    if let Some(known) = known.filter(|known| known.account_id == act_as.account_id) {
        return Ok(known);
    }
    let handle = context.shared.aws.account(&act_as).await;
    let identity = aws_account::observe(&handle.security_tokens()).await?;
    context.shared.identities.found(&act_as, &identity);
    context.forget_unused();
    Ok(identity)
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the Controller calls")]
fn error_policy(account: Arc<Guarded>, error: &RoundError, context: Arc<Context>) -> Action {
    if let RoundError::Stopping = error {
        return Action::await_change();
    }
    let name = account.meta().name.as_deref().unwrap_or_default();
    tracing::warn!(kind = KIND, name, error = error as &dyn std::error::Error, "the round failed");
    context.shared.metrics.reconciled(KIND, RoundResult::Error, None);
    Action::requeue(context.memory.back_off(account.meta().uid.as_deref().unwrap_or_default()))
}

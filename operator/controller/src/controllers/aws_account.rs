//! The controller of `AwsAccount`.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use kube::{
    Api, Resource, ResourceExt,
    core::{DeserializeGuard, PartialObjectMeta},
    runtime::{
        Controller, PredicateConfig, WatchStreamExt,
        controller::{Action, Config},
        predicates, reflector, watcher,
    },
};
use tracing::Instrument;
use trail_operator_crds::{AwsAccount, AwsAccountStatus};
use trail_operator_reconcile::{aws_account, trail::Next};

use super::{CONCURRENCY, RoundError, Shared, log_watch_error, requeue, round_id, undecodable};
use crate::{memory::Memory, metrics::RoundResult, status};

const KIND: &str = "AwsAccount";

/// How often AWS is asked who we are.
const INTERVAL: Duration = Duration::from_mins(10);

struct Context {
    shared: Shared,
    memory: Memory<AwsAccountStatus>,
}

/// Runs until told to stop, and finishes what is in hand.
pub(crate) async fn run(shared: Shared) {
    let (reader, writer) = reflector::store();
    let accounts: Api<DeserializeGuard<AwsAccount>> = Api::all(shared.client.clone());
    let context = Arc::new(Context { memory: Memory::new(), shared: shared.clone() });
    let stream = watcher(accounts, watcher::Config::default())
        .default_backoff()
        .reflect(writer)
        .inspect(forget_deleted(context.clone()))
        .applied_objects()
        .predicate_filter(predicates::generation, PredicateConfig::default());
    let stop = shared.stop.clone();
    Controller::for_stream(stream, reader)
        .with_config(Config::default().concurrency(CONCURRENCY))
        .graceful_shutdown_on(async move { stop.cancelled().await })
        .run(reconcile, error_policy, context)
        .for_each(async |ended| log_watch_error(KIND, ended))
        .await;
}

/// An account that is gone leaves neither series nor memory.
fn forget_deleted(
    context: Arc<Context>,
) -> impl Fn(&Result<watcher::Event<DeserializeGuard<AwsAccount>>, watcher::Error>) + Send + 'static {
    move |event| {
        if let Ok(watcher::Event::Delete(account)) = event {
            let uid = account.meta().uid.as_deref().unwrap_or_default();
            context.shared.metrics.object_gone(KIND, "", &account.name_any());
            context.shared.identities.forget(uid);
            context.memory.forget(uid);
        }
    }
}

async fn reconcile(
    account: Arc<DeserializeGuard<AwsAccount>>,
    context: Arc<Context>,
) -> Result<Action, RoundError> {
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
    let Context { shared, memory } = context;
    let uid = account.uid().unwrap_or_default();
    let start = Instant::now();
    let mut account = account.clone();
    if let Some(newer) = memory.newer_than(&uid, account.resource_version().as_deref()) {
        account.status = Some(newer);
    }
    let identity = aws_account::observe(&shared.aws.security_tokens()).await;
    if let Ok(identity) = &identity {
        memory.saw(&uid);
        shared.identities.found(&uid, &identity.account_id);
    }
    let unseen_for = SignedDuration::try_from(memory.unseen_for(&uid)).unwrap_or(SignedDuration::MAX);
    let report = aws_account::report(&account, &identity, unseen_for, Timestamp::now());

    shared.events.publish(&report.events, &account.object_ref(&())).await;
    if account.status.as_ref() != Some(&report.status) {
        let api: Api<AwsAccount> = Api::all(shared.client.clone());
        let version = status::write(&api, &account, &report.status).await?;
        memory.wrote(&uid, version.as_deref(), report.status.clone());
    }
    shared.metrics.has_conditions(KIND, "", &account.name_any(), &report.status.conditions);
    let result = if report.next == Next::Interval { RoundResult::Success } else { RoundResult::Pending };
    shared.metrics.reconciled(KIND, result, Some(start.elapsed()));
    if report.next != Next::Backoff {
        memory.succeeded(&uid);
    }
    Ok(requeue(report.next, INTERVAL, || memory.back_off(&uid)))
}

#[expect(clippy::needless_pass_by_value, reason = "the signature that the Controller calls")]
fn error_policy(
    account: Arc<DeserializeGuard<AwsAccount>>,
    error: &RoundError,
    context: Arc<Context>,
) -> Action {
    let name = account.meta().name.as_deref().unwrap_or_default();
    tracing::warn!(kind = KIND, name, error = error as &dyn std::error::Error, "the round failed");
    context.shared.metrics.reconciled(KIND, RoundResult::Error, None);
    Action::requeue(context.memory.back_off(account.meta().uid.as_deref().unwrap_or_default()))
}

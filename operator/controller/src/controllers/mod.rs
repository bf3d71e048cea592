//! One controller per kind: its watches, and one round of reconciling with its reads, writes and records.

pub(crate) mod aws_account;
mod event_selector;
mod metric_alarm;
pub(crate) mod trail;

use std::{
    fmt::{Debug, Write as _},
    marker::PhantomData,
    sync::Arc,
    time::Duration,
};

use futures::channel::mpsc::unbounded;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{
    Api, Client, Resource,
    core::{PartialObjectMeta, error_boundary::InvalidObject},
    runtime::{
        controller::{Action, Error as ControllerError},
        watcher,
    },
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use trail_operator_aws::Clients;
use trail_operator_crds::FORCE_FINALIZE;
use trail_operator_reconcile::{
    event::Event,
    reason::Reason,
    trail::{LastWrite, Next, finalize},
};

use crate::{
    backoff::jittered, check::Health, events::Publisher, finalizer, identities::Identities,
    kubernetes::CallError, metrics::Metrics,
};

/// How often a cause outside is looked at again.
const RECHECK: Duration = Duration::from_mins(2);

/// When AWS is asked once more after a change: by then it shows the change, or somebody else's.
const CONFIRM: Duration = LastWrite::SETTLED_AFTER.unsigned_abs();

/// What every controller needs.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The API server.
    pub(crate) client: Client,
    /// AWS.
    pub(crate) aws: Arc<Clients>,
    /// Metrics.
    pub(crate) metrics: Arc<Metrics>,
    /// Events.
    pub(crate) events: Publisher,
    /// Whose credentials are in use.
    pub(crate) identities: Identities,
    /// First part of owner tags.
    pub(crate) cluster_id: Arc<str>,
    /// Whether nothing is changed in AWS.
    pub(crate) read_only: bool,
    /// How costs are estimated.
    pub(crate) costing: trail::costing::Costing,
    /// Namespaces to look after; all when empty.
    pub(crate) watch_namespaces: Arc<[String]>,
    /// No round begins after this; rounds in hand are finished.
    pub(crate) stop: CancellationToken,
}

/// Runs every controller until told to stop, and finishes what is in hand.
pub(crate) async fn run(shared: Shared, health: Health) {
    let (stores, mut writers) = trail::caches(&shared);
    let (users_changed, accounts) = unbounded();
    let (trail_changed, trails) = unbounded();
    let (place_changed, places) = unbounded();
    let (composition_changed, compositions) = unbounded();
    let selectors =
        trail::Selectors { composition_changed: compositions, trails: trail_changed, places: place_changed };
    let (alarms_concerned, trails_of_alarms) = unbounded();
    let backtests = metric_alarm::Backtests::default();
    let alarms = trail::Alarms { trails: alarms_concerned, backtests: backtests.clone() };
    let told = metric_alarm::Wakes { trails: trails_of_alarms, users_changed: users_changed.clone() };
    let event_selectors = std::mem::take(&mut writers.event_selectors);
    let metric_alarms = std::mem::take(&mut writers.metric_alarms);
    futures::join!(
        aws_account::run(shared.clone(), stores.clone(), accounts),
        event_selector::run(
            shared.clone(),
            health.clone(),
            stores.clone(),
            event_selectors,
            event_selector::Wakes { composition_changed, trails, places },
        ),
        metric_alarm::run(shared.clone(), health.clone(), stores.clone(), metric_alarms, backtests, told),
        trail::run(shared, health, stores, writers, users_changed, selectors, alarms)
    );
}

/// Why a round could not be finished: Kubernetes did not do its part. Everything else becomes status.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoundError {
    /// A call to the API server failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The process is stopping.
    #[error("the process is stopping")]
    Stopping,
}

/// When to come back. `back_off` is asked only when it is needed, since asking makes the next wait longer; it never makes
/// an object wait longer than its interval.
fn requeue(next: Next, interval: Duration, back_off: impl FnOnce() -> Duration) -> Action {
    Action::requeue(match next {
        Next::Interval => jittered(interval),
        Next::Recheck => jittered(RECHECK),
        Next::Confirm => CONFIRM.min(interval),
        Next::Backoff => back_off().min(interval),
        Next::After(wait) => wait.min(interval),
        Next::OnChange => return Action::await_change(),
    })
}

/// Says of an object that cannot be read what is wrong with it. It is left alone until it changes; an object that is
/// being deleted can be let go by force.
async fn undecodable<K>(
    api: Api<PartialObjectMeta<K>>,
    invalid: &InvalidObject,
    shared: &Shared,
) -> Result<Action, RoundError>
where
    K: Resource<DynamicType = ()> + Clone + Debug + DeserializeOwned,
{
    tracing::warn!(error = invalid.error, "the object cannot be read by this version");
    let object =
        PartialObjectMeta { types: None, metadata: invalid.metadata.clone(), _phantom: PhantomData::<K> };
    let deleting = object.metadata.deletion_timestamp.is_some() && finalizer::is_on(&object);
    let forced = deleting && finalize::is_forced(&object.metadata);
    let mut note = format!(
        "this version of the operator cannot read the object, and leaves it alone: {}",
        invalid.error
    );
    if deleting && !forced {
        let _ = write!(note, "; annotation {FORCE_FINALIZE}=true lets it go");
    }
    let reference = ObjectReference { kind: Some(K::kind(&()).into()), ..object.object_ref(&()) };
    shared.events.publish(&[Event::warning(Reason::Undecodable, "Decode", note)], &reference).await;
    if forced {
        finalizer::take_off(&api, &object).await?;
    }
    Ok(Action::await_change())
}

/// Tells of a watch that fails; kube begins it anew after a while. A round that failed was told of where it failed, and
/// an object that is gone by the time its turn comes is none of our business.
fn log_watch_error<T>(kind: &'static str, ended: Result<T, ControllerError<RoundError, watcher::Error>>) {
    if let Err(ControllerError::QueueError(error)) = ended {
        tracing::warn!(kind, error = &error as &dyn std::error::Error, "a watch failed");
    }
}

/// A short name for one round in the logs.
fn round_id() -> String {
    format!("{:08x}", fastrand::u32(..))
}

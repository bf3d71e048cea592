//! Log file validation beside the rounds: which trails are due, and what a run asks before it reads. What it came to is
//! left in memory for the next round of the trail, which is woken.

use std::{collections::HashMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use kube::ResourceExt;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use trail_operator_aws::Objects;
use trail_operator_crds::{CountedEvents, MetricAlarm, Trail, VALIDATE_REQUESTED_AT};
use trail_operator_integrity::RunError;
use trail_operator_reconcile::{
    references::References as _,
    trail::{
        Input,
        cost::Counted,
        validation::{Ledger, Subject, Work, due},
    },
};

use super::{Context, round};
use crate::{
    metrics::RunResult,
    stores::Stores,
    validation::{Backtest, Counting, Ended, Job, Limits, Runs, facts},
};

/// How often it is looked whether a run is due. A look costs no call.
const TICK: Duration = Duration::from_secs(2);

/// A trail whose run could not begin is left alone for this long.
const PAUSE: Duration = Duration::from_secs(30);

/// Begins runs when they are due, until told to stop; then waits for those in hand, which end at once.
pub(super) async fn run(context: Arc<Context>) {
    let runs = match Runs::new(Limits::of_this_machine()) {
        Ok(runs) => runs,
        Err(error) => {
            tracing::error!(%error, "log files are not validated: there are no threads for it");
            return context.shared.stop.cancelled().await;
        }
    };
    let in_hand = InHand::default();
    let stop = context.shared.stop.clone();
    let ticks = async {
        context.stores.whole().await;
        loop {
            Box::pin(begin_due(&context, &runs, &in_hand)).await;
            in_hand.cancel_gone(&context);
            tokio::time::sleep(TICK).await;
        }
    };
    stop.run_until_cancelled(ticks).await;
    runs.end().await;
}

/// Runs that have begun, by uid, and when those that could not may be tried again.
#[derive(Clone, Default)]
struct InHand(Arc<Mutex<HashMap<String, State>>>);

enum State {
    Running { cancel: CancellationToken, generation: Option<i64>, key: (String, String) },
    Pausing(tokio::time::Instant),
}

impl InHand {
    fn is_free(&self, uid: &str) -> bool {
        match self.0.lock().get(uid) {
            None => true,
            Some(State::Running { .. }) => false,
            Some(State::Pausing(until)) => tokio::time::Instant::now() >= *until,
        }
    }

    fn pause(&self, uid: &str) {
        self.0.lock().insert(uid.to_owned(), State::Pausing(tokio::time::Instant::now() + PAUSE));
    }

    /// Ends the runs of trails that are gone, suspended or declared otherwise by now.
    fn cancel_gone(&self, context: &Context) {
        let mut states = self.0.lock();
        let now = tokio::time::Instant::now();
        states.retain(|_, state| !matches!(state, State::Pausing(until) if now >= *until));
        for state in states.values() {
            let State::Running { cancel, generation, key } = state else { continue };
            let trail = find(context, key);
            let goes_on =
                trail.is_some_and(|trail| may_run(&trail) && trail.metadata.generation == *generation);
            if !goes_on {
                cancel.cancel();
            }
        }
    }
}

fn find(context: &Context, (namespace, name): &(String, String)) -> Option<Trail> {
    let is =
        |trail: &super::Guarded| trail.namespace().as_deref() == Some(namespace) && trail.name_any() == *name;
    let found = context.stores.trails.iter().find_map(|(store, _)| store.find(is))?;
    found.0.as_ref().ok().cloned()
}

fn may_run(trail: &Trail) -> bool {
    let spec = &trail.spec;
    let is_there = trail.status.as_ref().is_some_and(|status| status.arn.is_some());
    trail.metadata.deletion_timestamp.is_none()
        && !spec.suspend
        && spec.enable_log_file_validation
        && is_there
}

async fn begin_due(context: &Arc<Context>, runs: &Runs, in_hand: &InHand) {
    let now = Timestamp::now();
    let trails = context.stores.trails.iter().flat_map(|(store, _)| store.state());
    for trail in trails {
        let Ok(trail) = &trail.0 else { continue };
        let uid = trail.uid().unwrap_or_default();
        if !may_run(trail) || !in_hand.is_free(&uid) {
            continue;
        }
        let previous = round::last_status(trail, &context.memory);
        let ledger = context.memory.ledger(&uid).unwrap_or_else(|| Arc::new(Ledger::of(&previous)));
        let requested = trail.annotations().get(VALIDATE_REQUESTED_AT).map(String::as_str);
        let Some(work) = due(&trail.spec.validation, &ledger, requested, now) else { continue };
        match round::input(trail, &previous, context, now) {
            Ok(input) => {
                Box::pin(begin(context, runs, in_hand, trail, input, ledger, work)).await;
            }
            // The round says what is amiss.
            Err(_) => in_hand.pause(&uid),
        }
    }
}

async fn begin(
    context: &Arc<Context>,
    runs: &Runs,
    in_hand: &InHand,
    trail: &Trail,
    input: Input,
    ledger: Arc<Ledger>,
    work: Work,
) {
    let uid = trail.uid().unwrap_or_default();
    let key = (trail.namespace().unwrap_or_default(), trail.name_any());
    let Some(subject) = subject(trail, &input) else { return in_hand.pause(&uid) };
    let account = context.shared.aws.account(&input.act_as).await;
    let owner = trail.spec.s3.bucket_owner.clone();
    let names_buckets = !input.allowed_resources.buckets.is_empty();
    let owner = owner.or_else(|| (!names_buckets).then(|| input.account_id.clone()));
    let mut subject = subject;
    subject.owner = owner.clone().unwrap_or_default();
    let earlier = ledger.locations.iter().filter(|place| !place.owner.is_empty());
    let earlier = earlier.map(|place| (place.bucket.clone(), place.owner.clone()));
    let owners = earlier.chain(owner.clone().map(|owner| (subject.bucket.clone(), owner))).collect();
    let cancel = context.shared.stop.child_token();
    let state =
        State::Running { cancel: cancel.clone(), generation: trail.metadata.generation, key: key.clone() };
    in_hand.0.lock().insert(uid.clone(), state);
    let job = Job {
        objects: Objects::new(&account, &input.region, owners),
        facts: facts::Asker { account, region: input.region.clone(), arn: input.arn.clone(), owner },
        elsewhere: input.elsewhere.regions.clone().unwrap_or_default(),
        started: input_started(trail),
        subject,
        ledger: Arc::unwrap_or_clone(ledger),
        backtest: Backtest::new(alarms(&context.stores, trail)),
        counting: Counting::new(input.cost.named.clone()),
        work,
        cancel,
    };
    let (context, in_hand) = (context.clone(), in_hand.clone());
    let remembered = Counted::of(counted(trail));
    let generation = trail.metadata.generation;
    let (namespace, name) = key.clone();
    let span = tracing::info_span!("validate", namespace, name);
    runs.begin(job, span, move |ended| {
        let metrics = &context.shared.metrics;
        match ended {
            // What was read for another manifest says nothing about this one.
            Ok(_) if find(&context, &key).is_none_or(|trail| trail.metadata.generation != generation) => {
                metrics.validation_ended(RunResult::Cancelled);
            }
            Ok(Ended { ledger, run, tried, tally, took }) => {
                for (alarm, tried) in tried {
                    context.backtests.leave(&alarm, tried);
                }
                if let Some(tally) = tally {
                    context.memory.counted(&uid, tally, || remembered);
                }
                // An object that is gone by now has no series any more.
                if context.memory.validated(&uid, ledger.clone()) {
                    metrics.validated(&namespace, &name, &ledger, &run, took);
                }
            }
            Err(RunError::Cancelled) => metrics.validation_ended(RunResult::Cancelled),
            Err(RunError::Request(_)) => {
                metrics.validation_ended(RunResult::Error);
                return in_hand.pause(&uid);
            }
        }
        in_hand.0.lock().remove(&uid);
        // When the controllers have ended nobody needs to know.
        let _ = context.alarms.unbounded_send((namespace.clone(), name.clone()));
        let _ = context.again.unbounded_send((namespace, name));
    });
}

/// Uid and pattern of every alarm on the trail.
fn alarms(stores: &Stores, trail: &Trail) -> Vec<(String, String)> {
    let name = trail.name_any();
    let is_of = |alarm: &&Arc<MetricAlarm>| {
        alarm.namespace() == trail.namespace() && alarm.spec.trail_ref.name == name
    };
    let pattern = |alarm: &Arc<MetricAlarm>| {
        let effective = alarm.status.as_ref()?.effective.as_ref()?;
        Some((alarm.uid()?, effective.filter.pattern.clone()?))
    };
    stores.metric_alarms().iter().filter(is_of).filter_map(pattern).collect()
}

/// What status remembers of what was counted.
pub(super) fn counted(trail: &Trail) -> Option<&CountedEvents> {
    trail.status.as_ref()?.cost.as_ref()?.counted.as_ref()
}

fn input_started(trail: &Trail) -> Option<Timestamp> {
    trail.status.as_ref()?.logging.as_ref()?.start_logging_time.as_ref().map(|time| time.0)
}

/// Where the trail delivers is what AWS was last seen to have: another bucket may be declared, and withheld.
fn subject(trail: &Trail, input: &Input) -> Option<Subject> {
    let (bucket, prefix) = match &input.destination {
        Some(known) => (known.bucket_name.clone(), known.key_prefix.clone()),
        None => (input.settings.s3_bucket_name.clone(), input.settings.s3_key_prefix.clone()),
    };
    Some(Subject {
        trail: trail_operator_integrity::Trail::from_arn(&input.arn)?,
        bucket,
        prefix,
        owner: String::new(),
        is_organization_trail: input.settings.is_organization_trail,
        is_multi_region_trail: input.settings.is_multi_region_trail,
        validation: trail.spec.validation.clone(),
    })
}

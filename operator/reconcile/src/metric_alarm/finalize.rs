//! What deleting a `MetricAlarm` object means in AWS: filter and alarm both stay, or both go.
//!
//! They stay unless the manifest says otherwise in words, and also where the object goes only because its namespace, its
//! definition or its account does. Needs nothing of the Trail: that may have gone first.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{
    AlarmDeletionPolicy, AlarmPlace, FORCE_FINALIZE, MetricAlarm, MetricAlarmStatus, OWNER_TAG, condition,
};

use super::{Change, Report, execute, report};
use crate::{
    aws::{Alarming, Tags},
    aws_error::{AwsError, Class},
    conditions::{self, Readiness},
    event::Event,
    reason::Reason,
    trail::{DeletedWith, HandsOff, Next, finalize::RETAIN_PATIENCE},
};

/// What becomes of the object.
#[derive(Clone, Debug, PartialEq)]
pub enum Finalized {
    /// It may go; the events say what became of filter and alarm.
    Released(Vec<Event>),
    /// It stays for now.
    Blocked(Box<Report>),
}

/// What deletion goes by.
#[derive(Clone, Debug)]
pub struct Deletion<'a> {
    /// What the manifest says.
    pub policy: AlarmDeletionPolicy,
    /// Value of the owner tag.
    pub owner: &'a str,
    /// Why nothing is changed in AWS, if so.
    pub hands_off: Option<HandsOff>,
    /// What takes the object along.
    pub with: Option<DeletedWith>,
    /// Whether the account lets alarms go.
    pub may_weaken: bool,
}

impl Deletion<'_> {
    /// What it comes to, and why it is not what the manifest says, if so.
    fn effective(&self) -> (AlarmDeletionPolicy, Option<String>) {
        if self.policy == AlarmDeletionPolicy::Retain {
            return (self.policy, None);
        }
        let why = match (self.hands_off, self.with) {
            (Some(hands_off), _) => Some(hands_off.to_string()),
            (None, Some(with)) => Some(format!(
                "{with} is being deleted, which does not say that nobody is to be told any more"
            )),
            (None, None) if !self.may_weaken => {
                Some("the AwsAccount refuses changes that weaken the record (spec.guardrails)".to_owned())
            }
            (None, None) => None,
        };
        match why {
            Some(why) => (AlarmDeletionPolicy::Retain, Some(why)),
            None => (AlarmDeletionPolicy::Delete, None),
        }
    }
}

/// Lets go without asking AWS.
pub fn forced(object: &MetricAlarm) -> Finalized {
    let note = match places(object).first() {
        None => "nothing had been made in AWS".to_owned(),
        Some(place) => format!(
            "alarm '{}' and its filter were left as they are, as annotation {FORCE_FINALIZE} demands",
            place.alarm_name
        ),
    };
    Finalized::Released(vec![Event::warning(Reason::AlarmRetained, "ForceFinalize", note)])
}

/// What becomes of an object for which AWS cannot be asked. It goes, and what is in AWS stays as it is; but one that is to
/// delete it waits, unless that is retained in any case, or the account is gone.
pub fn without_account(
    object: &MetricAlarm,
    deletion: &Deletion<'_>,
    why: &str,
    is_gone: bool,
    previous: &MetricAlarmStatus,
    now: Timestamp,
) -> Finalized {
    let places = places(object);
    let Some(place) = places.first() else { return nothing_made() };
    if is_gone || deletion.effective().0 == AlarmDeletionPolicy::Retain {
        let note = format!("alarm '{}' and its filter were left as they are: {why}", place.alarm_name);
        return Finalized::Released(vec![Event::warning(Reason::AlarmRetained, "Retain", note)]);
    }
    blocked(object, why, Next::Recheck, previous, now)
}

fn nothing_made() -> Finalized {
    Finalized::Released(vec![])
}

/// Every place that filter and alarm may be in.
pub fn places(object: &MetricAlarm) -> Vec<AlarmPlace> {
    let status = object.status.as_ref();
    let known = status.map(|status| status.place.iter().chain(&status.superseded).cloned().collect());
    known.unwrap_or_default()
}

/// Does in AWS what deletion means. `deleting_for` is how long ago deletion was asked for.
pub async fn finalize<A: Alarming>(
    api: &A,
    object: &MetricAlarm,
    deletion: &Deletion<'_>,
    previous: &MetricAlarmStatus,
    deleting_for: SignedDuration,
    now: Timestamp,
) -> Finalized {
    let places = places(object);
    let Some(first) = places.first() else { return nothing_made() };
    let (policy, why) = deletion.effective();
    if let Some(hands_off) = deletion.hands_off {
        let note = format!(
            "alarm '{}' and its filter stay, owner tag included, since {hands_off}",
            first.alarm_name
        );
        let event =
            if deletion.policy == AlarmDeletionPolicy::Retain { Event::normal } else { Event::warning };
        return Finalized::Released(vec![event(Reason::AlarmRetained, "Retain", note)]);
    }
    let mut events = Vec::new();
    for place in &places {
        match settle(api, place, policy, deletion.owner).await {
            Ok(found) => events.extend(farewell(place, policy, found, deletion, why.as_deref())),
            Err(error) => {
                let passes = error.class() == Class::Retry && deleting_for < RETAIN_PATIENCE;
                if policy == AlarmDeletionPolicy::Retain && !passes {
                    let note = format!(
                        "alarm '{}' and its filter stay; the owner tag may still be there: {}",
                        place.alarm_name, error.code
                    );
                    events.push(Event::warning(Reason::AlarmRetained, "Retain", note));
                    continue;
                }
                let next = if error.class() == Class::Retry { Next::Backoff } else { Next::Recheck };
                let why = format!("{} of '{}' failed: {}", error.operation, place.alarm_name, error.code);
                return blocked(object, &why, next, previous, now);
            }
        }
    }
    Finalized::Released(events)
}

/// Whether what was found is ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Ours,
    Theirs,
    Nothing,
}

/// The tags of the alarm in that place, if there is one, as of now.
///
/// # Errors
/// When it cannot be learnt whether there is one, or whose it is.
pub async fn observe<A: Alarming>(api: &A, place: &AlarmPlace) -> Result<Option<Tags>, AwsError> {
    let now = std::time::Duration::ZERO;
    let alarms = api.describe_alarms(now).await?;
    match alarms.iter().find(|alarm| alarm.settings.alarm_name == place.alarm_name) {
        Some(alarm) => Ok(Some(api.list_tags(&alarm.arn, now).await?)),
        None => Ok(None),
    }
}

/// What deletion of the object changes in one place, given the tags of the alarm there.
pub fn plan(deletion: &Deletion<'_>, place: &AlarmPlace, alarm: Option<&Tags>) -> Vec<Change> {
    if deletion.hands_off.is_some() {
        return vec![];
    }
    settlement(deletion.effective().0, deletion.owner, place, alarm).1
}

/// Whose filter and alarm in one place are, and what is to be done. A filter whose alarm is somebody else's is not ours
/// either; one without an alarm is what we made first.
fn settlement(
    policy: AlarmDeletionPolicy,
    owner: &str,
    place: &AlarmPlace,
    alarm: Option<&Tags>,
) -> (Found, Vec<Change>) {
    if alarm.is_some_and(|tags| tags.get(OWNER_TAG).is_none_or(|tag| tag != owner)) {
        return (Found::Theirs, vec![]);
    }
    let delete_filter = Change::DeleteMetricFilter(place.clone());
    match (policy, alarm) {
        (AlarmDeletionPolicy::Retain, None) => (Found::Nothing, vec![]),
        (AlarmDeletionPolicy::Retain, Some(_)) => (Found::Ours, vec![Change::RemoveOwnerTag]),
        (AlarmDeletionPolicy::Delete, None) => (Found::Ours, vec![delete_filter]),
        (AlarmDeletionPolicy::Delete, Some(_)) => {
            (Found::Ours, vec![Change::DeleteAlarm(place.clone()), delete_filter])
        }
    }
}

async fn settle<A: Alarming>(
    api: &A,
    place: &AlarmPlace,
    policy: AlarmDeletionPolicy,
    owner: &str,
) -> Result<Found, AwsError> {
    let tags = observe(api, place).await?;
    let (found, changes) = settlement(policy, owner, place, tags.as_ref());
    match execute(api, place, owner, changes).await.failed {
        Some((_, error)) => Err(error),
        None => Ok(found),
    }
}

fn farewell(
    place: &AlarmPlace,
    policy: AlarmDeletionPolicy,
    found: Found,
    deletion: &Deletion<'_>,
    why: Option<&str>,
) -> Option<Event> {
    let name = &place.alarm_name;
    Some(match (found, policy, why) {
        (Found::Nothing, ..) => return None,
        (Found::Theirs, ..) => Event::warning(
            Reason::AlarmRetained,
            "Finalize",
            format!("alarm '{name}' is not ours; it and its filter were left as they are"),
        ),
        (Found::Ours, AlarmDeletionPolicy::Delete, _) => Event::warning(
            Reason::AlarmDeleted,
            "DeleteAlarms",
            format!("alarm '{name}' and metric filter '{}' were deleted", place.filter_name),
        ),
        (Found::Ours, AlarmDeletionPolicy::Retain, None) => Event::normal(
            Reason::AlarmRetained,
            "Retain",
            format!("alarm '{name}' and its filter stay as they are and are nobody's now"),
        ),
        (Found::Ours, AlarmDeletionPolicy::Retain, Some(why)) => Event::warning(
            Reason::AlarmRetained,
            "Retain",
            format!(
                "alarm '{name}' and its filter stay although deletionPolicy is {:?}: {why}",
                deletion.policy
            ),
        ),
    })
}

fn blocked(
    object: &MetricAlarm,
    cause: &str,
    next: Next,
    previous: &MetricAlarmStatus,
    now: Timestamp,
) -> Finalized {
    let message = format!(
        "deletion in AWS waits: {cause}. To let the object go without it, set spec.deletionPolicy to Retain, or the annotation {FORCE_FINALIZE} to \"true\""
    );
    let told = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.reason == Reason::DeletionBlocked.as_str() && ready.message == message);
    let event = Event::warning(Reason::DeletionBlocked, "Finalize", message.clone());
    let readiness = Readiness::Waiting { reason: Reason::DeletionBlocked, message };
    let generation = object.metadata.generation.unwrap_or_default();
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &[],
        now,
    );
    let status = MetricAlarmStatus {
        observed_generation: conditions.observed_generation,
        conditions: conditions.with_facts_of(&previous.conditions),
        ..previous.clone()
    };
    let events = if told { vec![] } else { vec![event] };
    Finalized::Blocked(Box::new(report::without_a_look(status, events, next)))
}

//! The plan for a MetricAlarm.

use anyhow::{Context, Result};
use jiff::Timestamp;
use kube::ResourceExt;
use trail_operator_aws::Clients;
use trail_operator_crds::MetricAlarm;
use trail_operator_domain::arn;
use trail_operator_reconcile::{
    metric_alarm::{self, Input, Observed, Unresolved, finalize},
    references::{ActAs, References},
    trail::{Actor, DeletedWith, Finding, HandsOff},
};

use super::{
    Outcome, Plan, Planned,
    objects::{ANY_CLUSTER, Objects},
};

pub(super) async fn plan(alarm: &MetricAlarm, objects: &Objects, clients: &Clients) -> Result<Planned> {
    let (namespace, name) = (alarm.namespace().unwrap_or_default(), alarm.name_any());
    let cluster_id = objects.cluster_id.as_deref().unwrap_or(ANY_CLUSTER);
    let now = Timestamp::now();
    let outcome = if alarm.metadata.deletion_timestamp.is_some() {
        let owner = format!("{cluster_id}/{namespace}/{name}");
        deletion(alarm, &owner, objects, clients, now).await?
    } else if alarm.spec.suspend {
        Outcome::Suspended
    } else {
        let actor = Actor { cluster_id, read_only: false };
        match metric_alarm::dereference(alarm, actor, objects, now) {
            Ok(input) => Outcome::Plan(Box::pin(keeping(input, objects, clients, now)).await?),
            Err(Unresolved::Invalid(invalid)) => Outcome::Plan(Plan {
                findings: vec![Finding::error(invalid.reason, invalid.message)],
                ..Plan::default()
            }),
            Err(unresolved) => unanswered(&unresolved),
        }
    };
    Ok(Planned { kind: "MetricAlarm", namespace, name, outcome })
}

fn unanswered(unresolved: &Unresolved) -> Outcome {
    Outcome::Unresolved(unresolved.reason(), unresolved.message().to_owned())
}

/// What keeps filter and alarm as declared.
async fn keeping(input: Input, objects: &Objects, clients: &Clients, now: Timestamp) -> Result<Plan> {
    let place = input.place.clone();
    let target = arn::alarm(&place.region, &place.account_id, &place.alarm_name);
    let input = Input { superseded: input.left_behind(), ..input };
    let in_region = clients.account(&input.act_as).await.alarms(&place.region);
    let observed = metric_alarm::observe(&in_region, &input).await;
    let observed = observed.with_context(|| format!("cannot look at {target}"))?;
    let input = with_owner(input, objects, &observed);
    let plan = metric_alarm::plan(&input, &observed, now).to_the_end(&input, &observed);
    let (calls, lines) = (plan.changes.len(), plan.lines(&input));
    Ok(Plan { target, calls, lines, findings: plan.findings, ..Plan::default() })
}

fn with_owner(input: Input, objects: &Objects, observed: &Observed) -> Input {
    let owner = observed.alarm.as_ref().and_then(|alarm| alarm.owner());
    Input { owner: objects.owner(&input.owner, owner), ..input }
}

/// What deleting the object means wherever filter and alarm are.
async fn deletion(
    alarm: &MetricAlarm,
    owner: &str,
    objects: &Objects,
    clients: &Clients,
    now: Timestamp,
) -> Result<Outcome> {
    let places = finalize::places(alarm);
    let mut plan = Plan::default();
    for place in &places {
        let account = match metric_alarm::account_of(alarm, place, objects) {
            Ok(account) => account,
            Err(unresolved) => return Ok(unanswered(&unresolved)),
        };
        let namespace = objects.namespace(&alarm.namespace().unwrap_or_default()).unwrap_or_default();
        let deletion = finalize::Deletion {
            policy: alarm.spec.deletion_policy,
            owner,
            hands_off: HandsOff::of(alarm.spec.management_policy, false),
            with: DeletedWith::of(&account, namespace.terminating),
            may_weaken: metric_alarm::may_weaken(&account, now),
        };
        let target = arn::alarm(&place.region, &place.account_id, &place.alarm_name);
        let in_region = clients.account(&ActAs::of(&account)).await.alarms(&place.region);
        let tags = finalize::observe(&in_region, place).await;
        let tags = tags.with_context(|| format!("cannot look at {target}"))?;
        let changes = finalize::plan(&deletion, place, tags.as_ref());
        plan.target = target;
        plan.calls += changes.len();
        plan.lines.extend(metric_alarm::lines_of_deletion(&changes));
    }
    Ok(Outcome::Plan(plan))
}

//! The plan for a Trail.

use anyhow::{Context, Result};
use jiff::Timestamp;
use kube::ResourceExt;
use trail_operator_aws::Clients;
use trail_operator_crds::Trail;
use trail_operator_reconcile::trail::{self, Actor, Freshness, Hold, Input, Plan, Unresolved};

use super::{
    Outcome, Planned, copies,
    objects::{ANY_CLUSTER, Objects},
    selectors,
};

pub(super) async fn plan(trail: &Trail, objects: &Objects, clients: &Clients) -> Result<Planned> {
    let (namespace, name) = (trail.namespace().unwrap_or_default(), trail.name_any());
    let done = |outcome| Ok(Planned { kind: "Trail", namespace, name, outcome });
    if trail.spec.suspend && trail.metadata.deletion_timestamp.is_none() {
        return done(Outcome::Suspended);
    }
    let now = Timestamp::now();
    let input = match input_of(trail, objects, now) {
        Ok(input) => input,
        Err(unresolved) => {
            return done(Outcome::Unresolved(unresolved.reason(), unresolved.message().to_owned()));
        }
    };
    let account = clients.account(&input.act_as).await;
    let in_region = account.cloud_trail(&input.region);
    let observed = trail::observe(&in_region, &input).await;
    let observed = observed.with_context(|| format!("cannot look at {}", input.arn))?;
    let input = objects.with_owner(input, &observed);
    let is_new = observed.trail.is_none() && trail.metadata.deletion_timestamp.is_none();
    let warning = if is_new { copies::warning(trail, &input, objects, &account, now).await } else { None };
    let plan = if trail.metadata.deletion_timestamp.is_some() {
        Plan { changes: trail::finalize::plan(&input, &observed), ..Plan::default() }
    } else {
        let mut plan = trail::plan(&input, &observed, now);
        plan.findings.extend(selectors::findings(trail, objects, now));
        plan
    };
    done(Outcome::Plan(super::Plan {
        calls: plan.changes.len(),
        lines: plan.lines(&input),
        findings: plan.findings,
        warnings: warning.into_iter().collect(),
        target: input.arn,
    }))
}

/// What the plan for a Trail begins with.
pub(crate) fn input_of(trail: &Trail, objects: &Objects, now: Timestamp) -> Result<Input, Unresolved> {
    let cluster_id = objects.cluster_id.as_deref().unwrap_or(ANY_CLUSTER);
    let actor = Actor { cluster_id, read_only: false };
    let input = trail::dereference(trail, actor, objects, now)?;
    Ok(sure(Input { freshness: Freshness::AsUsual, ..input }))
}

/// The controller asks before it gives up what nobody declares any more, and then does.
fn sure(mut input: Input) -> Input {
    let hold = &mut input.recording.selectors.hold;
    if *hold == Some(Hold::NotAskedYet) {
        *hold = None;
    }
    input
}

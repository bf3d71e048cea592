//! Whether manifests say what AWS has: they are planned, as the verb `plan` would plan them. Pure.

use std::sync::Arc;

use anyhow::{Result, bail};
use jiff::Timestamp;
use trail_operator_crds::{AdoptionPolicy, EventSelector, ManagementPolicy, Trail};
use trail_operator_domain::selectors::Selectors;
use trail_operator_reconcile::{
    event_selector,
    reason::Reason,
    trail::{self, Change, Input, Observed, Plan},
};

use super::manifests::Manifests;
use crate::plan::{Objects, input_of};

/// Manifests, and what has to be said of them.
#[derive(Clone, Debug)]
pub(super) struct Checked {
    pub(super) manifests: Manifests,
    /// What is good to know.
    pub(super) notes: Vec<String>,
    /// What the Trail cannot say, or what stands in its way.
    pub(super) warnings: Vec<String>,
    /// The same of each EventSelector.
    pub(super) of_event_selectors: Vec<Vec<String>>,
}

/// The objects of a plan, in the account to which the credentials belong.
pub(super) fn objects(trail: &Trail, event_selectors: &[EventSelector], account_id: &str) -> Objects {
    let mut trail = trail.clone();
    let namespace = trail.metadata.namespace.get_or_insert_with(|| "default".to_owned()).clone();
    let placed = |object: &EventSelector| {
        let mut object = object.clone();
        object.metadata.namespace = Some(namespace.clone());
        Arc::new(object)
    };
    let mut objects = Objects::default();
    objects.all_trails.push(Arc::new(trail.clone()));
    objects.event_selectors = event_selectors.iter().map(placed).collect();
    objects.trails.push(trail.clone());
    objects.make_up_account(&trail.spec.account_ref.name, account_id);
    objects
}

/// The input of the plan for the one Trail.
pub(super) fn input(objects: &Objects) -> Result<Input> {
    let Some(trail) = objects.trails.first() else { bail!("there is no Trail") };
    match input_of(trail, objects, Timestamp::now()) {
        Ok(input) => Ok(input),
        Err(unresolved) => bail!("{}: {}", unresolved.reason(), unresolved.message()),
    }
}

/// Completes the manifests by whose trail it is, and tells what they do not say.
pub(super) fn checked(mut manifests: Manifests, observed: &Observed, account_id: &str) -> Result<Checked> {
    let mut notes = Vec::new();
    let selectors = observed.trail.as_ref().and_then(|trail| trail.recorded.selectors.as_ref());
    if selectors.is_some_and(|selectors| matches!(selectors.normalised(), Selectors::Basic(_))) {
        notes.push("AWS has these selectors in the basic form. The operator leaves them so until one of them changes, and then puts all in the advanced form, which records the same.".to_owned());
    }
    let plan = |manifests: &Manifests| -> Result<(Input, Plan)> {
        let objects = objects(&manifests.trail, &manifests.event_selectors, account_id);
        let input = objects.with_owner(input(&objects)?, observed);
        let plan = trail::plan(&input, observed, Timestamp::now());
        Ok((input, plan))
    };
    let (input, _) = plan(&manifests)?;
    notes.extend(take_over(&mut manifests.trail, &input, observed));
    let (mut input, mut plan_of_all) = plan(&manifests)?;
    let conflict = plan_of_all.findings.iter().find(|finding| finding.reason == Reason::ManagementConflict);
    if let Some(conflict) = conflict {
        notes.push(format!("Only looked at, since it cannot be taken over: {}.", conflict.message));
        let spec = &mut manifests.trail.spec;
        spec.management_policy = ManagementPolicy::Observe;
        spec.adoption_policy = AdoptionPolicy::Never;
        spec.adopt_from = None;
        (input, plan_of_all) = plan(&manifests)?;
    }
    let mut warnings = differences(plan_of_all, &input);
    warnings.extend(manifests.left_out.iter().map(|what| format!("Left out: {what}.")));
    let of_event_selectors = refusals(&manifests, account_id);
    Ok(Checked { manifests, notes, warnings, of_event_selectors })
}

/// Says from whom the trail is taken over.
fn take_over(trail: &mut Trail, input: &Input, observed: &Observed) -> Option<String> {
    let owner = observed.trail.as_ref().and_then(|trail| trail.owner())?;
    if owner == input.owner {
        return Some(format!(
            "The trail carries the owner tag '{owner}', which is that of a Trail of this namespace and name. If it is that of another cluster, name it in spec.adoptFrom."
        ));
    }
    let spec = &mut trail.spec;
    spec.adoption_policy = AdoptionPolicy::Never;
    spec.adopt_from = Some(owner.to_owned());
    Some(format!(
        "The trail carries the owner tag '{owner}', from which spec.adoptFrom takes it over. First delete that object (deletionPolicy Retain leaves the trail logging), else both would keep it."
    ))
}

/// What the operator would change, or not get done, beyond marking the trail as its own.
fn differences(mut plan: Plan, input: &Input) -> Vec<String> {
    plan.changes.retain(|change| !matches!(change, Change::MarkOwner(..)));
    let lines = plan.lines(input).into_iter().map(|line| {
        let what = if line.withheld {
            "the operator would leave the difference"
        } else {
            "the operator would change it"
        };
        format!("This manifest cannot say what AWS has, and {what} ({}): {}.", line.operation, line.field)
    });
    let findings = plan.findings.iter().map(|finding| format!("{}: {}.", finding.reason, finding.message));
    lines.chain(findings).collect()
}

/// Why the Trail would not take its EventSelectors.
fn refusals(manifests: &Manifests, account_id: &str) -> Vec<Vec<String>> {
    let objects = objects(&manifests.trail, &manifests.event_selectors, account_id);
    let Some(trail) = objects.trails.first() else { return vec![] };
    let composition = event_selector::composition_of(trail, &objects);
    let of_one = |object: &Arc<EventSelector>| {
        let key = (
            object.metadata.namespace.clone().unwrap_or_default(),
            object.metadata.name.clone().unwrap_or_default(),
        );
        let refusal = composition.verdicts.get(&key).and_then(|verdict| verdict.refusal());
        refusal.map(|refusal| format!("{}: {}.", refusal.reason, refusal.message)).into_iter().collect()
    };
    objects.event_selectors.iter().map(of_one).collect()
}

//! Step 1, dereference: from a `Trail` object and the objects it points at to the input of every later step.
//!
//! Reads other objects through [`References`]. No AWS.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use trail_operator_crds::{
    AwsAccount, InsightCategory, Logging, RECONCILE_REQUESTED_AT, Trail, TrailSpec, Weakening, condition,
};
use trail_operator_domain::arn;

use super::{
    Allowed, DeclaredSelectors, DeletedWith, Fights, Freshness, HandsOff, Hold, Input, Isolation, LastWrite,
    Recording, cost, delivery, validation::Ledger,
};
use crate::{
    aws::TrailSettings,
    conditions, event_selector,
    reason::Reason,
    references::{ActAs, Claim, References},
};

/// Why a `Trail` has no account to act in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unresolved {
    /// There is none that it may use.
    NoAccount {
        /// `NotFound` or `NotPermitted`.
        reason: Reason,
        /// What is missing and what to do.
        message: String,
    },
    /// There is one, and the credentials in use are not its own, or are not known to be.
    NotReady {
        /// What to look at.
        message: String,
    },
    /// It was verified before; this process has not asked AWS yet. It will in a moment.
    NotAskedYet,
}

impl Unresolved {
    /// For `ReferencesResolved` and `Ready`.
    pub fn reason(&self) -> Reason {
        match self {
            Self::NoAccount { reason, .. } => *reason,
            Self::NotReady { .. } | Self::NotAskedYet => Reason::AccountNotReady,
        }
    }

    /// What is missing and what to do.
    pub fn message(&self) -> &str {
        match self {
            Self::NoAccount { message, .. } | Self::NotReady { message } => message,
            Self::NotAskedYet => "AWS has not been asked yet whose credentials these are",
        }
    }
}

/// The operator that acts.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// First part of owner tags.
    pub cluster_id: &'a str,
    /// Whether nothing is changed in AWS at all.
    pub read_only: bool,
}

/// Resolves what the object points at.
///
/// # Errors
/// When the account does not exist, does not allow the namespace or the Region, or is not verified. What is said about
/// an account that a namespace may not use is only that.
pub fn dereference(
    trail: &Trail,
    actor: Actor<'_>,
    references: &impl References,
    now: Timestamp,
) -> Result<Input, Unresolved> {
    let namespace = trail.metadata.namespace.as_deref().unwrap_or_default();
    let name = trail.metadata.name.as_deref().unwrap_or_default();
    let place = references.namespace(namespace).unwrap_or_default();
    let account = usable_account(
        &trail.spec.account_ref.name,
        &trail.spec.region,
        namespace,
        &place.labels,
        references,
    )?;

    let spec = &trail.spec;
    let status = trail.status.clone().unwrap_or_default();
    let ledger = Ledger::of(&status);
    let trail_name = trail.trail_name().to_owned();
    let account_id = account.spec.account_id.clone();
    let settings = declared_settings(trail, &account_id);
    let declared_arn = arn::trail(&spec.region, &account_id, &trail_name);
    let known_arn =
        status.arn.filter(|known| names_the_same(known, &declared_arn, spec.is_organization_trail));
    let requested = reconcile_requested_at(trail);
    let recording = declared_recording(trail, references, place.terminating, now);
    let applied = status.selectors.as_ref().and_then(|selectors| selectors.applied_revision.as_deref());
    let arn = known_arn.clone().unwrap_or(declared_arn);
    Ok(Input {
        cost: Box::new(cost::Subject::of(trail, &arn, &account_id, &recording, references)),
        costs: None,
        generation: trail.metadata.generation.unwrap_or_default(),
        region: spec.region.clone(),
        owner: format!("{}/{namespace}/{name}", actor.cluster_id),
        settings,
        kms_key_id: spec.kms.as_ref().map(|kms| kms.key_id.clone()).unwrap_or_default(),
        selectors_were_in_place: applied == Some(&recording.selectors.revision()),
        recording,
        tags: spec.tags.clone(),
        managed_tag_keys: status.managed_tag_keys.into_iter().collect(),
        logging: spec.logging == Logging::Enabled,
        adoption_policy: spec.adoption_policy,
        adopt_from: spec.adopt_from.clone().filter(|owner| !owner.is_empty()),
        adopts_from_the_living: adopts_from_the_living(trail, actor, references),
        deletion_policy: spec.deletion_policy,
        hands_off: HandsOff::of(trail.spec.management_policy, actor.read_only),
        deleted_with: DeletedWith::of(&account, place.terminating),
        has_rival: has_rival(trail, &account_id, references),
        act_as: ActAs::of(&account),
        allowed_resources: account.spec.allowed_resources.clone(),
        weakening_allowed: weakening_allowed(&account, now),
        was_seen: known_arn.is_some(),
        acquired: known_arn.is_some() && status.acquired_at.is_some(),
        owner_tag_restored: status.owner_tag_restored_at.is_some(),
        was_settled: was_settled(&status.conditions, trail.metadata.generation),
        destination: status.destination,
        last_write: LastWrite::default(),
        fights: Fights::default(),
        isolation: Isolation::default(),
        deliveries: delivery::Memory::default(),
        elsewhere: delivery::Elsewhere::default(),
        freshness: if requested == status.last_handled_reconcile_at.as_deref() {
            Freshness::AsUsual
        } else {
            Freshness::Requested
        },
        reconcile_requested_at: requested.map(str::to_owned),
        interval_seconds: spec.interval_seconds,
        validation: spec.validation.clone(),
        ledger: Arc::new(ledger),
        arn,
        trail_name,
        account_id,
    })
}

/// The same trail, but for the account where an organization's trail carries that of its management account
/// (`cloudtrail.md` 10.2).
fn names_the_same(known: &str, declared: &str, of_an_organization: bool) -> bool {
    let without_account = |arn: &str| {
        arn.split(':')
            .enumerate()
            .filter(|(at, _)| *at != 4)
            .map(|(_, part)| part.to_owned())
            .collect::<Vec<_>>()
    };
    known == declared || of_an_organization && without_account(known) == without_account(declared)
}

/// Value of the annotation that asks for a look at AWS, cut to what status can hold.
pub fn reconcile_requested_at(trail: &Trail) -> Option<&str> {
    requested_at(&trail.metadata)
}

/// The same of any object.
pub fn requested_at(object: &ObjectMeta) -> Option<&str> {
    let value = object.annotations.as_ref()?.get(RECONCILE_REQUESTED_AT)?;
    let end =
        value.char_indices().map(|(at, char)| at + char.len_utf8()).take_while(|end| *end <= 256).last();
    value.get(..end?)
}

/// Whether the trail stays in any case when its object is deleted, also where nothing can be asked: nothing is changed
/// for this object, or the account does not let it end the record.
pub fn retains(trail: &Trail, actor: Actor<'_>, references: &impl References, now: Timestamp) -> bool {
    let account = references.aws_account(&trail.spec.account_ref.name).ok().flatten();
    let refuses = account.is_some_and(|account| weakening_allowed(&account, now).is_none());
    HandsOff::of(trail.spec.management_policy, actor.read_only).is_some() || refuses
}

/// Whether `adoptFrom` names an object of this cluster that is there: then the trail has somebody who looks after it.
fn adopts_from_the_living(trail: &Trail, actor: Actor<'_>, references: &impl References) -> bool {
    let owner = trail.spec.adopt_from.as_deref().unwrap_or_default();
    let here = owner.strip_prefix(actor.cluster_id).and_then(|rest| rest.strip_prefix('/'));
    here.and_then(|place| place.split_once('/'))
        .is_some_and(|(namespace, name)| !matches!(references.trail(namespace, name), Ok(None)))
}

/// Whether an older object of the cluster, which may use the account too, declares the same trail. Oldest first, so
/// that it is always the same one that goes ahead.
fn has_rival(trail: &Trail, account_id: &str, references: &impl References) -> bool {
    let me = Claim::of(trail);
    references.claims(&trail.spec.region, trail.trail_name()).into_iter().any(|claim| {
        let account = references.aws_account(&claim.account_ref).ok().flatten();
        let place = references.namespace(&claim.namespace).unwrap_or_default();
        let may = account.is_some_and(|account| {
            let regions = &account.spec.allowed_regions;
            account.spec.account_id == account_id
                && (regions.is_empty() || regions.contains(&trail.spec.region))
                && account.spec.allowed_namespaces.allows(&claim.namespace, &place.labels)
        });
        may && claim < me
    })
}

/// Break-glass ends by itself.
pub(crate) fn weakening_allowed(account: &AwsAccount, now: Timestamp) -> Option<Allowed> {
    let guardrails = &account.spec.guardrails;
    if guardrails.weakening == Weakening::Allow {
        return Some(Allowed::ByPolicy);
    }
    let glass = guardrails.break_glass.as_ref().filter(|glass| now < glass.until.0)?;
    Some(Allowed::BreakGlass(glass.reason.clone()))
}

/// The account of that name, if objects of the namespace, which carries these labels, may use it in the Region, and its
/// credentials are its own.
pub(crate) fn usable_account(
    name: &str,
    region: &str,
    namespace: &str,
    labels: &BTreeMap<String, String>,
    references: &impl References,
) -> Result<Arc<AwsAccount>, Unresolved> {
    let none = |reason, message: String| Err(Unresolved::NoAccount { reason, message });
    let not_ready = |message| Err(Unresolved::NotReady { message });
    let Ok(found) = references.aws_account(name) else {
        return not_ready(format!("this version of the operator cannot read AwsAccount '{name}'"));
    };
    let Some(account) = found else {
        return none(
            Reason::NotFound,
            format!("there is no AwsAccount '{name}'; create it, or correct spec.accountRef in a new Trail"),
        );
    };
    if !account.spec.allowed_namespaces.allows(namespace, labels) {
        return none(
            Reason::NotPermitted,
            format!(
                "AwsAccount '{name}' does not allow namespace '{namespace}'; whoever owns it must add the namespace to spec.allowedNamespaces"
            ),
        );
    }
    let regions = &account.spec.allowed_regions;
    if !regions.is_empty() && !regions.iter().any(|allowed| allowed == region) {
        return none(
            Reason::NotPermitted,
            format!(
                "AwsAccount '{name}' does not allow trails with home Region {region}; whoever owns it must add the Region to spec.allowedRegions"
            ),
        );
    }
    match references.acting_in(&ActAs::of(&account)) {
        Some(account_id) if account_id == account.spec.account_id => Ok(account),
        None if was_verified(&account) => Err(Unresolved::NotAskedYet),
        _ => not_ready(format!("AwsAccount '{name}' is not Ready; see `kubectl describe awsaccount {name}`")),
    }
}

/// As far as status remembers: as declared, or as far as the guard and others let it.
pub(crate) fn was_settled(conditions: &[Condition], generation: Option<i64>) -> bool {
    let settled = [Reason::Succeeded, Reason::WeakeningRefused, Reason::RepeatedDrift];
    conditions::find(conditions, condition::READY).is_some_and(|ready| {
        let is_of_this = ready.observed_generation == generation;
        is_of_this && settled.iter().any(|reason| ready.reason == reason.as_str())
    })
}

/// Whether status says so. The account id is immutable, so every generation's word counts.
fn was_verified(account: &AwsAccount) -> bool {
    let conditions = account.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    conditions::find(conditions, condition::IDENTITY_VERIFIED).is_some_and(|c| c.status == "True")
}

/// The spec in CloudTrail's terms. Destructured, so that a field nobody translates does not compile.
fn declared_settings(trail: &Trail, account_id: &str) -> TrailSettings {
    let TrailSpec {
        trail_name: _,
        region,
        account_ref: _,
        logging: _,
        is_multi_region_trail,
        include_global_service_events,
        is_organization_trail,
        enable_log_file_validation,
        recursive_logging,
        management_events: _,
        event_selectors_from: _,
        s3,
        kms,
        cloud_watch_logs,
        sns,
        insight_selectors: _,
        aggregation: _,
        tags: _,
        adoption_policy: _,
        adopt_from: _,
        deletion_policy: _,
        management_policy: _,
        suspend: _,
        interval_seconds: _,
        validation: _,
        cost: _,
    } = &trail.spec;
    let logs = cloud_watch_logs.as_ref();
    let key = kms.as_ref().map(|kms| kms.key_id.as_str()).filter(|key| arn::is_kms_key(key));
    TrailSettings {
        s3_bucket_name: s3.bucket_name.clone(),
        s3_key_prefix: s3.key_prefix.clone().unwrap_or_default(),
        sns_topic_arn: sns.as_ref().map(|sns| sns.topic_arn.clone()).unwrap_or_default(),
        include_global_service_events: *include_global_service_events,
        is_multi_region_trail: *is_multi_region_trail,
        enable_log_file_validation: *enable_log_file_validation,
        cloud_watch_logs_log_group_arn: logs
            .map(|logs| arn::log_group(region, account_id, &logs.log_group_name))
            .unwrap_or_default(),
        cloud_watch_logs_role_arn: logs.map(|logs| logs.role_arn.clone()).unwrap_or_default(),
        kms_key_id: key.unwrap_or_default().to_owned(),
        is_organization_trail: *is_organization_trail,
        recursive_logging: *recursive_logging,
    }
}

fn declared_recording(
    trail: &Trail,
    references: &impl References,
    terminating: bool,
    now: Timestamp,
) -> Recording {
    let insights = trail.spec.insight_selectors.iter().map(|selector| {
        // AWS takes Management where nothing is said (`cloudtrail.md` 2.7).
        let categories =
            selector.event_categories.clone().unwrap_or_else(|| vec![InsightCategory::Management]);
        let categories = categories.iter().map(|category| format!("{category:?}")).collect();
        (format!("{:?}", selector.insight_type), categories)
    });
    let composition = event_selector::composition_of(trail, references);
    Recording {
        selectors: DeclaredSelectors {
            management: event_selector::management_of(trail),
            hold: Some(hold(trail, &composition, references, terminating, now)),
            added: composition.selectors.clone(),
            composition,
        },
        insights: insights.collect(),
        aggregation: trail.spec.aggregation.iter().flat_map(|one| one.templates.iter().cloned()).collect(),
    }
}

/// An `EventSelector` that was deleted may be on its way back, under another name or by another hand: what it recorded is
/// given up after this.
const GRACE: Duration = Duration::from_mins(1);

/// Why nothing that `EventSelector`s may have added is given up now.
fn hold(
    trail: &Trail,
    composition: &event_selector::Composition,
    references: &impl References,
    terminating: bool,
    now: Timestamp,
) -> Hold {
    let namespace = trail.metadata.namespace.as_deref().unwrap_or_default();
    if terminating {
        return Hold::Namespace;
    }
    let may_add = |(theirs, _): &&(String, String)| {
        let labels = references.namespace(theirs).unwrap_or_default().labels;
        trail.spec.event_selectors_from.allows(namespace, theirs, &labels)
    };
    let called = |(namespace, name): &(String, String)| format!("{namespace}/{name}");
    let unreadable = references.unreadable_event_selectors();
    if let Some(key) = unreadable.iter().find(may_add) {
        return Hold::Unreadable(called(key));
    }
    if let Some(key) = composition.unjudged.first() {
        return Hold::Unjudged(called(key));
    }
    // A namespace whose deletion is known before that of what is in it.
    let members = references.event_selectors(namespace, trail.metadata.name.as_deref().unwrap_or_default());
    let homeless = members.iter().find(|member| {
        references.namespace(member.metadata.namespace.as_deref().unwrap_or_default()).is_none()
    });
    if homeless.is_some() {
        return Hold::LatelyDeleted(GRACE);
    }
    let deleted =
        references.event_selector_deleted(namespace, trail.metadata.name.as_deref().unwrap_or_default());
    let left = |ago: Duration| GRACE.checked_sub(ago).filter(|left| !left.is_zero());
    if let Some(left) = deleted.and_then(left) {
        return Hold::LatelyDeleted(left);
    }
    // EventSelectors that are applied along with it may come a moment later.
    let created = trail.metadata.creation_timestamp.as_ref();
    let age = created.and_then(|created| Duration::try_from(now.duration_since(created.0)).ok());
    match age.and_then(left) {
        Some(left) => Hold::New(left),
        None => Hold::NotAskedYet,
    }
}

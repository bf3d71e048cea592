//! The input of every step: all about one metric filter and its alarm that is declared or known before AWS is asked.

use std::collections::BTreeSet;

use trail_operator_crds::{
    AdoptionPolicy, AlarmDeletionPolicy, AlarmPlace, AllowedResources, CostShare, EffectiveAlarm,
};
use trail_operator_domain::{patterns::Pattern, selectors::AdvancedSelector};

use crate::{
    aws::{AlarmSettings, MetricFilter, Tags},
    aws_error::Subject,
    conditions::Status,
    reason::Reason,
    references::ActAs,
    trail::{Allowed, DeletedWith, Fights, Freshness, HandsOff},
};

/// `status.superseded` holds at most this many places.
const MAX_SUPERSEDED: usize = 8;

/// Everything about one metric filter and its alarm that is declared or known before AWS is asked.
#[derive(Clone, Debug)]
pub struct Input {
    /// Generation of the object.
    pub generation: i64,
    /// Where they are to be kept.
    pub place: AlarmPlace,
    /// Where status says that they are kept.
    pub known_place: Option<AlarmPlace>,
    /// Where they were kept before.
    pub superseded: Vec<AlarmPlace>,
    /// Whose credentials to use.
    pub act_as: ActAs,
    /// Value of the owner tag: cluster, namespace and name.
    pub owner: String,
    /// The manifest with everything filled in.
    pub effective: EffectiveAlarm,
    /// The pattern, read.
    pub pattern: Pattern,
    /// Declared filter.
    pub filter: MetricFilter,
    /// Declared alarm.
    pub alarm: AlarmSettings,
    /// Declared tags, without the owner tag.
    pub tags: Tags,
    /// Keys of tags that were set from here before.
    pub managed_tag_keys: BTreeSet<String>,
    /// What to do with what nobody owns.
    pub adoption_policy: AdoptionPolicy,
    /// What deletion of the object means.
    pub deletion_policy: AlarmDeletionPolicy,
    /// Why nothing is changed in AWS, if so.
    pub hands_off: Option<HandsOff>,
    /// What is being deleted and takes the object along.
    pub deleted_with: Option<DeletedWith>,
    /// Namespace and name of an older object of the cluster that keeps the same filter or alarm.
    pub rival: Option<(String, String)>,
    /// What the account lets objects point at.
    pub allowed_resources: AllowedResources,
    /// Why changes that weaken the record may be made; `None` where they may not.
    pub weakening_allowed: Option<Allowed>,
    /// Whether status records that both were ours before.
    pub acquired: bool,
    /// Whether a changed owner tag was put back before.
    pub owner_tag_restored: bool,
    /// Whether AWS was brought as far as this generation goes before: what differs since, others have changed.
    pub was_settled: bool,
    /// Fields that others change again and again.
    pub fights: Fights,
    /// The trail whose events are watched.
    pub trail: TrailFacts,
    /// Value of `reconcile-requested-at`, to be echoed.
    pub reconcile_requested_at: Option<String>,
    /// How new the answers of AWS must be.
    pub freshness: Freshness,
    /// Seconds between two comparisons: the Trail's.
    pub interval_seconds: i32,
}

/// What a Trail says that decides whether its events reach a metric filter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrailFacts {
    /// Its name in the cluster.
    pub name: String,
    /// Its condition `Logging`: status, reason and message.
    pub logging: Option<(Status, String, String)>,
    /// Whether events have ever reached the log group.
    pub delivered_to_log_group: bool,
    /// What AWS has instead of the declared log group.
    pub other_log_group: Option<String>,
    /// Whether it records all Regions.
    pub is_multi_region: bool,
    /// Whether it records every account of the organization.
    pub is_organization: bool,
    /// What it is to record of management events; `None` for nothing.
    pub management: Option<AdvancedSelector>,
    /// Everything it is to record.
    pub selectors: Vec<AdvancedSelector>,
    /// What filter and alarm add to its cost.
    pub cost: Option<CostShare>,
}

impl Input {
    /// What an error about the trail's side may have to name.
    pub(super) fn subject(&self) -> Subject<'_> {
        Subject {
            trail_arn: &self.trail.name,
            account_id: &self.place.account_id,
            bucket: "",
            prefix: "",
            kms_key_id: "",
            topic_arn: "",
            log_group_arn: &self.place.log_group_name,
            role_arn: "",
            is_organization_trail: self.trail.is_organization,
        }
    }

    /// The declared tags and the owner tag.
    pub(super) fn all_tags(&self) -> Tags {
        let owner = (trail_operator_crds::OWNER_TAG.to_owned(), self.owner.clone());
        self.tags.clone().into_iter().chain([owner]).collect()
    }

    /// Where they will have been kept before, once they are kept as declared. The place that is left joins those left
    /// before; one that is moved back to is no longer left.
    pub fn left_behind(&self) -> Vec<AlarmPlace> {
        let before = self.superseded.iter().chain(&self.known_place);
        let mut left: Vec<_> = before.filter(|place| **place != self.place).cloned().collect();
        left.dedup();
        let too_many = left.len().saturating_sub(MAX_SUPERSEDED);
        left.drain(..too_many);
        left
    }

    /// Whether status says that this is where they are kept.
    pub(super) fn is_claimed(&self) -> bool {
        self.known_place.as_ref() == Some(&self.place)
    }

    /// Whether status says that the filter of this name is kept from here.
    pub(super) fn keeps_filter(&self) -> bool {
        let places = self.known_place.iter().chain(&self.superseded);
        let key = |place: &AlarmPlace| (place.log_group_name.clone(), place.filter_name.clone());
        places.clone().any(|place| key(place) == key(&self.place))
    }
}

/// Why something cannot be judged, or fails, in a word and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) status: Status,
    pub(super) reason: Reason,
    pub(super) message: String,
}

impl Judgement {
    pub(super) fn new(status: Status, reason: Reason, message: impl Into<String>) -> Self {
        Self { status, reason, message: message.into() }
    }
}

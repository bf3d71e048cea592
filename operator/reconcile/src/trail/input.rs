//! The input of every step: all about one trail that is declared or known before AWS is asked.

use std::{collections::BTreeSet, fmt, sync::Arc};

use trail_operator_crds::{
    AdoptionPolicy, AllowedResources, AwsAccount, DeletionPolicy, Destination, ManagementPolicy, Validation,
};

use super::{Fights, Isolation, LastWrite, Recording, change::field, cost, delivery, validation::Ledger};
use crate::{
    aws::{Tags, TrailSettings},
    aws_error::Subject,
    references::ActAs,
};

/// Everything about one trail that is declared or known before AWS is asked.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Clone, Debug)]
pub struct Input {
    /// Generation of the object.
    pub generation: i64,
    /// Name of the trail in `CloudTrail`.
    pub trail_name: String,
    /// Home Region.
    pub region: String,
    /// Account to act in.
    pub account_id: String,
    /// Whose credentials to use there.
    pub act_as: ActAs,
    /// ARN that the trail has or will have.
    pub arn: String,
    /// Value of the owner tag: cluster, namespace and name.
    pub owner: String,
    /// Declared settings. The key is only there where it is declared by its ARN.
    pub settings: TrailSettings,
    /// The key as declared: alias, alias ARN, key id or key ARN; empty for none.
    pub kms_key_id: String,
    /// What it is to record.
    pub recording: Recording,
    /// Declared tags, without the owner tag.
    pub tags: Tags,
    /// Keys of tags that were set from here before.
    pub managed_tag_keys: BTreeSet<String>,
    /// Whether the trail is to log.
    pub logging: bool,
    /// What to do with a trail that nobody owns.
    pub adoption_policy: AdoptionPolicy,
    /// Owner tag of another owner to take over from.
    pub adopt_from: Option<String>,
    /// Whether that owner is an object of this cluster that is still there.
    pub adopts_from_the_living: bool,
    /// What deletion of the object means.
    pub deletion_policy: DeletionPolicy,
    /// Why nothing is changed in AWS, if so.
    pub hands_off: Option<HandsOff>,
    /// What is being deleted and takes the object along.
    pub deleted_with: Option<DeletedWith>,
    /// Another object of the cluster that declares the same trail and goes first.
    pub has_rival: bool,
    /// What the account lets objects point at.
    pub allowed_resources: AllowedResources,
    /// Why changes that weaken the record may be made; `None` where they may not.
    pub weakening_allowed: Option<Allowed>,
    /// Whether status records that there is such a trail.
    pub was_seen: bool,
    /// Whether status records that this trail was ours before.
    pub acquired: bool,
    /// Whether a changed owner tag was put back before.
    pub owner_tag_restored: bool,
    /// Whether AWS was brought as far as this generation goes before: what differs since, others have changed.
    pub was_settled: bool,
    /// Whether AWS was seen to record all that the Trail and its EventSelectors declare now.
    pub selectors_were_in_place: bool,
    /// Where the trail delivered when it was last as declared.
    pub destination: Option<Destination>,
    /// What this process last did to the trail: AWS may not show it yet.
    pub last_write: LastWrite,
    /// Fields that others change again and again.
    pub fights: Fights,
    /// EventSelectors that are tried one by one.
    pub isolation: Isolation,
    /// What is remembered of failing deliveries.
    pub deliveries: delivery::Memory,
    /// What the trail does in other Regions, as last looked at.
    pub elsewhere: delivery::Elsewhere,
    /// Value of `reconcile-requested-at`, to be echoed.
    pub reconcile_requested_at: Option<String>,
    /// How new the answers of AWS must be.
    pub freshness: Freshness,
    /// Seconds between two comparisons.
    pub interval_seconds: i32,
    /// How delivered files are to be verified.
    pub validation: Validation,
    /// What verifying them has come to.
    pub ledger: Arc<Ledger>,
    /// What the trail's cost depends on.
    pub cost: Box<cost::Subject>,
    /// What it costs, as last estimated.
    pub costs: Option<Arc<cost::Costs>>,
}

/// How new the answers of AWS must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Freshness {
    /// What was read for a neighbour a moment ago will do.
    #[default]
    AsUsual,
    /// The trail itself is looked at anew: something was changed.
    AfterWrite,
    /// Everything is asked anew: somebody wants to know.
    Requested,
}

/// Why nothing is changed in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandsOff {
    /// `spec.managementPolicy` is Observe.
    Observe,
    /// The operator runs with `--read-only`.
    ReadOnly,
}

impl HandsOff {
    /// Of an object with this policy, under an operator that changes nothing or does.
    pub fn of(policy: ManagementPolicy, read_only: bool) -> Option<Self> {
        if policy == ManagementPolicy::Observe {
            Some(Self::Observe)
        } else {
            read_only.then_some(Self::ReadOnly)
        }
    }
}

impl fmt::Display for HandsOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Observe => "spec.managementPolicy is Observe",
            Self::ReadOnly => "the operator runs with --read-only",
        })
    }
}

/// Why changes that weaken the record may be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// The account says so.
    ByPolicy,
    /// It says so for a while, and why.
    BreakGlass(String),
}

/// Something whose deletion takes objects along, whether or not anybody thought of their trails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletedWith {
    /// The object's namespace.
    Namespace,
    /// The `CustomResourceDefinition` of its kind.
    Definition,
    /// The account it acts in.
    Account,
}

impl DeletedWith {
    /// What is being deleted and takes objects of this account in this namespace along.
    pub fn of(account: &AwsAccount, namespace_terminating: bool) -> Option<Self> {
        if namespace_terminating {
            Some(Self::Namespace)
        } else {
            account.metadata.deletion_timestamp.as_ref().map(|_| Self::Account)
        }
    }
}

impl fmt::Display for DeletedWith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Namespace => "its namespace",
            Self::Definition => "its CustomResourceDefinition",
            Self::Account => "its AwsAccount",
        })
    }
}

impl Input {
    /// What an error about this trail may have to name.
    pub fn subject(&self) -> Subject<'_> {
        Subject {
            trail_arn: &self.arn,
            account_id: &self.account_id,
            bucket: &self.settings.s3_bucket_name,
            prefix: &self.settings.s3_key_prefix,
            kms_key_id: &self.kms_key_id,
            topic_arn: &self.settings.sns_topic_arn,
            log_group_arn: &self.settings.cloud_watch_logs_log_group_arn,
            role_arn: &self.settings.cloud_watch_logs_role_arn,
            is_organization_trail: self.settings.is_organization_trail,
        }
    }

    /// Whether AWS was as declared in this field before: what differs since, others have changed. What the trail records
    /// is declared by more objects than one.
    pub fn had_settled(&self, name: &str) -> bool {
        let recorded = [field::MANAGEMENT_EVENTS, field::EVENT_SELECTORS].contains(&name);
        self.was_settled && (!recorded || self.selectors_were_in_place)
    }

    /// The declared tags and the owner tag.
    pub fn all_tags(&self) -> Tags {
        let owner = (trail_operator_crds::OWNER_TAG.to_owned(), self.owner.clone());
        self.tags.clone().into_iter().chain([owner]).collect()
    }
}

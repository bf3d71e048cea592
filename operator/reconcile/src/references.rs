//! Where referenced objects come from: a cluster's caches, or files.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use trail_operator_crds::{AwsAccount, EventSelector, MetricAlarm, Trail};

/// The objects that others point at.
pub trait References {
    /// The `AwsAccount` of that name, if there is one.
    ///
    /// # Errors
    /// When there is one, and this version cannot read it.
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable>;

    /// The account that the credentials belong to, where that has been found out. An answer of an earlier process does
    /// not count: the credentials may have been exchanged since.
    fn acting_in(&self, act_as: &ActAs) -> Option<String>;

    /// What is known of a namespace; `None` when it does not exist.
    fn namespace(&self, name: &str) -> Option<Namespace>;

    /// The `Trail` of that name, if there is one.
    ///
    /// # Errors
    /// When there is one, and this version cannot read it.
    fn trail(&self, namespace: &str, name: &str) -> Result<Option<Arc<Trail>>, Unreadable>;

    /// Every `Trail` that uses the `AwsAccount` of that name.
    fn trails_of(&self, account: &str) -> Vec<Arc<Trail>>;

    /// Every `EventSelector` that points at the `Trail`, whether or not it may.
    fn event_selectors(&self, namespace: &str, trail: &str) -> Vec<Arc<EventSelector>>;

    /// Namespace and name of every `EventSelector` that this version cannot read: nobody knows what it points at.
    fn unreadable_event_selectors(&self) -> Vec<(String, String)>;

    /// How long ago an `EventSelector` that pointed at the `Trail` was deleted, as far as anybody remembers.
    fn event_selector_deleted(&self, namespace: &str, trail: &str) -> Option<Duration>;

    /// Every `MetricAlarm` that can be read.
    fn metric_alarms(&self) -> Vec<Arc<MetricAlarm>>;

    /// Every `Trail` that is to be made in AWS under this name and home Region, in whatever account.
    fn claims(&self, region: &str, trail_name: &str) -> Vec<Claim>;
}

/// Whose credentials are to be used: the operator's own, or those of a role.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActAs {
    /// Account to act in.
    pub account_id: String,
    /// Role to assume.
    pub role_arn: Option<String>,
    /// What its trust policy asks for.
    pub external_id: Option<String>,
}

impl ActAs {
    /// What an `AwsAccount` says.
    pub fn of(account: &AwsAccount) -> Self {
        Self {
            account_id: account.spec.account_id.clone(),
            role_arn: account.spec.role_arn.clone(),
            external_id: account.spec.external_id.clone(),
        }
    }
}

/// What a `Trail` object has to say to whether it or another makes a trail. The least goes first: the oldest.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Claim {
    /// When the object was created.
    pub created: Option<Timestamp>,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The `AwsAccount` it names.
    pub account_ref: String,
}

impl Claim {
    /// That of an object.
    pub fn of(trail: &Trail) -> Self {
        Self {
            created: trail.metadata.creation_timestamp.as_ref().map(|time| time.0),
            namespace: trail.metadata.namespace.clone().unwrap_or_default(),
            name: trail.metadata.name.clone().unwrap_or_default(),
            account_ref: trail.spec.account_ref.name.clone(),
        }
    }
}

/// There is an object of that name, and it is of no form that this version knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable;

/// The part of a namespace that matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespace {
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Whether it is being deleted.
    pub terminating: bool,
}

//! The objects that a plan is made for and from, wherever they were read.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use trail_operator_crds::{
    AllowedNamespaces, AwsAccount, AwsAccountSpec, EventSelector, LabelSelector, ManagementPolicy,
    MetricAlarm, Trail,
};
use trail_operator_reconcile::{
    references::{ActAs, Claim, Namespace, References, Unreadable},
    trail::{Input, Observed},
};

/// Stands for the first part of the owner tag where it is not known.
pub(crate) const ANY_CLUSTER: &str = "<cluster id>";

/// Everything that was read.
#[derive(Debug, Default)]
pub(crate) struct Objects {
    /// What to plan for.
    pub(crate) trails: Vec<Trail>,
    /// And these.
    pub(super) alarms: Vec<Arc<MetricAlarm>>,
    /// Every Trail that there is, for knowing who else claims a trail, and records the same.
    pub(crate) all_trails: Vec<Arc<Trail>>,
    /// Every EventSelector.
    pub(crate) event_selectors: Vec<Arc<EventSelector>>,
    /// Every MetricAlarm.
    pub(crate) metric_alarms: Vec<Arc<MetricAlarm>>,
    /// Accounts by name.
    pub(super) accounts: BTreeMap<String, AwsAccount>,
    /// The manifest in which each was, by kind and name.
    pub(crate) files: BTreeMap<String, PathBuf>,
    /// Namespaces by name; `None` where they were not read.
    pub(super) namespaces: Option<BTreeMap<String, Namespace>>,
    /// First part of owner tags, where it is known.
    pub(super) cluster_id: Option<String>,
    /// The account of each set of credentials.
    pub(super) identities: HashMap<ActAs, String>,
}

impl Objects {
    /// Names of accounts that Trails point at and that were not read.
    pub(crate) fn accounts_to_be_made_up(&self) -> BTreeSet<String> {
        if self.namespaces.is_some() {
            return BTreeSet::new();
        }
        let names = self.trails.iter().map(|trail| trail.spec.account_ref.name.clone());
        names.filter(|name| !super::has_account(self, name)).collect()
    }

    /// Takes every account for the one that its manifest names: nobody is asked who we are.
    pub(crate) fn take_accounts_at_their_word(&mut self) {
        let said =
            self.accounts.values().map(|account| (ActAs::of(account), account.spec.account_id.clone()));
        self.identities.extend(said);
    }

    /// An account of which only the number is known: that of the credentials in use.
    pub(crate) fn make_up_account(&mut self, name: &str, account_id: &str) {
        let spec = AwsAccountSpec {
            account_id: account_id.to_owned(),
            role_arn: None,
            external_id: None,
            allowed_namespaces: AllowedNamespaces { names: vec![], selector: Some(LabelSelector::default()) },
            allowed_regions: vec![],
            allowed_resources: <_>::default(),
            guardrails: <_>::default(),
        };
        let account = AwsAccount::new(name, spec);
        self.identities.insert(ActAs::of(&account), account_id.to_owned());
        self.accounts.insert(name.to_owned(), account);
    }

    /// The Trail as its trail says whose it is.
    pub(crate) fn with_owner(&self, input: Input, observed: &Observed) -> Input {
        let owner = observed.trail.as_ref().and_then(|trail| trail.owner());
        Input { owner: self.owner(&input.owner, owner), ..input }
    }

    /// An object's owner tag, given the one that AWS has. Where the cluster is not known, the tag of this very object in any
    /// cluster counts as its own.
    pub(crate) fn owner(&self, declared: &str, actual: Option<&str>) -> String {
        let mine = declared.strip_prefix(ANY_CLUSTER).filter(|_| self.cluster_id.is_none());
        let same = |actual: &&str| mine.is_some_and(|mine| actual.ends_with(mine));
        actual.filter(same).unwrap_or(declared).to_owned()
    }
}

impl References for Objects {
    fn aws_account(&self, name: &str) -> Result<Option<Arc<AwsAccount>>, Unreadable> {
        Ok(self.accounts.get(name).cloned().map(Arc::new))
    }

    fn acting_in(&self, act_as: &ActAs) -> Option<String> {
        self.identities.get(act_as).cloned()
    }

    fn namespace(&self, name: &str) -> Option<Namespace> {
        // Where they were not read, a namespace is there, and nothing is known of it.
        self.namespaces.as_ref().map_or_else(|| Some(Namespace::default()), |all| all.get(name).cloned())
    }

    fn trail(&self, namespace: &str, name: &str) -> Result<Option<Arc<Trail>>, Unreadable> {
        let is_it = |trail: &&Arc<Trail>| {
            trail.metadata.namespace.as_deref() == Some(namespace)
                && trail.metadata.name.as_deref() == Some(name)
        };
        Ok(self.all_trails.iter().find(is_it).cloned())
    }

    fn trails_of(&self, account: &str) -> Vec<Arc<Trail>> {
        self.all_trails.iter().filter(|trail| trail.spec.account_ref.name == account).cloned().collect()
    }

    fn event_selectors(&self, namespace: &str, trail: &str) -> Vec<Arc<EventSelector>> {
        self.event_selectors.iter().filter(|object| object.trail() == (namespace, trail)).cloned().collect()
    }

    fn unreadable_event_selectors(&self) -> Vec<(String, String)> {
        vec![]
    }

    fn event_selector_deleted(&self, _namespace: &str, _trail: &str) -> Option<Duration> {
        None
    }

    fn metric_alarms(&self) -> Vec<Arc<MetricAlarm>> {
        self.metric_alarms.clone()
    }

    fn claims(&self, region: &str, trail_name: &str) -> Vec<Claim> {
        let claims = |trail: &&Arc<Trail>| {
            trail.spec.region == region
                && trail.trail_name() == trail_name
                && trail.spec.management_policy == ManagementPolicy::Full
                && !trail.spec.suspend
                && trail.metadata.deletion_timestamp.is_none()
        };
        self.all_trails.iter().filter(claims).map(|trail| Claim::of(trail)).collect()
    }
}

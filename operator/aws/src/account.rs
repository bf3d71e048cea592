//! One account, acted in with one identity: the SDK's configuration, and what was read with it.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
    time::Duration,
};

use aws_config::{Region, SdkConfig};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use parking_lot::Mutex;
use trail_operator_domain::cost::Prices;
use trail_operator_reconcile::{aws::Topic, aws_error::AwsError};

use crate::{
    AccountInRegion, AccountTrails, AlarmsInRegion, SecurityTokensClient,
    cached::Cached,
    calls::Calls,
    limits::Scope,
    organizations::{self, Organization},
    price_list, regions,
};

/// An account with one identity.
#[derive(Clone, Debug)]
pub struct Account(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Arc<Session>,
    by_region: Mutex<HashMap<String, AccountInRegion>>,
    alarms_by_region: Mutex<HashMap<String, AlarmsInRegion>>,
}

impl Account {
    pub(crate) fn new(session: Session) -> Self {
        Self(Arc::new(Inner {
            session: Arc::new(session),
            by_region: Mutex::default(),
            alarms_by_region: Mutex::default(),
        }))
    }

    /// Everything that keeping trails in a Region takes. The same for each call, so what was read is shared.
    pub fn cloud_trail(&self, region: &str) -> AccountInRegion {
        let mut by_region = self.0.by_region.lock();
        let here = by_region
            .entry(region.to_owned())
            .or_insert_with(|| AccountInRegion::new(Arc::clone(&self.0.session), region));
        here.clone()
    }

    /// Everything that keeping metric filters and alarms in a Region takes. Shared in the same way.
    pub fn alarms(&self, region: &str) -> AlarmsInRegion {
        let mut by_region = self.0.alarms_by_region.lock();
        let here = by_region
            .entry(region.to_owned())
            .or_insert_with(|| AlarmsInRegion::new(&self.0.session, region));
        here.clone()
    }

    /// STS, in the Region of the environment.
    pub fn security_tokens(&self) -> SecurityTokensClient {
        SecurityTokensClient::new(Arc::clone(&self.0.session))
    }

    /// The Regions that are enabled in the account, by name.
    ///
    /// # Errors
    /// What AWS answers, as for every call.
    pub async fn list_regions(&self, max_age: Duration) -> Result<Vec<String>, AwsError> {
        let session = &self.0.session;
        session.regions.get(&(), max_age, || regions::list(session)).await
    }

    /// The organization that the account is in.
    ///
    /// # Errors
    /// What AWS answers, as for every call; `AWSOrganizationsNotInUseException` where it is in none.
    pub async fn organization(&self, max_age: Duration) -> Result<Organization, AwsError> {
        let session = &self.0.session;
        session.organization.get(&(), max_age, || organizations::describe(session)).await
    }

    /// Ids of the active accounts of the organization. Only its management account and delegated administrators may ask.
    ///
    /// # Errors
    /// What AWS answers, as for every call.
    pub async fn list_accounts(&self, max_age: Duration) -> Result<Vec<String>, AwsError> {
        let session = &self.0.session;
        session.accounts.get(&(), max_age, || organizations::list_accounts(session)).await
    }

    /// AWS's list prices of what trails use, in these Regions, and the Regions whose prices could not be read, with why.
    pub async fn prices(&self, regions: &BTreeSet<String>, max_age: Duration) -> (Prices, Vec<String>) {
        let session = &self.0.session;
        let (mut all, mut unread) = (Prices::default(), Vec::new());
        for region in regions {
            match session.prices.get(region, max_age, || price_list::read(session, region)).await {
                Ok(prices) => all = all.refreshed(prices),
                Err(error) => unread.push(format!("{region} ({})", error.code)),
            }
        }
        (all, unread)
    }

    pub(crate) fn account_trails(&self) -> &Cached<(), AccountTrails> {
        &self.0.session.account_trails
    }

    #[cfg(test)]
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// What all Regions and services of an account with one identity share.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) account_id: String,
    /// Credentials, connections and time-outs.
    pub(crate) config: SdkConfig,
    /// The same connections, for requests that no client of the SDK makes.
    pub(crate) connections: SharedHttpConnector,
    /// Buckets are named in the path: the endpoint is on this machine.
    pub(crate) s3_path_style: bool,
    pub(crate) calls: Arc<Calls>,
    /// ARNs of keys, by Region and what they were asked for by.
    pub(crate) keys: Cached<(String, String), String>,
    /// Buckets that are there, by name and owner.
    pub(crate) buckets: Cached<(String, String), ()>,
    /// By ARN.
    pub(crate) topics: Cached<String, Topic>,
    regions: Cached<(), Vec<String>>,
    organization: Cached<(), Organization>,
    accounts: Cached<(), Vec<String>>,
    account_trails: Cached<(), AccountTrails>,
    /// By Region.
    prices: Cached<String, Prices>,
}

impl Session {
    pub(crate) fn new(
        account_id: &str,
        config: SdkConfig,
        connections: SharedHttpConnector,
        s3_path_style: bool,
        calls: Arc<Calls>,
    ) -> Self {
        Self {
            account_id: account_id.to_owned(),
            config,
            connections,
            s3_path_style,
            calls,
            keys: Cached::new(),
            buckets: Cached::new(),
            topics: Cached::new(),
            regions: Cached::new(),
            organization: Cached::new(),
            accounts: Cached::new(),
            account_trails: Cached::new(),
            prices: Cached::new(),
        }
    }

    /// The Region of the environment.
    pub(crate) fn region(&self) -> &str {
        self.config.region().map_or("", Region::as_ref)
    }

    pub(crate) fn scope(&self, service: &'static str, region: &str) -> Scope {
        Scope { service, account_id: self.account_id.clone(), region: region.to_owned() }
    }
}

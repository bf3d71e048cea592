//! The process's own identity and configuration, and a handle for each account that is acted in.

use std::{collections::HashMap, env, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use parking_lot::Mutex;
use trail_operator_reconcile::references::ActAs;

use crate::{
    Account, Observer, UnsafeEndpoint,
    account::Session,
    calls::Calls,
    connections::{http_client, shared_connections},
    endpoint::{check_endpoint, is_loopback},
    role,
};

/// Connecting takes milliseconds; more than this means nobody is there.
const CONNECT: Duration = Duration::from_secs(3);
/// One attempt. CreateTrail checks policies by using them, which takes a second or two.
const ATTEMPT: Duration = Duration::from_secs(10);
/// A call with its repetition. Ten of them, the most that one round can make, with the waits for their turn (5 s at the
/// longest each), fit into the chart's grace period of 300 s.
const OPERATION: Duration = Duration::from_secs(20);
/// One repetition bridges a lost connection; each is a call that AWS counts. What is throttled is not repeated at all.
const ATTEMPTS: u32 = 2;
/// Where STS is asked when neither environment nor profile names a Region.
const FALLBACK_REGION: &str = "us-east-1";

/// Makes handles of accounts, which share connections, limits and observer.
#[derive(Debug)]
pub struct Clients {
    config: SdkConfig,
    connections: SharedHttpConnector,
    s3_path_style: bool,
    calls: Arc<Calls>,
    accounts: Mutex<HashMap<ActAs, Account>>,
}

impl Clients {
    /// Reads environment, profile and web identity. `observer` is told of every call.
    ///
    /// # Errors
    /// When an endpoint is given to which credentials would go in clear text.
    pub async fn from_environment(observer: Observer) -> Result<Self, UnsafeEndpoint> {
        Self::with(None, None, observer).await
    }

    /// The same with another profile, or another Region, than the environment names.
    ///
    /// # Errors
    /// When an endpoint is given to which credentials would go in clear text.
    pub async fn with(
        profile: Option<&str>,
        region: Option<&str>,
        observer: Observer,
    ) -> Result<Self, UnsafeEndpoint> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        Self::of(loader.load().await, observer)
    }

    /// The same with a configuration that comes from elsewhere; its time-outs and repetitions are its own.
    ///
    /// # Errors
    /// When an endpoint is given to which credentials would go in clear text.
    pub fn of(config: SdkConfig, observer: Observer) -> Result<Self, UnsafeEndpoint> {
        check_endpoint("endpoint_url of the profile", config.endpoint_url().unwrap_or_default())?;
        let region = config.region().cloned().unwrap_or_else(|| Region::from_static(FALLBACK_REGION));
        let of_s3 = env::var("AWS_ENDPOINT_URL_S3").ok();
        let s3_endpoint = of_s3.as_deref().filter(|url| !url.is_empty()).or(config.endpoint_url());
        // A bucket's name as part of the host would have to be a name that this machine resolves to itself.
        let s3_path_style = s3_endpoint.is_some_and(is_loopback);
        // Not before loading: what asks for credentials on the way has time-outs of its own.
        let connections = shared_connections(CONNECT);
        let config = config.into_builder().region(region).http_client(http_client(&connections)).build();
        let calls = Arc::new(Calls::new(observer));
        Ok(Self { config, connections, s3_path_style, calls, accounts: Mutex::default() })
    }

    /// The handle of an account. Another role or external id is another handle.
    pub async fn account(&self, key: &ActAs) -> Account {
        if let Some(account) = self.accounts.lock().get(key) {
            return account.clone();
        }
        let config = match &key.role_arn {
            None => self.config.clone(),
            Some(role_arn) => {
                role::assumed(&self.config, role_arn, key.external_id.as_deref(), self.calls.observer()).await
            }
        };
        let connections = self.connections.clone();
        let calls = Arc::clone(&self.calls);
        let session = Session::new(&key.account_id, config, connections, self.s3_path_style, calls);
        let account = Account::new(session);
        self.accounts.lock().entry(key.clone()).or_insert(account).clone()
    }

    /// Forgets handles, with their credentials and what they have read, except those to keep. Whoever holds a handle
    /// can go on using it.
    pub fn retain(&self, mut keep: impl FnMut(&ActAs) -> bool) {
        self.accounts.lock().retain(|key, _| keep(key));
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_async::time::SystemTimeSource;

    use super::*;

    fn clients() -> Clients {
        let config = SdkConfig::builder()
            .time_source(SystemTimeSource::new())
            .region(Region::from_static(FALLBACK_REGION))
            .build();
        let calls = Arc::new(Calls::new(Observer::new(|_| ())));
        let connections = shared_connections(CONNECT);
        Clients { config, connections, s3_path_style: false, calls, accounts: Mutex::default() }
    }

    #[tokio::test]
    async fn each_role_and_external_id_has_its_own_handle_until_it_is_forgotten() {
        let clients = clients();
        let own = ActAs { account_id: "111122223333".to_owned(), role_arn: None, external_id: None };
        let role_arn = Some("arn:aws:iam::111122223333:role/trails".to_owned());
        let role = ActAs { role_arn, ..own.clone() };
        let external = ActAs { external_id: Some("x".to_owned()), ..role.clone() };
        for key in [&own, &role, &external] {
            let account = clients.account(key).await;
            assert!(account.is(&clients.account(key).await), "{key:?}");
        }
        assert!(!clients.account(&role).await.is(&clients.account(&external).await));
        let before = clients.account(&role).await;
        clients.retain(|key| *key == own);
        assert_eq!(clients.accounts.lock().keys().collect::<Vec<_>>(), [&own]);
        assert!(!before.is(&clients.account(&role).await));
    }
}

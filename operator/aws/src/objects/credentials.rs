//! Credentials of a session, kept until shortly before they expire: the SDK's own cache serves only its clients.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
};
use aws_smithy_runtime_api::client::identity::Identity;
use tokio::sync::Mutex;

/// They are asked for anew so long before they expire, as by the SDK (`LazyCache` in aws-smithy-runtime's
/// `client/identity/cache/lazy.rs`).
const BEFORE_EXPIRY: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct SessionCredentials {
    provider: Option<SharedCredentialsProvider>,
    /// Locked while they are asked for: the others wait for that answer.
    known: Mutex<Option<Identity>>,
}

impl SessionCredentials {
    pub(super) fn of(config: &SdkConfig) -> Self {
        Self { provider: config.credentials_provider(), known: Mutex::default() }
    }

    pub(super) async fn get(&self, now: SystemTime) -> Result<Identity, CredentialsError> {
        let mut known = self.known.lock().await;
        if let Some(identity) = known.as_ref()
            && identity.expiration().is_none_or(|expiry| now + BEFORE_EXPIRY < expiry)
        {
            return Ok(identity.clone());
        }
        let provider = self
            .provider
            .as_ref()
            .ok_or_else(|| CredentialsError::not_loaded("no credentials were found"))?;
        let identity = Identity::from(provider.provide_credentials().await?);
        *known = Some(identity.clone());
        Ok(identity)
    }
}

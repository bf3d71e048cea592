//! One client per Region, made once: they hold connections and credentials.

use std::{collections::HashMap, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use parking_lot::Mutex;

use crate::{CloudTrailClient, Observer, SecurityTokensClient, UnsafeEndpoint, endpoint::check_endpoint};

/// Connecting takes milliseconds; more than this means nobody is there.
const CONNECT: Duration = Duration::from_secs(3);
/// One attempt. CreateTrail checks policies by using them, which takes a second or two.
const ATTEMPT: Duration = Duration::from_secs(10);
/// A call with all its repetitions. Ten of them, the most that one round can make, fit into the chart's grace period.
const OPERATION: Duration = Duration::from_secs(20);
/// The SDK's standard number; each is a call that AWS counts.
const ATTEMPTS: u32 = 3;
/// Where the identity is asked for when neither environment nor profile names a Region.
const FALLBACK_REGION: &str = "us-east-1";

/// Makes clients that act with the process's own identity, as the SDK finds it.
pub struct Clients {
    config: SdkConfig,
    observer: Observer,
    cloud_trail: Mutex<HashMap<String, CloudTrailClient>>,
}

impl Clients {
    /// Reads environment, profile and web identity. `observer` is told of every call.
    ///
    /// # Errors
    /// When an endpoint is given to which credentials would go in clear text.
    pub async fn from_environment(observer: Observer) -> Result<Self, UnsafeEndpoint> {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .load()
            .await;
        check_endpoint("endpoint_url of the profile", config.endpoint_url().unwrap_or_default())?;
        Ok(Self { config, observer, cloud_trail: Mutex::new(HashMap::new()) })
    }

    /// `CloudTrail` in a Region.
    pub fn cloud_trail(&self, region: &str) -> CloudTrailClient {
        let mut clients = self.cloud_trail.lock();
        clients
            .entry(region.to_owned())
            .or_insert_with(|| {
                let config = aws_sdk_cloudtrail::config::Builder::from(&self.config)
                    .region(Region::new(region.to_owned()))
                    .build();
                CloudTrailClient::new(aws_sdk_cloudtrail::Client::from_conf(config), self.observer.clone())
            })
            .clone()
    }

    /// STS in the Region of the environment.
    pub fn security_tokens(&self) -> SecurityTokensClient {
        let region = self.config.region().cloned().unwrap_or_else(|| Region::from_static(FALLBACK_REGION));
        let config = aws_sdk_sts::config::Builder::from(&self.config).region(region).build();
        SecurityTokensClient::new(aws_sdk_sts::Client::from_conf(config), self.observer.clone())
    }
}

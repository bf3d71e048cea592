//! One pool of connections, and one set of trusted certificates, for all accounts, Regions and services.
//!
//! Without it the SDK makes both anew for each client (aws-smithy-runtime, `client/defaults.rs`): a configuration carries
//! only an HTTP client that it was given.

use std::time::Duration;

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::{
    HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};

/// The same connector as the SDK's own: proxies come from the environment.
pub(crate) fn shared_connections(connect_timeout: Duration) -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder().connect_timeout(connect_timeout).build();
    SharedHttpConnector::new(
        Connector::builder()
            .connector_settings(settings)
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
            .build(),
    )
}

/// What clients of the SDK take them as.
pub(crate) fn http_client(connections: &SharedHttpConnector) -> SharedHttpClient {
    let connections = connections.clone();
    http_client_fn(move |_, _| connections.clone())
}

//! The way to the API server, and a time-out on every call: kube itself has none for plain calls, and repeats them.

use std::time::Duration;

use anyhow::Context;
use kube::{Client, Config, config::KubeConfigOptions};

/// One call with its repetitions.
pub(crate) const CALL: Duration = Duration::from_secs(15);

/// Why a call came to nothing.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// The API server refused, or could not be reached.
    #[error("{what} failed")]
    Kube {
        /// What was tried.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<kube::Error>,
    },
    /// No answer.
    #[error("{what} got no answer within {} s", limit.as_secs())]
    TimedOut {
        /// What was tried.
        what: &'static str,
        /// For how long.
        limit: Duration,
    },
}

impl CallError {
    /// Whether the object is not there.
    pub(crate) fn is_not_found(&self) -> bool {
        matches!(self, Self::Kube { source, .. } if matches!(&**source, kube::Error::Api(status) if status.is_not_found()))
    }
}

/// Awaits a call for at most [`CALL`].
pub(crate) async fn call<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    call_within(CALL, what, call).await
}

/// Awaits a call for at most `limit`.
pub(crate) async fn call_within<T>(
    limit: Duration,
    what: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(limit, call).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(CallError::Kube { what, source: Box::new(source) }),
        Err(_) => Err(CallError::TimedOut { what, limit }),
    }
}

/// Connects as kubectl would: from inside a Pod, else by KUBECONFIG or ~/.kube/config.
pub(crate) async fn connect() -> anyhow::Result<Client> {
    let config = if std::env::var_os("KUBERNETES_SERVICE_HOST").is_some() {
        Config::incluster().context("cannot read the ServiceAccount of this Pod")?
    } else {
        Config::from_kubeconfig(&KubeConfigOptions::default())
            .await
            .context("not in a Pod, and there is no usable kubeconfig (KUBECONFIG or ~/.kube/config)")?
    };
    Client::try_from(config).context("cannot make a client of the API server")
}

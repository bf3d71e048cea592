//! Telling somebody of every call, for metrics.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use trail_operator_reconcile::aws_error::AwsError;

use crate::throttling::is_throttling;

/// One call, with all its repetitions.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `cloudtrail`
    pub service: &'static str,
    /// `DescribeTrails`
    pub operation: &'static str,
    /// AWS's error code, or `OK`.
    pub code: &'a str,
    /// From the first attempt to the last answer.
    pub took: Duration,
    /// Whether AWS said that there were too many calls.
    pub throttled: bool,
}

/// Whoever is told.
#[derive(Clone)]
pub struct Observer(Arc<dyn Fn(Call<'_>) + Send + Sync>);

impl Observer {
    /// Tells `listener`, which must not block.
    pub fn new(listener: impl Fn(Call<'_>) + Send + Sync + 'static) -> Self {
        Self(Arc::new(listener))
    }

    /// Awaits the answer of one call and tells of it.
    pub(crate) async fn watch<T>(
        &self,
        service: &'static str,
        operation: &'static str,
        call: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        let start = Instant::now();
        let result = call.await;
        let took = start.elapsed();
        let code = result.as_ref().map_or_else(|error| error.code.as_str(), |_| "OK");
        self.tell(Call { service, operation, code, took, throttled: is_throttling(code) });
        result
    }

    /// Tells of a call that was made elsewhere.
    pub(crate) fn tell(&self, call: Call<'_>) {
        let Call { service, operation, code, took, throttled: _ } = call;
        tracing::debug!(service, operation, code, ?took, "called AWS");
        (self.0)(call);
    }
}

impl fmt::Debug for Observer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}

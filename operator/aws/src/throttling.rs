//! Throttling: by which codes AWS tells of it, and that the SDK does not answer it with more calls.

use aws_config::retry::ErrorKind;
use aws_smithy_runtime_api::client::{
    interceptors::context::InterceptorContext,
    retries::classifiers::{ClassifyRetry, RetryAction, RetryClassifierPriority, RetryReason},
};

/// Whether AWS says by this code that there were too many calls. The same codes as the SDK's (`cloudtrail.md` 1.6), but
/// for LimitExceededException, by which CloudWatch Logs says that a log group has all the metric filters it can have.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestThrottledException"
            | "TooManyRequestsException"
            | "ProvisionedThroughputExceededException"
            | "TransactionInProgressException"
            | "RequestLimitExceeded"
            | "BandwidthLimitExceeded"
            | "RequestThrottled"
            | "SlowDown"
            | "PriorRequestNotComplete"
            | "EC2ThrottledException"
    )
}

/// Keeps the SDK from repeating a throttled call within milliseconds: the whole account pauses instead.
#[derive(Debug)]
pub(crate) struct NoRetryWhenThrottled;

impl ClassifyRetry for NoRetryWhenThrottled {
    fn classify_retry(&self, _: &InterceptorContext) -> RetryAction {
        RetryAction::NoActionIndicated
    }

    fn classify_retry_v2(&self, _: &InterceptorContext, previous: &RetryAction) -> RetryAction {
        match previous {
            RetryAction::RetryIndicated(RetryReason::RetryableError {
                kind: ErrorKind::ThrottlingError,
                ..
            }) => RetryAction::RetryForbidden,
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "no retry when throttled"
    }

    /// After all of the SDK's own, which say what is throttling.
    fn priority(&self) -> RetryClassifierPriority {
        RetryClassifierPriority::run_after(RetryClassifierPriority::transient_error_classifier())
    }
}

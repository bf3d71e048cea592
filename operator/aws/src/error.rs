//! From the SDK's errors to [`AwsError`].

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_cloudtrail::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use trail_operator_reconcile::aws_error::AwsError;

/// Names the failure by AWS's code, or by what happened where AWS did not answer.
pub(crate) fn aws_error<E, R>(operation: &'static str, error: &SdkError<E, R>) -> AwsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let code = match error {
        SdkError::ServiceError(_) => error.code().unwrap_or("UnnamedError"),
        _ if caused_by_credentials(error) => "CredentialsError",
        SdkError::TimeoutError(_) => "TimeoutError",
        SdkError::DispatchFailure(_) => "DispatchFailure",
        SdkError::ResponseError(_) => "ResponseError",
        _ => "ConstructionFailure",
    };
    let message = match error {
        SdkError::ServiceError(_) => error.message().unwrap_or_default().to_owned(),
        _ => DisplayErrorContext(error).to_string(),
    };
    AwsError { operation, code: code.to_owned(), message }
}

fn caused_by_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<CredentialsError>() {
            return true;
        }
        cause = error.source();
    }
    false
}

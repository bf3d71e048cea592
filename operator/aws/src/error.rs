//! From the SDK's errors to [`AwsError`].

use std::{error::Error, iter};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::{
    error::{ProvideErrorMetadata, SdkError},
    operation::assume_role::AssumeRoleError,
};
use trail_operator_reconcile::aws_error::AwsError;

use crate::{calls::NOT_BEFORE, throttling::is_throttling};

/// Names the failure by AWS's code, or by what happened where AWS did not answer.
pub(crate) fn aws_error<E>(operation: &'static str, error: &SdkError<E>) -> AwsError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let code = match error {
        SdkError::ServiceError(_) => error.code().unwrap_or("UnnamedError"),
        _ => credentials_code(error).unwrap_or(match error {
            SdkError::TimeoutError(_) => "TimeoutError",
            SdkError::DispatchFailure(_) => "DispatchFailure",
            SdkError::ResponseError(_) => "ResponseError",
            _ => "ConstructionFailure",
        }),
    };
    let message = error.message().map_or_else(|| causes(error), str::to_owned);
    AwsError::new(operation, code, message)
}

/// The error and its causes, in their own words. Not their `Debug`, which holds whole answers of AWS: one of STS holds
/// credentials.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let causes = iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A request that the SDK did not even build.
pub(crate) fn not_built(operation: &'static str, error: &impl Error) -> AwsError {
    AwsError::new(operation, "ConstructionFailure", error.to_string())
}

/// Whether AWS refused for good or was not understood, as opposed to: could not answer just now.
pub(crate) fn is_passing(error: &AwsError) -> bool {
    is_throttling(&error.code)
        || matches!(
            error.code.as_str(),
            NOT_BEFORE
                | "TimeoutError"
                | "DispatchFailure"
                | "ResponseError"
                | "UnnamedError"
                | "InternalFailure"
                | "InternalError"
                | "InternalServerError"
                | "ServiceUnavailable"
                | "ServiceUnavailableException"
                | "RequestTimeout"
                | "RequestTimeoutException"
                | "AssumeRoleFailed"
        )
}

/// What is wrong with the credentials, where that is the cause: there are none, the role may not be assumed, or STS could
/// not be asked for the role just now.
pub(crate) fn credentials_code(error: &(dyn Error + 'static)) -> Option<&'static str> {
    const UNUSABLE: &str = "CredentialsError";
    const DENIED: &str = "AssumeRoleDenied";
    const FAILED: &str = "AssumeRoleFailed";

    let mut causes = iter::successors(Some(error), |&error| error.source());
    causes.find(|cause| cause.is::<CredentialsError>())?;
    let assume_role = causes.find_map(|cause| cause.downcast_ref::<SdkError<AssumeRoleError>>());
    Some(match assume_role {
        None => UNUSABLE,
        Some(SdkError::ServiceError(answer)) => match answer.err().code().unwrap_or_default() {
            "AccessDenied" => DENIED,
            // An answer that could not be read has none.
            "" => FAILED,
            code if is_throttling(code) || answer.raw().status().is_server_error() => FAILED,
            _ => UNUSABLE,
        },
        // Not even the process's own credentials, with which the role would be assumed.
        Some(_) if causes.any(<dyn Error>::is::<CredentialsError>) => UNUSABLE,
        Some(_) => FAILED,
    })
}

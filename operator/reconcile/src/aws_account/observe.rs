//! Observe: who AWS says we are.

use crate::{
    aws::{Identity, SecurityTokens},
    aws_error::AwsError,
};

/// Asks AWS: one call.
///
/// # Errors
/// When there are no usable credentials or STS cannot be reached.
pub async fn observe<S: SecurityTokens>(api: &S) -> Result<Identity, AwsError> {
    api.get_caller_identity().await
}

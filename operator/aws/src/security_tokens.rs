//! STS.

use trail_operator_reconcile::{
    aws::{Identity, SecurityTokens},
    aws_error::AwsError,
};

use crate::{Observer, error::aws_error};

/// STS with one identity.
#[derive(Clone, Debug)]
pub struct SecurityTokensClient {
    client: aws_sdk_sts::Client,
    observer: Observer,
}

impl SecurityTokensClient {
    pub(crate) fn new(client: aws_sdk_sts::Client, observer: Observer) -> Self {
        Self { client, observer }
    }
}

impl SecurityTokens for SecurityTokensClient {
    async fn get_caller_identity(&self) -> Result<Identity, AwsError> {
        const OPERATION: &str = "GetCallerIdentity";
        let call = async {
            let answer = self
                .client
                .get_caller_identity()
                .send()
                .await
                .map_err(|error| aws_error(OPERATION, &error))?;
            Ok(Identity {
                account_id: answer.account.unwrap_or_default(),
                arn: answer.arn.unwrap_or_default(),
            })
        };
        self.observer.watch("sts", OPERATION, call).await
    }
}

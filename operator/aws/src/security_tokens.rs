//! STS.

use std::sync::Arc;

use trail_operator_reconcile::{
    aws::{Identity, SecurityTokens},
    aws_error::AwsError,
};

use crate::{account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled};

/// STS with the identity of an account's handle.
#[derive(Clone, Debug)]
pub struct SecurityTokensClient {
    client: aws_sdk_sts::Client,
    session: Arc<Session>,
}

impl SecurityTokensClient {
    pub(crate) fn new(session: Arc<Session>) -> Self {
        let config = aws_sdk_sts::config::Builder::from(&session.config)
            .retry_classifier(NoRetryWhenThrottled)
            .build();
        Self { client: aws_sdk_sts::Client::from_conf(config), session }
    }
}

impl SecurityTokens for SecurityTokensClient {
    async fn get_caller_identity(&self) -> Result<Identity, AwsError> {
        const OPERATION: &str = "GetCallerIdentity";
        let call = Box::pin(async {
            let answer = self.client.get_caller_identity().send().await;
            let answer = answer.map_err(|error| aws_error(OPERATION, &error))?;
            Ok(Identity {
                account_id: answer.account.unwrap_or_default(),
                arn: answer.arn.unwrap_or_default(),
            })
        });
        let scope = self.session.scope("sts", self.session.region());
        self.session.calls.make(&scope, Class::Read, OPERATION, call).await
    }
}

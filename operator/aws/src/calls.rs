//! The one way in which AWS is called: within limits, told to the observer, throttling remembered.

use std::time::Duration;

use trail_operator_reconcile::aws_error::AwsError;

use crate::{
    Observer,
    bucket::Class,
    limits::{Limits, Scope},
    throttling::is_throttling,
};

/// Code of a call that was not made, since the account's limit is used up.
pub(crate) const NOT_BEFORE: &str = "NotBefore";

/// Limits and observer of the process.
#[derive(Debug)]
pub(crate) struct Calls {
    limits: Limits,
    observer: Observer,
}

impl Calls {
    pub(crate) fn new(observer: Observer) -> Self {
        Self { limits: Limits::new(), observer }
    }

    pub(crate) fn observer(&self) -> &Observer {
        &self.observer
    }

    /// Makes one call, in its turn. `call` is polled only then, so it may prepare for having been made.
    pub(crate) async fn make<T>(
        &self,
        scope: &Scope,
        class: Class,
        operation: &'static str,
        call: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        let turn =
            self.limits.acquire(scope, class).await.map_err(|wait| not_before(scope, operation, wait))?;
        let mut result = self.observer.watch(scope.service, operation, call).await;
        self.limits.ended(scope, &turn);
        match &mut result {
            Ok(_) => self.limits.succeeded(scope, &turn),
            Err(error) if is_throttling(&error.code) => {
                let wait = self.limits.throttled(scope, &turn);
                let Scope { service, account_id, region } = scope;
                tracing::warn!(
                    service,
                    account_id,
                    region,
                    operation,
                    ?wait,
                    "AWS throttles; the account pauses"
                );
                error.retry_after = Some(wait);
            }
            Err(_) => {}
        }
        result
    }
}

fn not_before(scope: &Scope, operation: &'static str, wait: Duration) -> AwsError {
    let Scope { service, account_id, region } = scope;
    let message =
        format!("calls of {service} in account {account_id} and Region {region} have to wait {wait:?}");
    AwsError { retry_after: Some(wait), ..AwsError::new(operation, NOT_BEFORE, message) }
}

//! The handle of an account in a Region: how it calls `CloudTrail`, and what it remembers of the answers.

use std::{collections::BTreeSet, sync::Arc};

use aws_config::Region;
use aws_sdk_cloudtrail::Client;
use trail_operator_reconcile::{aws::TrailDescription, aws_error::AwsError};

use crate::{
    account::Session, bucket::Class, cached::Cached, limits::Scope, throttling::NoRetryWhenThrottled,
};

/// An account, with one identity, in one Region.
#[derive(Clone, Debug)]
pub struct AccountInRegion(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    session: Arc<Session>,
    scope: Scope,
    client: Client,
    trails: Cached<(), Arc<Vec<TrailDescription>>>,
    /// Templates, by the trail's ARN.
    event_configurations: Cached<String, BTreeSet<String>>,
}

impl AccountInRegion {
    pub(crate) fn new(session: Arc<Session>, region: &str) -> Self {
        let config = aws_sdk_cloudtrail::config::Builder::from(&session.config)
            .region(Region::new(region.to_owned()))
            .retry_classifier(NoRetryWhenThrottled)
            .build();
        Self(Arc::new(Inner {
            scope: session.scope("cloudtrail", region),
            client: Client::from_conf(config),
            session,
            trails: Cached::new(),
            event_configurations: Cached::new(),
        }))
    }

    pub(crate) fn account_id(&self) -> &str {
        &self.0.scope.account_id
    }

    pub(crate) fn region(&self) -> &str {
        &self.0.scope.region
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.session
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(crate) fn trails(&self) -> &Cached<(), Arc<Vec<TrailDescription>>> {
        &self.0.trails
    }

    pub(crate) fn event_configurations(&self) -> &Cached<String, BTreeSet<String>> {
        &self.0.event_configurations
    }

    pub(crate) async fn call<T>(
        &self,
        class: Class,
        operation: &'static str,
        call: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        self.0.session.calls.make(&self.0.scope, class, operation, call).await
    }
}

/// Sends one request in its turn, and gives the answer or an [`AwsError`].
macro_rules! send {
    ($here:expr, $class:ident, $operation:literal, $request:expr) => {
        $here
            .call(
                $crate::bucket::Class::$class,
                $operation,
                Box::pin(async { $request.send().await.map_err(|error| aws_error($operation, &error)) }),
            )
            .await
    };
}

/// The same for a request that may change what is kept: `$outdate` says what. Once it is under way, and however it ends,
/// that is read anew: trails where nothing else is said.
macro_rules! change {
    ($here:expr, $class:ident, $operation:literal, $request:expr) => {
        $crate::account_in_region::change!($here, $class, $operation, $request, $here.trails().outdate(&()))
    };
    ($here:expr, $class:ident, $operation:literal, $request:expr, $outdate:expr) => {
        $here
            .call(
                $crate::bucket::Class::$class,
                $operation,
                Box::pin(async {
                    let _outdated = $crate::cached::Outdates(|| $outdate);
                    $request.send().await.map_err(|error| aws_error($operation, &error))
                }),
            )
            .await
    };
}

pub(crate) use {change, send};

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use trail_operator_reconcile::aws::CloudTrail;

    use super::*;
    use crate::{
        error::aws_error,
        fake::{self, Log, Request, Response},
    };

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
    const HOUR: Duration = Duration::from_hours(1);

    fn here(log: &Log, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> AccountInRegion {
        fake::account(log, move |request| Some(answer(request))).cloud_trail("us-east-1")
    }

    fn nothing(_: &Request) -> Response {
        Response::json(&json!({}))
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_call_is_not_repeated_and_the_next_one_is_not_made() {
        let log = Log::default();
        let here = here(&log, |_| Response::error("ThrottlingException"));
        let error = here.get_trail_status(ARN).await.unwrap_err();
        assert_eq!(error.code, "ThrottlingException");
        let wait = error.retry_after.unwrap();
        assert!(wait >= Duration::from_secs(1), "{wait:?}");
        let error = here.start_logging(ARN).await.unwrap_err();
        assert_eq!((error.operation, error.code.as_str()), ("StartLogging", "NotBefore"));
        assert!(error.retry_after.is_some_and(|after| after <= wait));
        assert_eq!(log.operations(), ["GetTrailStatus"]);
        assert_eq!(log.told(), ["cloudtrail GetTrailStatus ThrottlingException"]);
        tokio::time::sleep(wait).await;
        assert_eq!(here.start_logging(ARN).await.unwrap_err().code, "ThrottlingException");
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_until_a_call_succeeds() {
        let here = here(&Log::default(), |request| match request.operation.as_str() {
            "StopLogging" => Response::error("ThrottlingException"),
            _ => nothing(request),
        });
        for (succeeds_before, pause) in [(false, 1), (false, 2), (true, 1)] {
            if succeeds_before {
                here.get_trail_status(ARN).await.unwrap();
            }
            let wait = here.stop_logging(ARN).await.unwrap_err().retry_after.unwrap();
            assert_eq!(wait.as_secs(), pause);
            tokio::time::sleep(wait + Duration::from_millis(1)).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_broke_is_repeated_once_and_told_once() {
        for broken in [None, Some(Response::status(500))] {
            let log = Log::default();
            let account = fake::account(&log, move |_| broken.clone());
            assert!(account.cloud_trail("us-east-1").get_trail_status(ARN).await.is_err());
            assert_eq!(log.operations().len(), 2);
            assert_eq!(log.told().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn trails_are_read_once_for_all_and_anew_after_each_write_even_a_failed_one() {
        let log = Log::default();
        let answer = |request: &Request| match request.operation.as_str() {
            "DeleteTrail" => Response::error("ConflictException"),
            _ => nothing(request),
        };
        let account = fake::account(&log, move |request| Some(answer(request)));
        let here = account.cloud_trail("us-east-1");
        let all = futures::future::join_all((0..5).map(|_| here.describe_trails(HOUR))).await;
        assert!(all.iter().all(Result::is_ok));
        account.cloud_trail("us-east-1").describe_trails(HOUR).await.unwrap();
        assert_eq!(log.operations(), ["DescribeTrails"]);
        here.start_logging(ARN).await.unwrap();
        here.describe_trails(HOUR).await.unwrap();
        here.delete_trail(ARN).await.unwrap_err();
        here.describe_trails(HOUR).await.unwrap();
        here.get_trail_status(ARN).await.unwrap();
        here.describe_trails(HOUR).await.unwrap();
        let expected = [
            "DescribeTrails",
            "StartLogging",
            "DescribeTrails",
            "DeleteTrail",
            "DescribeTrails",
            "GetTrailStatus",
        ];
        assert_eq!(log.operations(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_was_not_made_outdates_nothing() {
        let log = Log::default();
        let here = here(&log, |request| match request.operation.as_str() {
            "GetTrailStatus" => Response::error("ThrottlingException"),
            _ => nothing(request),
        });
        here.describe_trails(HOUR).await.unwrap();
        here.get_trail_status(ARN).await.unwrap_err();
        assert_eq!(here.stop_logging(ARN).await.unwrap_err().code, "NotBefore");
        here.describe_trails(HOUR).await.unwrap();
        assert_eq!(log.operations(), ["DescribeTrails", "GetTrailStatus"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_was_given_up_outdates_trails_all_the_same() {
        let log = Log::default();
        let here = here(&log, nothing);
        here.describe_trails(HOUR).await.unwrap();
        let write = async {
            let request = async { change!(here, Write, "StopLogging", Never) };
            tokio::time::timeout(Duration::from_secs(1), request).await.map(|_: Result<(), _>| ())
        };
        assert!(write.await.is_err());
        here.describe_trails(HOUR).await.unwrap();
        assert_eq!(log.operations(), ["DescribeTrails", "DescribeTrails"]);
    }

    /// A request that is never answered.
    struct Never;

    impl Never {
        async fn send(self) -> Result<(), aws_sdk_cloudtrail::error::SdkError<aws_sdk_cloudtrail::Error>> {
            std::future::pending().await
        }
    }
}

//! The handle of an account in a Region for metric filters and alarms: how it calls CloudWatch Logs and CloudWatch, and
//! what it remembers of the answers.

use std::sync::Arc;

use aws_config::Region;
use trail_operator_reconcile::{
    aws::{AlarmDescription, MetricFilter, Tags},
    aws_error::AwsError,
};

use crate::{
    LogGroupVolume, account::Session, bucket::Class, cached::Cached, limits::Scope,
    throttling::NoRetryWhenThrottled,
};

/// Metric filters, alarms and topics of an account, with one identity, in one Region.
#[derive(Clone, Debug)]
pub struct AlarmsInRegion(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    logs: Service<aws_sdk_cloudwatchlogs::Client>,
    cloudwatch: Service<aws_sdk_cloudwatch::Client>,
    /// By log group.
    metric_filters: Cached<String, Arc<Vec<MetricFilter>>>,
    alarms: Cached<(), Arc<Vec<AlarmDescription>>>,
    /// By the alarm's name, which is all that a change of it knows.
    tags: Cached<String, Tags>,
    /// By log group.
    volumes: Cached<String, LogGroupVolume>,
}

impl AlarmsInRegion {
    pub(crate) fn new(session: &Arc<Session>, region: &str) -> Self {
        let logs = aws_sdk_cloudwatchlogs::config::Builder::from(&session.config)
            .region(Region::new(region.to_owned()))
            .retry_classifier(NoRetryWhenThrottled)
            .build();
        let cloudwatch = aws_sdk_cloudwatch::config::Builder::from(&session.config)
            .region(Region::new(region.to_owned()))
            .retry_classifier(NoRetryWhenThrottled)
            .build();
        Self(Arc::new(Inner {
            logs: Service {
                session: Arc::clone(session),
                scope: session.scope("logs", region),
                client: aws_sdk_cloudwatchlogs::Client::from_conf(logs),
            },
            cloudwatch: Service {
                session: Arc::clone(session),
                scope: session.scope("cloudwatch", region),
                client: aws_sdk_cloudwatch::Client::from_conf(cloudwatch),
            },
            metric_filters: Cached::new(),
            alarms: Cached::new(),
            tags: Cached::new(),
            volumes: Cached::new(),
        }))
    }

    pub(crate) fn region(&self) -> &str {
        &self.0.logs.scope.region
    }

    pub(crate) fn session(&self) -> &Session {
        &self.0.logs.session
    }

    pub(crate) fn logs(&self) -> &Service<aws_sdk_cloudwatchlogs::Client> {
        &self.0.logs
    }

    pub(crate) fn cloudwatch(&self) -> &Service<aws_sdk_cloudwatch::Client> {
        &self.0.cloudwatch
    }

    pub(crate) fn metric_filters(&self) -> &Cached<String, Arc<Vec<MetricFilter>>> {
        &self.0.metric_filters
    }

    pub(crate) fn alarms(&self) -> &Cached<(), Arc<Vec<AlarmDescription>>> {
        &self.0.alarms
    }

    pub(crate) fn volumes(&self) -> &Cached<String, LogGroupVolume> {
        &self.0.volumes
    }

    pub(crate) fn tags(&self) -> &Cached<String, Tags> {
        &self.0.tags
    }
}

/// One service of the Region.
#[derive(Debug)]
pub(crate) struct Service<C> {
    session: Arc<Session>,
    scope: Scope,
    pub(crate) client: C,
}

impl<C> Service<C> {
    pub(crate) async fn call<T>(
        &self,
        class: Class,
        operation: &'static str,
        call: impl Future<Output = Result<T, AwsError>>,
    ) -> Result<T, AwsError> {
        self.session.calls.make(&self.scope, class, operation, call).await
    }
}

//! `CloudTrail` of one account in one Region.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use aws_sdk_cloudtrail::types::Tag;
use trail_operator_domain::selectors::Selectors;
use trail_operator_reconcile::{
    aws::{CloudTrail, Insights, Tags, TrailDescription, TrailSettings, TrailStatus, TrailUpdate},
    aws_error::AwsError,
};

use crate::{
    AccountInRegion,
    account_in_region::{change, send},
    error::{aws_error, not_built},
    event_selectors::{lists, selectors},
    insights::{aggregation, insight_selectors, insights, templates},
    trail_status::trail_status,
    trails,
};

impl CloudTrail for AccountInRegion {
    async fn describe_trails(&self, max_age: Duration) -> Result<Arc<Vec<TrailDescription>>, AwsError> {
        self.trails().get(&(), max_age, || async { trails::read(self).await.map(Arc::new) }).await
    }

    async fn get_trail_status(&self, arn: &str) -> Result<TrailStatus, AwsError> {
        send!(self, Read, "GetTrailStatus", self.client().get_trail_status().name(arn)).map(trail_status)
    }

    async fn get_event_selectors(&self, arn: &str) -> Result<Selectors, AwsError> {
        let request = self.client().get_event_selectors().trail_name(arn);
        send!(self, Read, "GetEventSelectors", request).map(selectors)
    }

    async fn get_insight_selectors(&self, arn: &str) -> Result<Insights, AwsError> {
        let request = self.client().get_insight_selectors().trail_name(arn);
        match send!(self, Read, "GetInsightSelectors", request) {
            Ok(answer) => Ok(insights(answer.insight_selectors.unwrap_or_default())),
            Err(error) if error.code == "InsightNotEnabledException" => Ok(Insights::new()),
            Err(error) => Err(error),
        }
    }

    async fn get_event_configuration(
        &self,
        arn: &str,
        max_age: Duration,
    ) -> Result<BTreeSet<String>, AwsError> {
        let read = || async {
            let request = self.client().get_event_configuration().trail_name(arn);
            match send!(self, EventConfiguration, "GetEventConfiguration", request) {
                Ok(answer) => Ok(templates(answer.aggregation_configurations())),
                // Where there is no aggregation, there is none of this trail.
                Err(error) if is_unsupported(&error) => Ok(BTreeSet::new()),
                Err(error) => Err(error),
            }
        };
        self.event_configurations().get(&arn.to_owned(), max_age, read).await
    }

    async fn create_trail(
        &self,
        name: &str,
        settings: &TrailSettings,
        tags: &Tags,
    ) -> Result<String, AwsError> {
        let TrailSettings {
            s3_bucket_name,
            s3_key_prefix,
            sns_topic_arn,
            include_global_service_events,
            is_multi_region_trail,
            enable_log_file_validation,
            cloud_watch_logs_log_group_arn,
            cloud_watch_logs_role_arn,
            kms_key_id,
            is_organization_trail,
            recursive_logging,
        } = settings;
        let request = self
            .client()
            .create_trail()
            .name(name)
            .s3_bucket_name(s3_bucket_name)
            .set_s3_key_prefix(given(s3_key_prefix))
            .set_sns_topic_name(given(sns_topic_arn))
            .include_global_service_events(*include_global_service_events)
            .is_multi_region_trail(*is_multi_region_trail)
            .enable_log_file_validation(*enable_log_file_validation)
            .set_cloud_watch_logs_log_group_arn(given(cloud_watch_logs_log_group_arn))
            .set_cloud_watch_logs_role_arn(given(cloud_watch_logs_role_arn))
            .set_kms_key_id(given(kms_key_id))
            .is_organization_trail(*is_organization_trail)
            .set_recursive_logging(*recursive_logging)
            .set_tags_list(Some(sdk_tags("CreateTrail", tags)?));
        Ok(change!(self, Write, "CreateTrail", request)?.trail_arn.unwrap_or_default())
    }

    async fn update_trail(&self, arn: &str, update: &TrailUpdate) -> Result<(), AwsError> {
        let TrailUpdate {
            s3_bucket_name,
            s3_key_prefix,
            sns_topic_arn,
            include_global_service_events,
            is_multi_region_trail,
            enable_log_file_validation,
            cloud_watch_logs,
            kms_key_id,
            is_organization_trail,
            recursive_logging,
        } = update.clone();
        let (log_group, role) = cloud_watch_logs.unzip();
        let request = self
            .client()
            .update_trail()
            .name(arn)
            .set_s3_bucket_name(s3_bucket_name)
            .set_s3_key_prefix(s3_key_prefix)
            .set_sns_topic_name(sns_topic_arn)
            .set_include_global_service_events(include_global_service_events)
            .set_is_multi_region_trail(is_multi_region_trail)
            .set_enable_log_file_validation(enable_log_file_validation)
            .set_cloud_watch_logs_log_group_arn(log_group)
            .set_cloud_watch_logs_role_arn(role)
            .set_kms_key_id(kms_key_id)
            .set_is_organization_trail(is_organization_trail)
            .set_recursive_logging(recursive_logging);
        change!(self, Write, "UpdateTrail", request).map(drop)
    }

    async fn put_event_selectors(&self, arn: &str, selectors: &Selectors) -> Result<(), AwsError> {
        let (basic, advanced) = lists(selectors).map_err(|error| not_built("PutEventSelectors", &error))?;
        let given = |list: Vec<_>| (!list.is_empty()).then_some(list);
        let request = self
            .client()
            .put_event_selectors()
            .trail_name(arn)
            .set_event_selectors(given(basic))
            .set_advanced_event_selectors((!advanced.is_empty()).then_some(advanced));
        change!(self, Write, "PutEventSelectors", request).map(drop)
    }

    async fn put_insight_selectors(&self, arn: &str, insights: &Insights) -> Result<(), AwsError> {
        let selectors = insight_selectors(insights);
        let request =
            self.client().put_insight_selectors().trail_name(arn).set_insight_selectors(Some(selectors));
        change!(self, Write, "PutInsightSelectors", request).map(drop)
    }

    async fn put_event_configuration(&self, arn: &str, templates: &BTreeSet<String>) -> Result<(), AwsError> {
        let configurations =
            aggregation(templates).map_err(|error| not_built("PutEventConfiguration", &error))?;
        let request = self
            .client()
            .put_event_configuration()
            .trail_name(arn)
            .set_aggregation_configurations(Some(configurations));
        let result = change!(self, EventConfiguration, "PutEventConfiguration", request).map(drop);
        self.event_configurations().outdate(&arn.to_owned());
        result
    }

    async fn start_logging(&self, arn: &str) -> Result<(), AwsError> {
        change!(self, Start, "StartLogging", self.client().start_logging().name(arn)).map(drop)
    }

    async fn stop_logging(&self, arn: &str) -> Result<(), AwsError> {
        change!(self, Write, "StopLogging", self.client().stop_logging().name(arn)).map(drop)
    }

    async fn delete_trail(&self, arn: &str) -> Result<(), AwsError> {
        change!(self, Write, "DeleteTrail", self.client().delete_trail().name(arn)).map(drop)
    }

    async fn add_tags(&self, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let tags = sdk_tags("AddTags", tags)?;
        let request = self.client().add_tags().resource_id(arn).set_tags_list(Some(tags));
        change!(self, Write, "AddTags", request).map(drop)
    }

    async fn remove_tags(&self, arn: &str, tags: &Tags) -> Result<(), AwsError> {
        let tags = sdk_tags("RemoveTags", tags)?;
        let request = self.client().remove_tags().resource_id(arn).set_tags_list(Some(tags));
        change!(self, Write, "RemoveTags", request).map(drop)
    }
}

/// CreateTrail has no use for empty texts; UpdateTrail clears with them.
fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// A value has at least one character or is absent (`cloudtrail.md` 1.3).
fn sdk_tags(operation: &'static str, tags: &Tags) -> Result<Vec<Tag>, AwsError> {
    tags.iter()
        .map(|(key, value)| Tag::builder().key(key).set_value(given(value)).build())
        .collect::<Result<_, _>>()
        .map_err(|error| not_built(operation, &error))
}

fn is_unsupported(error: &AwsError) -> bool {
    matches!(error.code.as_str(), "UnsupportedOperationException" | "UnknownOperationException")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fake::{self, Log, Request, Response};

    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
    const HOUR: Duration = Duration::from_hours(1);

    fn here(log: &Log, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> AccountInRegion {
        fake::account(log, move |request| Some(answer(request))).cloud_trail("us-east-1")
    }

    fn nothing(_: &Request) -> Response {
        Response::json(&json!({}))
    }

    #[tokio::test(start_paused = true)]
    async fn event_configuration_is_shared_until_it_is_written() {
        let log = Log::default();
        let here = here(&log, |request| match request.operation.as_str() {
            "GetEventConfiguration" => Response::json(&json!({"AggregationConfigurations": [
                {"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}
            ]})),
            _ => nothing(request),
        });
        let templates = BTreeSet::from(["API_ACTIVITY".to_owned()]);
        for _ in 0..2 {
            assert_eq!(here.get_event_configuration(ARN, HOUR).await.as_ref(), Ok(&templates));
        }
        here.put_event_configuration(ARN, &templates).await.unwrap();
        here.put_event_configuration(ARN, &BTreeSet::new()).await.unwrap();
        here.get_event_configuration(ARN, HOUR).await.unwrap();
        let [get, put, clear, again] = &log.requests()[..] else { panic!("{:?}", log.operations()) };
        assert_eq!(
            (get.operation.as_str(), again.operation.as_str()),
            ("GetEventConfiguration", "GetEventConfiguration")
        );
        assert_eq!(
            put.body["AggregationConfigurations"],
            json!([{"EventCategory": "Data", "Templates": ["API_ACTIVITY"]}])
        );
        assert_eq!(clear.body["AggregationConfigurations"], json!([]));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_there_is_nothing() {
        for code in ["UnsupportedOperationException", "UnknownOperationException"] {
            let here = here(&Log::default(), move |_| Response::error(code));
            assert_eq!(here.get_event_configuration(ARN, HOUR).await, Ok(BTreeSet::new()));
        }
        let none = here(&Log::default(), |_| Response::error("InsightNotEnabledException"));
        assert_eq!(none.get_insight_selectors(ARN).await, Ok(Insights::new()));
        let refused = here(&Log::default(), |_| Response::error("AccessDeniedException"));
        assert!(refused.get_insight_selectors(ARN).await.is_err());
        assert!(refused.get_event_configuration(ARN, HOUR).await.is_err());
    }

    /// The body of the one request that `write` makes.
    async fn body<F: Future<Output = Result<(), AwsError>>>(
        write: impl FnOnce(AccountInRegion) -> F,
    ) -> Value {
        let log = Log::default();
        write(here(&log, nothing)).await.unwrap();
        let [request] = &log.requests()[..] else { panic!("{:?}", log.operations()) };
        request.body.clone()
    }

    #[tokio::test(start_paused = true)]
    async fn create_sends_what_is_set_and_no_empty_texts() {
        let tags = Tags::from([("a".to_owned(), "1".to_owned()), ("b".to_owned(), String::new())]);
        let settings = TrailSettings { s3_bucket_name: "logs".to_owned(), ..TrailSettings::default() };
        let sent = body(async |here| here.create_trail("audit", &settings, &tags).await.map(drop)).await;
        let expected = json!({
            "Name": "audit", "S3BucketName": "logs", "IncludeGlobalServiceEvents": false,
            "IsMultiRegionTrail": false, "EnableLogFileValidation": false, "IsOrganizationTrail": false,
            "TagsList": [{"Key": "a", "Value": "1"}, {"Key": "b"}],
        });
        assert_eq!(sent, expected);
        let settings =
            TrailSettings { recursive_logging: Some(false), is_organization_trail: true, ..settings };
        let sent = body(async |here| here.create_trail("audit", &settings, &tags).await.map(drop)).await;
        assert_eq!((&sent["RecursiveLogging"], &sent["IsOrganizationTrail"]), (&json!(false), &json!(true)));
    }

    #[tokio::test(start_paused = true)]
    async fn update_sends_what_changes_and_clears_with_empty_texts() {
        let update = TrailUpdate {
            kms_key_id: Some(String::new()),
            cloud_watch_logs: Some((String::new(), String::new())),
            recursive_logging: Some(true),
            is_organization_trail: Some(false),
            ..TrailUpdate::default()
        };
        let sent = body(async |here| here.update_trail(ARN, &update).await).await;
        let expected = json!({
            "Name": ARN, "KmsKeyId": "", "CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": "",
            "RecursiveLogging": true, "IsOrganizationTrail": false,
        });
        assert_eq!(sent, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn selectors_and_insights_are_sent_in_one_form_and_none_as_none() {
        let sent = body(async |here| here.put_event_selectors(ARN, &Selectors::Default).await).await;
        let default = json!([{
            "ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [],
            "ExcludeManagementEventSources": [],
        }]);
        assert_eq!(sent, json!({"TrailName": ARN, "EventSelectors": default}));
        let sent = body(async |here| here.put_insight_selectors(ARN, &Insights::new()).await).await;
        assert_eq!(sent, json!({"TrailName": ARN, "InsightSelectors": []}));
        let tags = Tags::from([("b".to_owned(), String::new())]);
        let sent = body(async |here| here.remove_tags(ARN, &tags).await).await;
        assert_eq!(sent, json!({"ResourceId": ARN, "TagsList": [{"Key": "b"}]}));
    }
}

//! Topics of SNS.

use std::{collections::HashMap, time::Duration};

use aws_config::Region;
use trail_operator_domain::arn;
use trail_operator_reconcile::{
    aws::{Topic, Topics},
    aws_error::AwsError,
};

use crate::{
    AlarmsInRegion, account::Session, bucket::Class, error::aws_error, throttling::NoRetryWhenThrottled,
};

const OPERATION: &str = "GetTopicAttributes";

impl Topics for AlarmsInRegion {
    async fn describe_topic(&self, topic_arn: &str, max_age: Duration) -> Result<Topic, AwsError> {
        let session = self.session();
        let region = arn::region(topic_arn).unwrap_or(self.region());
        let read = || describe(session, region, topic_arn);
        session.topics.get(&topic_arn.to_owned(), max_age, read).await
    }
}

async fn describe(session: &Session, region: &str, topic_arn: &str) -> Result<Topic, AwsError> {
    let config = aws_sdk_sns::config::Builder::from(&session.config)
        .region(Region::new(region.to_owned()))
        .retry_classifier(NoRetryWhenThrottled)
        .build();
    let client = aws_sdk_sns::Client::from_conf(config);
    let call = Box::pin(async {
        let answer = client.get_topic_attributes().topic_arn(topic_arn).send().await;
        answer.map_err(|error| aws_error(OPERATION, &error))
    });
    let answer = session.calls.make(&session.scope("sns", region), Class::Read, OPERATION, call).await?;
    topic(&answer.attributes.unwrap_or_default())
}

/// AWS tells the counts of every topic, so nobody needs the permission to list subscriptions.
fn topic(attributes: &HashMap<String, String>) -> Result<Topic, AwsError> {
    let text = |name: &str| attributes.get(name).cloned().unwrap_or_default();
    let count = |name: &str| {
        let absent = || AwsError::new(OPERATION, "ResponseError", format!("the answer has no number {name}"));
        attributes.get(name).and_then(|count| count.parse().ok()).ok_or_else(absent)
    };
    Ok(Topic {
        owner: text("Owner"),
        kms_master_key_id: text("KmsMasterKeyId"),
        confirmed: count("SubscriptionsConfirmed")?,
        pending: count("SubscriptionsPending")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{self, Log, Response};

    const ARN: &str = "arn:aws:sns:ap-south-1:444455556666:alarms";
    const HOUR: Duration = Duration::from_hours(1);

    fn attributes(attributes: &[(&str, &str)]) -> Response {
        let entry =
            |(key, value): &(&str, &str)| format!("<entry><key>{key}</key><value>{value}</value></entry>");
        let entries = attributes.iter().map(entry).collect::<Vec<_>>().concat();
        Response::xml(&format!(
            "<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes>{entries}</Attributes>\
             </GetTopicAttributesResult></GetTopicAttributesResponse>"
        ))
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_is_asked_for_in_its_own_region_once_for_all() {
        let log = Log::default();
        let account = fake::account(&log, |_| {
            Some(attributes(&[
                ("Owner", "444455556666"),
                ("SubscriptionsConfirmed", "2"),
                ("SubscriptionsPending", "1"),
                ("KmsMasterKeyId", "alias/alarms"),
            ]))
        });
        let expected = Topic {
            owner: "444455556666".to_owned(),
            kms_master_key_id: "alias/alarms".to_owned(),
            confirmed: 2,
            pending: 1,
        };
        for region in ["us-east-1", "ap-south-1"] {
            assert_eq!(account.alarms(region).describe_topic(ARN, HOUR).await.as_ref(), Ok(&expected));
        }
        let [request] = &log.requests()[..] else { panic!("{:?}", log.operations()) };
        assert_eq!(request.uri, "https://sns.ap-south-1.amazonaws.com/");
        assert_eq!(log.told(), ["sns GetTopicAttributes OK"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_topic_that_is_not_there_and_one_without_counts_are_errors() {
        let body = "<ErrorResponse><Error><Code>NotFound</Code><Message>no</Message></Error></ErrorResponse>";
        let missing = Response { status: 404, ..Response::xml(body) };
        let no_counts = attributes(&[("Owner", "444455556666")]);
        for (answer, code) in [(missing, "NotFound"), (no_counts, "ResponseError")] {
            let here = fake::account(&Log::default(), move |_| Some(answer.clone())).alarms("us-east-1");
            assert_eq!(here.describe_topic(ARN, HOUR).await.unwrap_err().code, code);
        }
    }
}

//! Every trail that is visible in a Region, with the tags of those whose tags may be read: one snapshot that serves
//! every object of the account there.

use std::collections::HashMap;

use aws_sdk_cloudtrail::types::{Tag, Trail};
use trail_operator_domain::arn;
use trail_operator_reconcile::{
    aws::{Tags, TrailDescription, TrailSettings},
    aws_error::AwsError,
};

use crate::{
    AccountInRegion,
    account_in_region::send,
    error::{aws_error, is_passing},
};

/// `cloudtrail.md` 1.6.
const ARNS_PER_CALL: usize = 20;
/// Twenty trails have at most a thousand tags; more pages than this are no answer.
const MAX_PAGES: usize = 50;

/// Asks AWS.
pub(crate) async fn read(here: &AccountInRegion) -> Result<Vec<TrailDescription>, AwsError> {
    let request = here.client().describe_trails().include_shadow_trails(true);
    let answer = send!(here, Read, "DescribeTrails", request)?;
    let trails = answer.trail_list.unwrap_or_default().into_iter().map(description).collect();
    with_tags(here, trails).await
}

/// Tags can be asked for only in a trail's home Region (`peers.md` 4).
async fn with_tags(
    here: &AccountInRegion,
    trails: Vec<TrailDescription>,
) -> Result<Vec<TrailDescription>, AwsError> {
    let at_home = |trail: &&TrailDescription| trail.home_region == here.region();
    let is_own = |trail: &TrailDescription| arn::account(&trail.arn) == Some(here.account_id());
    let own: Vec<_> =
        trails.iter().filter(at_home).filter(|trail| is_own(trail)).map(|trail| trail.arn.clone()).collect();
    let mut tags = HashMap::new();
    for batch in own.chunks(ARNS_PER_CALL) {
        tags.extend(tags_of_own(here, batch).await?);
    }
    for trail in trails.iter().filter(at_home).filter(|trail| !is_own(trail)) {
        if trail.settings.is_organization_trail
            && let Some(of_trail) = tags_of_foreign(here, &trail.arn).await?
        {
            tags.insert(trail.arn.clone(), Some(of_trail));
        }
    }
    let mut trails = trails;
    // An own trail without tags to read was deleted since it was listed.
    trails.retain(|trail| tags.contains_key(&trail.arn) || !own.contains(&trail.arn));
    for trail in &mut trails {
        trail.tags = tags.remove(&trail.arn).flatten();
    }
    Ok(trails)
}

/// One ARN that is gone, or whose tags may not be read, fails the whole call; then each is asked for by itself. Those
/// that may not be read are `None`, unless none may: then a permission is missing.
async fn tags_of_own(
    here: &AccountInRegion,
    arns: &[String],
) -> Result<HashMap<String, Option<Tags>>, AwsError> {
    let refusal = match list_tags(here, arns).await {
        Err(error) if is_gone(&error) => None,
        Err(error) if is_refused(&error) => Some(error),
        result => return Ok(result?.into_iter().map(|(arn, tags)| (arn, Some(tags))).collect()),
    };
    let mut tags = HashMap::new();
    if arns.len() > 1 {
        for arn in arns {
            match list_tags(here, std::slice::from_ref(arn)).await {
                Err(error) if is_gone(&error) => {}
                Err(error) if is_refused(&error) => drop(tags.insert(arn.clone(), None)),
                result => tags.extend(result?.into_iter().map(|(arn, tags)| (arn, Some(tags)))),
            }
        }
    }
    match refusal {
        Some(refusal) if tags.values().all(Option::is_none) => Err(refusal),
        _ => Ok(tags),
    }
}

/// A delegated administrator may read the tags of the organization's trails, which belong to the management account;
/// others may not. Asked for by itself, since a foreign ARN fails the whole call.
async fn tags_of_foreign(here: &AccountInRegion, arn: &String) -> Result<Option<Tags>, AwsError> {
    match list_tags(here, std::slice::from_ref(arn)).await {
        Ok(mut tags) => Ok(tags.remove(arn)),
        // That they could not be read just now must not look like: may not be read.
        Err(error) if is_passing(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

async fn list_tags(here: &AccountInRegion, arns: &[String]) -> Result<HashMap<String, Tags>, AwsError> {
    let mut tags: HashMap<String, Tags> = arns.iter().map(|arn| (arn.clone(), Tags::new())).collect();
    let mut page = None;
    for _ in 0..MAX_PAGES {
        let request =
            here.client().list_tags().set_resource_id_list(Some(arns.to_vec())).set_next_token(page);
        let answer = send!(here, Read, "ListTags", request)?;
        for resource in answer.resource_tag_list.unwrap_or_default() {
            if let Some(of_trail) = tags.get_mut(resource.resource_id.as_deref().unwrap_or_default()) {
                of_trail.extend(resource.tags_list.unwrap_or_default().into_iter().map(pair));
            }
        }
        page = answer.next_token.filter(|token| !token.is_empty());
        if page.is_none() {
            return Ok(tags);
        }
    }
    Err(AwsError::new("ListTags", "EndlessPages", format!("more than {MAX_PAGES} pages of tags")))
}

fn is_refused(error: &AwsError) -> bool {
    matches!(error.code.as_str(), "AccessDeniedException" | "AccessDenied")
}

fn is_gone(error: &AwsError) -> bool {
    matches!(error.code.as_str(), "ResourceNotFoundException" | "TrailNotFoundException")
}

fn pair(tag: Tag) -> (String, String) {
    (tag.key, tag.value.unwrap_or_default())
}

fn description(trail: Trail) -> TrailDescription {
    TrailDescription {
        arn: trail.trail_arn.unwrap_or_default(),
        name: trail.name.unwrap_or_default(),
        home_region: trail.home_region.unwrap_or_default(),
        settings: TrailSettings {
            s3_bucket_name: trail.s3_bucket_name.unwrap_or_default(),
            s3_key_prefix: trail.s3_key_prefix.unwrap_or_default(),
            sns_topic_arn: trail.sns_topic_arn.unwrap_or_default(),
            include_global_service_events: trail.include_global_service_events.unwrap_or_default(),
            is_multi_region_trail: trail.is_multi_region_trail.unwrap_or_default(),
            enable_log_file_validation: trail.log_file_validation_enabled.unwrap_or_default(),
            cloud_watch_logs_log_group_arn: trail.cloud_watch_logs_log_group_arn.unwrap_or_default(),
            cloud_watch_logs_role_arn: trail.cloud_watch_logs_role_arn.unwrap_or_default(),
            kms_key_id: trail.kms_key_id.unwrap_or_default(),
            is_organization_trail: trail.is_organization_trail.unwrap_or_default(),
            recursive_logging: trail.recursive_logging,
        },
        has_custom_event_selectors: trail.has_custom_event_selectors.unwrap_or_default(),
        has_insight_selectors: trail.has_insight_selectors.unwrap_or_default(),
        tags: None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};
    use trail_operator_reconcile::aws::CloudTrail;

    use super::*;
    use crate::fake::{self, ACCOUNT, Log, Request, Response};

    const MANAGEMENT: &str = "999988887777";

    fn arn(account: &str, region: &str, name: &str) -> String {
        format!("arn:aws:cloudtrail:{region}:{account}:trail/{name}")
    }

    fn own(name: &str) -> String {
        arn(ACCOUNT, "us-east-1", name)
    }

    fn trail(arn: &str, organization: bool) -> Value {
        let region = arn.split(':').nth(3).unwrap();
        let name = arn.rsplit('/').next().unwrap();
        json!({"TrailARN": arn, "Name": name, "HomeRegion": region, "IsOrganizationTrail": organization})
    }

    fn tags_of(request: &Request) -> Response {
        let of_each = request.body["ResourceIdList"].as_array().unwrap().iter();
        let of_each: Vec<_> = of_each
            .map(|arn| json!({"ResourceId": arn, "TagsList": [{"Key": "of", "Value": arn}, {"Key": "bare"}]}))
            .collect();
        Response::json(&json!({"ResourceTagList": of_each}))
    }

    /// Reads trails in us-east-1 of an account that has these; `tags` answers ListTags.
    async fn read_with(
        log: &Log,
        trails: Vec<Value>,
        tags: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Result<Vec<TrailDescription>, AwsError> {
        let account = fake::account(log, move |request| {
            Some(match request.operation.as_str() {
                "DescribeTrails" => Response::json(&json!({"trailList": trails})),
                _ => tags(request),
            })
        });
        account.cloud_trail("us-east-1").describe_trails(Duration::ZERO).await.map(|trails| (*trails).clone())
    }

    fn asked_for(log: &Log) -> Vec<usize> {
        let lists = log.requests().into_iter().filter(|request| request.operation == "ListTags");
        lists.map(|request| request.body["ResourceIdList"].as_array().unwrap().len()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn tags_are_asked_for_twenty_trails_at_once_and_only_at_home() {
        let log = Log::default();
        let mut all: Vec<_> = (0..45).map(|n| trail(&own(&format!("t{n}")), false)).collect();
        all.push(trail(&arn(ACCOUNT, "eu-west-1", "shadow"), false));
        all.push(trail(&arn(MANAGEMENT, "eu-west-1", "organization"), true));
        let trails = read_with(&log, all, tags_of).await.unwrap();
        assert_eq!(asked_for(&log), [20, 20, 5]);
        assert_eq!(trails.len(), 47);
        for trail in &trails[..45] {
            let expected =
                Tags::from([("of".to_owned(), trail.arn.clone()), ("bare".to_owned(), String::new())]);
            assert_eq!(trail.tags.as_ref(), Some(&expected));
        }
        assert!(trails[45..].iter().all(|trail| trail.tags.is_none()));
    }

    #[tokio::test(start_paused = true)]
    async fn without_trails_nobody_asks_for_tags() {
        let log = Log::default();
        assert_eq!(read_with(&log, Vec::new(), tags_of).await, Ok(Vec::new()));
        assert_eq!(log.operations(), ["DescribeTrails"]);
        assert_eq!(log.requests()[0].body["includeShadowTrails"], json!(true));
    }

    #[tokio::test(start_paused = true)]
    async fn pages_of_tags_are_put_together() {
        let tags = |request: &Request| {
            let is_last = request.body["NextToken"] == "more";
            let list = json!([{"Key": if is_last { "b" } else { "a" }, "Value": "1"}]);
            let token = if is_last { Value::Null } else { json!("more") };
            Response::json(
                &json!({"ResourceTagList": [{"ResourceId": own("one"), "TagsList": list}], "NextToken": token}),
            )
        };
        let trails = read_with(&Log::default(), vec![trail(&own("one"), false)], tags).await.unwrap();
        assert_eq!(trails[0].tags.as_ref().unwrap().keys().collect::<Vec<_>>(), ["a", "b"]);
    }

    #[tokio::test(start_paused = true)]
    async fn pages_without_end_are_an_error_and_not_half_the_tags() {
        let tags = |_: &Request| Response::json(&json!({"ResourceTagList": [], "NextToken": "more"}));
        let trails = read_with(&Log::default(), vec![trail(&own("one"), false)], tags).await;
        assert_eq!(trails.unwrap_err().code, "EndlessPages");
    }

    #[tokio::test(start_paused = true)]
    async fn a_trail_that_was_deleted_meanwhile_is_left_out_and_the_others_stay() {
        for names in [&["gone"][..], &["one", "gone", "two"]] {
            let tags = |request: &Request| {
                let gone = request.body["ResourceIdList"].as_array().unwrap().contains(&json!(own("gone")));
                if gone { Response::error("ResourceNotFoundException") } else { tags_of(request) }
            };
            let all = names.iter().map(|name| trail(&own(name), false)).collect();
            let trails = read_with(&Log::default(), all, tags).await.unwrap();
            let left: Vec<_> = names.iter().filter(|name| **name != "gone").collect();
            assert_eq!(
                trails.iter().map(|trail| &trail.name[..]).collect::<Vec<_>>(),
                left.iter().map(|name| **name).collect::<Vec<_>>()
            );
            assert!(trails.iter().all(|trail| trail.tags.is_some()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tags_that_may_not_be_read_are_told_from_those_that_could_not_be_read_just_now() {
        let all =
            || vec![trail(&own("one"), false), trail(&arn(MANAGEMENT, "us-east-1", "organization"), true)];
        for (code, passing) in [("AccessDeniedException", false), ("ThrottlingException", true)] {
            let log = Log::default();
            let tags = move |request: &Request| {
                let foreign = request.text.contains(MANAGEMENT);
                if foreign { Response::error(code) } else { tags_of(request) }
            };
            let trails = read_with(&log, all(), tags).await;
            assert_eq!(asked_for(&log), [1, 1], "a foreign ARN fails a whole call, so it has its own");
            match trails {
                Ok(trails) => {
                    assert!(!passing);
                    assert!(trails[0].tags.is_some() && trails[1].tags.is_none());
                }
                Err(error) => assert!(passing && error.code == code),
            }
        }
        let trails = read_with(&Log::default(), all(), tags_of).await.unwrap();
        assert!(trails[1].tags.is_some(), "a delegated administrator may");
    }

    #[tokio::test(start_paused = true)]
    async fn one_trail_whose_tags_may_not_be_read_hides_those_of_no_other() {
        let tags = |request: &Request| {
            let asked = request.body["ResourceIdList"].as_array().map(Vec::as_slice).unwrap_or_default();
            if asked.contains(&json!(own("two"))) {
                Response::error("AccessDeniedException")
            } else {
                tags_of(request)
            }
        };
        let listed = vec![trail(&own("one"), false), trail(&own("two"), false)];
        let trails = read_with(&Log::default(), listed, tags).await.unwrap();
        let readable: Vec<_> = trails.iter().map(|trail| trail.tags.is_some()).collect();
        assert_eq!(readable, [true, false]);
    }

    #[tokio::test]
    async fn tags_of_own_trails_must_be_readable() {
        let tags = |_: &Request| Response::error("AccessDeniedException");
        let trails = read_with(&Log::default(), vec![trail(&own("one"), false)], tags).await;
        let error = trails.unwrap_err();
        assert_eq!((error.operation, error.code.as_str()), ("ListTags", "AccessDeniedException"));
    }
}

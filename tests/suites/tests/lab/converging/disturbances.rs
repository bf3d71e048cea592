//! What happens from outside: others change the trail, and AWS fails.

use anyhow::{Result, ensure};
use fastrand::Rng;
use serde_json::{Value, json};

use crate::keeping::Keeper;
use crate::keeping::place::{Place, TRAIL};
use crate::keeping::state::State;
use crate::world::HOME;

/// Somebody with full rights in the account.
#[derive(Default)]
pub struct Others {
    /// Whether the trail carries a tag of his.
    tagged: bool,
}

impl Others {
    /// Changes the trail, if there is one. What AWS refuses is not done.
    pub fn interfere(&mut self, rng: &mut Rng, keeper: &Keeper<'_>) -> Result<String> {
        let (operation, params) = deed(rng, keeper);
        let told = format!("somebody else calls {operation} {params}");
        match keeper.place.aws("cloudtrail", operation, &params) {
            Ok(_) => {
                self.tagged |= operation == "AddTags" && params.to_string().contains(TAG);
                self.tagged &= operation != "DeleteTrail";
                Ok(told)
            }
            Err(error) if error.downcast_ref::<test_lab::AwsError>().is_some() => {
                Ok(format!("{told}: {error:#}"))
            }
            Err(error) => Err(error),
        }
    }

    /// The tag is as it was left, and no other is there that the manifest does not declare.
    pub fn are_respected(&self, declared: &State, actual: &State) -> Result<()> {
        let owner = format!("tags.{}", trail_operator_crds::OWNER_TAG);
        let tags = actual.iter().filter(|(field, _)| field.starts_with("tags.") && **field != owner);
        let others: State = tags
            .filter(|(field, _)| !declared.contains_key(*field))
            .map(|(field, value)| (field.clone(), value.clone()))
            .collect();
        let left = self.tagged.then(|| (format!("tags.{TAG}"), json!("theirs")));
        ensure!(others == State::from_iter(left), "tags that are not declared: {others:?}");
        Ok(())
    }
}

const TAG: &str = "Foreign";

fn deed(rng: &mut Rng, keeper: &Keeper<'_>) -> (&'static str, Value) {
    let place = keeper.place;
    let arn = place.arn();
    let tag = |key: &str, value: &str| {
        let tag = if value.is_empty() { json!({"Key": key}) } else { json!({"Key": key, "Value": value}) };
        json!({"ResourceId": arn, "TagsList": [tag]})
    };
    let status = keeper.trail.status.clone().unwrap_or_default();
    let ours = status.acquired_at.is_some();
    // Only of tags that are known to be the object's is it clear whose they are in the end.
    let (tags, managed) = (&keeper.trail.spec.tags, &status.managed_tag_keys);
    match rng.u8(0..12) {
        0 | 1 => ("StopLogging", json!({"Name": arn})),
        2 => ("StartLogging", json!({"Name": arn})),
        3..6 => ("UpdateTrail", update(rng, place)),
        6 => ("PutEventSelectors", selectors(rng, &arn)),
        7 => ("PutInsightSelectors", insights(rng, &arn)),
        8 => ("AddTags", tag(TAG, "theirs")),
        9 => match tags.iter().find(|(key, _)| managed.contains(key)) {
            Some((key, value)) if rng.bool() => ("RemoveTags", tag(key, value)),
            Some((key, _)) => ("AddTags", tag(key, "overwritten")),
            None => ("AddTags", tag(TAG, "theirs")),
        },
        // Before status says that it was ours, nobody could tell.
        10 if ours => ("RemoveTags", tag(trail_operator_crds::OWNER_TAG, "")),
        _ => ("DeleteTrail", json!({"Name": arn})),
    }
}

fn update(rng: &mut Rng, place: &Place) -> Value {
    let mut params = json!({"Name": TRAIL});
    for _ in 0..rng.u8(1..4) {
        let at = rng.usize(..2);
        let group = format!("arn:aws:logs:{HOME}:{}:log-group:{}:*", place.account(), place.log_groups[at]);
        let more = match rng.u8(0..9) {
            0 => json!({"S3BucketName": place.buckets[at]}),
            1 => json!({"S3KeyPrefix": if at == 0 { "" } else { "elsewhere" }}),
            2 => json!({"IsMultiRegionTrail": rng.bool()}),
            3 => json!({"IsMultiRegionTrail": false, "IncludeGlobalServiceEvents": true}),
            4 => json!({"EnableLogFileValidation": rng.bool()}),
            5 => json!({"KmsKeyId": if at == 0 { "" } else { &place.keys[1].arn }}),
            6 => json!({"SnsTopicName": if at == 0 { "" } else { &place.topics[1] }}),
            7 => json!({"CloudWatchLogsLogGroupArn": "", "CloudWatchLogsRoleArn": ""}),
            _ => json!({"CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": place.roles[at]}),
        };
        params
            .as_object_mut()
            .into_iter()
            .for_each(|params| params.extend(more.as_object().cloned().unwrap_or_default()));
    }
    params
}

fn selectors(rng: &mut Rng, arn: &str) -> Value {
    let reads = json!({"ReadWriteType": "ReadOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]});
    let data = json!({"ReadWriteType": "All", "IncludeManagementEvents": false,
        "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]});
    let writes = json!({"Name": "writes", "FieldSelectors": [
        {"Field": "eventCategory", "Equals": ["Management"]}, {"Field": "readOnly", "Equals": ["false"]},
    ]});
    match rng.u8(0..3) {
        0 => json!({"TrailName": arn, "EventSelectors": [reads]}),
        1 => json!({"TrailName": arn, "EventSelectors": [data]}),
        _ => json!({"TrailName": arn, "AdvancedEventSelectors": [writes]}),
    }
}

fn insights(rng: &mut Rng, arn: &str) -> Value {
    let all = [json!({"InsightType": "ApiCallRateInsight"}), json!({"InsightType": "ApiErrorRateInsight"})];
    json!({"TrailName": arn, "InsightSelectors": all[..rng.usize(..=2)]})
}

/// Faults that are on.
#[derive(Default)]
pub struct Faults(Vec<String>);

impl Faults {
    /// One more, for a few calls of the account.
    pub fn another(&mut self, rng: &mut Rng, place: &Place) -> Result<String> {
        let operations = [
            "*",
            "*Trail*",
            "Describe*",
            "ListTags",
            "GetTrailStatus",
            "Put*",
            "UpdateTrail",
            "CreateTrail",
            "St*Logging",
            "AddTags",
        ];
        let operation = operations[rng.usize(..operations.len())];
        let times = rng.i32(1..4);
        let fault = match rng.u8(0..7) {
            0 => json!({"operation": operation, "code": "ThrottlingException", "times": 1}),
            1 => json!({"operation": operation, "status": 500, "times": times}),
            2 => json!({"operation": operation, "status": 500, "phase": "after", "times": times}),
            3 => json!({"operation": operation, "code": "AccessDeniedException", "times": times}),
            4 => json!({"operation": operation, "code": "ConflictException", "times": times}),
            // The answer to CreateTrail is lost, and again when it is asked for once more.
            5 => json!({"operation": "CreateTrail", "status": 500, "phase": "after", "times": 2}),
            _ => json!({"service": "s3", "status": 403, "times": times}),
        };
        let mut fault = fault;
        fault["account"] = place.account().into();
        if fault["service"].is_null() {
            fault["service"] = "cloudtrail".into();
        }
        self.0.push(place.lab.fault(fault.clone())?);
        Ok(format!("AWS fails: {fault}"))
    }

    /// AWS is well again.
    pub fn clear(&mut self, place: &Place) -> Result<()> {
        self.0.drain(..).try_for_each(|id| place.lab.delete_fault(&id))
    }
}

//! What a test sees and does in AWS past the operator, and what the operator called there.
//!
//! Knows: AWS's operations. Must not know: the cluster.

use std::collections::BTreeMap;

use anyhow::Result;
use serde_json::{Value, json};
use test_lab::{ACCOUNT, CallFilter, Calls};

use super::{Place, Stage};

/// The tag that says whose a trail is.
pub const OWNER_TAG: &str = "trail-operator.dev/owner";

impl Stage {
    /// The trail as AWS has it; `Null` when there is none.
    pub fn in_aws(&self, at: Place<'_>) -> Result<Value> {
        let answer = self.aws(at, "cloudtrail", "DescribeTrails", &json!({"includeShadowTrails": false}))?;
        let trails = answer["trailList"].as_array().cloned().unwrap_or_default();
        Ok(trails.into_iter().find(|trail| trail["Name"] == at.trail_name()).unwrap_or_default())
    }

    /// Whether the trail logs in AWS.
    pub fn is_logging(&self, at: Place<'_>) -> Result<bool> {
        let status = self.aws(at, "cloudtrail", "GetTrailStatus", &json!({"Name": at.trail_name()}))?;
        Ok(status["IsLogging"] == true)
    }

    /// The value of the owner tag in AWS.
    pub fn owner_tag(&self, at: Place<'_>) -> Result<Option<String>> {
        let arn = at.arn();
        let answer = self.aws(at, "cloudtrail", "ListTags", &json!({"ResourceIdList": [arn]}))?;
        let tags = answer["ResourceTagList"][0]["TagsList"].as_array().cloned().unwrap_or_default();
        let owner = tags.iter().find(|tag| tag["Key"] == OWNER_TAG);
        Ok(owner.and_then(|tag| tag["Value"].as_str()).map(str::to_owned))
    }

    /// What `GetTrailStatus` says.
    pub fn status_in_aws(&self, at: Place<'_>) -> Result<Value> {
        self.aws(at, "cloudtrail", "GetTrailStatus", &json!({"Name": at.trail_name()}))
    }

    /// The trail's tags without the owner tag.
    pub fn tags(&self, at: Place<'_>) -> Result<BTreeMap<String, String>> {
        let answer = self.aws(at, "cloudtrail", "ListTags", &json!({"ResourceIdList": [at.arn()]}))?;
        let tags = answer["ResourceTagList"][0]["TagsList"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let all = tags.iter().map(|tag| (text(&tag["Key"]), text(&tag["Value"])));
        Ok(all.filter(|(key, _)| key != OWNER_TAG).collect())
    }

    /// Makes a trail as somebody else would, with these parameters, and lets it log.
    pub fn make_by_hand(&self, at: Place<'_>, params: Value) -> Result<()> {
        let mut trail = json!({"Name": at.trail_name(), "S3BucketName": at.bucket()});
        merge(&mut trail, params);
        self.aws(at, "cloudtrail", "CreateTrail", &trail)?;
        self.aws(at, "cloudtrail", "StartLogging", &json!({"Name": at.trail_name()}))?;
        Ok(())
    }

    /// Changes the trail as somebody else would.
    pub fn change_by_hand(&self, at: Place<'_>, params: Value) -> Result<()> {
        let mut update = json!({"Name": at.trail_name()});
        merge(&mut update, params);
        self.aws(at, "cloudtrail", "UpdateTrail", &update).map(drop)
    }

    /// Where the calls are now, for [`Stage::calls_since`].
    pub fn mark(&self) -> Result<Option<u64>> {
        Ok(self.lab.calls(CallFilter { since: Some(u64::MAX >> 1), ..CallFilter::default() })?.last())
    }

    /// What the operator called of `CloudTrail` in the trail's Region since then, in order.
    pub fn calls_since(&self, at: Place<'_>, mark: Option<u64>) -> Result<Vec<String>> {
        let filter = CallFilter { since: mark, service: Some("cloudtrail"), account: Some(ACCOUNT) };
        Ok(operations(&self.lab.calls(filter)?, at.region))
    }

    /// Those of them that change something.
    pub fn writes_since(&self, at: Place<'_>, mark: Option<u64>) -> Result<Vec<String>> {
        let mut calls = self.calls_since(at, mark)?;
        calls.retain(|operation| !["Get", "List", "Describe"].iter().any(|verb| operation.starts_with(verb)));
        Ok(calls)
    }

    /// Calls AWS past the operator, in the trail's Region.
    pub fn aws(&self, at: Place<'_>, service: &str, operation: &str, params: &Value) -> Result<Value> {
        self.lab.aws(service, operation, params, ACCOUNT, at.region)
    }

    /// The bucket of [`Place::manifest`], with its policy.
    pub fn make_bucket(&self, at: Place<'_>) -> Result<()> {
        self.lab.trail_bucket(ACCOUNT, at.region, &at.bucket(), &[&at.trail_name()])
    }
}

/// The operations of calls in a Region, in order.
pub fn operations(calls: &Calls, region: &str) -> Vec<String> {
    let here = calls.calls.iter().filter(|call| call.region == region);
    here.map(|call| call.operation.clone()).collect()
}

/// Puts the members of one object into another.
fn merge(object: &mut Value, more: Value) {
    if let (Value::Object(object), Value::Object(more)) = (object, more) {
        object.extend(more);
    }
}

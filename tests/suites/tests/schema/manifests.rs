//! One good manifest of each kind, and edits of it.

use serde_json::{Value, json};

/// A Trail that uses every field.
pub fn trail() -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1",
        "kind": "Trail",
        "metadata": {"name": "good", "namespace": "default"},
        "spec": {
            "trailName": "Good_trail-1",
            "region": "eu-central-1",
            "accountRef": {"name": "main"},
            "logging": "Enabled",
            "isMultiRegionTrail": true,
            "includeGlobalServiceEvents": true,
            "enableLogFileValidation": true,
            "s3": {"bucketName": "audit-logs-111122223333", "keyPrefix": "audit"},
            "kms": {"keyId": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
            "cloudWatchLogs": {
                "logGroupName": "cloudtrail",
                "roleArn": "arn:aws:iam::111122223333:role/cloudtrail-logs",
            },
            "sns": {"topicArn": "arn:aws:sns:eu-central-1:111122223333:cloudtrail"},
            "deletionPolicy": "Retain",
            "intervalSeconds": 300,
        },
    })
}

/// An AwsAccount that uses every field.
pub fn account() -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1",
        "kind": "AwsAccount",
        "metadata": {"name": "good"},
        "spec": {
            "accountId": "111122223333",
            "allowedNamespaces": {"names": ["audit"], "selector": {"matchLabels": {"team": "audit"}}},
        },
    })
}

/// The manifest with this merge patch (RFC 7396) over it.
pub fn edited(mut manifest: Value, patch: &Value) -> Value {
    merge(&mut manifest, patch);
    manifest
}

fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        match target.as_object_mut() {
            Some(object) if value.is_null() => drop(object.remove(name)),
            _ => merge(&mut target[name], value),
        }
    }
}

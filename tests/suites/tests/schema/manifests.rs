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
            "isOrganizationTrail": false,
            "enableLogFileValidation": true,
            "recursiveLogging": true,
            "managementEvents": {"readWriteType": "All", "excludeEventSources": ["kms.amazonaws.com"]},
            "eventSelectorsFrom": {
                "namespaces": "Selector", "selector": {"matchLabels": {"audited": "yes"}},
            },
            "s3": {"bucketName": "audit-logs-111122223333", "keyPrefix": "audit"},
            "kms": {"keyId": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"},
            "cloudWatchLogs": {
                "logGroupName": "cloudtrail",
                "roleArn": "arn:aws:iam::111122223333:role/cloudtrail-logs",
            },
            "sns": {"topicArn": "arn:aws:sns:eu-central-1:111122223333:cloudtrail"},
            "insightSelectors": [{"insightType": "ApiCallRateInsight", "eventCategories": ["Management"]}],
            "aggregation": {"templates": ["API_ACTIVITY"]},
            "tags": {"Environment": "production"},
            "adoptionPolicy": "Never",
            "adoptFrom": "blue/audit/good",
            "deletionPolicy": "Retain",
            "managementPolicy": "Full",
            "suspend": false,
            "intervalSeconds": 300,
        },
    })
}

/// A MetricAlarm that uses every field.
pub fn metric_alarm() -> Value {
    let topic = "arn:aws:sns:eu-central-1:111122223333:security";
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1",
        "kind": "MetricAlarm",
        "metadata": {"name": "good", "namespace": "default"},
        "spec": {
            "trailRef": {"name": "good"},
            "preset": "CIS-5.0.0/4.3",
            "presetRevision": "2026-11",
            "filter": {"name": "root", "pattern": "{ $.userIdentity.type = \"Root\" }"},
            "metric": {"namespace": "CISBenchmark", "name": "RootUsage", "value": "1", "defaultValue": "0"},
            "alarm": {
                "alarmName": "security/root",
                "threshold": "1",
                "comparisonOperator": "GreaterThanOrEqualToThreshold",
                "statistic": "Sum",
                "periodSeconds": 300,
                "evaluationPeriods": 2,
                "datapointsToAlarm": 1,
                "treatMissingData": "notBreaching",
                "actionsEnabled": true,
                "alarmActions": [topic],
                "okActions": [topic],
                "insufficientDataActions": [topic],
            },
            "tags": {"Team": "security"},
            "adoptionPolicy": "Never",
            "deletionPolicy": "Retain",
            "managementPolicy": "Full",
            "suspend": false,
        },
    })
}

/// An EventSelector in the advanced form that uses every field and operator.
pub fn event_selector() -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1",
        "kind": "EventSelector",
        "metadata": {"name": "good", "namespace": "default"},
        "spec": {
            "trailRef": {"name": "good", "namespace": "audit"},
            "priority": 10,
            "advanced": [
                {
                    "name": "Writes to the bucket of payments",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["Data"]},
                        {"field": "resources.type", "equals": ["AWS::S3::Object"]},
                        {"field": "readOnly", "equals": ["false"]},
                        {
                            "field": "resources.ARN",
                            "startsWith": ["arn:aws:s3:::payments/", "arn:aws:s3:::refunds/"],
                            "notStartsWith": ["arn:aws:s3:::payments/tmp/"],
                            "notEndsWith": [".tmp"],
                            "notEquals": ["arn:aws:s3:::payments/heartbeat"],
                        },
                        {"field": "eventName", "equals": ["PutObject"], "endsWith": ["Objects", "Tagging"]},
                    ],
                },
                {
                    "name": "Calls that the endpoints of payments denied",
                    "fieldSelectors": [
                        {"field": "eventCategory", "equals": ["NetworkActivity"]},
                        {"field": "eventSource", "equals": ["kms.amazonaws.com"]},
                        {"field": "errorCode", "equals": ["VpceAccessDenied"]},
                        {"field": "vpcEndpointId", "equals": ["vpce-0123456789abcdef0"]},
                    ],
                },
            ],
        },
    })
}

/// The same in the basic form.
pub fn basic_event_selector() -> Value {
    let basic = json!({
        "readWriteType": "WriteOnly",
        "dataResources": [{"type": "AWS::S3::Object", "values": ["arn:aws:s3:::payments/"]}],
    });
    edited(event_selector(), &json!({"spec": {"advanced": null, "basic": basic}}))
}

/// An AwsAccount that uses every field.
pub fn account() -> Value {
    json!({
        "apiVersion": "trail-operator.dev/v1alpha1",
        "kind": "AwsAccount",
        "metadata": {"name": "good"},
        "spec": {
            "accountId": "111122223333",
            "roleArn": "arn:aws:iam::111122223333:role/trail-operator",
            "externalId": "blue-cluster",
            "allowedNamespaces": {"names": ["audit"], "selector": {"matchLabels": {"team": "audit"}}},
            "allowedRegions": ["eu-central-1"],
            "allowedResources": {
                "buckets": ["audit-*"],
                "kmsKeyArns": ["arn:aws:kms:*:444455556666:key/*"],
                "topicArns": ["arn:aws:sns:*:444455556666:*"],
                "roleArns": ["arn:aws:iam::111122223333:role/cloudtrail-*"],
            },
            "guardrails": {
                "weakening": "Refuse",
                "breakGlass": {"until": "2026-12-01T12:00:00Z", "reason": "the bucket moves"},
            },
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

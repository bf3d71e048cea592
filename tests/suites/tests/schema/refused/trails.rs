//! Bad Trails.

use serde_json::{Value, json};

use super::{Row, row};

const TRAIL_NAME: &str =
    "must be a CloudTrail name: 3 to 128 letters, digits, '.', '_' or '-', first and last";
const OBJECT_NAME: &str =
    "without `spec.trailName` the trail is called like this object, so `metadata.name` must be";
const REGION: &str = "must be an AWS Region such as 'eu-central-1'";
const GLOBAL: &str = "`includeGlobalServiceEvents` must be true when `isMultiRegionTrail` is true";
const BUCKET: &str = "must be a bucket name: 3 to 63 lower-case letters, digits, '.' or '-'";
const RESERVED: &str = "must not use a prefix or suffix that S3 reserves";
const PREFIX: &str = "must neither begin nor end with '/'";
const KEY: &str = "must be a KMS key: an alias such as 'alias/cloudtrail', the ARN of an alias, a key id, or";
const LOG_GROUP: &str = "must be the name of a log group (not its ARN)";
const ROLE: &str = "must be the ARN of an IAM role, such as 'arn:aws:iam::";
const TOPIC: &str = "must be the ARN of an SNS topic, such as 'arn:aws:sns:";
const TOPIC_REGION: &str = "`sns.topicArn` must be a topic in the trail's home Region (`region`)";

pub fn rows() -> Vec<Row> {
    [names(), places(), buckets(), keys_and_topics(), log_groups(), shapes()].into_iter().flatten().collect()
}

fn spec(what: &'static str, spec: &Value, at: &'static str, says: &'static str) -> Row {
    row("Trail", what, json!({"spec": spec}), at, says)
}

fn names() -> Vec<Row> {
    let named = |what, name: &str| spec(what, &json!({"trailName": name}), "spec.trailName", TRAIL_NAME);
    let object = |what, name: &str| {
        row(
            "Trail",
            what,
            json!({"metadata": {"name": name}, "spec": {"trailName": null}}),
            "<nil>",
            OBJECT_NAME,
        )
    };
    vec![
        named("an empty trail name", ""),
        named("a trail name of two characters", "ab"),
        named("a trail name with '--'", "my--trail"),
        named("a trail name with '-_'", "my-_trail"),
        named("a trail name with '..'", "my..trail"),
        named("a trail name like an IP address", "192.168.10.4"),
        named("a trail name that begins with '-'", "-trail"),
        named("a trail name that begins with '.'", ".trail"),
        named("a trail name that ends with '_'", "trail_"),
        named("a trail name with a blank", "my trail"),
        named("a trail name with a slash", "my/trail"),
        named("a trail name with an umlaut", "träil"),
        named("a trail name that ends with a line break", "trail\n"),
        spec(
            "a trail name of 129 characters",
            &json!({"trailName": "a".repeat(129)}),
            "spec.trailName",
            "may not be more than 128 bytes",
        ),
        object("an object name of two characters as trail name", "ab"),
        object("an object name of 129 characters as trail name", &"a".repeat(129)),
        object("an object name with '--' as trail name", "my--trail"),
        object("an object name like an IP address as trail name", "10.0.0.1"),
        row(
            "Trail",
            "an object name of 129 characters beside a trail name",
            json!({"metadata": {"name": "a".repeat(129)}}),
            "<nil>",
            "`metadata.name` must have at most 128 characters",
        ),
    ]
}

fn places() -> Vec<Row> {
    let region =
        |what, region: &str| spec(what, &json!({"region": region, "sns": null}), "spec.region", REGION);
    vec![
        region("an empty Region", ""),
        region("a Region without a number", "eu-central"),
        region("a Region in capitals", "EU-CENTRAL-1"),
        region("an availability zone", "eu-central-1a"),
        region("a Region by its place", "Frankfurt"),
        region("a Region without its parts", "us1"),
        spec(
            "a Region of 33 characters",
            &json!({"region": format!("eu-{}-1", "x".repeat(28)), "sns": null}),
            "spec.region",
            "may not be more than 32 bytes",
        ),
        spec("no Region", &json!({"region": null, "sns": null}), "spec.region", "Required value"),
        spec(
            "an empty account name",
            &json!({"accountRef": {"name": ""}}),
            "spec.accountRef.name",
            "should be at least 1 chars long",
        ),
        spec(
            "an account name of 254 characters",
            &json!({"accountRef": {"name": "a".repeat(254)}}),
            "spec.accountRef.name",
            "may not be more than 253 bytes",
        ),
        spec(
            "a multi-Region trail without global events",
            &json!({"includeGlobalServiceEvents": false}),
            "spec",
            GLOBAL,
        ),
        spec(
            "a trail without global events that is multi-Region by default",
            &json!({"isMultiRegionTrail": null, "includeGlobalServiceEvents": false}),
            "spec",
            GLOBAL,
        ),
    ]
}

fn buckets() -> Vec<Row> {
    let bucket =
        |what, name: &str| spec(what, &json!({"s3": {"bucketName": name}}), "spec.s3.bucketName", BUCKET);
    let reserved =
        |what, name: &str| spec(what, &json!({"s3": {"bucketName": name}}), "spec.s3.bucketName", RESERVED);
    let prefix =
        |what, prefix: &str| spec(what, &json!({"s3": {"keyPrefix": prefix}}), "spec.s3.keyPrefix", PREFIX);
    vec![
        bucket("a bucket name of two characters", "ab"),
        bucket("a bucket name in capitals", "Audit-logs"),
        bucket("a bucket name with '_'", "audit_logs"),
        bucket("a bucket name with '..'", "audit..logs"),
        bucket("a bucket name like an IP address", "192.168.10.4"),
        bucket("a bucket name that begins with '-'", "-audit"),
        bucket("a bucket name that ends with '.'", "audit."),
        bucket("a bucket ARN for its name", "arn:aws:s3:::audit"),
        reserved("a bucket name with reserved prefix xn--", "xn--audit"),
        reserved("a bucket name with reserved prefix sthree-", "sthree-audit"),
        reserved("a bucket name with reserved prefix amzn-s3-demo-", "amzn-s3-demo-audit"),
        reserved("a bucket name with reserved suffix -s3alias", "audit-s3alias"),
        reserved("a bucket name with reserved suffix --ol-s3", "audit--ol-s3"),
        reserved("a bucket name with reserved suffix .mrap", "audit.mrap"),
        reserved("a bucket name with reserved suffix --x-s3", "audit--x-s3"),
        reserved("a bucket name with reserved suffix --table-s3", "audit--table-s3"),
        spec(
            "a bucket name of 64 characters",
            &json!({"s3": {"bucketName": "a".repeat(64)}}),
            "spec.s3.bucketName",
            "may not be more than 63 bytes",
        ),
        spec("no bucket name", &json!({"s3": {"bucketName": null}}), "spec.s3.bucketName", "Required value"),
        spec("no bucket", &json!({"s3": null}), "spec.s3", "Required value"),
        prefix("a prefix that begins with a slash", "/audit"),
        prefix("a prefix that ends with a slash", "audit/"),
        prefix("a prefix that is a slash", "/"),
        spec(
            "a prefix of 201 characters",
            &json!({"s3": {"keyPrefix": "p".repeat(201)}}),
            "spec.s3.keyPrefix",
            "may not be more than 200 bytes",
        ),
    ]
}

fn keys_and_topics() -> Vec<Row> {
    let key = |what, id: &str| spec(what, &json!({"kms": {"keyId": id}}), "spec.kms.keyId", KEY);
    let topic = |what, arn: &str| spec(what, &json!({"sns": {"topicArn": arn}}), "spec.sns.topicArn", TOPIC);
    vec![
        key("an empty key", ""),
        key("an alias without 'alias/'", "audit"),
        key("an alias without its name", "alias/"),
        key("an alias with a blank", "alias/audit logs"),
        key("an ARN of an alias without its name", "arn:aws:kms:eu-central-1:111122223333:alias/"),
        key("an ARN of an alias without an account", "arn:aws:kms:eu-central-1::alias/audit"),
        key("a key id that is too short", "1234abcd-12ab-34cd-56ef-1234567890a"),
        key("a key id in capitals", "1234ABCD-12AB-34CD-56EF-1234567890AB"),
        key("an id of a multi-Region key that is too short", "mrk-1234abcd12ab34cd56ef1234567890a"),
        key("a key id with more after it", "1234abcd-12ab-34cd-56ef-1234567890ab\n"),
        key(
            "a key of a short account id",
            "arn:aws:kms:eu-central-1:1111:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ),
        key("an ARN of another service as key", "arn:aws:s3:::audit"),
        spec(
            "a key ARN of 2049 characters",
            &json!({"kms": {"keyId": format!("arn:aws:kms:eu-central-1:111122223333:key/{}", "a".repeat(2007))}}),
            "spec.kms.keyId",
            "may not be more than 2048 bytes",
        ),
        spec("a key without its id", &json!({"kms": {"keyId": null}}), "spec.kms.keyId", "Required value"),
        topic("an empty topic", ""),
        topic("a topic by its name", "cloudtrail"),
        topic("an ARN of another service as topic", "arn:aws:sqs:eu-central-1:111122223333:cloudtrail"),
        topic("a topic of a short account id", "arn:aws:sns:eu-central-1:1111:cloudtrail"),
        topic("a subscription for a topic", "arn:aws:sns:eu-central-1:111122223333:cloudtrail:1234"),
        spec(
            "a topic in another Region",
            &json!({"sns": {"topicArn": "arn:aws:sns:us-east-1:111122223333:cloudtrail"}}),
            "spec",
            TOPIC_REGION,
        ),
        spec(
            "a topic ARN of 257 characters",
            &json!({"sns": {"topicArn": format!("arn:aws:sns:eu-central-1:111122223333:{}", "a".repeat(219))}}),
            "spec.sns.topicArn",
            "may not be more than 256 bytes",
        ),
        spec(
            "a topic without its ARN",
            &json!({"sns": {"topicArn": null}}),
            "spec.sns.topicArn",
            "Required value",
        ),
    ]
}

fn log_groups() -> Vec<Row> {
    const GROUP_AT: &str = "spec.cloudWatchLogs.logGroupName";
    const ROLE_AT: &str = "spec.cloudWatchLogs.roleArn";
    let group = |what, name: &str| {
        spec(what, &json!({"cloudWatchLogs": {"logGroupName": name}}), GROUP_AT, LOG_GROUP)
    };
    let role = |what, arn: &str| spec(what, &json!({"cloudWatchLogs": {"roleArn": arn}}), ROLE_AT, ROLE);
    vec![
        group("an empty log group", ""),
        group("a log group by its ARN", "arn:aws:logs:eu-central-1:111122223333:log-group:cloudtrail:*"),
        group("a log group with a blank", "cloud trail"),
        spec(
            "a log group name of 513 characters",
            &json!({"cloudWatchLogs": {"logGroupName": "a".repeat(513)}}),
            GROUP_AT,
            "may not be more than 512 bytes",
        ),
        role("a role by its name", "cloudtrail-logs"),
        role("a user for a role", "arn:aws:iam::111122223333:user/cloudtrail-logs"),
        role("a role with a Region", "arn:aws:iam:eu-central-1:111122223333:role/cloudtrail-logs"),
        role("a role without its name", "arn:aws:iam::111122223333:role/"),
        spec(
            "a role ARN of 2049 characters",
            &json!({"cloudWatchLogs": {"roleArn": format!("arn:aws:iam::111122223333:role/{}", "a".repeat(2018))}}),
            ROLE_AT,
            "may not be more than 2048 bytes",
        ),
        spec(
            "a role without its log group",
            &json!({"cloudWatchLogs": {"logGroupName": null}}),
            GROUP_AT,
            "Required value",
        ),
        spec(
            "a log group without its role",
            &json!({"cloudWatchLogs": {"roleArn": null}}),
            ROLE_AT,
            "Required value",
        ),
    ]
}

fn shapes() -> Vec<Row> {
    vec![
        spec(
            "logging as a boolean's word",
            &json!({"logging": "On"}),
            "spec.logging",
            "supported values: \"Enabled\", \"Disabled\"",
        ),
        spec(
            "an unknown deletion policy",
            &json!({"deletionPolicy": "retain"}),
            "spec.deletionPolicy",
            "supported values: \"Retain\", \"StopLogging\", \"Delete\"",
        ),
        spec(
            "an interval of 29 seconds",
            &json!({"intervalSeconds": 29}),
            "spec.intervalSeconds",
            "should be greater than or equal to 30",
        ),
        spec(
            "an interval of more than a day",
            &json!({"intervalSeconds": 86401}),
            "spec.intervalSeconds",
            "should be less than or equal to 86400",
        ),
        spec(
            "an interval with a unit",
            &json!({"intervalSeconds": "5m"}),
            "spec.intervalSeconds",
            "must be of type integer",
        ),
        spec(
            "a boolean in quotes",
            &json!({"isMultiRegionTrail": "true"}),
            "spec.isMultiRegionTrail",
            "must be of type boolean",
        ),
        spec(
            "an unknown management policy",
            &json!({"managementPolicy": "observe"}),
            "spec.managementPolicy",
            "supported values: \"Full\", \"Observe\"",
        ),
        spec(
            "an unknown adoption policy",
            &json!({"adoptionPolicy": "Always"}),
            "spec.adoptionPolicy",
            "supported values: \"Never\", \"IfUnowned\"",
        ),
        spec(
            "an owner of 257 characters to adopt from",
            &json!({"adoptFrom": "o".repeat(257)}),
            "spec.adoptFrom",
            "may not be more than 256 bytes",
        ),
        spec("a word for suspend", &json!({"suspend": "yes"}), "spec.suspend", "must be of type boolean"),
        spec(
            "an unknown field",
            &json!({"bucketName": "audit"}),
            "strict decoding error",
            "unknown field \"spec.bucketName\"",
        ),
        spec(
            "an unknown field further down",
            &json!({"s3": {"bucket": "audit"}}),
            "strict decoding error",
            "unknown field \"spec.s3.bucket\"",
        ),
        row("Trail", "no spec", json!({"spec": null}), "spec", "Required value"),
    ]
}

//! Good manifests at the edge of what is allowed.

use serde_json::{Map, Value, json};

use crate::manifests::{account, edited, trail};
use crate::server::{each, server};

fn trails() -> Vec<(&'static str, Value)> {
    let spec = |what, spec: Value| (what, json!({"spec": spec}));
    let object = |what, name: &str| (what, json!({"metadata": {"name": name}, "spec": {"trailName": null}}));
    let key = "1234abcd-12ab-34cd-56ef-1234567890ab";
    vec![
        spec("a trail name of 3 characters", json!({"trailName": "a.1"})),
        spec("a trail name of 128 characters", json!({"trailName": "a".repeat(128)})),
        spec("a trail name in mixed case with every sign", json!({"trailName": "My_Trail-1.eu"})),
        spec("a trail name of digits", json!({"trailName": "123"})),
        spec("a trail name almost like an IP address", json!({"trailName": "10.0.0.0.1"})),
        object("an object name of 3 characters as trail name", "abc"),
        object("an object name of 128 characters as trail name", &"a".repeat(128)),
        ("any object name beside a trail name", json!({"metadata": {"name": "1.2.3.4"}})),
        ("a short object name beside a trail name", json!({"metadata": {"name": "x"}})),
        ("a long object name beside a trail name", json!({"metadata": {"name": "a".repeat(128)}})),
        (
            "the least there can be",
            json!({"spec": {
                "trailName": null, "accountRef": null, "logging": null, "isMultiRegionTrail": null,
                "includeGlobalServiceEvents": null, "enableLogFileValidation": null, "s3": {"keyPrefix": null},
                "kms": null, "cloudWatchLogs": null, "sns": null, "deletionPolicy": null, "intervalSeconds": null,
            }}),
        ),
        spec("an empty account reference", json!({"accountRef": {"name": null}})),
        spec(
            "one Region without global events",
            json!({"isMultiRegionTrail": false, "includeGlobalServiceEvents": false}),
        ),
        spec("one Region with global events", json!({"isMultiRegionTrail": false})),
        spec("a bucket name of 3 characters", json!({"s3": {"bucketName": "a-1"}})),
        spec("a bucket name of 63 characters", json!({"s3": {"bucketName": "a".repeat(63)}})),
        spec("a bucket name with dots", json!({"s3": {"bucketName": "audit.logs.example"}})),
        spec(
            "a bucket name of an account-regional namespace",
            json!({"s3": {"bucketName": "audit-111122223333-eu-central-1-an"}}),
        ),
        spec("an empty prefix", json!({"s3": {"keyPrefix": ""}})),
        spec("a prefix of 200 characters", json!({"s3": {"keyPrefix": "p".repeat(200)}})),
        spec("a prefix with slashes within", json!({"s3": {"keyPrefix": "audit/eu central/2026"}})),
        spec(
            "a multi-Region key of another account",
            json!({"kms": {"keyId": "arn:aws:kms:us-east-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab"}}),
        ),
        spec(
            "a log group name with every sign",
            json!({"cloudWatchLogs": {"logGroupName": "/aws/cloud_trail-1.x#2"}}),
        ),
        spec(
            "a log group name of 512 characters",
            json!({"cloudWatchLogs": {"logGroupName": "g".repeat(512)}}),
        ),
        spec(
            "a role with a path",
            json!({"cloudWatchLogs": {"roleArn": "arn:aws:iam::111122223333:role/service-role/audit+x=y"}}),
        ),
        spec(
            "a topic of another account",
            json!({"sns": {"topicArn": "arn:aws:sns:eu-central-1:444455556666:Audit_1-x"}}),
        ),
        spec("an interval of half a minute", json!({"intervalSeconds": 30})),
        spec("an interval of a day", json!({"intervalSeconds": 86400})),
        spec("logging off", json!({"logging": "Disabled"})),
        spec("stopped on deletion", json!({"deletionPolicy": "StopLogging"})),
        spec("deleted on deletion", json!({"deletionPolicy": "Delete"})),
        elsewhere("aws-cn", "cn-northwest-1", key),
        elsewhere("aws-us-gov", "us-gov-west-1", key),
        elsewhere("aws-eusc", "eusc-de-east-1", key),
        elsewhere("aws-iso-b", "us-isob-east-1", key),
        elsewhere("aws", "ap-southeast-7", key),
    ]
}

/// Everything in a partition and Region.
fn elsewhere(partition: &'static str, region: &str, key: &str) -> (&'static str, Value) {
    let spec = json!({
        "region": region,
        "kms": {"keyId": format!("arn:{partition}:kms:{region}:111122223333:key/{key}")},
        "cloudWatchLogs": {"roleArn": format!("arn:{partition}:iam::111122223333:role/audit")},
        "sns": {"topicArn": format!("arn:{partition}:sns:{region}:111122223333:audit")},
    });
    (partition, json!({"spec": spec}))
}

fn accounts() -> Vec<(&'static str, Value)> {
    // The good manifest has a label already.
    let labels: Map<_, _> = (0..15).map(|n| (format!("label-{n}"), json!("x"))).collect();
    let namespaces: Vec<_> = (0..256).map(|n| format!("n{n}")).collect();
    [
        ("an account id of zeros first", json!({"accountId": "000000000001"})),
        ("an account for no namespace", json!({"allowedNamespaces": null})),
        (
            "an account for every namespace",
            json!({"allowedNamespaces": {"names": null, "selector": {"matchLabels": null}}}),
        ),
        ("256 namespaces", json!({"allowedNamespaces": {"names": namespaces}})),
        ("a namespace of 63 characters", json!({"allowedNamespaces": {"names": ["n".repeat(63)]}})),
        ("16 labels", json!({"allowedNamespaces": {"selector": {"matchLabels": labels}}})),
    ]
    .map(|(what, spec)| (what, json!({"spec": spec})))
    .into()
}

#[test]
fn manifests_at_the_edge_are_accepted() {
    let rows: Vec<_> = trails()
        .into_iter()
        .map(|(what, patch)| (what, edited(trail(), &patch)))
        .chain(accounts().into_iter().map(|(what, patch)| (what, edited(account(), &patch))))
        .collect();
    let all = json!({"apiVersion": "v1", "kind": "List", "items": rows.iter().map(|(_, it)| it).collect::<Vec<_>>()});
    let Err(refusal) = server().dry_create(&all) else { return };
    // Which ones? All at once was only faster.
    let each = each(&rows, |(what, manifest)| {
        server().dry_create(manifest).err().map(|refusal| format!("{what}: {refusal}"))
    });
    panic!("{refusal}\n{}", each.into_iter().flatten().collect::<Vec<_>>().join("\n"));
}

//! Good manifests at the edge of what is allowed.

mod event_selectors;

use serde_json::{Map, Value, json};

use crate::manifests::{account, edited, event_selector, trail};
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
                "includeGlobalServiceEvents": null, "isOrganizationTrail": null, "enableLogFileValidation": null,
                "recursiveLogging": null, "managementEvents": null, "eventSelectorsFrom": null, "s3": {"keyPrefix": null}, "kms": null,
                "cloudWatchLogs": null, "sns": null, "insightSelectors": null, "aggregation": null, "tags": null,
                "adoptionPolicy": null, "adoptFrom": null, "deletionPolicy": null, "managementPolicy": null,
                "suspend": null, "intervalSeconds": null, "validation": null,
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
        elsewhere("aws-cn", "cn-northwest-1", key),
        elsewhere("aws-us-gov", "us-gov-west-1", key),
        elsewhere("aws-eusc", "eusc-de-east-1", key),
        elsewhere("aws-iso-b", "us-isob-east-1", key),
        elsewhere("aws", "ap-southeast-7", key),
    ]
}

/// Each form that names a key.
fn keys() -> Vec<(&'static str, Value)> {
    [
        ("an alias", "alias/audit"),
        ("an alias with every sign", "alias/audit/eu_central-1"),
        ("an alias by its ARN", "arn:aws:kms:eu-central-1:444455556666:alias/audit/eu"),
        ("a key id", "1234abcd-12ab-34cd-56ef-1234567890ab"),
        ("an id of a multi-Region key", "mrk-1234abcd12ab34cd56ef1234567890ab"),
        ("a key by its ARN", "arn:aws:kms:us-east-1:444455556666:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
        (
            "a multi-Region key by its ARN",
            "arn:aws:kms:us-east-1:444455556666:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        ),
    ]
    .map(|(what, key)| (what, json!({"spec": {"kms": {"keyId": key}}})))
    .into()
}

/// Each value of each enumeration that the good manifest does not have, and lists at their edges.
fn choices() -> Vec<(&'static str, Value)> {
    let reads_only = |what, insights: Value| {
        let reads = json!({"readWriteType": "ReadOnly"});
        (what, json!({"managementEvents": reads, "insightSelectors": insights}))
    };
    let both = json!(["Data", "Management"]);
    let none = json!({"readWriteType": "None", "excludeEventSources": null});
    let from = |from: Value| json!({"eventSelectorsFrom": from});
    // The good manifest has a label already.
    let labels: Map<_, _> = (0..15).map(|n| (format!("label-{n}"), json!("x"))).collect();
    let templates: Vec<_> = (0..50).map(|n| format!("TEMPLATE_{n}")).collect();
    let services: Vec<_> = (0..16).map(|n| format!("service-{n}.amazonaws.com")).collect();
    vec![
        ("logging off", json!({"logging": "Disabled"})),
        ("stopped on deletion", json!({"deletionPolicy": "StopLogging"})),
        ("deleted on deletion", json!({"deletionPolicy": "Delete"})),
        ("looked at only", json!({"managementPolicy": "Observe"})),
        ("suspended", json!({"suspend": true})),
        ("validated only when asked for", json!({"validation": {"intervalSeconds": 0}})),
        ("validated twice a minute", json!({"validation": {"intervalSeconds": 30}})),
        (
            "validated otherwise in everything",
            json!({"validation": {
                "intervalSeconds": 604_800, "lookbackHours": 2160, "logFiles": "Sample", "failurePolicy": "NotReady",
                "deepPass": {"intervalHours": 0, "lookbackDays": 3650}, "unknownGraceSeconds": 0,
            }}),
        ),
        ("a bucket of another account", json!({"s3": {"bucketName": "logs", "bucketOwner": "444455556666"}})),
        ("a budget in whole dollars", json!({"cost": {"monthlyBudget": "250"}})),
        ("a budget of nothing", json!({"cost": {"monthlyBudget": "0.00"}})),
        ("the largest budget", json!({"cost": {"monthlyBudget": "999999999999.99"}})),
        (
            "volumes of every category",
            json!({"cost": {"volume": {
                "managementReadEvents": 0, "managementWriteEvents": 1, "dataEvents": 1_000_000_000_000_000_i64,
                "networkActivityEvents": 5,
            }}}),
        ),
        ("taken over", json!({"adoptionPolicy": "IfUnowned"})),
        ("taken over from nobody", json!({"adoptFrom": ""})),
        ("taken over from an owner with a long name", json!({"adoptFrom": "o".repeat(256)})),
        ("of an organization", json!({"isOrganizationTrail": true})),
        ("without its own deliveries", json!({"recursiveLogging": false})),
        ("its own deliveries left to AWS", json!({"recursiveLogging": null})),
        ("writes only", json!({"managementEvents": {"readWriteType": "WriteOnly"}})),
        ("management events with nothing said", json!({"managementEvents": {"readWriteType": null}})),
        (
            "both services without which trails can do",
            json!({"managementEvents": {"excludeEventSources": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}}),
        ),
        ("a service of China", json!({"managementEvents": {"excludeEventSources": ["kms.amazonaws.com.cn"]}})),
        ("16 services", json!({"managementEvents": {"excludeEventSources": services}})),
        ("no management events", json!({"managementEvents": none, "insightSelectors": null})),
        (
            "no management events, and no service to leave out of them",
            json!({"managementEvents": {"readWriteType": "None", "excludeEventSources": []}, "insightSelectors": []}),
        ),
        (
            "Insights of data events alone without management events",
            json!({"managementEvents": none, "insightSelectors": [
                {"insightType": "ApiCallRateInsight", "eventCategories": ["Data"]},
            ]}),
        ),
        ("EventSelectors of its own namespace", from(json!({"namespaces": "Same", "selector": null}))),
        ("EventSelectors of all namespaces", from(json!({"namespaces": "All", "selector": null}))),
        ("EventSelectors of namespaces with any labels", from(json!({"selector": {"matchLabels": null}}))),
        ("EventSelectors of namespaces with 16 labels", from(json!({"selector": {"matchLabels": labels}}))),
        ("EventSelectors of nobody said", from(json!({"namespaces": null, "selector": null}))),
        ("no Insights", json!({"insightSelectors": []})),
        (
            "both Insights of both categories",
            json!({"insightSelectors": [
                {"insightType": "ApiCallRateInsight", "eventCategories": both},
                {"insightType": "ApiErrorRateInsight", "eventCategories": both},
            ]}),
        ),
        ("an Insight of what AWS takes", json!({"insightSelectors": [{"insightType": "ApiCallRateInsight"}]})),
        reads_only("a rate of errors among reads", json!([{"insightType": "ApiErrorRateInsight"}])),
        reads_only(
            "a rate of calls of data events beside reads",
            json!([{"insightType": "ApiCallRateInsight", "eventCategories": ["Data"]}]),
        ),
        (
            "every template there is",
            json!({"aggregation": {"templates": ["API_ACTIVITY", "RESOURCE_ACCESS", "USER_ACTIONS"]}}),
        ),
        ("50 templates that may come", json!({"aggregation": {"templates": templates}})),
    ]
    .into_iter()
    .map(|(what, spec)| (what, json!({"spec": spec})))
    .collect()
}

fn tags() -> Vec<(&'static str, Value)> {
    // The good manifest has a tag already.
    let many: Map<_, _> = (0..47).map(|n| (format!("tag-{n}"), json!("x"))).collect();
    let one = |key: &str, value: &str| json!({key: value});
    [
        ("no tags", json!(null)),
        ("48 tags", json!(many)),
        ("a tag without a value", one("Team", "")),
        ("a tag of every length", one(&"k".repeat(128), &"v".repeat(256))),
        ("a tag of as many letters of three bytes", one(&"鍵".repeat(128), &"値".repeat(256))),
        ("a tag in other scripts", one("Überwachung Größe", "Протокол 監査 ٤٢")),
        ("a tag with every sign", one("a_b.c:d/e=f+g-h@i", "a_b.c:d/e=f+g-h@i")),
        ("a tag that only looks like AWS's", one("laws:x", "aws:x")),
        ("a tag that only looks like ours", one("example.com/trail-operator.dev/owner", "x")),
    ]
    .map(|(what, tags)| (what, json!({"spec": {"tags": tags}})))
    .into()
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
    let regions: Vec<_> = (1..=64).map(|n| format!("eu-west-{n}")).collect();
    let own = |account_id: &str| json!({"accountId": account_id, "roleArn": null, "externalId": null});
    let role = |arn: &str| json!({"roleArn": arn});
    let allowed = |buckets: Value| json!({"allowedResources": {"buckets": buckets}});
    let glass = |until: &str, reason: &str| json!({"breakGlass": {"until": until, "reason": reason}});
    vec![
        ("an account id of zeros first", own("000000000001")),
        ("the operator's own identity", own("111122223333")),
        ("a role with a path", role("arn:aws:iam::111122223333:role/teams/audit/trail-operator")),
        ("a role of GovCloud", role("arn:aws-us-gov:iam::111122223333:role/trail-operator")),
        ("a role without an external id", json!({"externalId": null})),
        ("an external id of 2 characters", json!({"externalId": "ab"})),
        ("an external id of 1224 characters", json!({"externalId": "x".repeat(1224)})),
        ("an external id with every sign", json!({"externalId": "Aa0_+=,.@:/-"})),
        ("an account for no namespace", json!({"allowedNamespaces": null})),
        (
            "an account for every namespace",
            json!({"allowedNamespaces": {"names": null, "selector": {"matchLabels": null}}}),
        ),
        ("256 namespaces", json!({"allowedNamespaces": {"names": namespaces}})),
        ("a namespace of 63 characters", json!({"allowedNamespaces": {"names": ["n".repeat(63)]}})),
        ("16 labels", json!({"allowedNamespaces": {"selector": {"matchLabels": labels}}})),
        ("trails in every Region", json!({"allowedRegions": null})),
        ("trails in 64 Regions", json!({"allowedRegions": regions})),
        ("its own resources", json!({"allowedResources": null})),
        ("any bucket", allowed(json!(["*"]))),
        ("64 buckets", allowed((0..64).map(|n| format!("logs-{n}-??-*")).collect())),
        ("a bucket of 63 characters", allowed(json!(["b".repeat(63)]))),
        ("weakening allowed", json!({"guardrails": {"weakening": "Allow", "breakGlass": null}})),
        ("no guardrails", json!({"guardrails": null})),
        ("glass that was broken long ago", json!({"guardrails": glass("2020-01-01T00:00:00Z", "past")})),
        (
            "glass with an offset",
            json!({"guardrails": glass("2026-12-01T12:00:00.5+01:00", &"r".repeat(256))}),
        ),
        (
            "nothing but the account",
            json!({
                "roleArn": null, "externalId": null, "allowedNamespaces": null, "allowedRegions": null,
                "allowedResources": null, "guardrails": null,
            }),
        ),
    ]
    .into_iter()
    .map(|(what, spec)| (what, json!({"spec": spec})))
    .collect()
}

#[test]
fn manifests_at_the_edge_are_accepted() {
    let rows: Vec<_> = [trails(), keys(), choices(), tags()]
        .into_iter()
        .flatten()
        .map(|(what, patch)| (what, edited(trail(), &patch)))
        .chain(
            event_selectors::rows().into_iter().map(|(what, patch)| (what, edited(event_selector(), &patch))),
        )
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

//! What must be in place around a trail: bucket, key, topic, log group, role (`cloudtrail.md` 1.4, 1.7, 3).

use anyhow::Result;
use aws_sdk_cloudtrail::operation::create_trail::builders::CreateTrailFluentBuilder;
use serde_json::{Value, json};

use super::Table;
use crate::world::{AWAY, CLOUDTRAIL, HOME, World, allow, lab, may_write, open};

const BUCKET_POLICY: &str = "InsufficientS3BucketPolicyException";
const KEY_POLICY: &str = "InsufficientEncryptionPolicyException";
const TOPIC: &str = "InsufficientSnsTopicPolicyException";
const GROUP: &str = "InvalidCloudWatchLogsLogGroupArnException";
const ROLE: &str = "InvalidCloudWatchLogsRoleArnException";

pub async fn rows(table: &mut Table) -> Result<()> {
    let world = World::new("100000000002")?;
    world.client.create_trail().name("existing").s3_bucket_name(&world.bucket).send().await?;
    buckets(table, &world).await?;
    keys(table, &world).await?;
    topics(table, &world).await?;
    log_groups(table, &world).await?;
    roles(table, &world).await
}

fn create(world: &World<'_>) -> CreateTrailFluentBuilder {
    world.client.create_trail().name("new").s3_bucket_name(&world.bucket)
}

async fn buckets(table: &mut Table, world: &World<'_>) -> Result<()> {
    let expected = "S3BucketDoesNotExistException";
    let call = create(world).s3_bucket_name("no-such-bucket");
    table.row("CreateTrail", "a missing bucket", expected, call.send()).await;
    let call = world.client.update_trail().name("existing").s3_bucket_name("no-such-bucket");
    table.row("UpdateTrail", "a missing bucket", expected, call.send()).await;

    let sufficient = world.bucket("sufficient", aws_statements(world.account, |_| ()))?;
    let call = world.client.update_trail().name("existing").s3_bucket_name(sufficient).s3_key_prefix("audit");
    call.enable_log_file_validation(true).send().await?;
    for (what, suffix, statements) in bucket_policies(world) {
        let bucket = world.bucket(suffix, statements)?;
        let call =
            create(world).s3_bucket_name(&bucket).s3_key_prefix("audit").enable_log_file_validation(true);
        table.row("CreateTrail", what, BUCKET_POLICY, call.send()).await;
        let call =
            world.client.update_trail().name("existing").s3_bucket_name(&bucket).s3_key_prefix("audit");
        let call = call.enable_log_file_validation(true);
        table.row("UpdateTrail", what, BUCKET_POLICY, call.send()).await;
    }
    let bucket = world.bucket("without-policy", open)?;
    world.aws("s3", "DeleteBucketPolicy", &json!({"Bucket": bucket}))?;
    table
        .row("CreateTrail", "no bucket policy", BUCKET_POLICY, create(world).s3_bucket_name(bucket).send())
        .await;
    let bucket = world.bucket("requester-pays", open)?;
    let payer = json!({"Bucket": bucket, "RequestPaymentConfiguration": {"Payer": "Requester"}});
    world.aws("s3", "PutBucketRequestPayment", &payer)?;
    table
        .row(
            "CreateTrail",
            "a Requester Pays bucket",
            BUCKET_POLICY,
            create(world).s3_bucket_name(bucket).send(),
        )
        .await;
    Ok(())
}

type Statements = Box<dyn Fn(&str) -> Value>;

/// AWS's two statements for the trails of this account with prefix `audit`, edited.
fn aws_statements(account: &'static str, edit: fn(&mut Value)) -> Statements {
    Box::new(move |bucket| {
        let source = json!({"aws:SourceAccount": account});
        let write = json!({"aws:SourceAccount": account, "s3:x-amz-acl": "bucket-owner-full-control"});
        let objects = format!("arn:aws:s3:::{bucket}/audit/AWSLogs/{account}/*");
        let mut statements = json!([
            allow("s3:GetBucketAcl", &format!("arn:aws:s3:::{bucket}"), &json!({"StringEquals": source})),
            allow("s3:PutObject", &objects, &json!({"StringEquals": write})),
        ]);
        edit(&mut statements);
        statements
    })
}

/// Bucket policies that each lack one thing for a trail with prefix `audit` and validation.
fn bucket_policies(world: &World<'_>) -> Vec<(&'static str, &'static str, Statements)> {
    let edited = |edit| aws_statements(world.account, edit);
    vec![
        (
            "a policy without the ACL check",
            "without-acl-check",
            edited(|it| drop(it.as_array_mut().map(|it| it.remove(0)))),
        ),
        (
            "a policy without the write",
            "without-write",
            edited(|it| drop(it.as_array_mut().map(|it| it.remove(1)))),
        ),
        ("a policy without the prefix", "without-prefix", edited(|it| replace(&mut it[1], "/audit/", "/"))),
        (
            "a policy for another prefix",
            "other-prefix",
            edited(|it| replace(&mut it[1], "/audit/", "/other/")),
        ),
        (
            "a policy for another account's folder",
            "other-folder",
            edited(|it| replace(&mut it[1], "AWSLogs/1", "AWSLogs/2")),
        ),
        (
            "a policy without the digests' folder",
            "without-digests",
            edited(|it| replace(&mut it[1], "/*", "/CloudTrail/*")),
        ),
        (
            "a policy for another service",
            "other-service",
            edited(|it| it[1]["Principal"]["Service"] = "config.amazonaws.com".into()),
        ),
        (
            "a policy with another SourceArn",
            "other-source",
            edited(|it| {
                let other = format!("arn:aws:cloudtrail:{HOME}:100000000002:trail/other");
                it[1]["Condition"]["StringEquals"]["aws:SourceArn"] = other.into();
            }),
        ),
        (
            "a policy with another SourceAccount",
            "other-account",
            edited(|it| it[0]["Condition"]["StringEquals"]["aws:SourceAccount"] = "999999999999".into()),
        ),
        (
            "a policy that wants another ACL",
            "other-acl",
            edited(|it| it[1]["Condition"]["StringEquals"]["s3:x-amz-acl"] = "private".into()),
        ),
        (
            "a policy that denies all writes",
            "deny",
            edited(|it| {
                let mut deny = allow("s3:Put*", "*", &json!({}));
                deny["Effect"] = "Deny".into();
                deny["Principal"] = "*".into();
                deny["Resource"] = it[1]["Resource"].clone();
                push(it, deny);
            }),
        ),
        (
            "a policy that denies what is not encrypted by KMS",
            "deny-unless-kms",
            edited(|it| {
                let unless = json!({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}});
                let mut deny = it[1].clone();
                deny["Effect"] = "Deny".into();
                deny["Condition"] = unless;
                push(it, deny);
            }),
        ),
    ]
}

fn replace(statement: &mut Value, from: &str, to: &str) {
    statement["Resource"] = statement["Resource"].as_str().unwrap_or_default().replace(from, to).into();
}

fn push(statements: &mut Value, statement: Value) {
    if let Some(statements) = statements.as_array_mut() {
        statements.push(statement);
    }
}

async fn keys(table: &mut Table, world: &World<'_>) -> Result<()> {
    let missing = format!("arn:aws:kms:{HOME}:{}:key/11111111-2222-3333-4444-555555555555", world.account);
    let usable =
        json!([allow("kms:GenerateDataKey*", "*", &json!({})), allow("kms:DescribeKey", "*", &json!({}))]);
    let key = |statements: &Value, more: Value| world.key(HOME, statements, more);
    let elsewhere = world.key(AWAY, &usable, json!({}))?;
    let asymmetric = key(&usable, json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"}))?;
    let (disabled, doomed) = (key(&usable, json!({}))?, key(&usable, json!({}))?);
    world.aws("kms", "DisableKey", &json!({"KeyId": disabled}))?;
    world.aws("kms", "ScheduleKeyDeletion", &json!({"KeyId": doomed, "PendingWindowInDays": 7}))?;
    let context = json!({"StringLike": {"kms:EncryptionContext:aws:cloudtrail:arn": "arn:aws:cloudtrail:*:999999999999:trail/*"}});
    let without_data_key = key(&json!([allow("kms:DescribeKey", "*", &json!({}))]), json!({}))?;
    let without_describe = key(&json!([allow("kms:GenerateDataKey*", "*", &json!({}))]), json!({}))?;
    let other_context = key(
        &json!([allow("kms:GenerateDataKey*", "*", &context), allow("kms:DescribeKey", "*", &json!({}))]),
        json!({}),
    )?;
    let good = key(&usable, json!({}))?;

    for (what, key, expected) in [
        ("a missing key", missing.as_str(), "KmsKeyNotFoundException"),
        ("a missing alias", "alias/nobody", "KmsKeyNotFoundException"),
        ("a key of another Region than the bucket", &elsewhere, "KmsKeyNotFoundException"),
        ("a disabled key", &disabled, "KmsException"),
        ("a key to be deleted", &doomed, "KmsException"),
        ("an asymmetric key", &asymmetric, "KmsException"),
        ("a key policy without GenerateDataKey", &without_data_key, KEY_POLICY),
        ("a key policy without DescribeKey", &without_describe, KEY_POLICY),
        ("a key policy for another account's trails", &other_context, KEY_POLICY),
    ] {
        table.row("CreateTrail", what, expected, create(world).kms_key_id(key).send()).await;
        let call = world.client.update_trail().name("existing").kms_key_id(key);
        table.row("UpdateTrail", what, expected, call.send()).await;
    }
    let bucket = world.bucket("bucket-key", open)?;
    let rule = json!({"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": good}, "BucketKeyEnabled": true});
    let encryption = json!({"Bucket": bucket, "ServerSideEncryptionConfiguration": {"Rules": [rule]}});
    world.aws("s3", "PutBucketEncryption", &encryption)?;
    let call = create(world).s3_bucket_name(bucket).kms_key_id(&good);
    table.row("CreateTrail", "a bucket key without kms:Decrypt", KEY_POLICY, call.send()).await;
    Ok(())
}

async fn topics(table: &mut Table, world: &World<'_>) -> Result<()> {
    let topic = |name, region, statements: Value| world.topic(region, name, &statements);
    let arn = |name: &str, region: &str| format!("arn:aws:sns:{region}:{}:{name}", world.account);
    let publish = |name: &str, region: &str, condition: Value| {
        json!([allow("sns:Publish", &arn(name, region), &condition)])
    };
    let other = json!({"StringEquals": {"aws:SourceArn": world.arn("other")}});
    let strange = topic("strange", HOME, publish("strange", HOME, other))?;
    let subscribe =
        topic("subscribe", HOME, json!([allow("sns:Subscribe", &arn("subscribe", HOME), &json!({}))]))?;
    let elsewhere = topic("elsewhere", AWAY, publish("elsewhere", AWAY, json!({})))?;
    for (what, topic) in [
        ("a missing topic by name", "nobody"),
        ("a missing topic by ARN", &arn("nobody", HOME)),
        ("a topic policy for another trail", &strange),
        ("a topic policy without Publish", &subscribe),
        ("a topic in another Region", &elsewhere),
    ] {
        table.row("CreateTrail", what, TOPIC, create(world).sns_topic_name(topic).send()).await;
        let call = world.client.update_trail().name("existing").sns_topic_name(topic);
        table.row("UpdateTrail", what, TOPIC, call.send()).await;
    }
    let encrypted = topic("encrypted", HOME, publish("encrypted", HOME, json!({})))?;
    let key = world.key(HOME, &json!([]), json!({}))?;
    let attribute = json!({"TopicArn": encrypted, "AttributeName": "KmsMasterKeyId", "AttributeValue": key});
    world.aws("sns", "SetTopicAttributes", &attribute)?;
    let call = create(world).sns_topic_name(&encrypted);
    table.row("CreateTrail", "a topic whose key CloudTrail may not use", TOPIC, call.send()).await;
    Ok(())
}

async fn log_groups(table: &mut Table, world: &World<'_>) -> Result<()> {
    let role = world.role("logs", CLOUDTRAIL, &may_write("*"))?;
    for (name, class) in [("standard", "STANDARD"), ("rare", "INFREQUENT_ACCESS")] {
        world.aws("logs", "CreateLogGroup", &json!({"logGroupName": name, "logGroupClass": class}))?;
    }
    lab().aws("logs", "CreateLogGroup", &json!({"logGroupName": "away"}), world.account, AWAY)?;
    let group = |region: &str, account: &str, name: &str| {
        format!("arn:aws:logs:{region}:{account}:log-group:{name}:*")
    };
    let standard = group(HOME, world.account, "standard");
    for (what, group) in [
        ("a missing log group", group(HOME, world.account, "nobody").as_str()),
        ("a log group ARN without ':*'", standard.trim_end_matches(":*")),
        ("a log group by its name", "standard"),
        ("a log group of another Region", &group(AWAY, world.account, "away")),
        ("a log group of another account", &group(HOME, "999999999999", "standard")),
        ("a log group of class INFREQUENT_ACCESS", &group(HOME, world.account, "rare")),
    ] {
        let call = create(world).cloud_watch_logs_log_group_arn(group).cloud_watch_logs_role_arn(&role);
        table.row("CreateTrail", what, GROUP, call.send()).await;
        let call = world.client.update_trail().name("existing").cloud_watch_logs_log_group_arn(group);
        table.row("UpdateTrail", what, GROUP, call.cloud_watch_logs_role_arn(&role).send()).await;
    }
    let expected = "InvalidParameterCombinationException";
    let call = create(world).cloud_watch_logs_log_group_arn(&standard);
    table.row("CreateTrail", "a log group without role", expected, call.send()).await;
    let call = create(world).cloud_watch_logs_role_arn(&role);
    table.row("CreateTrail", "a role without log group", expected, call.send()).await;
    let call = world.client.update_trail().name("existing").cloud_watch_logs_log_group_arn(&standard);
    table.row("UpdateTrail", "a log group without role", expected, call.send()).await;
    Ok(())
}

async fn roles(table: &mut Table, world: &World<'_>) -> Result<()> {
    let group = format!("arn:aws:logs:{HOME}:{}:log-group:standard:*", world.account);
    let distrustful = world.role("distrustful", "config.amazonaws.com", &may_write("*"))?;
    let powerless = world.role("powerless", CLOUDTRAIL, &json!([]))?;
    let narrow = world.role("narrow", CLOUDTRAIL, &may_write("*:log-group:other:*"))?;
    for (what, role, expected) in [
        ("a missing role", format!("arn:aws:iam::{}:role/nobody", world.account), ROLE),
        ("a role by its name", "logs".to_owned(), ROLE),
        ("a user for a role", format!("arn:aws:iam::{}:user/logs", world.account), ROLE),
        ("a role that trusts another service", distrustful, ROLE),
        ("a role without permissions", powerless, GROUP),
        ("a role for another log group", narrow, GROUP),
    ] {
        let call = create(world).cloud_watch_logs_log_group_arn(&group).cloud_watch_logs_role_arn(&role);
        table.row("CreateTrail", what, expected, call.send()).await;
        let call = world.client.update_trail().name("existing").cloud_watch_logs_log_group_arn(&group);
        table.row("UpdateTrail", what, expected, call.cloud_watch_logs_role_arn(&role).send()).await;
    }
    Ok(())
}

//! `kubectl cloudtrail import`: what it writes is what AWS has, so that nothing but taking over is left to do. And
//! `selector test`: it takes for recorded what was delivered.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use test_lab::{ACCOUNT, Lab};
use test_suites::stage::{OWNER_TAG, Stage, beside_the_operator};

use crate::{neighbours, place, shared};

const REGION: &str = "eu-west-1";

/// A lab without a cluster. Each test has an account of its own there, so that none counts another's trails.
#[expect(clippy::unwrap_used, reason = "without it no such test can begin")]
fn lab() -> &'static Lab {
    static LAB: OnceLock<Lab> = OnceLock::new();
    LAB.get_or_init(|| Lab::start().unwrap())
}

/// What came of one call.
#[derive(Debug)]
struct Answer {
    code: Option<i32>,
    out: String,
    err: String,
}

/// `kubectl cloudtrail` with these words, with the credentials of the account. It knows no cluster.
fn call(lab: &Lab, account: &str, words: &[&str]) -> Result<Answer> {
    let output = Command::new(beside_the_operator("kubectl-cloudtrail")?)
        .args(words)
        .env_clear()
        .env("AWS_ENDPOINT_URL", lab.endpoint())
        .env("AWS_ACCESS_KEY_ID", account)
        .env("AWS_SECRET_ACCESS_KEY", "lab")
        .output()
        .context("cannot run kubectl-cloudtrail")?;
    Ok(Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout)?,
        err: String::from_utf8(output.stderr)?,
    })
}

fn arn(account: &str, name: &str) -> String {
    format!("arn:aws:cloudtrail:{REGION}:{account}:trail/{name}")
}

/// Manifests of a trail, written to a file.
fn import(lab: &Lab, account: &str, arn: &str, more: &[&str]) -> Result<(PathBuf, Answer)> {
    let answer = call(lab, account, &[&["import", "--trail-arn", arn], more].concat())?;
    ensure!(answer.code == Some(0), "{answer:?}");
    let name = arn.rsplit('/').next().unwrap_or_default();
    let path = shared().cluster.folder().join(format!("imported-{account}-{name}.yaml"));
    fs::write(&path, &answer.out)?;
    Ok((path, answer))
}

/// The plan for manifests: operations with their fields, and the findings.
fn plan(lab: &Lab, account: &str, path: &Path, more: &[&str]) -> Result<(Vec<String>, Value)> {
    let file = path.to_str().context("no text")?;
    let answer = call(lab, account, &[&["plan", "--output", "json", "--filename", file], more].concat())?;
    ensure!(answer.code == Some(0), "{answer:?}");
    let document: Value = serde_json::from_str(&answer.out)?;
    let object = &document["objects"][0];
    let changes = object["changes"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let told =
        changes.iter().map(|change| format!("{} {}", text(&change["operation"]), text(&change["field"])));
    Ok((told.collect(), object["findings"].clone()))
}

/// Imports, and states that nothing is left to do but to take the trail over, and that the API server takes it.
fn is_whole(account: &str, name: &str) -> Result<String> {
    let (path, answer) = import(lab(), account, &arn(account, name), &[])?;
    assert!(!answer.err.contains("warning"), "{answer:?}");
    let taking_over = vec![format!("AddTags tags.{OWNER_TAG}")];
    let (changes, findings) = plan(lab(), account, &path, &["--cluster-id", "here"])?;
    assert_eq!((changes, findings), (taking_over, json!([])), "{}", answer.out);
    let file = path.to_str().context("no text")?;
    let accepted =
        ["apply", "--dry-run=server", "--validate=strict", "--namespace", "default", "--filename", file];
    shared().cluster.kubectl(&accepted).with_context(|| answer.out.clone())?;
    Ok(answer.out)
}

/// What is asked of the lab in an account, in the Region of these trails.
fn aws(account: &str, service: &str, operation: &str, params: &Value) -> Result<Value> {
    lab().aws(service, operation, params, account, REGION)
}

fn make(account: &str, name: &str, more: Value) -> Result<()> {
    let bucket = format!("{account}-{}", name.to_lowercase().replace('_', "-"));
    let folder = more["S3KeyPrefix"].as_str().map(|prefix| format!("{prefix}/")).unwrap_or_default();
    lab().trail_bucket(account, REGION, &bucket, &[&format!("{folder}{name}")])?;
    let mut params = json!({"Name": name, "S3BucketName": bucket});
    if let (Value::Object(params), Value::Object(more)) = (&mut params, more) {
        params.extend(more);
    }
    aws(account, "cloudtrail", "CreateTrail", &params).map(drop)
}

fn select(account: &str, name: &str, form: &str, list: &Value) -> Result<()> {
    aws(account, "cloudtrail", "PutEventSelectors", &json!({"TrailName": name, form: list})).map(drop)
}

const BASIC: &str = "EventSelectors";
const ADVANCED: &str = "AdvancedEventSelectors";

fn data(kind: &str, more: &[Value]) -> Value {
    let of_data = [
        json!({"Field": "eventCategory", "Equals": ["Data"]}),
        json!({"Field": "resources.type", "Equals": [kind]}),
    ];
    json!([of_data.as_slice(), more].concat())
}

#[test]
fn settings_of_every_kind_come_back() -> Result<()> {
    let account = "100000000001";
    make(account, "smallest", json!({}))?;
    let smallest = is_whole(account, "smallest")?;
    let said = "spec:\n  region: eu-west-1\n  logging: Disabled\n  isMultiRegionTrail: false\n  enableLogFileValidation: false\n  s3:\n";
    assert!(smallest.contains(said), "{smallest}");

    let usual = json!({"IsMultiRegionTrail": true, "EnableLogFileValidation": true});
    make(account, "usual", usual)?;
    aws(account, "cloudtrail", "StartLogging", &json!({"Name": "usual"}))?;
    let usual = is_whole(account, "usual")?;
    let said = format!(
        "spec:\n  region: eu-west-1\n  s3:\n    bucketName: {account}-usual\n  adoptionPolicy: IfUnowned\n"
    );
    assert!(usual.ends_with(&said), "{usual}");

    let tags = json!([
        {"Key": "on", "Value": "no"}, {"Key": "Größe", "Value": "1_000"}, {"Key": "a b", "Value": "12:30:45"},
        {"Key": "empty"}, {"Key": "colon: x", "Value": "= @ -"}, {"Key": "0123", "Value": "2026-11-22"},
    ]);
    let odd = json!({
        "S3KeyPrefix": "a/b", "RecursiveLogging": false, "IncludeGlobalServiceEvents": false, "TagsList": tags,
    });
    make(account, "Odd_One", odd)?;
    let odd = is_whole(account, "Odd_One")?;
    for said in
        ["name: odd-one", "trailName: Odd_One", "keyPrefix: a/b", "recursiveLogging: false", "\"on\": \"no\""]
    {
        assert!(odd.contains(said), "{said}: {odd}");
    }
    Ok(())
}

#[test]
fn management_events_of_every_kind_come_back() -> Result<()> {
    let account = "100000000002";
    let category = json!({"Field": "eventCategory", "Equals": ["Management"]});
    let without =
        json!({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]});
    let reads = json!({"Field": "readOnly", "Equals": ["true"]});
    for (name, form, list) in [
        ("basic-reads", BASIC, json!([{"ReadWriteType": "ReadOnly"}])),
        (
            "basic-writes",
            BASIC,
            json!([{"ReadWriteType": "WriteOnly", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]),
        ),
        ("basic-halves", BASIC, json!([{"ReadWriteType": "WriteOnly"}, {"ReadWriteType": "ReadOnly"}])),
        (
            "advanced",
            ADVANCED,
            json!([{"Name": "Management events selector", "FieldSelectors": [category, reads, without]}]),
        ),
        ("default", ADVANCED, json!([{"Name": "Management events selector", "FieldSelectors": [category]}])),
    ] {
        make(account, name, json!({}))?;
        select(account, name, form, &list)?;
        is_whole(account, name)?;
        aws(account, "cloudtrail", "DeleteTrail", &json!({"Name": name}))?;
    }
    Ok(())
}

#[test]
fn selectors_of_every_shape_and_operator_come_back() -> Result<()> {
    let account = "100000000003";
    let function = format!("arn:aws:lambda:{REGION}:{account}:function:f");
    let table = format!("arn:aws:dynamodb:{REGION}:{account}:table/t");
    let basic = json!([
        {"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": [
            {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/", "arn:aws:s3:::b/c"]},
            {"Type": "AWS::Lambda::Function", "Values": [function]}]},
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": false, "DataResources": [
            {"Type": "AWS::DynamoDB::Table", "Values": [table]}]},
        {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": false, "DataResources": [
            {"Type": "AWS::DynamoDB::Table", "Values": ["arn:aws:dynamodb"]}, {"Type": "AWS::Lambda::Function", "Values": ["arn:aws:lambda"]}]},
        {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": false, "DataResources": [
            {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3"]}]},
    ]);
    make(account, "basic", json!({}))?;
    select(account, "basic", BASIC, &basic)?;
    let manifests = is_whole(account, "basic")?;
    assert_eq!(manifests.matches("\n  basic:\n").count(), 4, "{manifests}");
    assert!(manifests.contains("priority: 130"), "{manifests}");

    let every_operator = json!({
        "Field": "resources.ARN", "Equals": ["arn:aws:s3:::a/b"], "StartsWith": ["arn:aws:s3:::c/"], "EndsWith": [".log"],
        "NotEquals": ["arn:aws:s3:::c/d"], "NotStartsWith": ["arn:aws:s3:::c/e"], "NotEndsWith": [".tmp", ".swp"],
    });
    let network = json!([
        {"Field": "eventCategory", "Equals": ["NetworkActivity"]}, {"Field": "eventSource", "Equals": ["kms.amazonaws.com"]},
        {"Field": "errorCode", "Equals": ["VpceAccessDenied"]},
    ]);
    let advanced = json!([
        {"Name": "Bucket: writes", "FieldSelectors": data("AWS::S3::Object", &[every_operator, json!({"Field": "readOnly", "Equals": ["false"]})])},
        {"Name": "bucket writes", "FieldSelectors": data("AWS::S3::Object", &[json!({"Field": "eventName", "NotStartsWith": ["List"], "Equals": ["PutObject"]})])},
        {"FieldSelectors": data("AWS::SNS::Topic", &[json!({"Field": "userIdentity.arn", "NotEndsWith": ["/robot"]})])},
        {"Name": "no", "FieldSelectors": network},
    ]);
    make(account, "advanced", json!({}))?;
    select(account, "advanced", ADVANCED, &advanced)?;
    let insights = json!([{"InsightType": "ApiErrorRateInsight", "EventCategories": ["Data"]}]);
    aws(
        account,
        "cloudtrail",
        "PutInsightSelectors",
        &json!({"TrailName": "advanced", "InsightSelectors": insights}),
    )?;
    let summaries = json!([{"EventCategory": "Data", "Templates": ["API_ACTIVITY", "RESOURCE_ACCESS"]}]);
    let summaries = json!({"TrailName": "advanced", "AggregationConfigurations": summaries});
    aws(account, "cloudtrail", "PutEventConfiguration", &summaries)?;
    let manifests = is_whole(account, "advanced")?;
    for said in [
        "readWriteType: None",
        "name: advanced-bucket-writes-2",
        "name: advanced-sns-topic",
        "name: \"no\"",
        "API_ACTIVITY",
    ] {
        assert!(manifests.contains(said), "{said}: {manifests}");
    }
    Ok(())
}

#[test]
fn a_trail_of_an_organization_comes_back() -> Result<()> {
    let account = "100000000004";
    let organization = json!({"management": account, "members": ["100000000005"], "trustedAccess": true});
    let organization = lab().organization(organization)?;
    let id = organization["id"].as_str().context("no id")?;
    make(account, "everybody", json!({"IsMultiRegionTrail": true}))?;
    let bucket = format!("{account}-everybody");
    let policy = aws(account, "s3", "GetBucketPolicy", &json!({"Bucket": bucket}))?;
    let mut policy: Value = serde_json::from_str(policy["Policy"].as_str().context("no policy")?)?;
    let statements = policy["Statement"].as_array_mut().context("no statements")?;
    let mut of_all = statements[1].clone();
    of_all["Resource"] = format!("arn:aws:s3:::{bucket}/AWSLogs/{id}/*").into();
    statements.push(of_all);
    aws(account, "s3", "PutBucketPolicy", &json!({"Bucket": bucket, "Policy": policy.to_string()}))?;
    let update = json!({"Name": "everybody", "IsOrganizationTrail": true});
    aws(account, "cloudtrail", "UpdateTrail", &update)?;
    let manifests = is_whole(account, "everybody")?;
    assert!(manifests.contains("isOrganizationTrail: true"), "{manifests}");
    Ok(())
}

#[test]
fn what_a_manifest_cannot_say_is_told_and_is_all_that_the_plan_has() -> Result<()> {
    let account = "100000000006";
    let management = |name: &str, read_only: &str| {
        let fields = [
            json!({"Field": "eventCategory", "Equals": ["Management"]}),
            json!({"Field": "readOnly", "Equals": [read_only]}),
        ];
        json!({"Name": name, "FieldSelectors": fields})
    };
    make(account, "split", json!({}))?;
    select(account, "split", ADVANCED, &json!([management("Reads", "true"), management("Writes", "false")]))?;
    let (path, answer) = import(lab(), account, &arn(account, "split"), &[])?;
    let told = "cannot say what AWS has, and the operator would change it (PutEventSelectors): managementEvents: 'Reads (";
    for text in [&answer.out, &answer.err] {
        assert_eq!(text.matches(told).count(), 1, "{answer:?}");
    }
    let (changes, _) = plan(lab(), account, &path, &[])?;
    assert_eq!(changes, [format!("AddTags tags.{OWNER_TAG}").as_str(), "PutEventSelectors managementEvents"]);
    Ok(())
}

#[test]
fn a_trail_of_another_is_taken_over_by_name_and_one_s_own_needs_nothing() -> Result<()> {
    let account = "100000000007";
    make(account, "owned", json!({"TagsList": [{"Key": OWNER_TAG, "Value": "there/security/main"}]}))?;
    let owned = arn(account, "owned");
    let (path, answer) = import(lab(), account, &owned, &["--name", "mine", "--account-ref", "prod"])?;
    for said in [
        "  name: mine\n",
        "trailName: owned\n",
        "    name: prod\n",
        "adoptFrom: there/security/main\n",
        "# The trail carries",
    ] {
        assert!(answer.out.contains(said), "{said}: {answer:?}");
    }
    let (changes, _) = plan(lab(), account, &path, &[])?;
    assert_eq!(changes, [format!("AddTags tags.{OWNER_TAG}")]);
    let (path, answer) = import(lab(), account, &owned, &["--name", "main", "--namespace", "security"])?;
    assert!(
        answer.out.contains("namespace: security\n") && !answer.out.contains("adoptFrom: "),
        "{answer:?}"
    );
    for more in [&[][..], &["--cluster-id", "there"]] {
        assert_eq!(plan(lab(), account, &path, more)?, (vec![], json!([])));
    }
    Ok(())
}

#[test]
fn applied_it_becomes_ready_with_one_tag() -> Result<()> {
    let (stage, at) = (shared(), place("imported", "il-central-1"));
    stage.make_bucket(at)?;
    neighbours::topic(stage, at)?;
    neighbours::log_group(stage, at)?;
    let group = format!("arn:aws:logs:{}:{ACCOUNT}:log-group:{}:*", at.region, at.name);
    let more = json!({
        "KmsKeyId": neighbours::key(stage, at)?, "SnsTopicName": neighbours::topic_arn(at),
        "CloudWatchLogsLogGroupArn": group, "CloudWatchLogsRoleArn": neighbours::role_arn(at),
    });
    stage.make_by_hand(at, more)?;
    let selectors = json!({"TrailName": at.name, "EventSelectors": [{"ReadWriteType": "All", "DataResources": [
        {"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::a/"]}]}]});
    stage.aws(at, "cloudtrail", "PutEventSelectors", &selectors)?;
    let (path, answer) = import(&stage.lab, ACCOUNT, &at.arn(), &["--namespace", at.namespace])?;
    assert!(!answer.err.contains("warning"), "{answer:?}");
    for said in ["kms:\n    keyId: arn:", "topicArn: arn:", "logGroupName: imported\n"] {
        assert!(answer.out.contains(said), "{said}: {}", answer.out);
    }
    let mark = stage.mark()?;
    apply(stage, &path)?;
    stage.wait_ready(at)?;
    stage.look(at)?;
    assert_eq!(stage.writes_since(at, mark)?, ["AddTags"]);
    Ok(())
}

fn apply(stage: &Stage, path: &Path) -> Result<()> {
    stage.cluster.kubectl(&["apply", "--filename", path.to_str().context("no text")?]).map(drop)
}

#[test]
fn what_cannot_be_imported_is_told_with_what_to_do() -> Result<()> {
    let account = "100000000008";
    make(account, "here", json!({"IsMultiRegionTrail": true}))?;
    let refused = |arn: &str, why: &[&str]| -> Result<()> {
        let answer = call(lab(), account, &["import", "--trail-arn", arn])?;
        assert!(answer.code == Some(4) && answer.out.is_empty(), "{answer:?}");
        assert!(why.iter().all(|why| answer.err.contains(why)), "{answer:?}");
        Ok(())
    };
    let here = arn(account, "here");
    refused("here", &["'here' is no ARN of a trail", "aws cloudtrail list-trails"])?;
    refused(&arn(account, "gone"), &["there is no trail", &here])?;
    refused(&here.replace(REGION, "us-east-2"), &["shadow", "home Region is eu-west-1", &here])?;
    refused(&arn("999900000000", "x"), &["use credentials of account 999900000000"])?;
    for operation in ["DescribeTrails", "ListTags", "GetTrailStatus"] {
        let denied = json!({"service": "cloudtrail", "operation": operation, "account": account, "code": "AccessDeniedException"});
        lab().fault(denied)?;
        refused(&here, &[&format!("may not call cloudtrail:{operation}")])?;
    }
    Ok(())
}

#[test]
fn what_was_delivered_is_what_the_selectors_record() -> Result<()> {
    let account = "100000000009";
    make(account, "test", json!({"EnableLogFileValidation": true}))?;
    aws(account, "cloudtrail", "StartLogging", &json!({"Name": "test"}))?;
    let writes = data(
        "AWS::S3::Object",
        &[
            json!({"Field": "readOnly", "Equals": ["false"]}),
            json!({"Field": "resources.ARN", "StartsWith": ["arn:aws:s3:::a/"]}),
        ],
    );
    let management = json!([{"Field": "eventCategory", "Equals": ["Management"]}]);
    let selectors = json!([
        {"Name": "Management events selector", "FieldSelectors": management},
        {"Name": "Bucket writes", "FieldSelectors": writes},
    ]);
    select(account, "test", ADVANCED, &selectors)?;
    lab().deliver(json!({"trail": "test", "account": account, "region": REGION, "hours": 2, "seed": 7}))?;
    let folder = shared().cluster.folder().join("delivered");
    let to = folder.to_str().context("no text")?;
    let from = format!("s3://{account}-test");
    lab().aws_cli()?.run(account, REGION, &["s3", "cp", "--recursive", "--quiet", &from, to])?;
    let (path, _) = import(lab(), account, &arn(account, "test"), &[])?;
    let manifests = path.to_str().context("no text")?;
    let test = ["selector", "test", "--filename", manifests];
    let answer = call(lab(), account, &[&test[..], &["--list", "--output", "json", to]].concat())?;
    assert_eq!(answer.code, Some(0), "{answer:?}");
    assert!(answer.err.contains("CloudTrail-Digest (1)"), "{answer:?}");
    let document: Value = serde_json::from_str(&answer.out)?;
    assert_eq!(
        (&document["apiVersion"], &document["kind"]),
        (&json!("trail-operator.dev/v1alpha1"), &json!("SelectorTest"))
    );
    let count = |field: &str| document[field].as_u64().unwrap_or_default();
    assert_eq!((count("recorded"), count("undetermined")), (count("events"), 0), "{document}");
    assert_eq!(document["recordedEvents"].as_array().map(Vec::len), usize::try_from(count("events")).ok());
    assert!(count("events") >= 16, "{document}");

    let others = folder.join("others.ndjson");
    fs::write(
        &others,
        "{\"eventSource\":\"s3.amazonaws.com\",\"eventName\":\"GetObject\",\"eventCategory\":\"Data\",\"readOnly\":true}\n\n{\"detail\": {}}\n",
    )?;
    let bad = call(lab(), account, &[&test[..], &[others.to_str().context("no text")?]].concat())?;
    assert!(
        bad.code == Some(4) && bad.out.is_empty() && bad.err.contains("others.ndjson, line 3: "),
        "{bad:?}"
    );
    let refused = fs::read_to_string(&path)?.replace("AWS::S3::Object", "s3");
    fs::write(&path, refused)?;
    let refused = call(lab(), account, &[&test[..], &[to]].concat())?;
    assert!(refused.code == Some(4) && refused.out.is_empty(), "{refused:?}");
    let place = format!(
        "EventSelector default/test-bucket-writes in {manifests}: Invalid: spec.advanced[0]: resources.type"
    );
    assert!(refused.err.contains(&place), "{refused:?}");
    Ok(())
}

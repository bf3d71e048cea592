//! The examples fit together: each trail with the policies beside it, each EventSelector with its trail.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use test_suites::examples;

/// The operator's account, and that of every trail which names no AwsAccount.
const ACCOUNT: &str = "111122223333";
/// The organization.
const ORGANIZATION: &str = "o-exampleorgid";

#[test]
fn each_bucket_lets_cloudtrail_write_for_the_trails_beside_it_and_nothing_else() {
    let mut policies = 0;
    for example in examples().unwrap() {
        let mut documented: BTreeMap<_, _> = example.bucket_policies().unwrap();
        for (bucket, trails) in example.trails_by_bucket().unwrap() {
            let about = format!("{}: {bucket}", example.name());
            let policy = documented.remove(&bucket).unwrap_or_else(|| panic!("{about}: no policy"));
            assert_eq!(policy["Version"], "2012-10-17");
            let statements = policy["Statement"].as_array().unwrap();
            let expected = example.statements(&bucket, &trails).unwrap();
            assert_eq!(statements.len(), expected.len(), "{about}");
            for (statement, (action, resource, condition)) in statements.iter().zip(expected) {
                assert_eq!(statement["Effect"], "Allow");
                assert_eq!(statement["Principal"], json!({"Service": "cloudtrail.amazonaws.com"}));
                assert_eq!(statement["Action"], action, "{about}");
                assert_eq!(statement["Resource"], resource, "{about}");
                assert_eq!(statement["Condition"], json!({"StringEquals": condition}), "{about}");
            }
            policies += 1;
        }
        assert!(documented.is_empty(), "{}: of no trail's bucket: {:?}", example.name(), documented.keys());
    }
    assert!(policies > 8, "only {policies} policies were looked at");
}

/// No event of an example can be lost for a misspelt name.
#[test]
fn each_event_selector_names_the_trail_beside_it_which_lets_its_namespace_add() {
    let mut selectors = 0;
    for example in examples().unwrap() {
        let objects = example.objects().unwrap();
        let all = |kind: &'static str| objects.iter().filter(move |object| object["kind"] == kind);
        for selector in all("EventSelector") {
            let (own, reference) = (&selector["metadata"]["namespace"], &selector["spec"]["trailRef"]);
            let namespace = if reference["namespace"].is_null() { own } else { &reference["namespace"] };
            let is_it = |trail: &&Value| {
                trail["metadata"]["name"] == reference["name"] && trail["metadata"]["namespace"] == *namespace
            };
            let trail = all("Trail").find(is_it).unwrap_or_else(|| panic!("no Trail for {selector}"));
            let from = &trail["spec"]["eventSelectorsFrom"]["namespaces"];
            assert!(own == namespace || ["Selector", "All"].iter().any(|open| from == open), "{selector}");
            selectors += 1;
        }
    }
    assert!(selectors >= 8, "only {selectors} EventSelectors were looked at");
}

/// The kinds of events and the two forms that people look for.
#[test]
fn event_selectors_are_shown_for_each_kind_of_event_and_in_both_forms() {
    let mut shown = BTreeSet::new();
    for example in examples().unwrap() {
        for object in example.objects().unwrap().iter().filter(|object| object["kind"] == "EventSelector") {
            let fields = object["spec"]["advanced"].as_array().into_iter().flatten();
            let fields = fields.flat_map(|one| one["fieldSelectors"].as_array().into_iter().flatten());
            for field in
                fields.filter(|field| field["field"] == "resources.type" || field["field"] == "eventCategory")
            {
                shown.insert(format!("advanced {}", field["equals"][0].as_str().unwrap()));
            }
            for resource in object["spec"]["basic"]["dataResources"].as_array().into_iter().flatten() {
                shown.insert(format!("basic {}", resource["type"].as_str().unwrap()));
            }
        }
    }
    let expected = [
        "advanced AWS::S3::Object",
        "advanced Data",
        "advanced NetworkActivity",
        "basic AWS::DynamoDB::Table",
        "basic AWS::Lambda::Function",
        "basic AWS::S3::Object",
    ];
    assert_eq!(shown.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn the_documents_for_another_account_agree() {
    let example = Example { folder: folder().join("cross-account") };
    let (account, trail) = (example.yaml("account.yaml").unwrap(), example.trail().unwrap());
    let (spec, role) = (&account["spec"], &account["spec"]["roleArn"]);
    assert_eq!(trail["spec"]["accountRef"]["name"], account["metadata"]["name"]);
    assert_eq!(spec["allowedNamespaces"]["names"], json!([trail["metadata"]["namespace"]]));
    assert_eq!(spec["allowedRegions"], json!([trail["spec"]["region"]]));
    assert_eq!(spec["allowedResources"]["buckets"], json!([trail["spec"]["s3"]["bucketName"]]));

    let operator = example.json("operator-permissions.json").unwrap();
    assert_eq!(operator["Statement"][0]["Action"], "sts:AssumeRole");
    assert_eq!(operator["Statement"][0]["Resource"], *role);
    let trust = example.json("role-trust.json").unwrap();
    let operators_role = json!({"AWS": format!("arn:aws:iam::{ACCOUNT}:role/trail-operator")});
    assert_eq!(trust["Statement"][0]["Principal"], operators_role);
    let external_id = json!({"StringEquals": {"sts:ExternalId": spec["externalId"]}});
    assert_eq!(trust["Statement"][0]["Condition"], external_id);
}

/// What the role may do is what the documentation grants, for its account, without ending a log.
#[test]
fn the_role_in_another_account_has_the_documented_policy_without_what_ends_a_log() {
    let example = Example { folder: folder().join("cross-account") };
    let text = fs::read_to_string(folder().join("../docs/operator-iam-policy.json")).unwrap();
    let mut documented: Value =
        serde_json::from_str(&text.replace(ACCOUNT, &example.account_id(&example.trail().unwrap()).unwrap()))
            .unwrap();
    let used = ["FindTrails", "KeepTrails", "ListRegions"];
    let statements = documented["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| used.iter().any(|sid| statement["Sid"] == *sid));
    for statement in statements {
        if let Some(actions) = statement["Action"].as_array_mut() {
            let before = actions.len();
            actions.retain(|action| action != "cloudtrail:StopLogging" && action != "cloudtrail:DeleteTrail");
            assert_eq!(actions.len(), before - 2, "what ends a log is called otherwise now");
        }
    }
    assert_eq!(example.json("role-permissions.json").unwrap(), documented);
}

#[test]
fn adoption_begins_with_a_look() {
    let trail = Example { folder: folder().join("adopt-existing") }.trail().unwrap();
    assert_eq!(trail["spec"]["managementPolicy"], "Observe");
    assert_eq!(trail["spec"]["adoptionPolicy"], "IfUnowned");
}

#[test]
fn the_other_policies_name_the_trail_and_what_it_points_at() {
    for (name, file) in [("encrypted", "trail.yaml"), ("guide", "standard.yaml")] {
        let example = Example { folder: folder().join(name) };
        let trail = example.yaml(file).unwrap();
        let arn = example.arn_of(&trail).unwrap();
        for file in ["key-policy.json", "topic-policy.json"] {
            if !example.folder.join(file).exists() {
                assert!(file != "topic-policy.json" || trail["spec"]["sns"].is_null(), "{name}");
                continue;
            }
            let policy = example.json(file).unwrap();
            for statement in policy["Statement"].as_array().unwrap() {
                if statement["Principal"] == json!({"Service": "cloudtrail.amazonaws.com"}) {
                    assert_eq!(statement["Condition"]["StringEquals"]["aws:SourceArn"], arn, "{name}/{file}");
                }
            }
            if file == "topic-policy.json" {
                assert_eq!(policy["Statement"][0]["Resource"], trail["spec"]["sns"]["topicArn"]);
            }
        }
        let role = example.json("role-permissions.json").unwrap();
        let group = trail["spec"]["cloudWatchLogs"]["logGroupName"].as_str().unwrap();
        let region = trail["spec"]["region"].as_str().unwrap();
        let stream = format!("log-group:{group}:log-stream:{ACCOUNT}_CloudTrail_{region}*");
        assert_eq!(role["Statement"][0]["Resource"], format!("arn:aws:logs:{region}:{ACCOUNT}:{stream}"));
    }
}

#[test]
fn every_readme_applies_what_is_there() {
    for example in examples().unwrap() {
        let readme = fs::read_to_string(example.folder.join("README.md")).unwrap();
        let files: Vec<_> = fs::read_dir(&example.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().display().to_string())
            .filter(|name| name != "README.md")
            .collect();
        for file in &files {
            assert!(readme.contains(file.as_str()), "{}/README.md does not mention {file}", example.name());
        }
        let named = readme.split(|c: char| c.is_whitespace() || "`()".contains(c));
        for used in named.filter_map(|word| word.strip_prefix("file://")) {
            assert!(files.iter().any(|file| file == used), "{}/README.md uses {used}", example.name());
        }
    }
}

struct Example {
    folder: PathBuf,
}

impl Example {
    fn name(&self) -> String {
        self.folder.file_name().unwrap_or_default().display().to_string()
    }

    fn read(&self, file: &str) -> Result<String> {
        let path = self.folder.join(file);
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
    }

    fn yaml(&self, file: &str) -> Result<Value> {
        serde_saphyr::from_str(&self.read(file)?).with_context(|| format!("{}/{file}", self.name()))
    }

    fn trail(&self) -> Result<Value> {
        self.yaml("trail.yaml")
    }

    fn json(&self, file: &str) -> Result<Value> {
        serde_json::from_str(&self.read(file)?).with_context(|| format!("{}/{file}", self.name()))
    }

    fn objects(&self) -> Result<Vec<Value>> {
        Ok(examples::manifests(&self.folder)?.into_iter().map(|manifest| manifest.object).collect())
    }

    /// The AwsAccount of a trail's `accountRef`, or the operator's own account.
    fn account_id(&self, trail: &Value) -> Result<String> {
        let name = &trail["spec"]["accountRef"]["name"];
        if name.is_null() {
            return Ok(ACCOUNT.into());
        }
        let objects = self.objects()?;
        let is_it = |object: &&Value| object["kind"] == "AwsAccount" && object["metadata"]["name"] == *name;
        let account = objects.iter().find(is_it).context("no such AwsAccount")?;
        Ok(account["spec"]["accountId"].as_str().context("no account id in quotes")?.to_owned())
    }

    fn arn_of(&self, trail: &Value) -> Result<String> {
        let region = trail["spec"]["region"].as_str().context("no region")?;
        let name =
            trail["spec"]["trailName"].as_str().or(trail["metadata"]["name"].as_str()).context("no name")?;
        Ok(format!("arn:aws:cloudtrail:{region}:{}:trail/{name}", self.account_id(trail)?))
    }

    /// Trails by the name of their bucket.
    fn trails_by_bucket(&self) -> Result<BTreeMap<String, Vec<Value>>> {
        let mut buckets: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for trail in self.objects()?.into_iter().filter(|object| object["kind"] == "Trail") {
            let bucket = trail["spec"]["s3"]["bucketName"].as_str().context("no bucket")?.to_owned();
            buckets.entry(bucket).or_default().push(trail);
        }
        Ok(buckets)
    }

    /// Policies by the name of the bucket that their first statement speaks of.
    fn bucket_policies(&self) -> Result<BTreeMap<String, Value>> {
        let mut policies = BTreeMap::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().display().to_string();
            if name.ends_with("bucket-policy.json") {
                let policy = self.json(&name)?;
                let bucket = policy["Statement"][0]["Resource"].as_str().context(name.clone())?;
                let bucket = bucket.strip_prefix("arn:aws:s3:::").context(name)?.to_owned();
                policies.insert(bucket, policy);
            }
        }
        Ok(policies)
    }

    /// What the policy of a bucket must say for these trails: action, resource and condition of each statement. Trails of
    /// one bucket are one trail in AWS, declared in several ways.
    fn statements(&self, bucket: &str, trails: &[Value]) -> Result<Vec<(&'static str, String, Value)>> {
        let bucket = format!("arn:aws:s3:::{bucket}");
        let mut expected = BTreeSet::new();
        for trail in trails {
            let spec = &trail["spec"];
            let prefix = spec["s3"]["keyPrefix"].as_str().map(|prefix| format!("{prefix}/"));
            let of_all = spec["isOrganizationTrail"] == true;
            expected.insert((
                self.arn_of(trail)?,
                self.account_id(trail)?,
                prefix.unwrap_or_default(),
                of_all,
            ));
        }
        anyhow::ensure!(expected.len() == 1, "{}: {bucket} is of several trails", self.name());
        let (source, account, prefix, of_all) = expected.pop_first().context("a bucket of no trail")?;
        let mut statements =
            vec![("s3:GetBucketAcl", bucket.clone(), json!({"aws:SourceArn": source.as_str()}))];
        let writers = std::iter::once(account).chain(of_all.then(|| ORGANIZATION.to_owned()));
        statements.extend(writers.map(|owner| {
            let condition = json!({
                "aws:SourceArn": source.as_str(),
                "s3:x-amz-acl": "bucket-owner-full-control",
            });
            ("s3:PutObject", format!("{bucket}/{prefix}AWSLogs/{owner}/*"), condition)
        }));
        Ok(statements)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn examples() -> Result<Vec<Example>> {
    Ok(examples::all()?.into_iter().map(|folder| Example { folder }).collect())
}

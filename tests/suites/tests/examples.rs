//! The examples fit together: each trail with the policies beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// The operator's account, and that of every trail which names no AwsAccount.
const ACCOUNT: &str = "111122223333";
/// The organization.
const ORGANIZATION: &str = "o-exampleorgid";

#[test]
fn each_bucket_lets_cloudtrail_write_for_the_trail_beside_it_and_nothing_else() {
    for example in examples().unwrap() {
        let trail = example.trail().unwrap();
        let spec = &trail["spec"];
        let bucket = format!("arn:aws:s3:::{}", spec["s3"]["bucketName"].as_str().unwrap());
        let prefix = spec["s3"]["keyPrefix"].as_str().map(|prefix| format!("{prefix}/")).unwrap_or_default();
        let source = json!({"aws:SourceArn": example.trail_arn().unwrap()});
        let acl_and_source = json!({
            "aws:SourceArn": example.trail_arn().unwrap(),
            "s3:x-amz-acl": "bucket-owner-full-control",
        });
        let mut owners = vec![example.account_id().unwrap()];
        owners.extend((spec["isOrganizationTrail"] == true).then(|| ORGANIZATION.to_owned()));
        let writes = owners.into_iter().map(|owner| {
            ("s3:PutObject", format!("{bucket}/{prefix}AWSLogs/{owner}/*"), acl_and_source.clone())
        });
        let expected: Vec<_> =
            [("s3:GetBucketAcl", bucket.clone(), source)].into_iter().chain(writes).collect();
        let policy = example.json("bucket-policy.json").unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        let statements = policy["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), expected.len(), "{}", example.name());
        for (statement, (action, resource, condition)) in statements.iter().zip(expected) {
            assert_eq!(statement["Effect"], "Allow");
            assert_eq!(statement["Principal"], json!({"Service": "cloudtrail.amazonaws.com"}));
            assert_eq!(statement["Action"], action, "{}", example.name());
            assert_eq!(statement["Resource"], resource, "{}", example.name());
            assert_eq!(statement["Condition"], json!({"StringEquals": condition}), "{}", example.name());
        }
    }
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
        serde_json::from_str(&text.replace(ACCOUNT, &example.account_id().unwrap())).unwrap();
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
    let example = Example { folder: folder().join("encrypted") };
    let (arn, trail) = (example.trail_arn().unwrap(), example.trail().unwrap());
    for file in ["key-policy.json", "topic-policy.json"] {
        let policy = example.json(file).unwrap();
        for statement in policy["Statement"].as_array().unwrap() {
            if statement["Principal"] == json!({"Service": "cloudtrail.amazonaws.com"}) {
                assert_eq!(statement["Condition"]["StringEquals"]["aws:SourceArn"], arn, "{file}");
            }
        }
    }
    let topic = example.json("topic-policy.json").unwrap();
    assert_eq!(topic["Statement"][0]["Resource"], trail["spec"]["sns"]["topicArn"]);
    let role = example.json("role-permissions.json").unwrap();
    let group = trail["spec"]["cloudWatchLogs"]["logGroupName"].as_str().unwrap();
    let region = trail["spec"]["region"].as_str().unwrap();
    let stream = format!("log-group:{group}:log-stream:{ACCOUNT}_CloudTrail_{region}*");
    assert_eq!(role["Statement"][0]["Resource"], format!("arn:aws:logs:{region}:{ACCOUNT}:{stream}"));
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

    fn account_id(&self) -> Result<String> {
        if !self.folder.join("account.yaml").exists() {
            return Ok(ACCOUNT.into());
        }
        let account = self.yaml("account.yaml")?;
        Ok(account["spec"]["accountId"].as_str().context("no account id in quotes")?.to_owned())
    }

    fn json(&self, file: &str) -> Result<Value> {
        serde_json::from_str(&self.read(file)?).with_context(|| format!("{}/{file}", self.name()))
    }

    fn trail_arn(&self) -> Result<String> {
        let trail = self.trail()?;
        let region = trail["spec"]["region"].as_str().context("no region")?;
        let name =
            trail["spec"]["trailName"].as_str().or(trail["metadata"]["name"].as_str()).context("no name")?;
        Ok(format!("arn:aws:cloudtrail:{region}:{}:trail/{name}", self.account_id()?))
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")
}

fn examples() -> Result<Vec<Example>> {
    let entries = fs::read_dir(folder())?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    let found: Vec<_> =
        entries.into_iter().filter(|path| path.is_dir()).map(|folder| Example { folder }).collect();
    anyhow::ensure!(!found.is_empty(), "no examples");
    Ok(found)
}

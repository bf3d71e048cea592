//! A minute of trouble: edits, others' changes, faults of AWS and death, at random. Then peace, and all is as declared.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use fastrand::Rng;
use serde_json::{Value, json};
use test_cluster::wait_for;
use test_suites::stage::{PATIENCE, Place, Stage, condition};

use super::kstatus::Watch;
use crate::{neighbours, place, recording};

const TROUBLE: Duration = Duration::from_mins(1);

/// A trail that was made and deleted by others before it was seen is taken for invisible for a minute.
const CONVERGENCE: Duration = Duration::from_mins(2);

#[test]
fn after_a_minute_of_trouble_aws_is_as_declared_and_nothing_more_is_written() -> Result<()> {
    let seed = std::env::var("SOAK_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or_else(|| fastrand::u64(..));
    println!("SOAK_SEED={seed} begins with the same steps");
    let mut stage = Stage::start()?;
    let at = place("troubled", "us-west-2");
    let mut trouble = Trouble::begin(&stage, at, seed)?;
    let watch = Watch::start(&stage, at)?;
    let began = Instant::now();
    while began.elapsed() < TROUBLE {
        trouble.step(&mut stage)?;
        // Whatever a step meets the operator in is the point of it.
        thread::sleep(Duration::from_millis(trouble.random.u64(0..1500)));
    }
    stage.lab.delete_faults()?;
    stage.lab.lag("cloudtrail", Duration::ZERO)?;

    // An edit ends every wait: for what was forbidden, and for who fought over tags.
    stage.patch_trail(at, &json!({"intervalSeconds": 31}))?;
    wait_for("AWS to be as declared", CONVERGENCE, || {
        stage.operator()?.ensure_alive()?;
        let trail = stage.trail(at)?;
        let ready = condition(&trail, "Ready");
        ensure!(
            ready["status"] == "True" && ready["observedGeneration"] == trail["metadata"]["generation"],
            "Ready is {ready}"
        );
        differs(&stage, at, &trail["spec"], &trouble.key)
    })?;
    let (mark, since) = (stage.mark()?, Instant::now());
    wait_for("more than an interval", PATIENCE, || {
        ensure!(since.elapsed() > Duration::from_secs(33), "not yet");
        Ok(())
    })?;
    assert!(stage.calls_since(at, mark)?.contains(&"GetTrailStatus".to_owned()), "it was looked at");
    assert_eq!(stage.writes_since(at, mark)?, [""; 0]);
    let trails = stage.aws(at, "cloudtrail", "DescribeTrails", &json!({}))?;
    assert_eq!(trails["trailList"].as_array().map(Vec::len), Some(1), "{trails}");

    let (states, violations) = watch.end()?;
    println!("{states} states of the object were seen");
    assert!(states > 10 && violations.is_empty(), "of {states} states: {violations:#?}");
    Ok(())
}

/// Whatever AWS has otherwise than this spec says is an error.
fn differs(stage: &Stage, at: Place<'_>, spec: &Value, key: &str) -> Result<()> {
    let aws = stage.in_aws(at)?;
    // A tag that others set once ours was off is theirs.
    let team = json!(stage.tags(at)?.get("Team"));
    let is_theirs = spec["tags"]["Team"].is_null() && team == "theirs";
    for (field, actual, declared) in [
        ("enableLogFileValidation", &aws["LogFileValidationEnabled"], &spec["enableLogFileValidation"]),
        (
            "includeGlobalServiceEvents",
            &aws["IncludeGlobalServiceEvents"],
            &spec["includeGlobalServiceEvents"],
        ),
        ("s3.keyPrefix", &aws["S3KeyPrefix"], &spec["s3"]["keyPrefix"]),
        ("s3.bucketName", &aws["S3BucketName"], &json!(at.bucket())),
        ("kms.keyId", &aws["KmsKeyId"], &spec["kms"].as_object().map_or(Value::Null, |_| json!(key))),
        ("logging", &json!(stage.is_logging(at)?), &json!(spec["logging"] == "Enabled")),
        ("tags.Team", &team, if is_theirs { &team } else { &spec["tags"]["Team"] }),
        ("owner", &json!(stage.owner_tag(at)?), &json!("stage/default/troubled")),
    ] {
        ensure!(actual == declared, "{field} is {actual}, declared is {declared}");
    }
    let wanted = match spec["managementEvents"]["readWriteType"].as_str() {
        Some("ReadOnly") => {
            Some(vec!["eventCategory Equals Management".to_owned(), "readOnly Equals true".to_owned()])
        }
        Some("WriteOnly") => {
            Some(vec!["eventCategory Equals Management".to_owned(), "readOnly Equals false".to_owned()])
        }
        _ => None,
    };
    let selector = recording::selector(stage, at)?;
    ensure!(selector == wanted, "the selector is {selector:?}, declared is {wanted:?}");
    let insights = recording::insights(stage, at)?;
    let declared = spec["insightSelectors"].as_array().map_or(0, Vec::len);
    ensure!(insights.len() == declared, "Insights are {insights:?}, declared are {declared}");
    Ok(())
}

/// Steps at random.
struct Trouble {
    at: Place<'static>,
    random: Rng,
    key: String,
}

impl Trouble {
    /// The trail is made while trouble begins.
    fn begin(stage: &Stage, at: Place<'static>, seed: u64) -> Result<Self> {
        stage.make_bucket(at)?;
        let bucket = json!({"Bucket": at.bucket()});
        let policy = stage.aws(at, "s3", "GetBucketPolicy", &bucket)?;
        let policy =
            policy["Policy"].as_str().context("no policy")?.replace("-logs/AWSLogs/", "-logs/*AWSLogs/");
        stage.aws(at, "s3", "PutBucketPolicy", &json!({"Bucket": at.bucket(), "Policy": policy}))?;
        let key = neighbours::key(stage, at)?;
        // A trail whose tag others took off before it was known to be ours is nobody's.
        stage.apply_trail(at, |spec| spec["adoptionPolicy"] = "IfUnowned".into())?;
        Ok(Self { at, random: Rng::with_seed(seed), key })
    }

    fn step(&mut self, stage: &mut Stage) -> Result<()> {
        match self.random.u8(0..10) {
            0..4 => {
                let edit = self.edit();
                println!("edit {edit}");
                stage.patch_trail(self.at, &edit)
            }
            4..7 => {
                let (operation, params) = self.others();
                let answer = stage.aws(self.at, "cloudtrail", operation, &params);
                let outcome = answer.err().map_or_else(String::new, |error| format!(": {error:#}"));
                // There may be no trail, or none to have Insights.
                println!("others {operation} {params}{outcome}");
                Ok(())
            }
            7..9 => {
                let fault = self.fault();
                println!("fault {fault}");
                stage.lab.fault(fault)?;
                stage.lab.lag("cloudtrail", Duration::from_millis(self.random.u64(0..2000)))
            }
            _ => {
                println!("death");
                let operator = stage.operator()?;
                operator.kill9()?;
                operator.restart()
            }
        }
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.usize(0..of.len())].clone()
    }

    fn edit(&mut self) -> Value {
        let yes = self.random.bool();
        let key = json!({"keyId": self.key});
        let half = self.one(&["All", "WriteOnly", "ReadOnly"]);
        let tag = self.one(&[json!("a"), json!("b"), Value::Null]);
        self.one(&[
            json!({"enableLogFileValidation": yes}),
            json!({"includeGlobalServiceEvents": yes}),
            json!({"logging": if yes { "Enabled" } else { "Disabled" }}),
            json!({"s3": {"keyPrefix": yes.then_some("audit")}}),
            json!({"kms": yes.then_some(key)}),
            json!({"managementEvents": {"readWriteType": half}}),
            json!({"insightSelectors": yes.then(|| json!([{"insightType": "ApiErrorRateInsight"}]))}),
            json!({"tags": {"Team": tag}}),
        ])
    }

    fn others(&mut self) -> (&'static str, Value) {
        let (name, arn) = (self.at.name, self.at.arn());
        let yes = self.random.bool();
        let reads = json!({"TrailName": name, "EventSelectors": [{"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true}]});
        let team = json!({"ResourceId": arn, "TagsList": [{"Key": "Team", "Value": "theirs"}, {"Key": "Theirs", "Value": "1"}]});
        let owner = json!({"ResourceId": arn, "TagsList": [{"Key": test_suites::stage::OWNER_TAG}]});
        self.one(&[
            ("StopLogging", json!({"Name": name})),
            ("StartLogging", json!({"Name": name})),
            ("UpdateTrail", json!({"Name": name, "EnableLogFileValidation": yes, "S3KeyPrefix": "theirs"})),
            ("UpdateTrail", json!({"Name": name, "IncludeGlobalServiceEvents": yes})),
            ("PutEventSelectors", reads),
            ("PutInsightSelectors", json!({"TrailName": name, "InsightSelectors": []})),
            ("AddTags", team),
            ("RemoveTags", owner),
            ("DeleteTrail", json!({"Name": name})),
        ])
    }

    fn fault(&mut self) -> Value {
        let operation = self.one(&[
            "*",
            "Get*",
            "DescribeTrails",
            "ListTags",
            "CreateTrail",
            "UpdateTrail",
            "StartLogging",
            "Put*",
            "AddTags",
        ]);
        let (status, code) = self.one(&[
            (400, "ThrottlingException"),
            (500, "InternalFailure"),
            (400, "ConflictException"),
            (400, "AccessDeniedException"),
        ]);
        let phase = self.one(&["before", "after"]);
        let times = self.random.u8(1..4);
        let mut fault = json!({
            "service": "cloudtrail", "operation": operation, "region": self.at.region, "times": times, "phase": phase,
        });
        if self.random.u8(0..4) == 0 {
            fault["delaySeconds"] = self.random.u8(1..3).into();
        } else {
            fault["status"] = status.into();
            fault["code"] = code.into();
            fault["message"] = "trouble".into();
        }
        fault
    }
}

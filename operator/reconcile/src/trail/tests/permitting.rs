//! What an object may point at is the account's to say.

use trail_operator_crds::{AllowedResources, CloudWatchLogs, Destination, Kms, Sns};

use super::*;

const OWN_KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";
const FOREIGN_KEY: &str = "arn:aws:kms:us-east-1:444455556666:key/1";
const OWN_TOPIC: &str = "arn:aws:sns:us-east-1:111122223333:audit";
const FOREIGN_TOPIC: &str = "arn:aws:sns:us-east-1:444455556666:audit";
const OWN_ROLE: &str = "arn:aws:iam::111122223333:role/logs";
const FOREIGN_ROLE: &str = "arn:aws:iam::444455556666:role/logs";

/// The manifest points at this; the account allows these patterns of it.
fn pointing(field: &str, at: &str, patterns: &[&str]) -> (Input, Observed) {
    let mut input = edited(|trail| match field {
        "s3.bucketName" => trail.spec.s3.bucket_name = at.into(),
        "kms.keyId" => trail.spec.kms = Some(Kms { key_id: at.into() }),
        "sns.topicArn" => trail.spec.sns = Some(Sns { topic_arn: at.into() }),
        _ => {
            let role_arn = at.into();
            trail.spec.cloud_watch_logs = Some(CloudWatchLogs { log_group_name: "audit".into(), role_arn });
        }
    });
    let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
    let allowed = &mut input.allowed_resources;
    match field {
        "s3.bucketName" => allowed.buckets = patterns,
        "kms.keyId" => allowed.kms_key_arns = patterns,
        "sns.topicArn" => allowed.topic_arns = patterns,
        _ => allowed.role_arns = patterns,
    }
    let observed = Observed { key_arn: as_declared(&input).key_arn, ..Observed::default() };
    (input, observed)
}

const CASES: [(&str, &str, &[&str], bool); 19] = [
    ("s3.bucketName", "logs", &[], true),
    ("s3.bucketName", "logs", &["logs"], true),
    ("s3.bucketName", "audit-logs", &["other", "audit-*"], true),
    ("s3.bucketName", "audit-logs", &["log?", "logs"], false),
    ("kms.keyId", OWN_KEY, &[], true),
    ("kms.keyId", FOREIGN_KEY, &[], false),
    ("kms.keyId", FOREIGN_KEY, &["arn:aws:kms:*:444455556666:key/*"], true),
    ("kms.keyId", FOREIGN_KEY, &["arn:aws:kms:*:444455556666:key/2"], false),
    ("kms.keyId", OWN_KEY, &["arn:aws:kms:*:444455556666:key/*"], false),
    ("sns.topicArn", OWN_TOPIC, &[], true),
    ("sns.topicArn", FOREIGN_TOPIC, &[], false),
    ("sns.topicArn", FOREIGN_TOPIC, &[FOREIGN_TOPIC], true),
    ("sns.topicArn", FOREIGN_TOPIC, &[OWN_TOPIC], false),
    ("sns.topicArn", OWN_TOPIC, &[FOREIGN_TOPIC], false),
    ("cloudWatchLogs.roleArn", OWN_ROLE, &[], true),
    ("cloudWatchLogs.roleArn", FOREIGN_ROLE, &[], false),
    ("cloudWatchLogs.roleArn", FOREIGN_ROLE, &["*:role/log?"], true),
    ("cloudWatchLogs.roleArn", FOREIGN_ROLE, &["*:role/audit"], false),
    ("cloudWatchLogs.roleArn", OWN_ROLE, &["*:role/audit"], false),
];

/// A bucket whose owner may not be asked for, and a key whose name leads nowhere any more: what others put in their
/// place goes all the same.
#[test]
fn what_was_there_is_brought_back_whoever_may_be_asked() {
    let input = edited(|trail| trail.spec.kms = Some(Kms { key_id: "alias/audit".into() }));
    let was =
        Destination { bucket_name: "logs".into(), key_prefix: String::new(), kms_key_arn: OWN_KEY.into() };
    let input = Input { destination: Some(was), weakening_allowed: None, ..input };
    let stolen = changed(|trail| {
        trail.settings.s3_bucket_name = "theirs".into();
        trail.settings.kms_key_id = String::new();
    });
    let bucket = Some(Err(AwsError::new("HeadBucket", "AccessDenied", "")));
    let unread = vec![AwsError::new("DescribeKey", "NotFoundException", "")];
    let plan = plan(&input, &Observed { bucket, unread, ..stolen }, NOW);
    assert_eq!(set(&plan), ["s3.bucketName", "kms.keyId"], "{plan:?}");
}

#[test]
fn a_trail_is_made_only_of_what_the_account_allows() {
    for (field, at, patterns, allowed) in CASES {
        let (input, missing) = pointing(field, at, patterns);
        let plan = plan(&input, &missing, NOW);
        assert_eq!(operations(&plan).contains(&"CreateTrail"), allowed, "{field} {at} {patterns:?}");
        if !allowed {
            let [finding] = plan.findings.as_slice() else { panic!("{plan:?}") };
            assert_eq!((finding.severity, finding.reason), (Severity::Error, Reason::NotPermitted));
            let names = [format!("spec.{field}:"), format!("'{at}'"), "spec.allowedResources.".into()];
            assert!(names.iter().all(|name| finding.message.contains(name)), "{finding:?}");
        }
    }
}

#[test]
fn a_trail_that_is_there_keeps_what_it_has_in_that_field_and_changes_in_the_others() {
    for (field, at, patterns, allowed) in CASES {
        let (input, missing) = pointing(field, at, patterns);
        let observed = Observed {
            key_arn: missing.key_arn,
            ..changed(|trail| {
                trail.settings.enable_log_file_validation = false;
                trail.settings.s3_bucket_name = "before".into();
                trail.settings.cloud_watch_logs_log_group_arn =
                    input.settings.cloud_watch_logs_log_group_arn.clone();
            })
        };
        let plan = plan(&input, &observed, NOW);
        assert!(set(&plan).contains(&"enableLogFileValidation".into()), "{field}: {plan:?}");
        assert_eq!(set(&plan).contains(&field.to_owned()), allowed, "{field} {at} {patterns:?}");
        assert_eq!(left(&plan).contains(&(field, Reason::NotPermitted)), !allowed, "{field}: {plan:?}");
        assert_eq!(
            (plan.withheld.len(), plan.findings.len()),
            (usize::from(!allowed), usize::from(!allowed))
        );
    }
}

#[test]
fn what_the_account_no_longer_allows_is_told_and_left() {
    let (input, _) = pointing("sns.topicArn", FOREIGN_TOPIC, &[OWN_TOPIC]);
    let plan = plan(&input, &as_declared(&input), NOW);
    assert_eq!((set(&plan), left(&plan)), (vec![], vec![]));
    assert_eq!(plan.findings[0].reason, Reason::NotPermitted);
}

fn s3(code: &str) -> AwsError {
    AwsError::new("HeadBucket", code, "")
}

#[test]
fn without_patterns_a_bucket_must_be_the_accounts_own() {
    for (answer, expected) in [
        (Ok(()), None),
        (Err(s3("NoSuchBucket")), Some((Severity::Waiting, Reason::BucketNotFound))),
        (Err(s3("AccessDenied")), Some((Severity::Waiting, Reason::NotPermitted))),
        (Err(s3("SlowDown")), Some((Severity::Pending, Reason::RetryableError))),
    ] {
        let missing = Observed { bucket: Some(answer.clone()), ..Observed::default() };
        let moved = Observed {
            bucket: Some(answer),
            ..changed(|trail| trail.settings.s3_bucket_name = "before".into())
        };
        for observed in [missing, moved] {
            let plan = plan(&input(), &observed, NOW);
            let found = plan.findings.first().map(|finding| (finding.severity, finding.reason));
            assert_eq!(found, expected, "{observed:?}");
            assert_eq!(plan.changes.is_empty(), expected.is_some(), "{plan:?}");
        }
    }
}

#[test]
fn an_alias_that_cannot_be_resolved_is_told_and_is_no_difference() {
    for (code, severity, reason) in [
        ("NotFoundException", Severity::Waiting, Reason::KmsKeyNotFound),
        ("AccessDeniedException", Severity::Waiting, Reason::AccessDenied),
        ("InvalidArnException", Severity::Error, Reason::InvalidConfiguration),
        ("KMSInternalException", Severity::Pending, Reason::RetryableError),
    ] {
        let input = edited(|trail| trail.spec.kms = Some(Kms { key_id: "alias/audit".into() }));
        let unread = vec![AwsError::new("DescribeKey", code, "")];
        let with_key = changed(|trail| trail.settings.kms_key_id = OWN_KEY.into());
        let existing = Observed { unread: unread.clone(), ..with_key };
        for observed in [Observed { unread, ..Observed::default() }, existing] {
            let plan = plan(&input, &observed, NOW);
            assert_eq!((set(&plan), left(&plan), plan.changes.len()), (vec![], vec![], 0), "{code}");
            let [finding] = plan.findings.as_slice() else { panic!("{code}: {plan:?}") };
            assert_eq!((finding.severity, finding.reason), (severity, reason));
            assert!(finding.message.contains("spec.kms.keyId: 'alias/audit'"), "{finding:?}");
        }
    }
}

#[test]
fn an_alias_is_judged_and_compared_by_its_key() {
    let input = edited(|trail| trail.spec.kms = Some(Kms { key_id: "alias/audit".into() }));
    let with = |resolved: &str, actual: &str| {
        let key_arn = Some(resolved.to_owned());
        let observed = changed(|trail| trail.settings.kms_key_id = actual.into());
        plan(&input, &Observed { key_arn, ..observed }, NOW)
    };
    assert_eq!(with(OWN_KEY, OWN_KEY), Plan::default());
    assert_eq!(set(&with(OWN_KEY, "")), ["kms.keyId"]);
    assert_eq!(left(&with(FOREIGN_KEY, OWN_KEY)), [("kms.keyId", Reason::NotPermitted)]);
}

#[test]
fn what_is_allowed_comes_from_the_account() {
    let mut cluster = cluster();
    let resources =
        AllowedResources { topic_arns: vec![FOREIGN_TOPIC.into()], ..AllowedResources::default() };
    cluster.account.as_mut().unwrap().spec.allowed_resources = resources.clone();
    let input = dereference(&trail(), ACTOR, &cluster, NOW).unwrap();
    assert_eq!(input.allowed_resources, resources);
}

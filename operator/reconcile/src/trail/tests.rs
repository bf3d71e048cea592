//! What the pure steps promise, told by cases.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{AccountRef, AwsAccount, OWNER_TAG, Trail, TrailStatus, condition};

use super::{finalize, *};
use crate::{
    aws::{TrailDescription, TrailSettings, TrailStatus as AwsTrailStatus},
    aws_error::AwsError,
    conditions,
    reason::Reason,
    references::{Namespace, References, Unreadable},
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const ACCOUNT: &str = r#"
apiVersion: trail-operator.dev/v1alpha1
kind: AwsAccount
metadata: {name: default, generation: 1}
spec:
  accountId: "111122223333"
  allowedNamespaces: {names: [security], selector: {matchLabels: {audit: "yes"}}}
status:
  observedGeneration: 1
  conditions:
    - {type: IdentityVerified, status: "True", reason: Verified, message: "", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z"}
"#;

const TRAIL: &str = r"
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit, namespace: security, generation: 1}
spec:
  region: us-east-1
  s3: {bucketName: logs}
";

struct Cluster {
    account: Option<AwsAccount>,
    namespace: Namespace,
    acting_in: Option<&'static str>,
}

impl References for Cluster {
    fn aws_account(&self, name: &str) -> Result<Option<std::sync::Arc<AwsAccount>>, Unreadable> {
        let account = self.account.clone().filter(|account| account.metadata.name.as_deref() == Some(name));
        if name == "unreadable" { Err(Unreadable) } else { Ok(account.map(Into::into)) }
    }

    fn acting_in(&self, _account: &AwsAccount) -> Option<String> {
        self.acting_in.map(str::to_owned)
    }

    fn namespace(&self, _name: &str) -> Option<Namespace> {
        Some(self.namespace.clone())
    }
}

fn cluster() -> Cluster {
    Cluster {
        account: serde_saphyr::from_str(ACCOUNT).unwrap(),
        namespace: Namespace::default(),
        acting_in: Some("111122223333"),
    }
}
fn trail() -> Trail {
    serde_saphyr::from_str(TRAIL).unwrap()
}

fn input() -> Input {
    dereference(&trail(), "cluster", &cluster()).unwrap()
}

/// AWS exactly as `input` declares it.
fn as_declared(input: &Input) -> Observed {
    let description = TrailDescription {
        arn: input.arn.clone(),
        name: input.trail_name.clone(),
        home_region: input.region.clone(),
        settings: input.settings.clone(),
    };
    let tags = BTreeMap::from([(OWNER_TAG.to_owned(), input.owner.clone())]);
    let status =
        AwsTrailStatus { is_logging: true, latest_delivery_time: Some(NOW), ..AwsTrailStatus::default() };
    Observed { trail: Some(ObservedTrail { description, tags, status }), namesake: None }
}

fn changed(change: impl FnOnce(&mut ObservedTrail)) -> Observed {
    let mut observed = as_declared(&input());
    change(observed.trail.as_mut().unwrap());
    observed
}

fn operations(plan: &Plan) -> Vec<&'static str> {
    plan.changes.iter().map(Change::operation).collect()
}

fn error(code: &str) -> AwsError {
    AwsError { operation: "CreateTrail", code: code.into(), message: "words of AWS".into() }
}

fn ready(status: &TrailStatus) -> (String, String) {
    let ready = conditions::find(&status.conditions, condition::READY).unwrap();
    (ready.status.clone(), ready.reason.clone())
}

fn has(status: &TrailStatus, type_: &str) -> bool {
    conditions::find(&status.conditions, type_).is_some()
}

fn settled() -> TrailStatus {
    let input = input();
    let observed = as_declared(&input);
    let outcome = Outcome::Observed { plan: plan(&input, &observed, NOW), observed };
    report(&input, &TrailStatus::default(), &outcome, &Applied::default(), NOW).status
}

mod dereferencing {
    use super::*;

    #[test]
    fn an_account_serves_only_the_namespaces_it_allows_and_only_once_verified() {
        let unresolved =
            |cluster: &Cluster, trail: &Trail| dereference(trail, "c", cluster).unwrap_err().reason();
        let missing = Cluster { account: None, ..cluster() };
        assert_eq!(unresolved(&missing, &trail()), Reason::NotFound);

        let mut elsewhere = trail();
        elsewhere.spec.account_ref = AccountRef { name: "other".into() };
        assert_eq!(unresolved(&cluster(), &elsewhere), Reason::NotFound);

        let mut stranger = trail();
        stranger.metadata.namespace = Some("shop".into());
        assert_eq!(unresolved(&cluster(), &stranger), Reason::NotPermitted);
        let labels = BTreeMap::from([("audit".to_owned(), "yes".to_owned())]);
        let labelled = Cluster { namespace: Namespace { labels, terminating: false }, ..cluster() };
        assert!(dereference(&stranger, "c", &labelled).is_ok());

        let mut edited = cluster();
        edited.account.as_mut().unwrap().metadata.generation = Some(2);
        assert!(dereference(&trail(), "c", &edited).is_ok(), "an edit of who may use it changes no identity");
    }

    #[test]
    fn an_account_that_cannot_be_read_is_there_all_the_same() {
        let mut trail = trail();
        trail.spec.account_ref = AccountRef { name: "unreadable".into() };
        let unresolved = dereference(&trail, "c", &cluster()).unwrap_err();
        assert!(matches!(unresolved, Unresolved::NotReady { .. }), "{unresolved:?}");
    }

    #[test]
    fn only_this_process_own_answer_of_aws_counts() {
        let with = |acting_in| dereference(&trail(), "c", &Cluster { acting_in, ..cluster() });
        assert!(with(Some("111122223333")).is_ok());
        assert!(matches!(with(Some("444455556666")), Err(Unresolved::NotReady { .. })));
        assert_eq!(
            with(None).unwrap_err(),
            Unresolved::NotAskedYet,
            "status says that an earlier process asked"
        );
        let mut new = Cluster { acting_in: None, ..cluster() };
        new.account.as_mut().unwrap().status = None;
        assert!(matches!(dereference(&trail(), "c", &new), Err(Unresolved::NotReady { .. })));
    }

    #[test]
    fn a_namespace_that_may_not_use_an_account_learns_nothing_of_it() {
        let mut stranger = trail();
        stranger.metadata.namespace = Some("shop".into());
        let message = dereference(&stranger, "c", &cluster()).unwrap_err().message().to_owned();
        assert!(!message.contains("111122223333"), "{message}");
    }

    #[test]
    fn the_owner_tag_names_cluster_namespace_and_object() {
        assert_eq!(input().owner, "cluster/security/audit");
        assert_eq!(input().arn, "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit");
    }
}

mod planning {
    use super::*;

    #[test]
    fn a_missing_trail_is_created_and_started() {
        let plan = plan(&input(), &Observed::default(), NOW);
        assert_eq!(operations(&plan), ["CreateTrail", "StartLogging"]);
    }

    #[test]
    fn a_disabled_trail_is_created_and_not_started() {
        let input = Input { logging: false, ..input() };
        assert_eq!(operations(&plan(&input, &Observed::default(), NOW)), ["CreateTrail"]);
    }

    #[test]
    fn a_trail_as_declared_needs_nothing() {
        assert_eq!(plan(&input(), &as_declared(&input()), NOW), Plan::default());
    }

    #[test]
    fn a_trail_that_was_just_created_is_awaited_and_not_created_again() {
        let created = [Change::CreateTrail(input().settings), Change::StartLogging];
        let input = Input { last_write: LastWrite::default().and(&created, NOW), ..input() };
        let untagged = changed(|trail| trail.tags.clear());
        for observed in [Observed::default(), untagged] {
            let soon = plan(&input, &observed, NOW + SignedDuration::from_secs(59));
            assert_eq!((soon.changes.len(), soon.findings[0].severity), (0, Severity::Pending));
        }
        let late = plan(&input, &Observed::default(), NOW + SignedDuration::from_secs(60));
        assert_eq!(operations(&late), ["CreateTrail", "StartLogging"]);
    }

    #[test]
    fn an_old_read_after_a_change_does_not_repeat_it_and_somebody_elses_change_is_put_right() {
        let stopped = changed(|trail| trail.status.is_logging = false);
        let input = Input { last_write: LastWrite::default().and(&[Change::StartLogging], NOW), ..input() };
        let old = plan(&input, &stopped, NOW + SignedDuration::from_secs(14));
        assert_eq!((old.changes.len(), old.findings[0].severity), (0, Severity::Pending));
        let later = plan(&input, &stopped, NOW + SignedDuration::from_secs(15));
        assert_eq!(operations(&later), ["StartLogging"]);
        let another = changed(|trail| trail.description.settings.s3_bucket_name = "x".into());
        assert_eq!(operations(&plan(&input, &another, NOW)), ["UpdateTrail"], "another change is no echo");
    }

    #[test]
    fn logging_follows_the_manifest_both_ways() {
        let stopped = changed(|trail| trail.status.is_logging = false);
        assert_eq!(operations(&plan(&input(), &stopped, NOW)), ["StartLogging"]);
        let disabled = Input { logging: false, ..input() };
        assert_eq!(operations(&plan(&disabled, &as_declared(&input()), NOW)), ["StopLogging"]);
    }

    /// Field by field: another value in AWS leads to one UpdateTrail of that member alone, telling old and new.
    #[test]
    fn each_setting_that_differs_is_updated_alone() {
        type Edit = fn(&mut TrailSettings);
        let edits: [(&str, Edit, &str, &str); 9] = [
            ("s3.bucketName", |s| s.s3_bucket_name = "x".into(), "x", "logs"),
            ("s3.keyPrefix", |s| s.s3_key_prefix = "x".into(), "x", ""),
            ("sns.topicArn", |s| s.sns_topic_arn = "x".into(), "x", ""),
            ("kms.keyId", |s| s.kms_key_id = "x".into(), "x", ""),
            ("isMultiRegionTrail", |s| s.is_multi_region_trail = false, "false", "true"),
            ("includeGlobalServiceEvents", |s| s.include_global_service_events = false, "false", "true"),
            ("enableLogFileValidation", |s| s.enable_log_file_validation = false, "false", "true"),
            ("cloudWatchLogs.logGroupName", |s| s.cloud_watch_logs_log_group_arn = "x:*".into(), "x:*", ""),
            ("cloudWatchLogs.roleArn", |s| s.cloud_watch_logs_role_arn = "x".into(), "x", ""),
        ];
        for (field, edit, from, to) in edits {
            let observed = changed(|trail| edit(&mut trail.description.settings));
            let plan = plan(&input(), &observed, NOW);
            let [Change::UpdateTrail(fields, update)] = plan.changes.as_slice() else {
                panic!("{field}: {plan:?}")
            };
            assert_eq!(fields, &[FieldChange { field, from: from.into(), to: to.into() }]);
            let members = [
                update.s3_bucket_name.is_some(),
                update.s3_key_prefix.is_some(),
                update.sns_topic_arn.is_some(),
                update.kms_key_id.is_some(),
                update.is_multi_region_trail.is_some(),
                update.include_global_service_events.is_some(),
                update.enable_log_file_validation.is_some(),
                update.cloud_watch_logs.is_some(),
            ];
            assert_eq!(members.into_iter().filter(|set| *set).count(), 1, "{field}: {update:?}");
        }
    }

    #[test]
    fn recording_starts_before_everything_else_and_ends_after_it() {
        let edit = |trail: &mut ObservedTrail| trail.description.settings.s3_bucket_name = "x".into();
        let silent = changed(|trail| {
            edit(trail);
            trail.status.is_logging = false;
            trail.tags.clear();
        });
        let acquired = Input { acquired: true, ..input() };
        assert_eq!(operations(&plan(&acquired, &silent, NOW)), ["StartLogging", "UpdateTrail", "AddTags"]);
        let disabled = Input { logging: false, ..input() };
        assert_eq!(operations(&plan(&disabled, &changed(edit), NOW)), ["UpdateTrail", "StopLogging"]);
    }

    #[test]
    fn multi_region_goes_off_before_global_service_events() {
        let mut single = trail();
        single.spec.is_multi_region_trail = false;
        single.spec.include_global_service_events = false;
        let input = dereference(&single, "cluster", &cluster()).unwrap();
        let plan = plan(&input, &as_declared(&self::input()), NOW);
        let [Change::UpdateTrail(_, first), Change::UpdateTrail(_, second)] = plan.changes.as_slice() else {
            panic!("{plan:?}")
        };
        let switches = |update: &crate::aws::TrailUpdate| {
            (update.is_multi_region_trail, update.include_global_service_events)
        };
        assert_eq!((switches(first), switches(second)), ((Some(false), None), (None, Some(false))));
    }

    #[test]
    fn a_log_group_without_its_star_is_the_same_log_group() {
        let mut with_group = trail();
        with_group.spec.cloud_watch_logs = Some(trail_operator_crds::CloudWatchLogs {
            log_group_name: "audit".into(),
            role_arn: "arn:aws:iam::111122223333:role/logs".into(),
        });
        let input = dereference(&with_group, "cluster", &cluster()).unwrap();
        let mut observed = as_declared(&input);
        let group = &mut observed.trail.as_mut().unwrap().description.settings.cloud_watch_logs_log_group_arn;
        *group = group.trim_end_matches(":*").to_owned();
        assert_eq!(plan(&input, &observed, NOW), Plan::default());
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let unowned = changed(|trail| trail.tags.clear());
        let theirs = changed(|trail| {
            trail.tags.insert(OWNER_TAG.into(), "cluster/shop/audit".into());
            trail.status.is_logging = false;
            trail.description.settings.s3_bucket_name = "x".into();
        });
        let elsewhere = Observed { trail: None, namesake: Some("eu-west-1".into()) };
        for observed in [unowned, theirs, elsewhere] {
            let plan = plan(&input(), &observed, NOW);
            assert_eq!(operations(&plan), [""; 0], "{observed:?}");
            assert_eq!(plan.findings[0].reason, Reason::ManagementConflict);
        }
    }

    #[test]
    fn the_owner_tag_of_a_trail_that_was_ours_is_put_back() {
        let input = Input { acquired: true, ..input() };
        let untagged = changed(|trail| trail.tags.clear());
        assert_eq!(operations(&plan(&input, &untagged, NOW)), ["AddTags"]);
    }
}

mod reporting {
    use super::*;

    fn after(outcome: &Outcome, applied: &Applied, previous: &TrailStatus) -> Report {
        report(&input(), previous, outcome, applied, NOW)
    }

    /// The same for a generation that was Ready before.
    fn after_being_ready(outcome: &Outcome, applied: &Applied, previous: &TrailStatus) -> Report {
        report(&Input { was_ready: true, ..input() }, previous, outcome, applied, NOW)
    }

    fn observed(observed: Observed) -> Outcome {
        Outcome::Observed { plan: plan(&input(), &observed, NOW), observed }
    }

    fn failed(code: &str) -> Applied {
        let change = Change::CreateTrail(input().settings);
        Applied { done: vec![], failed: Some(Failure { change, error: error(code) }) }
    }

    #[test]
    fn ready_is_what_was_read_and_not_what_was_sent() {
        let applied =
            Applied { done: vec![Change::CreateTrail(input().settings), Change::StartLogging], failed: None };
        let unseen = after(&observed(Observed::default()), &applied, &TrailStatus::default());
        assert_eq!(ready(&unseen.status), ("False".into(), "Progressing".into()));
        let stopped = changed(|trail| trail.status.is_logging = false);
        let not_logging = after(&observed(stopped), &applied, &TrailStatus::default());
        assert_eq!(ready(&not_logging.status).0, "False");
        let seen = after(&observed(as_declared(&input())), &applied, &TrailStatus::default());
        assert_eq!(ready(&seen.status), ("True".into(), "Succeeded".into()));
        assert_eq!(seen.status.arn, Some(input().arn));
    }

    #[test]
    fn situations_become_conditions_as_the_contract_says() {
        let theirs = changed(|trail| trail.tags.clear());
        for (outcome, applied, expected, negative, next) in [
            (
                observed(Observed::default()),
                failed("InvalidTrailNameException"),
                "InvalidConfiguration",
                "Stalled",
                Next::Interval,
            ),
            (
                observed(Observed::default()),
                failed("S3BucketDoesNotExistException"),
                "BucketNotFound",
                "Reconciling",
                Next::Recheck,
            ),
            (
                observed(Observed::default()),
                failed("ThrottlingException"),
                "RetryableError",
                "Reconciling",
                Next::Backoff,
            ),
            (observed(theirs), Applied::default(), "ManagementConflict", "Stalled", Next::Interval),
        ] {
            let report = after(&outcome, &applied, &TrailStatus::default());
            assert_eq!(ready(&report.status), ("False".into(), expected.into()));
            assert!(has(&report.status, negative), "{expected} is {negative}");
            assert_eq!(report.next, next, "{expected}");
            assert_eq!(report.events.len(), 1, "{expected} is told once");
        }
    }

    #[test]
    fn the_words_of_aws_stay_out_of_status_and_events() {
        let report = after(
            &observed(Observed::default()),
            &failed("S3BucketDoesNotExistException"),
            &TrailStatus::default(),
        );
        let all = format!("{report:?}");
        assert!(!all.contains("words of AWS"), "{all}");
        assert!(all.contains("S3BucketDoesNotExistException") && all.contains("'logs'"), "{all}");
    }

    #[test]
    fn a_passing_error_leaves_a_known_trail_as_it_was_for_three_intervals() {
        let previous = settled();
        let blind = |seconds| {
            let unseen_for = SignedDuration::from_secs(seconds);
            after(
                &Outcome::NotObserved { error: error("ThrottlingException"), unseen_for },
                &Applied::default(),
                &previous,
            )
        };
        let brief = blind(899);
        assert_eq!((brief.status, brief.events.len(), brief.next), (previous.clone(), 0, Next::Backoff));
        let long = blind(900);
        assert_eq!(ready(&long.status), ("Unknown".into(), "ObservationFailed".into()));
        let logging = conditions::find(&long.status.conditions, condition::LOGGING).unwrap();
        assert_eq!(logging.status, "Unknown");
        assert!(has(&long.status, condition::RECONCILING));
    }

    #[test]
    fn the_same_situation_is_told_once() {
        let first = after(
            &observed(Observed::default()),
            &failed("S3BucketDoesNotExistException"),
            &TrailStatus::default(),
        );
        let second =
            after(&observed(Observed::default()), &failed("S3BucketDoesNotExistException"), &first.status);
        assert_eq!((first.events.len(), second.events.len()), (1, 0));
        assert_eq!(first.status, second.status);
    }

    #[test]
    fn a_steady_trail_whose_deliveries_go_on_is_not_written() {
        let previous = settled();
        let later =
            changed(|trail| trail.status.latest_delivery_time = Some(NOW + SignedDuration::from_mins(30)));
        let report = after(&observed(later), &Applied::default(), &previous);
        assert_eq!((report.status, report.events.len()), (previous, 0));
    }

    #[test]
    fn repairs_are_told_apart_from_edits() {
        let fields = vec![FieldChange { field: "s3.bucketName", from: "x".into(), to: "logs".into() }];
        let applied = Applied { done: vec![Change::UpdateTrail(fields, <_>::default())], failed: None };
        let drift = after_being_ready(&observed(as_declared(&input())), &applied, &settled());
        assert_eq!(drift.events[0].reason, Reason::DriftCorrected);
        assert!(drift.events[0].note.contains("s3.bucketName: 'x' → 'logs'"));
        assert_eq!(drift.events[0].action, "s3.bucketName");
        let edited = Input { generation: 2, ..input() };
        let outcome = observed(as_declared(&input()));
        let update = report(&edited, &settled(), &outcome, &applied, NOW);
        assert_eq!(update.events[0].reason, Reason::TrailUpdated);
        assert_eq!(update.status.observed_generation, Some(2));
    }

    #[test]
    fn logging_that_was_stopped_by_hand_is_told_as_such() {
        let applied = Applied { done: vec![Change::StartLogging], failed: None };
        let restored = after_being_ready(&observed(as_declared(&input())), &applied, &settled());
        assert_eq!(restored.events[0].reason, Reason::LoggingRestored);
        let started = after(&observed(as_declared(&input())), &applied, &TrailStatus::default());
        assert_eq!(started.events[0].reason, Reason::LoggingStarted);
    }

    #[test]
    fn what_could_not_be_repaired_is_in_drift() {
        let differs = changed(|trail| trail.description.settings.s3_bucket_name = "x".into());
        let report = after(&observed(differs), &failed("AccessDeniedException"), &settled());
        let drift = &report.status.drift[0];
        assert_eq!(
            (drift.field.as_str(), drift.declared.as_str(), drift.actual.as_str()),
            ("s3.bucketName", "logs", "x")
        );
    }

    #[test]
    fn a_trail_that_is_gone_is_not_said_to_log() {
        let gone =
            after(&observed(Observed::default()), &failed("S3BucketDoesNotExistException"), &settled());
        assert_eq!(gone.status.logging, None);
        let logging = conditions::find(&gone.status.conditions, condition::LOGGING).unwrap();
        assert_eq!((logging.status.as_str(), logging.reason.as_str()), ("False", "TrailMissing"));
    }

    #[test]
    fn a_repair_that_had_to_be_tried_twice_is_still_told_as_one() {
        let stopped = changed(|trail| trail.status.is_logging = false);
        let throttled = Failure { change: Change::StartLogging, error: error("ThrottlingException") };
        let first = Applied { done: vec![], failed: Some(throttled) };
        let failed = after_being_ready(&observed(stopped), &first, &settled());
        let second = Applied { done: vec![Change::StartLogging], failed: None };
        let repaired = after_being_ready(&observed(as_declared(&input())), &second, &failed.status);
        assert_eq!(repaired.events[0].reason, Reason::LoggingRestored);
    }

    #[test]
    fn what_was_ready_is_remembered_in_status_for_its_generation() {
        let mut known = trail();
        known.status = Some(settled());
        assert!(dereference(&known, "cluster", &cluster()).unwrap().was_ready);
        known.metadata.generation = Some(2);
        assert!(!dereference(&known, "cluster", &cluster()).unwrap().was_ready);
    }

    #[test]
    fn after_a_change_aws_is_asked_once_more() {
        let applied = Applied { done: vec![Change::StartLogging], failed: None };
        let outcome = observed(as_declared(&input()));
        assert_eq!(after(&outcome, &applied, &TrailStatus::default()).next, Next::Confirm);
        assert_eq!(after(&outcome, &Applied::default(), &settled()).next, Next::Interval);
    }

    #[test]
    fn a_role_that_stays_unusable_is_stalled_in_the_end() {
        let denied =
            AwsError { message: "Access denied.".into(), ..error("InvalidCloudWatchLogsRoleArnException") };
        let failure = Failure { change: Change::CreateTrail(input().settings), error: denied };
        let applied = Applied { done: vec![], failed: Some(failure) };
        let outcome = observed(Observed::default());
        let first = after(&outcome, &applied, &TrailStatus::default());
        assert_eq!(first.next, Next::Backoff);
        let later = report(&input(), &first.status, &outcome, &applied, NOW + SignedDuration::from_mins(10));
        assert!(has(&later.status, condition::STALLED));
    }

    #[test]
    fn nothing_is_said_of_a_trail_that_is_not_ours() {
        let theirs = changed(|trail| {
            trail.tags.insert(OWNER_TAG.into(), "cluster/shop/audit".into());
        });
        let report = after(&observed(theirs), &Applied::default(), &TrailStatus::default());
        assert_eq!((report.status.arn, report.status.logging), (None, None));
    }

    #[test]
    fn an_account_that_may_not_be_used_is_waited_for() {
        let no = Unresolved::NoAccount { reason: Reason::NotPermitted, message: "no".into() };
        let report = unresolved(1, &TrailStatus::default(), &no, NOW);
        assert_eq!(ready(&report.status), ("False".into(), "NotPermitted".into()));
        let references = conditions::find(&report.status.conditions, condition::REFERENCES_RESOLVED).unwrap();
        assert_eq!(references.status, "False");
    }
}

mod deleting {
    use trail_operator_crds::DeletionPolicy;

    use super::*;

    fn deletes(policy: DeletionPolicy, with: Option<DeletedWith>, observed: &Observed) -> Vec<&'static str> {
        let input = Input { deletion_policy: policy, deleted_with: with, ..input() };
        finalize::plan(&input, observed).iter().map(Change::operation).collect()
    }

    #[test]
    fn the_trail_stays_unless_the_manifest_says_otherwise() {
        let ours = as_declared(&input());
        assert_eq!(trail().spec.deletion_policy, DeletionPolicy::Retain, "the default");
        assert_eq!(deletes(DeletionPolicy::Retain, None, &ours), ["RemoveTags"]);
        assert_eq!(deletes(DeletionPolicy::StopLogging, None, &ours), ["StopLogging", "RemoveTags"]);
        assert_eq!(deletes(DeletionPolicy::Delete, None, &ours), ["DeleteTrail"]);
    }

    #[test]
    fn what_is_deleted_along_with_something_else_ends_no_audit_log() {
        for with in [DeletedWith::Namespace, DeletedWith::Definition, DeletedWith::Account] {
            for policy in [DeletionPolicy::Retain, DeletionPolicy::StopLogging, DeletionPolicy::Delete] {
                let operations = deletes(policy, Some(with), &as_declared(&input()));
                assert_eq!(operations, ["RemoveTags"], "{policy:?} with {with}");
            }
        }
    }

    #[test]
    fn a_namespace_or_account_that_is_being_deleted_is_noticed() {
        let mut cluster = cluster();
        assert_eq!(dereference(&trail(), "c", &cluster).unwrap().deleted_with, None);
        cluster.account.as_mut().unwrap().metadata.deletion_timestamp =
            Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
        let with = |cluster: &Cluster| dereference(&trail(), "c", cluster).unwrap().deleted_with;
        assert_eq!(with(&cluster), Some(DeletedWith::Account));
        cluster.namespace.terminating = true;
        assert_eq!(with(&cluster), Some(DeletedWith::Namespace));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        let theirs = changed(|trail| {
            trail.tags.insert(OWNER_TAG.into(), "cluster/shop/audit".into());
        });
        for observed in [theirs, changed(|trail| trail.tags.clear()), Observed::default()] {
            assert_eq!(deletes(DeletionPolicy::Delete, None, &observed), [""; 0]);
        }
    }

    #[test]
    fn an_account_that_is_only_not_ready_holds_up_what_is_to_be_done_in_it() {
        let not_ready = Unresolved::NotReady { message: "not ready".into() };
        let none = Unresolved::NoAccount { reason: Reason::NotFound, message: "none".into() };
        let released = |policy, unresolved: &Unresolved, with| {
            let mut trail = trail();
            trail.spec.deletion_policy = policy;
            let finalized = finalize::without_account(&trail, unresolved, with, &settled(), NOW);
            if let finalize::Finalized::Blocked(report) = &finalized {
                assert!(has(&report.status, condition::LOGGING), "what was known remains");
                assert_eq!(ready(&report.status).1, "DeletionBlocked");
            }
            matches!(finalized, finalize::Finalized::Released(_))
        };
        assert!(released(DeletionPolicy::Retain, &not_ready, None));
        assert!(!released(DeletionPolicy::Delete, &not_ready, None));
        assert!(!released(DeletionPolicy::StopLogging, &not_ready, None));
        assert!(released(DeletionPolicy::Delete, &not_ready, Some(DeletedWith::Namespace)));
        assert!(released(DeletionPolicy::Delete, &none, None));
    }

    #[test]
    fn only_the_exact_annotation_forces() {
        let mut forced = trail();
        forced.metadata.annotations =
            Some(BTreeMap::from([("trail-operator.dev/force-finalize".into(), "yes".into())]));
        assert!(!finalize::is_forced(&forced.metadata));
        forced.metadata.annotations =
            Some(BTreeMap::from([("trail-operator.dev/force-finalize".into(), "true".into())]));
        assert!(finalize::is_forced(&forced.metadata));
    }
}

//! What is done in AWS, and what is left alone.

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
    let created = [Change::CreateTrail(input().settings, input().all_tags()), Change::StartLogging];
    let input = Input { last_write: LastWrite::default().and(&created, NOW), ..input() };
    let untagged = changed(|trail| tags(trail).clear());
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
    let another = changed(|trail| trail.settings.s3_bucket_name = "x".into());
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
    let edits: [(&str, Edit, &str, &str); 10] = [
        ("s3.bucketName", |s| s.s3_bucket_name = "x".into(), "x", "logs"),
        ("s3.keyPrefix", |s| s.s3_key_prefix = "x".into(), "x", ""),
        ("sns.topicArn", |s| s.sns_topic_arn = "x".into(), "x", ""),
        ("kms.keyId", |s| s.kms_key_id = "x".into(), "x", ""),
        ("isMultiRegionTrail", |s| s.is_multi_region_trail = false, "false", "true"),
        ("includeGlobalServiceEvents", |s| s.include_global_service_events = false, "false", "true"),
        ("enableLogFileValidation", |s| s.enable_log_file_validation = false, "false", "true"),
        ("isOrganizationTrail", |s| s.is_organization_trail = true, "true", "false"),
        ("cloudWatchLogs.logGroupName", |s| s.cloud_watch_logs_log_group_arn = "x:*".into(), "x:*", ""),
        ("cloudWatchLogs.roleArn", |s| s.cloud_watch_logs_role_arn = "x".into(), "x", ""),
    ];
    for (field, edit, from, to) in edits {
        let observed = changed(|trail| edit(&mut trail.settings));
        let plan = plan(&input(), &observed, NOW);
        let [Change::UpdateTrail(fields, update)] = plan.changes.as_slice() else {
            panic!("{field}: {plan:?}")
        };
        assert_eq!(fields, &[FieldChange::new(field, from, to)]);
        let members = [
            update.s3_bucket_name.is_some(),
            update.s3_key_prefix.is_some(),
            update.sns_topic_arn.is_some(),
            update.kms_key_id.is_some(),
            update.is_multi_region_trail.is_some(),
            update.include_global_service_events.is_some(),
            update.enable_log_file_validation.is_some(),
            update.cloud_watch_logs.is_some(),
            update.is_organization_trail.is_some(),
            update.recursive_logging.is_some(),
        ];
        assert_eq!(members.into_iter().filter(|set| *set).count(), 1, "{field}: {update:?}");
    }
}

#[test]
fn recording_starts_before_everything_else_and_ends_after_it() {
    let edit = |trail: &mut ObservedTrail| trail.settings.s3_bucket_name = "x".into();
    let silent = changed(|trail| {
        edit(trail);
        trail.status.is_logging = false;
        tags(trail).clear();
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
    let input = input_of(&single);
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
    let input = input_of(&with_group);
    let mut observed = as_declared(&input);
    let group = &mut observed.trail.as_mut().unwrap().settings.cloud_watch_logs_log_group_arn;
    *group = group.trim_end_matches(":*").to_owned();
    assert_eq!(plan(&input, &observed, NOW), Plan::default());
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let unowned = changed(|trail| tags(trail).clear());
    let theirs = changed(|trail| {
        tags(trail).insert(OWNER_TAG.into(), "cluster/shop/audit".into());
        trail.status.is_logging = false;
        trail.settings.s3_bucket_name = "x".into();
    });
    let elsewhere = Observed { namesake: Some("eu-west-1".into()), ..Observed::default() };
    for observed in [unowned, theirs, elsewhere] {
        let plan = plan(&input(), &observed, NOW);
        assert_eq!(operations(&plan), [""; 0], "{observed:?}");
        assert_eq!(plan.findings[0].reason, Reason::ManagementConflict);
    }
}

#[test]
fn the_owner_tag_of_a_trail_that_was_ours_is_put_back() {
    let input = Input { acquired: true, ..input() };
    let untagged = changed(|trail| tags(trail).clear());
    assert_eq!(operations(&plan(&input, &untagged, NOW)), ["AddTags"]);
}

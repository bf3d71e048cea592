//! The rows: each field with the manifests it goes through and the calls they take.

use anyhow::Result;
use serde_json::json;
use trail_operator_crds::TrailSpec;

use super::{Row, Step};
use crate::keeping::Keeper;

const CREATE: &[&str] = &["CreateTrail", "StartLogging"];
const CREATE_WITH_SELECTORS: &[&str] = &["CreateTrail", "PutEventSelectors", "StartLogging"];
const UPDATE: &[&str] = &["UpdateTrail"];
const SELECTORS: &[&str] = &["PutEventSelectors"];
const INSIGHTS: &[&str] = &["PutInsightSelectors"];
const AGGREGATION: &[&str] = &["PutEventConfiguration"];
const NOTHING: &[&str] = &[];

/// A field with its way. Taking the field itself makes sure that there is one.
fn row<T>(_: &T, field: &'static str, steps: &[(&'static str, &'static [&'static str])]) -> Row {
    let steps = steps.iter().map(|(members, calls)| Step { members, calls, before: |_| Ok(()) }).collect();
    Row { field, data_events: false, steps }
}

impl Row {
    fn with_data_events(self) -> Self {
        Self { data_events: true, ..self }
    }

    /// Somebody else does this before that step, counted from one.
    fn before(mut self, step: usize, before: fn(&mut Keeper<'_>) -> Result<()>) -> Self {
        self.steps[step - 1].before = before;
        self
    }
}

/// The spec is taken apart, so that a new field does not compile until it has a row, or stands below with those that
/// have none.
#[expect(clippy::too_many_lines, reason = "a row for each field")]
pub fn rows(spec: &TrailSpec) -> Vec<Row> {
    let TrailSpec {
        logging,
        is_multi_region_trail,
        include_global_service_events,
        is_organization_trail,
        enable_log_file_validation,
        recursive_logging,
        management_events,
        s3,
        kms,
        cloud_watch_logs,
        sns,
        insight_selectors,
        aggregation,
        tags,
        // Whose EventSelectors add is told end to end (e2e/composing.rs).
        event_selectors_from: _,
        // Immutable: there is no way to go.
        trail_name: _,
        region: _,
        account_ref: _,
        // They say what the operator does, not how the trail is.
        adoption_policy: _,
        adopt_from: _,
        deletion_policy: _,
        management_policy: _,
        suspend: _,
        interval_seconds: _,
        validation: _,
        cost: _,
    } = spec;
    let mut rows =
        flags(logging, is_multi_region_trail, include_global_service_events, enable_log_file_validation);
    rows.extend([
        row(
            is_organization_trail,
            "isOrganizationTrail",
            &[
                ("", CREATE),
                ("isOrganizationTrail: true", UPDATE),
                ("isOrganizationTrail: false", UPDATE),
                ("", NOTHING),
            ],
        ),
        // Unset means left to AWS, so what was set stays.
        row(
            recursive_logging,
            "recursiveLogging",
            &[
                ("", CREATE),
                ("recursiveLogging: false", UPDATE),
                ("", NOTHING),
                ("recursiveLogging: true", UPDATE),
                ("", NOTHING),
            ],
        ),
        row(
            management_events,
            "managementEvents.readWriteType",
            &[
                ("", CREATE),
                ("managementEvents: {readWriteType: WriteOnly}", SELECTORS),
                ("managementEvents: {readWriteType: ReadOnly}", SELECTORS),
                ("managementEvents: {readWriteType: All}", SELECTORS),
                ("", NOTHING),
            ],
        ),
        row(
            management_events,
            "managementEvents.excludeEventSources",
            &[
                ("", CREATE),
                ("managementEvents: {excludeEventSources: [kms.amazonaws.com]}", SELECTORS),
                (
                    "managementEvents: {excludeEventSources: [rdsdata.amazonaws.com, kms.amazonaws.com]}",
                    SELECTORS,
                ),
                (
                    "managementEvents: {excludeEventSources: [kms.amazonaws.com, rdsdata.amazonaws.com]}",
                    NOTHING,
                ),
                ("", SELECTORS),
            ],
        ),
        row(
            s3,
            "s3.bucketName",
            &[
                ("s3: {bucketName: '{bucket0}'}", CREATE),
                ("s3: {bucketName: '{bucket1}'}", UPDATE),
                ("s3: {bucketName: '{bucket0}'}", UPDATE),
            ],
        ),
        row(
            s3,
            "s3.keyPrefix",
            &[
                ("s3: {bucketName: '{bucket0}'}", CREATE),
                ("s3: {bucketName: '{bucket0}', keyPrefix: ''}", NOTHING),
                ("s3: {bucketName: '{bucket0}', keyPrefix: audit/log}", UPDATE),
                ("s3: {bucketName: '{bucket0}', keyPrefix: other}", UPDATE),
                ("s3: {bucketName: '{bucket0}'}", UPDATE),
            ],
        ),
        key(kms),
        row(
            cloud_watch_logs,
            "cloudWatchLogs",
            &[
                ("", CREATE),
                ("cloudWatchLogs: {logGroupName: '{group0}', roleArn: '{role0}'}", UPDATE),
                ("cloudWatchLogs: {logGroupName: '{group1}', roleArn: '{role0}'}", UPDATE),
                ("cloudWatchLogs: {logGroupName: '{group1}', roleArn: '{role1}'}", UPDATE),
                ("", UPDATE),
            ],
        ),
        row(
            sns,
            "sns.topicArn",
            &[
                ("", CREATE),
                ("sns: {topicArn: '{topic0}'}", UPDATE),
                ("sns: {topicArn: '{topic1}'}", UPDATE),
                ("", UPDATE),
            ],
        ),
        insights(insight_selectors),
        row(
            aggregation,
            "aggregation.templates",
            &[
                ("", CREATE_WITH_SELECTORS),
                ("aggregation: {templates: [API_ACTIVITY]}", AGGREGATION),
                ("aggregation: {templates: [USER_ACTIONS, API_ACTIVITY]}", AGGREGATION),
                ("aggregation: {templates: [API_ACTIVITY, USER_ACTIONS]}", NOTHING),
                ("", AGGREGATION),
            ],
        )
        .with_data_events(),
        own_tags(tags),
    ]);
    rows.push(everything(spec));
    rows
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "only that the field is there matters")]
fn flags(logging: &impl Sized, multi_region: &bool, global_events: &bool, validation: &bool) -> Vec<Row> {
    vec![
        row(
            logging,
            "logging",
            &[
                ("", CREATE),
                ("logging: Disabled", &["StopLogging"]),
                ("logging: Enabled", &["StartLogging"]),
                ("", NOTHING),
            ],
        ),
        row(
            multi_region,
            "isMultiRegionTrail",
            &[
                ("", CREATE),
                ("isMultiRegionTrail: false", UPDATE),
                ("isMultiRegionTrail: true", UPDATE),
                ("", NOTHING),
            ],
        ),
        row(
            global_events,
            "includeGlobalServiceEvents",
            &[
                ("isMultiRegionTrail: false", CREATE),
                ("isMultiRegionTrail: false\nincludeGlobalServiceEvents: false", UPDATE),
                ("isMultiRegionTrail: false\nincludeGlobalServiceEvents: true", UPDATE),
                ("isMultiRegionTrail: false", NOTHING),
            ],
        ),
        // AWS has refused both in one call.
        row(
            global_events,
            "isMultiRegionTrail and includeGlobalServiceEvents",
            &[
                ("", CREATE),
                (
                    "isMultiRegionTrail: false\nincludeGlobalServiceEvents: false",
                    &["UpdateTrail", "UpdateTrail"],
                ),
                ("isMultiRegionTrail: true\nincludeGlobalServiceEvents: true", UPDATE),
                ("", NOTHING),
            ],
        ),
        row(
            validation,
            "enableLogFileValidation",
            &[
                ("", CREATE),
                ("enableLogFileValidation: false", UPDATE),
                ("enableLogFileValidation: true", UPDATE),
                ("", NOTHING),
            ],
        ),
    ]
}

/// By any of its names, and the same key by another name is no change.
fn key(kms: &impl Sized) -> Row {
    row(
        kms,
        "kms.keyId",
        &[
            ("", CREATE),
            ("kms: {keyId: '{alias0}'}", UPDATE),
            ("kms: {keyId: '{aliasArn0}'}", NOTHING),
            ("kms: {keyId: '{keyId0}'}", NOTHING),
            ("kms: {keyId: '{keyArn0}'}", NOTHING),
            ("kms: {keyId: '{keyArn1}'}", UPDATE),
            ("kms: {keyId: '{aliasArn1}'}", NOTHING),
            // The alias now stands for the first key.
            ("kms: {keyId: '{aliasArn1}'}", UPDATE),
            ("kms: {keyId: '{alias0}'}", NOTHING),
            ("", UPDATE),
        ],
    )
    .before(8, |keeper| {
        keeper.request();
        keeper.place.point_alias(1, 0)
    })
}

fn insights(insight_selectors: &impl Sized) -> Row {
    row(insight_selectors, "insightSelectors", &[
        ("", CREATE_WITH_SELECTORS),
        ("insightSelectors: [{insightType: ApiCallRateInsight}]", INSIGHTS),
        ("insightSelectors: [{insightType: ApiCallRateInsight, eventCategories: [Management]}]", NOTHING),
        ("insightSelectors: [{insightType: ApiErrorRateInsight}, {insightType: ApiCallRateInsight, eventCategories: [Data]}]", INSIGHTS),
        ("insightSelectors: [{insightType: ApiCallRateInsight, eventCategories: [Data, Management]}]", INSIGHTS),
        ("insightSelectors: [{insightType: ApiErrorRateInsight, eventCategories: [Data]}]", INSIGHTS),
        ("", INSIGHTS),
    ])
    .with_data_events()
}

fn own_tags(tags: &impl Sized) -> Row {
    row(
        tags,
        "tags",
        &[
            ("", CREATE),
            ("tags: {Team: audit, Empty: '', Größe: 'sehr groß'}", &["AddTags"]),
            ("tags: {Team: 'Ω-Team', Empty: '', Stage: prod}", &["AddTags", "RemoveTags"]),
            ("tags: {Team: '', Stage: prod}", &["AddTags", "RemoveTags"]),
            ("", &["RemoveTags"]),
        ],
    )
    .before(2, |keeper| {
        let place = keeper.place;
        let tags = json!([{"Key": "Foreign", "Value": "theirs"}]);
        place.aws("cloudtrail", "AddTags", &json!({"ResourceId": place.arn(), "TagsList": tags})).map(drop)
    })
    .before(5, |keeper| {
        let place = keeper.place;
        let tags = place.aws("cloudtrail", "ListTags", &json!({"ResourceIdList": [place.arn()]}))?;
        anyhow::ensure!(tags.to_string().contains("Foreign"), "somebody else's tag is gone");
        Ok(())
    })
}

/// A change set is one UpdateTrail, whatever is in it, and a trail can be created with all of it.
fn everything(spec: &TrailSpec) -> Row {
    const ALL: &str = "
s3: {bucketName: '{bucket1}', keyPrefix: audit}
kms: {keyId: '{alias1}'}
sns: {topicArn: '{topic1}'}
cloudWatchLogs: {logGroupName: '{group1}', roleArn: '{role1}'}
isMultiRegionTrail: false
enableLogFileValidation: false
recursiveLogging: false
managementEvents: {readWriteType: WriteOnly, excludeEventSources: [kms.amazonaws.com]}
insightSelectors: [{insightType: ApiCallRateInsight, eventCategories: [Management, Data]}]
aggregation: {templates: [RESOURCE_ACCESS]}
tags: {Team: audit}
";
    const AND_BACK: &str = "recursiveLogging: true";
    row(
        spec,
        "everything",
        &[
            (
                ALL,
                &[
                    "CreateTrail",
                    "PutEventSelectors",
                    "StartLogging",
                    "PutInsightSelectors",
                    "PutEventConfiguration",
                ],
            ),
            (
                AND_BACK,
                &[
                    "UpdateTrail",
                    "PutInsightSelectors",
                    "PutEventConfiguration",
                    "PutEventSelectors",
                    "RemoveTags",
                ],
            ),
            (
                ALL,
                &[
                    "UpdateTrail",
                    "PutInsightSelectors",
                    "PutEventConfiguration",
                    "PutEventSelectors",
                    "AddTags",
                ],
            ),
            (
                "logging: Disabled",
                &[
                    "UpdateTrail",
                    "PutInsightSelectors",
                    "PutEventConfiguration",
                    "PutEventSelectors",
                    "RemoveTags",
                    "StopLogging",
                ],
            ),
        ],
    )
    .with_data_events()
}

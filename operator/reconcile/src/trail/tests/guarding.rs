//! Nobody weakens the record by accident; whoever strengthens it is never held up.

use trail_operator_crds::{AdoptionPolicy, CloudWatchLogs, Destination, Logging, ManagementReadWriteType};
use trail_operator_domain::selectors::{AdvancedSelector, FieldSelector, ReadWrite, Selectors};

use super::*;

const KEY: &str = "arn:aws:kms:us-east-1:111122223333:key/1";

type Edit = fn(&mut Trail);
type Drift = fn(&mut ObservedTrail);

fn no_edit(_: &mut Trail) {}

/// Field, the manifest, and what AWS has that is stronger than it.
const STRONGER_IN_AWS: [(&str, Edit, Drift); 11] = [
    ("s3.bucketName", no_edit, |aws| aws.settings.s3_bucket_name = "x".into()),
    ("s3.keyPrefix", no_edit, |aws| aws.settings.s3_key_prefix = "x".into()),
    ("kms.keyId", no_edit, |aws| aws.settings.kms_key_id = KEY.into()),
    ("cloudWatchLogs.logGroupName", no_edit, |aws| {
        aws.settings.cloud_watch_logs_log_group_arn = "g:*".into();
    }),
    (
        "isMultiRegionTrail",
        |trail| trail.spec.is_multi_region_trail = false,
        |aws| {
            aws.settings.is_multi_region_trail = true;
        },
    ),
    ("includeGlobalServiceEvents", single_region, |aws| aws.settings.include_global_service_events = true),
    ("isOrganizationTrail", no_edit, |aws| aws.settings.is_organization_trail = true),
    (
        "enableLogFileValidation",
        |trail| trail.spec.enable_log_file_validation = false,
        |aws| {
            aws.settings.enable_log_file_validation = true;
        },
    ),
    ("logging", |trail| trail.spec.logging = Logging::Disabled, |aws| aws.status.is_logging = true),
    ("managementEvents", only_writes, |aws| aws.recorded.selectors = Some(Selectors::Default)),
    ("insightSelectors", no_edit, |aws| aws.recorded.insights = Some(insights())),
];

/// The same the other way round: somebody has weakened what is declared.
const WEAKER_IN_AWS: [(&str, Edit, Drift); 8] = [
    ("kms.keyId", with_key, |aws| aws.settings.kms_key_id = String::new()),
    ("cloudWatchLogs.logGroupName", with_log_group, |aws| {
        aws.settings.cloud_watch_logs_log_group_arn = String::new();
        aws.settings.cloud_watch_logs_role_arn = String::new();
    }),
    ("isMultiRegionTrail", no_edit, |aws| aws.settings.is_multi_region_trail = false),
    ("includeGlobalServiceEvents", no_edit, |aws| {
        aws.settings.is_multi_region_trail = false;
        aws.settings.include_global_service_events = false;
    }),
    ("enableLogFileValidation", no_edit, |aws| aws.settings.enable_log_file_validation = false),
    ("logging", no_edit, |aws| aws.status.is_logging = false),
    ("managementEvents", no_edit, |aws| {
        aws.recorded.selectors =
            Some(Selectors::declared(Some(AdvancedSelector::management(ReadWrite::WriteOnly, [])), &[]));
    }),
    ("insightSelectors", with_insights, |aws| aws.recorded.insights = Some(BTreeMap::new())),
];

fn single_region(trail: &mut Trail) {
    trail.spec.is_multi_region_trail = false;
    trail.spec.include_global_service_events = false;
}

fn only_writes(trail: &mut Trail) {
    trail.spec.management_events.read_write_type = ManagementReadWriteType::WriteOnly;
}

fn with_key(trail: &mut Trail) {
    trail.spec.kms = Some(trail_operator_crds::Kms { key_id: KEY.into() });
}

fn with_log_group(trail: &mut Trail) {
    let role_arn = "arn:aws:iam::111122223333:role/logs".into();
    trail.spec.cloud_watch_logs = Some(CloudWatchLogs { log_group_name: "audit".into(), role_arn });
}

fn with_insights(trail: &mut Trail) {
    trail.spec.insight_selectors = vec![trail_operator_crds::InsightSelector {
        insight_type: trail_operator_crds::InsightType::ApiErrorRateInsight,
        event_categories: None,
    }];
}

fn insights() -> BTreeMap<String, BTreeSet<String>> {
    BTreeMap::from([("ApiErrorRateInsight".into(), BTreeSet::from(["Management".into()]))])
}

fn guarded(input: Input) -> Input {
    Input { weakening_allowed: None, ..input }
}

/// The manifest, with a tag that AWS does not have yet, and AWS.
fn situation(edit: Edit, aws: Drift) -> (Input, Observed) {
    let input = edited(edit);
    let observed = changed_from(&input, aws);
    (Input { tags: BTreeMap::from([("Team".into(), "a".into())]), ..input }, observed)
}

fn told(input: &Input, observed: &Observed, previous: &TrailStatus) -> Report {
    let outcome = Outcome::Observed { observed: observed.clone(), plan: plan(input, observed, NOW) };
    report(input, previous, &outcome, &Applied::default(), NOW)
}

#[test]
fn an_edit_that_weakens_is_withheld_and_all_else_is_done() {
    for (field, edit, aws) in STRONGER_IN_AWS {
        let (input, observed) = situation(edit, aws);
        let plan = plan(&guarded(input), &observed, NOW);
        assert_eq!(left(&plan), [(field, Reason::WeakeningRefused)]);
        assert_eq!(set(&plan), ["tags.Team"], "{field}");
    }
}

#[test]
fn what_is_withheld_is_told_once_and_stays_in_status() {
    for (field, edit, aws) in STRONGER_IN_AWS {
        let input = guarded(edited(edit));
        let observed = changed_from(&input, aws);
        let first = told(&input, &observed, &TrailStatus::default());
        assert_eq!(ready(&first.status), ("False".into(), "WeakeningRefused".into()), "{field}");
        assert!(has(&first.status, condition::STALLED) && !has(&first.status, condition::RECONCILING));
        assert_eq!(first.status.drift.len(), 1);
        assert_eq!(first.status.drift[0].field, field);
        let [event] = first.events.as_slice() else { panic!("{field}: {:?}", first.events) };
        assert_eq!((event.type_, event.reason), (EventType::Warning, Reason::WeakeningRefused));
        assert!(event.note.contains(field) && event.note.contains("spec.guardrails.breakGlass"), "{event:?}");
        let second = told(&input, &observed, &first.status);
        assert_eq!((second.status, second.events), (first.status, vec![]));
    }
}

#[test]
fn what_the_account_allows_is_done() {
    for (field, edit, aws) in STRONGER_IN_AWS {
        for allowed in [Allowed::ByPolicy, Allowed::BreakGlass("moving".into())] {
            let (input, observed) = situation(edit, aws);
            let plan = plan(&Input { weakening_allowed: Some(allowed), ..input }, &observed, NOW);
            assert_eq!(left(&plan), []);
            assert!(set(&plan).contains(&field.to_owned()), "{field}: {plan:?}");
        }
    }
}

#[test]
fn a_richer_trail_that_is_taken_over_stays_as_rich() {
    for (field, edit, aws) in STRONGER_IN_AWS {
        let (input, mut observed) = situation(edit, aws);
        tags(observed.trail.as_mut().unwrap()).clear();
        let input = guarded(Input { adoption_policy: AdoptionPolicy::IfUnowned, ..input });
        let plan = plan(&input, &observed, NOW);
        assert_eq!(left(&plan), [(field, Reason::WeakeningRefused)]);
        assert_eq!(operations(&plan), ["AddTags", "AddTags"], "{field}: the owner tag and the declared ones");
    }
}

#[test]
fn break_glass_ends_by_itself() {
    let until = NOW + SignedDuration::from_hours(1);
    let mut cluster = cluster();
    let allowed =
        |cluster: &Cluster, now| dereference(&trail(), ACTOR, cluster, now).unwrap().weakening_allowed;
    assert_eq!(allowed(&cluster, NOW), None, "Refuse is the default");
    let guardrails = format!(r#"{{breakGlass: {{until: "{until}", reason: moving the bucket}}}}"#);
    let account = cluster.account.as_mut().unwrap();
    account.spec.guardrails = serde_saphyr::from_str(&guardrails).unwrap();
    assert_eq!(allowed(&cluster, NOW), Some(Allowed::BreakGlass("moving the bucket".into())));
    let last = until - SignedDuration::from_secs(1);
    assert!(allowed(&cluster, last).is_some());
    assert_eq!(allowed(&cluster, until), None);
    cluster.account.as_mut().unwrap().spec.guardrails.weakening = trail_operator_crds::Weakening::Allow;
    assert_eq!(allowed(&cluster, until), Some(Allowed::ByPolicy));
}

#[test]
fn what_strengthens_is_never_withheld_however_often_it_was_undone() {
    let fields = WEAKER_IN_AWS.map(|(field, ..)| field);
    let all = [fields.as_slice(), &["cloudWatchLogs.roleArn"]].concat();
    let fights = (0..9).fold(Fights::default(), |fights, _| fights.and(all.iter().copied(), NOW));
    assert!(all.iter().all(|field| fights.waits(field, NOW)));
    for (field, edit, aws) in WEAKER_IN_AWS {
        let input = edited(edit);
        let observed = changed_from(&input, aws);
        let plan = plan(&guarded(Input { fights: fights.clone(), ..input }), &observed, NOW);
        assert_eq!(left(&plan), []);
        assert!(set(&plan).contains(&field.to_owned()), "{field}: {plan:?}");
    }
}

#[test]
fn a_destination_that_others_moved_is_brought_back_and_one_that_the_manifest_moves_is_not() {
    let destinations: [(&str, Drift); 3] = [
        ("s3.bucketName", |aws| aws.settings.s3_bucket_name = "x".into()),
        ("s3.keyPrefix", |aws| aws.settings.s3_key_prefix = "x".into()),
        ("kms.keyId", |aws| aws.settings.kms_key_id = "arn:aws:kms:us-east-1:111122223333:key/2".into()),
    ];
    for (field, aws) in destinations {
        let input = guarded(edited(with_key));
        let observed = changed_from(&input, aws);
        let was = |bucket: &str, prefix: &str, key: &str| Destination {
            bucket_name: bucket.into(),
            key_prefix: prefix.into(),
            kms_key_arn: key.into(),
        };
        for (destination, is_brought_back, is_as_declared) in [
            (None, false, false),
            (Some(was("logs", "", KEY)), true, true),
            // An edit came before: back to where it was, and no further.
            (Some(was("older", "older", "older")), true, false),
        ] {
            let plan = plan(&Input { destination, ..input.clone() }, &observed, NOW);
            assert_eq!(set(&plan), if is_brought_back { vec![field] } else { vec![] });
            assert_eq!(left(&plan).is_empty(), is_as_declared, "{field}: {plan:?}");
        }
    }
}

#[test]
fn an_edit_that_is_withheld_keeps_nothing_that_others_did_from_being_undone() {
    let mut edited = trail();
    edited.spec.s3.bucket_name = "wanted".into();
    let was = Destination { bucket_name: "logs".into(), ..Destination::default() };
    let input = guarded(Input { destination: Some(was), ..input_of(&edited) });
    let undisturbed = plan(&input, &as_declared(&self::input()), NOW);
    assert_eq!((undisturbed.changes.len(), undisturbed.withheld.len()), (0, 1));
    let stolen = changed(|trail| trail.settings.s3_bucket_name = "theirs".into());
    let plan = plan(&input, &stolen, NOW);
    let [Change::UpdateTrail(fields, update)] = plan.changes.as_slice() else { panic!("{plan:?}") };
    assert_eq!(fields[0].to_string(), "s3.bucketName: 'theirs' → 'logs'");
    assert_eq!(update.s3_bucket_name.as_deref(), Some("logs"));
    assert_eq!(plan.withheld[0].field.to, "wanted");
}

#[test]
fn what_one_call_sets_together_is_withheld_together() {
    let with_group = edited(with_log_group);
    let without = guarded(edited(no_edit));
    let group = plan(&without, &changed_from(&with_group, |_| {}), NOW);
    let refused = |field| (field, Reason::WeakeningRefused);
    assert_eq!(left(&group), [refused("cloudWatchLogs.logGroupName"), refused("cloudWatchLogs.roleArn")]);

    let single = guarded(edited(single_region));
    let regions = plan(&single, &as_declared(&input()), NOW);
    assert_eq!(left(&regions), [refused("isMultiRegionTrail"), refused("includeGlobalServiceEvents")]);
    assert_eq!((set(&group), set(&regions)), (vec![], vec![]));
}

#[test]
fn insights_wait_for_selectors_that_are_withheld_and_selectors_for_insights() {
    let rate = || BTreeMap::from([("ApiCallRateInsight".into(), BTreeSet::from(["Management".into()]))]);
    let reads = || Selectors::declared(Some(AdvancedSelector::management(ReadWrite::ReadOnly, [])), &[]);
    let mut input = guarded(edited(only_writes));
    input.recording.insights = rate();
    let observed = changed_from(&input, |aws| {
        aws.recorded.selectors = Some(reads());
        aws.recorded.insights = Some(BTreeMap::new());
    });
    let refused = |field| (field, Reason::WeakeningRefused);
    let both = [refused("managementEvents"), refused("insightSelectors")];
    assert_eq!(left(&plan(&input, &observed, NOW)), both, "reads would go, and the Insight needs the writes");

    let mut input = guarded(input);
    input.recording.insights = BTreeMap::new();
    let all = AdvancedSelector::management(ReadWrite::All, []);
    input.recording.selectors =
        DeclaredSelectors { management: Some(all.clone()), ..DeclaredSelectors::default() };
    let fields = [FieldSelector::equals("eventCategory", ["Data"])].into();
    let data = AdvancedSelector { name: String::new(), fields };
    let observed = changed_from(&input, |aws| {
        aws.recorded.selectors = Some(Selectors::declared(Some(all), &[data]));
        aws.recorded.insights =
            Some(BTreeMap::from([("ApiCallRateInsight".into(), BTreeSet::from(["Data".into()]))]));
    });
    let both = [refused("eventSelectors"), refused("insightSelectors")];
    assert_eq!(
        left(&plan(&input, &observed, NOW)),
        both,
        "an Insight that stays keeps the events it looks at"
    );
}

//! Whatever is declared and whatever AWS has: one plan brings AWS there, or as far as the guard lets it.

use proptest::{collection::btree_map, prelude::*, sample::subsequence};
use trail_operator_domain::selectors::{
    AdvancedSelector, BasicSelector, FieldSelector, ReadWrite, Selectors,
};

use super::{
    fake::{Fake, now},
    *,
};
use crate::{
    aws::{Insights, Tags},
    trail::{guard, settings},
};

fn texts(of: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop::sample::select(of).prop_map(str::to_owned)
}

fn settings() -> impl Strategy<Value = TrailSettings> {
    let destination = (
        texts(&["one", "other"]),
        texts(&["", "folder", "other"]),
        texts(&["", "arn:aws:kms:us-east-1:111122223333:key/1", "arn:aws:kms:us-east-1:111122223333:key/2"]),
        texts(&["", "arn:aws:sns:us-east-1:111122223333:one", "arn:aws:sns:us-east-1:111122223333:other"]),
    );
    let groups = prop::sample::select(vec![("", ""), ("one:*", "r1"), ("one:*", "r2"), ("other:*", "r1")]);
    let flags = (any::<[bool; 4]>(), any::<Option<bool>>());
    (destination, groups, flags).prop_map(
        |((bucket, prefix, key, topic), (group, role), (flags, recursive))| {
            let [multi_region, global, validation, organization] = flags;
            let role = if role.is_empty() {
                String::new()
            } else {
                format!("arn:aws:iam::111122223333:role/{role}")
            };
            TrailSettings {
                s3_bucket_name: bucket,
                s3_key_prefix: prefix,
                sns_topic_arn: topic,
                include_global_service_events: global || multi_region,
                is_multi_region_trail: multi_region,
                enable_log_file_validation: validation,
                cloud_watch_logs_log_group_arn: group.into(),
                cloud_watch_logs_role_arn: role,
                kms_key_id: key,
                is_organization_trail: organization,
                recursive_logging: recursive,
            }
        },
    )
}

fn selectors() -> impl Strategy<Value = DeclaredSelectors> {
    let halves = prop::sample::select(vec![ReadWrite::All, ReadWrite::ReadOnly, ReadWrite::WriteOnly]);
    let excluded = subsequence(vec!["kms.amazonaws.com", "rdsdata.amazonaws.com"], 0..=2);
    (halves, excluded, any::<bool>()).prop_map(|(half, excluded, with_data)| {
        let fields = BTreeSet::from([FieldSelector::equals("eventCategory", ["Data"])]);
        let data = AdvancedSelector { name: "Data".into(), fields };
        DeclaredSelectors {
            management: Some(AdvancedSelector::management(half, excluded)),
            added: if with_data { vec![data] } else { vec![] },
            ..DeclaredSelectors::default()
        }
    })
}

/// In the forms that others leave behind, too.
fn found_selectors() -> impl Strategy<Value = Selectors> {
    let basic = Selectors::Basic(vec![BasicSelector::all_management()]);
    let data = BasicSelector {
        include_management_events: false,
        data_resources: BTreeSet::from([("AWS::S3::Object".into(), "arn:aws:s3".into())]),
        ..BasicSelector::all_management()
    };
    prop_oneof![4 => selectors().prop_map(|declared| declared.all()), 1 => Just(basic), 1 => Just(Selectors::Basic(vec![data]))]
}

fn recorded(selectors: impl Strategy<Value = Selectors>) -> impl Strategy<Value = Recorded> {
    with_analysis(selectors.prop_map(|selectors| (selectors.clone(), selectors))).prop_map(
        |(selectors, insights, aggregation)| Recorded {
            selectors: Some(selectors),
            insights: Some(insights),
            aggregation: Some(aggregation),
        },
    )
}

fn recording() -> impl Strategy<Value = Recording> {
    with_analysis(selectors().prop_map(|declared| (declared.all(), declared)))
        .prop_map(|(selectors, insights, aggregation)| Recording { selectors, insights, aggregation })
}

/// With Insights and aggregation that the selectors allow.
fn with_analysis<T: std::fmt::Debug>(
    selectors: impl Strategy<Value = (Selectors, T)>,
) -> impl Strategy<Value = (T, Insights, BTreeSet<String>)> {
    let categories = subsequence(vec!["Management", "Data"], 1..=2);
    let insights = btree_map(texts(&["ApiCallRateInsight", "ApiErrorRateInsight"]), categories, 0..=2);
    let templates = subsequence(vec!["API_ACTIVITY", "USER_ACTIONS"], 0..=2);
    (selectors, insights, templates).prop_map(|((selectors, subject), insights, templates)| {
        let management = selectors.management_events();
        let data = selectors.record_data_events();
        let mut allowed = Insights::new();
        for (type_, categories) in insights {
            let has_events =
                if type_ == "ApiCallRateInsight" { management.has_writes() } else { management.has_any() };
            let categories =
                categories.into_iter().filter(|name| if *name == "Data" { data } else { has_events });
            let categories: BTreeSet<String> = categories.map(str::to_owned).collect();
            if !categories.is_empty() {
                allowed.insert(type_, categories);
            }
        }
        let templates = templates.into_iter().filter(|_| data).map(str::to_owned);
        (subject, allowed, templates.collect())
    })
}

fn some_tags() -> impl Strategy<Value = Tags> {
    btree_map(texts(&["Team", "Stage", "Theirs"]), texts(&["", "a", "b"]), 0..=3)
}

fn declared() -> impl Strategy<Value = Input> {
    let managed = subsequence(vec!["Team", "Stage"], 0..=2);
    (settings(), recording(), some_tags(), managed, any::<bool>()).prop_map(
        |(settings, recording, tags, managed, logging)| Input {
            kms_key_id: settings.kms_key_id.clone(),
            managed_tag_keys: managed.into_iter().map(str::to_owned).collect(),
            settings,
            recording,
            tags,
            logging,
            ..input()
        },
    )
}

fn found() -> impl Strategy<Value = ObservedTrail> {
    (settings(), recorded(found_selectors()), some_tags(), any::<bool>()).prop_map(
        |(settings, recorded, tags, logs)| {
            let mut trail = as_declared(&input()).trail.unwrap();
            trail.settings = settings;
            trail.recorded = recorded;
            trail.tags.as_mut().unwrap().extend(tags);
            trail.status.is_logging = logs;
            trail
        },
    )
}

/// By the guard's own functions, over the whole trail.
fn is_weaker(after: &ObservedTrail, before: &ObservedTrail) -> bool {
    let (now, then) = (&after.recorded, &before.recorded);
    settings::differences(&before.settings, &after.settings).iter().any(|change| change.weakening)
        || guard::management_weakens(
            &then.selectors.as_ref().unwrap().management_events(),
            &now.selectors.as_ref().unwrap().management_events(),
        )
        || guard::insights_weaken(then.insights.as_ref().unwrap(), now.insights.as_ref().unwrap())
        || before.status.is_logging && !after.status.is_logging
}

/// Fields in which AWS is not as declared, told without the plan.
fn differing(input: &Input, trail: &ObservedTrail) -> BTreeSet<String> {
    let settings = settings::differences(&trail.settings, &input.settings);
    let mut fields: BTreeSet<_> = settings.into_iter().map(|change| change.field).collect();
    let Recorded { selectors, insights, aggregation } = trail.recorded.clone();
    let (selectors, declared) = (selectors.unwrap(), input.recording.selectors.all());
    let others = |selectors: &Selectors| -> BTreeSet<_> {
        let all = selectors.advanced().into_iter().filter(|selector| !selector.is_management());
        all.map(|selector| selector.fields).collect()
    };
    let owned = |owned: &Tags, key: &str| owned.get(key).cloned();
    for (field, differs) in [
        ("logging", trail.status.is_logging != input.logging),
        ("managementEvents", selectors.management_events() != declared.management_events()),
        ("eventSelectors", others(&selectors) != others(&declared)),
        ("insightSelectors", insights.unwrap() != input.recording.insights),
        ("aggregation.templates", aggregation.unwrap() != input.recording.aggregation),
    ] {
        fields.extend(differs.then(|| field.to_owned()));
    }
    for key in input.tags.keys().chain(&input.managed_tag_keys) {
        let differs = owned(trail.tags.as_ref().unwrap(), key) != owned(&input.tags, key);
        fields.extend(differs.then(|| format!("tags.{key}")));
    }
    fields
}

fn look(fake: &Fake, input: &Input) -> Plan {
    plan(input, &now(observe(fake, input)).unwrap(), NOW)
}

proptest! {
    #[test]
    fn where_weakening_is_allowed_one_plan_makes_aws_as_declared(input in declared(), trail in found()) {
        let fake = Fake::with(Some(trail.clone()));
        let first = look(&fake, &input);
        prop_assert!(first.withheld.is_empty() && first.findings.is_empty(), "{:?}", first);
        let applied = now(execute(&fake, &input, first.changes));
        prop_assert!(applied.failed.is_empty(), "{:?}", applied.failed);
        prop_assert_eq!(look(&fake, &input), Plan::default());
        prop_assert_eq!(differing(&input, &fake.trail()), BTreeSet::new());
        let owned = |key: &String| input.tags.contains_key(key) || input.managed_tag_keys.contains(key);
        for (key, value) in trail.tags.unwrap().iter().filter(|(key, _)| !owned(key)) {
            prop_assert_eq!(fake.trail().tags.unwrap().get(key).cloned(), Some(value.clone()), "a tag of others is left alone");
        }
    }

    #[test]
    fn where_it_is_refused_no_step_weakens_and_only_what_is_withheld_remains(
        input in declared(),
        trail in found(),
    ) {
        let input = Input { weakening_allowed: None, ..input };
        let fake = Fake::with(Some(trail));
        let first = look(&fake, &input);
        prop_assert!(first.withheld.iter().all(|withheld| withheld.reason == Reason::WeakeningRefused));
        for change in first.changes.clone() {
            let before = fake.trail();
            let applied = now(execute(&fake, &input, vec![change.clone()]));
            prop_assert!(applied.failed.is_empty(), "{:?}", applied.failed);
            prop_assert!(!is_weaker(&fake.trail(), &before), "{:?}", change);
        }
        let withheld = |plan: &Plan| plan.withheld.iter().map(|one| one.field.field.clone()).collect();
        let remaining: BTreeSet<String> = withheld(&first);
        prop_assert_eq!(differing(&input, &fake.trail()), remaining.clone());
        let second = look(&fake, &input);
        prop_assert_eq!((withheld(&second), second.changes), (remaining, vec![]));
    }
}

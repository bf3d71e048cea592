//! What becomes of a trail's selectors: each part by its own rules, nothing given up by accident.

use std::time::Duration;

use trail_operator_crds::{
    EventSelector, EventSelectorsFrom, InsightCategory, InsightSelector, InsightType,
    ManagementReadWriteType, NamespacesFrom,
};
use trail_operator_domain::selectors::{AdvancedSelector, BasicSelector, ReadWrite, Selectors};

use super::{
    fake::{Fake, now},
    *,
};

fn objects(name: &str) -> EventSelector {
    let yaml = format!(
        r#"
apiVersion: trail-operator.dev/v1alpha1
kind: EventSelector
metadata: {{name: {name}, namespace: security, generation: 1}}
spec:
  trailRef: {{name: audit}}
  basic: {{readWriteType: WriteOnly, dataResources: [{{type: "AWS::S3::Object", values: ["arn:aws:s3:::{name}/"]}}]}}
"#
    );
    serde_saphyr::from_str(&yaml).unwrap()
}

/// A cluster in which an hour has passed since anything was deleted.
fn with(names: &[&str]) -> Cluster {
    Cluster { event_selectors: names.iter().map(|name| objects(name)).collect(), ..cluster() }
}

/// An input that may give up what nobody declares.
fn sure(input: Input) -> Input {
    let mut input = input;
    input.recording.selectors.hold = None;
    input
}

fn declared(names: &[&str]) -> Input {
    sure(input_in(&trail(), &with(names)))
}

fn put(plan: &Plan) -> &Selectors {
    let put = plan.changes.iter().find_map(|change| match change {
        Change::PutEventSelectors(_, selectors) => Some(selectors),
        _ => None,
    });
    put.unwrap_or_else(|| panic!("{plan:?}"))
}

fn names(selectors: &Selectors) -> Vec<String> {
    selectors.advanced().into_iter().map(|one| one.name).collect()
}

const MANAGEMENT: &str = "Management events selector";

#[test]
fn management_events_come_first_and_all_is_sent_at_once() {
    let both = declared(&["one", "two"]);
    let plan = plan(&both, &changed(|_| ()), NOW);
    assert_eq!(operations(&plan), ["PutEventSelectors"]);
    assert_eq!(names(put(&plan)), [MANAGEMENT, "security/one", "security/two"]);
    assert_eq!(set(&plan), ["eventSelectors"]);
    let there = changed_from(&both, |_| ());
    assert_eq!(super::plan(&both, &there, NOW), Plan::default(), "and only when it differs");
}

#[test]
fn a_new_trail_has_its_selectors_before_it_logs() {
    let input = declared(&["one"]);
    let created = plan(&input, &Observed::default(), NOW);
    assert_eq!(operations(&created), ["CreateTrail", "PutEventSelectors", "StartLogging"]);
}

#[test]
fn what_was_taken_out_by_hand_comes_back_and_what_was_put_in_goes() {
    let input = declared(&["one"]);
    let foreign = declared(&["theirs"]).recording.selectors.all();
    let drifted = changed_from(&input, |aws| aws.recorded.selectors = Some(foreign));
    let plan = plan(&input, &drifted, NOW);
    assert_eq!(names(put(&plan)), [MANAGEMENT, "security/one"]);
    let [change] = plan.changes.as_slice() else { panic!("{plan:?}") };
    let [field] = change.fields().try_into().unwrap();
    let field: FieldChange = field;
    assert!(field.from.contains("arn:aws:s3:::theirs/") && field.to.contains("arn:aws:s3:::one/"), "{field}");
}

#[test]
fn the_basic_form_of_the_same_is_no_difference() {
    let basic = |include, values: &[&str]| BasicSelector {
        read_write_type: ReadWrite::WriteOnly,
        include_management_events: include,
        data_resources: values.iter().map(|one| ("AWS::S3::Object".into(), (*one).into())).collect(),
        ..BasicSelector::all_management()
    };
    let input = declared(&["one"]);
    let in_aws = |list| changed_from(&input, |aws| aws.recorded.selectors = Some(Selectors::Basic(list)));
    let same = vec![BasicSelector::all_management(), basic(false, &["arn:aws:s3:::one/"])];
    assert_eq!(plan(&input, &in_aws(same.clone()), NOW), Plan::default());
    let halves = vec![
        basic(true, &["arn:aws:s3:::one/"]),
        BasicSelector { read_write_type: ReadWrite::ReadOnly, ..BasicSelector::all_management() },
    ];
    assert_eq!(plan(&input, &in_aws(halves), NOW), Plan::default(), "reads and writes are all");
    let more =
        vec![BasicSelector::all_management(), basic(false, &["arn:aws:s3:::one/", "arn:aws:s3:::two/"])];
    assert_eq!(set(&plan(&input, &in_aws(more), NOW)), ["eventSelectors"]);
    let fewer = vec![basic(true, &["arn:aws:s3:::one/"])];
    assert_eq!(set(&plan(&input, &in_aws(fewer), NOW)), ["managementEvents"]);
    let only_writes = edited(|trail| {
        trail.spec.management_events.read_write_type = ManagementReadWriteType::WriteOnly;
    });
    let aws = changed_from(&only_writes, |aws| aws.recorded.selectors = Some(Selectors::Basic(same)));
    assert!(!super::plan(&sure(only_writes), &aws, NOW).changes.is_empty());
}

#[test]
fn the_name_that_auditors_look_for_is_put_right() {
    let input = declared(&[]);
    let renamed = AdvancedSelector { name: "All".into(), ..AdvancedSelector::management(ReadWrite::All, []) };
    let aws =
        changed_from(&input, |aws| aws.recorded.selectors = Some(Selectors::Advanced(vec![renamed.clone()])));
    let plan = plan(&input, &aws, NOW);
    assert_eq!(put(&plan), &Selectors::Default);
    let told = plan.changes[0].fields()[0].to_string();
    assert!(told.contains("All (") && told.contains(MANAGEMENT), "{told}");
    assert!(!plan.changes[0].fields()[0].weakening);
}

#[test]
fn nothing_that_selectors_may_have_added_is_given_up_on_a_hunch() {
    let seconds = Duration::from_secs;
    let theirs = || vec![("security".to_owned(), "unreadable".to_owned())];
    let elsewhere = vec![("elsewhere".to_owned(), "unreadable".to_owned())];
    let asked = |cluster: &Cluster| input_in(&trail(), cluster).recording.selectors.hold.unwrap();
    let deleted = |ago| Cluster { deleted: Some(seconds(ago)), ..cluster() };
    assert_eq!(asked(&deleted(0)), Hold::LatelyDeleted(seconds(60)));
    assert_eq!(asked(&deleted(59)), Hold::LatelyDeleted(seconds(1)));
    assert_eq!(asked(&deleted(60)), Hold::NotAskedYet);
    assert_eq!(asked(&cluster()), Hold::NotAskedYet);
    let mut fresh = trail();
    let made = |ago| {
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW - SignedDuration::from_secs(ago)))
    };
    fresh.metadata.creation_timestamp = made(20);
    let hold = |trail: &Trail| input_in(trail, &cluster()).recording.selectors.hold.unwrap();
    assert_eq!(hold(&fresh), Hold::New(seconds(40)), "its selectors may be applied after it");
    fresh.metadata.creation_timestamp = made(60);
    assert_eq!(hold(&fresh), Hold::NotAskedYet);
    let unreadable = Cluster { unreadable: theirs(), ..deleted(10) };
    assert_eq!(asked(&unreadable), Hold::Unreadable("security/unreadable".into()));
    let none_of_ours = Cluster { unreadable: elsewhere.clone(), ..cluster() };
    assert_eq!(asked(&none_of_ours), Hold::NotAskedYet);
    let mut open = trail();
    open.spec.event_selectors_from =
        EventSelectorsFrom { namespaces: NamespacesFrom::All, ..EventSelectorsFrom::default() };
    assert_eq!(
        input_in(&open, &none_of_ours).recording.selectors.hold,
        Some(Hold::Unreadable("elsewhere/unreadable".into()))
    );
    let leaving = Namespace { terminating: true, ..Namespace::default() };
    assert_eq!(asked(&Cluster { namespace: leaving, ..unreadable }), Hold::Namespace);

    for hold in [Hold::LatelyDeleted(seconds(1)), Hold::NotAskedYet, Hold::Namespace, Hold::Definition] {
        let mut input = declared(&["new"]);
        input.recording.selectors.hold = Some(hold);
        let before = declared(&["gone"]).recording.selectors.all();
        let aws = changed_from(&input, |aws| aws.recorded.selectors = Some(before));
        let plan = plan(&input, &aws, NOW);
        assert_eq!(names(put(&plan)), [MANAGEMENT, "security/new", "security/gone"], "what is new is added");
        assert_eq!(left(&plan), [("eventSelectors", Reason::HeldForNow)]);
    }
}

#[test]
fn the_cluster_is_asked_once_before_anything_is_given_up_and_not_otherwise() {
    let input = Input { was_settled: true, ..input_in(&trail(), &with(&["one"])) };
    let both = declared(&["one", "two"]).recording.selectors.all();
    let aws = || {
        let both = both.clone();
        changed_from(&input, |aws| aws.recorded.selectors = Some(both)).trail
    };
    let run = |fake: &Fake, stays: bool, input: &Input| {
        now(reconcile(fake, &Stays(stays), input.clone(), &settled(), <_>::default(), NOW)).0
    };
    let fake = Fake::with(aws());
    let report = run(&fake, false, &input);
    assert_eq!(fake.operations(), [""; 0], "the definition goes, and takes the objects along");
    assert_eq!(report.status.drift[0].field, "eventSelectors");
    assert_eq!(ready(&report.status).0, "True", "nothing is amiss");
    let report = run(&fake, true, &input);
    assert_eq!(fake.operations(), ["PutEventSelectors"]);
    assert_eq!(report.status.drift, []);
    let lately = Cluster { deleted: Some(Duration::from_secs(20)), ..with(&["one"]) };
    let fake = Fake::with(aws());
    let report = run(&fake, true, &input_in(&trail(), &lately));
    assert_eq!((fake.operations(), report.next), (vec![], Next::After(Duration::from_secs(40))));
}

#[test]
fn insights_and_aggregation_that_stay_keep_the_events_they_look_at() {
    let mut of_data = trail();
    of_data.spec.insight_selectors = vec![InsightSelector {
        insight_type: InsightType::ApiErrorRateInsight,
        event_categories: Some(vec![InsightCategory::Data]),
    }];
    let before = sure(input_in(&of_data, &with(&["one"])));
    let aws = as_declared(&before);
    // The only selector is gone, and the Trail still wants the Insight.
    let plan = plan(&sure(input_in(&of_data, &cluster())), &aws, NOW);
    assert_eq!(operations(&plan), [""; 0]);
    assert_eq!(left(&plan), [("eventSelectors", Reason::InvalidConfiguration)]);
    assert!(plan.findings[0].message.contains("looks at data events"), "{plan:?}");
    // Both are gone.
    assert_eq!(
        operations(&super::plan(&declared(&[]), &aws, NOW)),
        ["PutInsightSelectors", "PutEventSelectors"]
    );
}

#[test]
fn a_withheld_edit_of_management_events_holds_up_no_selector() {
    let mut writes = trail();
    writes.spec.management_events.read_write_type = ManagementReadWriteType::WriteOnly;
    let input = Input { weakening_allowed: None, ..sure(input_in(&writes, &with(&["one"]))) };
    let plan = plan(&input, &as_declared(&declared(&[])), NOW);
    assert_eq!(left(&plan), [("managementEvents", Reason::WeakeningRefused)]);
    assert_eq!(put(&plan), &declared(&["one"]).recording.selectors.all(), "all management events stay");
}

#[test]
fn a_trail_that_would_record_nothing_is_refused() {
    let mut none = trail();
    none.spec.management_events.read_write_type = ManagementReadWriteType::None;
    let input = sure(input_in(&none, &cluster()));
    let new = plan(&input, &Observed::default(), NOW);
    assert_eq!((operations(&new), new.findings[0].reason), (vec![], Reason::InvalidConfiguration));
    let there = plan(&input, &as_declared(&declared(&[])), NOW);
    assert_eq!((operations(&there), there.findings[0].reason), (vec![], Reason::InvalidConfiguration));
    let with_one = sure(input_in(&none, &with(&["one"])));
    assert_eq!(names(put(&plan(&with_one, &as_declared(&declared(&[])), NOW))), ["security/one"]);
    let guarded = Input { weakening_allowed: None, ..with_one };
    let plan = plan(&guarded, &as_declared(&declared(&[])), NOW);
    assert_eq!(left(&plan), [("managementEvents", Reason::WeakeningRefused)]);
    assert_eq!(names(put(&plan)), [MANAGEMENT, "security/one"]);
}

#[test]
fn an_edit_of_selectors_is_no_drift_and_a_change_by_others_is() {
    let trail = trail();
    let cluster = |names: &[&str]| with(names);
    let input = |names: &[&str], status: &TrailStatus| {
        let trail = Trail { status: Some(status.clone()), ..trail.clone() };
        sure(input_in(&trail, &cluster(names)))
    };
    let fake = Fake::with(as_declared(&declared(&[])).trail);
    let round = |names: &[&str], status: &TrailStatus| {
        now(reconcile(&fake, &STAY, input(names, status), status, <_>::default(), NOW)).0
    };
    let first = round(&[], &TrailStatus::default()).status;
    assert_eq!(ready(&first).0, "True");
    let edited = round(&["one"], &first);
    assert_eq!(edited.events.iter().map(|event| event.reason).collect::<Vec<_>>(), [Reason::TrailUpdated]);
    let selectors = edited.status.selectors.clone().unwrap();
    assert_eq!(Some(selectors.revision), selectors.applied_revision);
    assert_eq!((selectors.count, selectors.management_events.as_str()), (1, "all"));
    assert_eq!(selectors.data_resource_types, ["AWS::S3::Object"]);
    // A deleted EventSelector is held for a while first.
    let mut held = input(&[], &edited.status);
    held.recording.selectors.hold = Some(Hold::LatelyDeleted(Duration::from_secs(59)));
    let held = now(reconcile(&fake, &STAY, held, &edited.status, <_>::default(), NOW)).0;
    assert_eq!(held.events, []);
    let given_up = round(&[], &held.status);
    assert_eq!(given_up.events.iter().map(|event| event.reason).collect::<Vec<_>>(), [Reason::TrailUpdated]);
    assert_eq!(given_up.fights, Fights::default(), "nobody fights");
    let removed = Fake::with(as_declared(&declared(&[])).trail);
    let later = NOW + SignedDuration::from_mins(5);
    let report = now(reconcile(
        &removed,
        &STAY,
        input(&["one"], &edited.status),
        &edited.status,
        <_>::default(),
        later,
    ))
    .0;
    assert_eq!(report.events.iter().map(|event| event.reason).collect::<Vec<_>>(), [Reason::DriftCorrected]);
}

#[test]
fn more_than_a_trail_holds_is_never_sent() {
    let mut input = declared(&["new"]);
    input.recording.selectors.hold = Some(Hold::NotAskedYet);
    let mut full = AdvancedSelector::clone(&declared(&["old"]).recording.selectors.added[0]);
    let field = full.fields.iter().find(|field| field.field == "resources.ARN").cloned().unwrap();
    full.fields.remove(&field);
    let starts_with = (0..496).map(|n| format!("arn:aws:s3:::{n}/")).collect();
    full.fields.insert(trail_operator_domain::selectors::FieldSelector { starts_with, ..field });
    let before = Selectors::declared(Some(AdvancedSelector::management(ReadWrite::All, [])), &[full]);
    let aws = changed_from(&input, |aws| aws.recorded.selectors = Some(before));
    let full = plan(&input, &aws, NOW);
    assert_eq!(operations(&full), [""; 0]);
    assert_eq!(left(&full)[1], ("eventSelectors", Reason::QuotaExceeded));
    let outcome = Outcome::Observed { observed: aws.clone(), plan: full };
    let status = report(&input, &TrailStatus::default(), &outcome, &Applied::default(), NOW).status;
    assert_eq!(ready(&status), ("False".into(), "QuotaExceeded".into()));
    // Management events are put right all the same, and who fits comes.
    let mut narrowed = aws;
    let Some(Selectors::Advanced(list)) = &mut narrowed.trail.as_mut().unwrap().recorded.selectors else {
        panic!()
    };
    list[0] = AdvancedSelector::management(ReadWrite::WriteOnly, []);
    let repaired = plan(&input, &narrowed, NOW);
    assert_eq!(set(&repaired), ["managementEvents"]);
    assert_eq!(put(&repaired).management_events(), Selectors::Default.management_events());
    assert_eq!(names(put(&repaired)).len(), 2, "what is held stays");
}

#[test]
fn a_trail_that_never_logged_has_its_selectors_before_it_does() {
    let input = declared(&["one"]);
    let mut observed = changed(|aws| {
        aws.status.is_logging = false;
        aws.status.start_logging_time = None;
    });
    assert_eq!(operations(&plan(&input, &observed, NOW)), ["PutEventSelectors", "StartLogging"]);
    observed.trail.as_mut().unwrap().status.start_logging_time = Some(NOW);
    assert_eq!(
        operations(&plan(&input, &observed, NOW)),
        ["StartLogging", "PutEventSelectors"],
        "not a moment lost"
    );
}

#[test]
fn what_others_take_away_right_after_our_own_change_is_drift_all_the_same() {
    let fake = Fake::with(as_declared(&declared(&[])).trail);
    let input = |status: &TrailStatus, last_write: &LastWrite| {
        let trail = Trail { status: Some(status.clone()), ..trail() };
        Input { last_write: last_write.clone(), was_settled: true, ..sure(input_in(&trail, &with(&["one"]))) }
    };
    let none = LastWrite::default();
    let before = now(reconcile(&fake, &STAY, input(&settled(), &none), &settled(), <_>::default(), NOW));
    let last_write = none.and(&before.1.done, NOW);
    let ours = before.0.status;
    let taken = Fake::with(as_declared(&declared(&[])).trail);
    let look = |at: i64, status: &TrailStatus| {
        let at = NOW + SignedDuration::from_secs(at);
        now(reconcile(&taken, &STAY, input(status, &last_write), status, <_>::default(), at)).0
    };
    let early = look(5, &ours);
    assert_eq!(taken.operations(), [""; 0], "it may be an old answer");
    assert_eq!(early.status.selectors, ours.selectors, "which says nothing new");
    let late = look(20, &early.status);
    assert_eq!(taken.operations(), ["PutEventSelectors"]);
    assert_eq!(late.events.iter().map(|event| event.reason).collect::<Vec<_>>(), [Reason::DriftCorrected]);
}

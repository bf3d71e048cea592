//! What an object's own status says, in each situation.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{EventSelector, EventSelectorStatus, SelectorsStatus, Trail, TrailStatus};

use super::*;
use crate::conditions::find;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

const TRAIL: &str = r"
apiVersion: trail-operator.dev/v1alpha1
kind: Trail
metadata: {name: audit, namespace: security, generation: 1}
spec:
  region: us-east-1
  s3: {bucketName: logs, keyPrefix: audit}
";

fn object(name: &str, arn: &str) -> EventSelector {
    let yaml = format!(
        r#"
apiVersion: trail-operator.dev/v1alpha1
kind: EventSelector
metadata: {{name: {name}, namespace: security, generation: 1}}
spec:
  trailRef: {{name: audit}}
  advanced:
    - name: {name}
      fieldSelectors:
        - {{field: eventCategory, equals: [Data]}}
        - {{field: resources.type, equals: ["AWS::S3::Object"]}}
        - {{field: resources.ARN, {arn}}}
"#
    );
    serde_saphyr::from_str(&yaml).unwrap()
}

const BUCKET: &str = r#"startsWith: ["arn:aws:s3:::theirs/"]"#;

/// What a trail that AWS has in this revision shows.
fn found(members: &[&EventSelector], applied: Option<&str>) -> Found {
    let mut trail: Trail = serde_saphyr::from_str(TRAIL).unwrap();
    let members = members.iter().map(|member| Member::of(member, &[])).collect();
    let composition = compose(management_of(&trail).as_ref(), members);
    let revision = "this".to_owned();
    trail.status = Some(TrailStatus {
        selectors: applied.map(|applied| SelectorsStatus {
            revision: applied.into(),
            applied_revision: Some(applied.into()),
            ..SelectorsStatus::default()
        }),
        ..TrailStatus::default()
    });
    Found {
        trail: Arc::new(trail),
        composition,
        revision,
        account_id: "111122223333".into(),
        elsewhere: vec![],
    }
}

fn told(object: &EventSelector, found: Found) -> Report {
    report(object, &View::Trail(Box::new(found)), NOW)
}

fn after(object: &EventSelector, status: EventSelectorStatus) -> EventSelector {
    EventSelector { status: Some(status), ..object.clone() }
}

fn states(status: &EventSelectorStatus) -> [(String, String); 3] {
    ["Ready", "Accepted", "Applied"].map(|type_| {
        let condition = find(&status.conditions, type_).unwrap();
        (condition.status.clone(), condition.reason.clone())
    })
}

fn is(status: &str, reason: Reason) -> (String, String) {
    (status.into(), reason.as_str().into())
}

#[test]
fn accepted_at_once_and_ready_when_aws_has_it() {
    let object = object("a", BUCKET);
    let first = told(&object, found(&[&object], Some("before"))).status;
    let waiting = is("False", Reason::Progressing);
    assert_eq!(states(&first), [waiting.clone(), is("True", Reason::Accepted), waiting]);
    assert_eq!(first.accepted, None, "AWS may not take it");
    assert_eq!(first.pending.as_ref().unwrap().generation, 1);
    let object = after(&object, first);
    let report = told(&object, found(&[&object], Some("this")));
    assert_eq!(
        states(&report.status),
        [is("True", Reason::Succeeded), is("True", Reason::Accepted), is("True", Reason::Applied)]
    );
    assert_eq!(report.status.observed_generation, Some(1));
    assert_eq!(report.status.accepted.as_ref().unwrap().generation, 1);
    assert_eq!(
        report.status.records,
        ["reads and writes of AWS::S3::Object where resources.ARN begins with 'arn:aws:s3:::theirs/'"]
    );
    assert_eq!(report.events.len(), 1);
    let object = after(&object, report.status.clone());
    let again = told(&object, found(&[&object], Some("this")));
    assert_eq!((again.status, again.events.len()), (report.status, 0), "nothing is written or told twice");
}

#[test]
fn an_edit_of_a_neighbour_does_not_unsettle_what_is_in_place() {
    let mut mine = object("a", BUCKET);
    mine = after(&mine, told(&mine, found(&[&mine], Some("this"))).status);
    let other = object("b", r#"startsWith: ["arn:aws:s3:::other/"]"#);
    let in_flux = Found { revision: "next".into(), ..found(&[&mine, &other], Some("this")) };
    assert_eq!(states(&told(&mine, in_flux.clone()).status)[2], is("True", Reason::Applied));
    assert_eq!(states(&told(&other, in_flux).status)[2].0, "False", "the newcomer waits");
    // The Trail has looked at the newest revision, and AWS does not show some of it yet.
    for (unapplied, mine_is) in [("security/b", "True"), ("security/a", "False")] {
        let mut looked = found(&[&mine, &other], Some("next"));
        let mut trail = (*looked.trail).clone();
        let selectors = trail.status.as_mut().unwrap().selectors.as_mut().unwrap();
        (selectors.applied_revision, selectors.unapplied) = (None, vec![unapplied.to_owned()]);
        (looked.revision, looked.trail) = ("next".into(), Arc::new(trail));
        assert_eq!(states(&told(&mine, looked.clone()).status)[2].0, mine_is, "{unapplied}");
        let other_is = if mine_is == "True" { "False" } else { "True" };
        assert_eq!(states(&told(&other, looked).status)[2].0, other_is, "{unapplied}");
    }
}

#[test]
fn an_own_edit_waits_until_aws_has_it() {
    let mut mine = object("a", BUCKET);
    mine = after(&mine, told(&mine, found(&[&mine], Some("this"))).status);
    let mut edited = object("a", r#"startsWith: ["arn:aws:s3:::mine/"]"#);
    edited.metadata.generation = Some(2);
    edited = after(&edited, mine.status.clone().unwrap());
    let in_flux = Found { revision: "next".into(), ..found(&[&edited], Some("this")) };
    let status = told(&edited, in_flux).status;
    assert_eq!(states(&status)[2], is("False", Reason::Progressing));
    assert_eq!(status.observed_generation, Some(1), "a waiting tool goes on waiting");
}

#[test]
fn an_invalid_edit_says_what_goes_on_being_recorded() {
    let mut mine = object("a", BUCKET);
    mine = after(&mine, told(&mine, found(&[&mine], Some("this"))).status);
    let accepted = mine.status.clone().unwrap().accepted;
    mine.metadata.generation = Some(2);
    mine.spec.advanced.as_mut().unwrap()[0].field_selectors[2].starts_with = Some(vec!["bucket".into()]);
    let report = told(&mine, found(&[&mine], Some("this")));
    assert_eq!(
        states(&report.status),
        [is("False", Reason::Invalid), is("False", Reason::Invalid), is("False", Reason::HeldLastAccepted)]
    );
    assert_eq!(report.status.accepted, accepted);
    assert!(find(&report.status.conditions, "Stalled").is_some(), "somebody must change it");
    assert_eq!(report.status.records.len(), 1);
    // It is broken before AWS was seen to have it.
    let mut early = object("a", BUCKET);
    early = after(&early, told(&early, found(&[&early], Some("before"))).status);
    let pending = early.status.clone().unwrap().pending;
    early.metadata.generation = Some(2);
    early.spec.advanced = mine.spec.advanced.clone();
    let on_its_way = Found { revision: "next".into(), ..found(&[&early], Some("this")) };
    let report = told(&early, on_its_way);
    assert_eq!(states(&report.status)[2], is("False", Reason::HeldLastAccepted));
    assert_eq!((&report.status.accepted, &report.status.pending), (&None, &pending));
    let seen = told(&after(&early, report.status), found(&[&early], Some("this"))).status;
    assert_eq!((seen.accepted, seen.pending), (pending, None), "AWS has it by now");
    // It was never accepted.
    let mut new = mine.clone();
    new.status = None;
    let report = told(&new, found(&[&new], Some("this")));
    assert_eq!(states(&report.status)[2], is("False", Reason::NotAccepted));
    assert_eq!(report.status.accepted, None);
}

#[test]
fn without_a_trail_nothing_else_is_said() {
    let object = object("a", BUCKET);
    for reason in [Reason::TrailNotFound, Reason::NotPermitted] {
        let view = View::None { reason, message: "why".into() };
        let first = report(&object, &view, NOW);
        assert_eq!(
            states(&first.status),
            [is("False", reason), is("False", reason), is("False", Reason::NotAccepted)]
        );
        assert_eq!((first.status.records.len(), first.status.overlaps.len()), (0, 0));
        let later = report(&after(&object, first.status), &view, NOW + SignedDuration::from_mins(11));
        assert!(find(&later.status.conditions, "Stalled").is_some(), "stalled after ten minutes");
    }
}

#[test]
fn a_trail_that_is_not_as_declared_is_named() {
    let object = object("a", BUCKET);
    let mut found = found(&[&object], None);
    let mut trail = (*found.trail).clone();
    let conditions = crate::conditions::next(
        &[],
        None,
        1,
        &crate::conditions::Readiness::Waiting { reason: Reason::BucketNotFound, message: "secret".into() },
        &[],
        NOW,
    );
    trail.status.as_mut().unwrap().conditions = conditions.list;
    found.trail = Arc::new(trail);
    let status = told(&object, found).status;
    assert_eq!(states(&status)[0], is("False", Reason::TrailNotReady));
    let told = &find(&status.conditions, "Ready").unwrap().message;
    assert!(told.contains("BucketNotFound") && !told.contains("secret"), "{told}");
}

#[test]
fn what_costs_more_than_it_seems_is_told() {
    let warned = |object: &EventSelector, found: Found| -> Vec<String> {
        told(object, found).status.warnings.into_iter().map(|warning| warning.reason).collect()
    };
    let everything = object("a", r#"startsWith: ["arn:aws:s3:::"]"#);
    assert_eq!(warned(&everything, found(&[&everything], None))[0], "RecordsOwnBucket");
    let mut quiet = found(&[&everything], None);
    let mut trail = (*quiet.trail).clone();
    trail.spec.recursive_logging = Some(false);
    quiet.trail = Arc::new(trail);
    assert!(!warned(&everything, quiet).contains(&"RecordsOwnBucket".into()));
    let others = object("a", r#"startsWith: ["arn:aws:s3:::"], notStartsWith: ["arn:aws:s3:::logs/"]"#);
    assert!(!warned(&others, found(&[&others], None)).contains(&"RecordsOwnBucket".into()));
    // The bucket whose name begins alike is another one.
    let alike = object("a", r#"startsWith: ["arn:aws:s3:::logs-2/"]"#);
    assert!(warned(&alike, found(&[&alike], None)).is_empty());

    let one = object("a", BUCKET);
    let elsewhere = vec![vec![selector("of another trail", 2)]];
    let twice = Found { elsewhere, ..found(&[&one], None) };
    assert_eq!(warned(&one, twice), ["RecordedTwice"]);
}

#[test]
fn who_records_the_same_is_told_within_the_namespace_only() {
    let one = object("one", BUCKET);
    let mut all = object("all", r#"startsWith: ["arn:aws:s3:::"]"#);
    let overlaps =
        |of: &EventSelector, other: &EventSelector| told(of, found(&[of, other], None)).status.overlaps;
    assert_eq!(overlaps(&one, &all), ["'one' is part of what is recorded by 'all' of EventSelector 'all'"]);
    assert_eq!(overlaps(&all, &one), ["'all' records all that is recorded by 'one' of EventSelector 'one'"]);
    all.metadata.namespace = Some("elsewhere".into());
    let overlaps = overlaps(&one, &all);
    assert_eq!(overlaps, ["'one' is part of what is recorded by an EventSelector of another namespace"]);
}

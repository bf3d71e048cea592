//! Whose trail is taken, kept or left alone, and how an object moves without a moment of silence.

use trail_operator_crds::AdoptionPolicy::{self, IfUnowned, Never};

use super::*;

const THEIRS: &str = "cluster/shop/audit";

/// What comes of a trail that is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    Taken(Mark),
    LeftAlone,
}

use Mark::{Adopted, Reclaimed, Restored};
use Then::{LeftAlone, Nothing, Taken};

/// A trail with this owner tag (`None`: its tags may not be read), as it was before.
#[derive(Clone, Copy)]
struct Before {
    owner: Option<&'static str>,
    acquired: bool,
    restored: bool,
}

const OURS: Before = Before { owner: Some("cluster/security/audit"), acquired: true, restored: false };
const OURS_BUT_NEW: Before = Before { acquired: false, ..OURS };
const LOST: Before = Before { owner: Some(""), ..OURS };
const TAKEN: Before = Before { owner: Some(THEIRS), ..OURS };
const TAKEN_AGAIN: Before = Before { restored: true, ..TAKEN };
const UNOWNED: Before = Before { acquired: false, ..LOST };
const FOREIGN: Before = Before { acquired: false, ..TAKEN };
const UNREADABLE: Before = Before { owner: None, ..OURS };

fn observed(before: Before) -> Observed {
    changed(|trail| match before.owner {
        None => trail.tags = None,
        Some("") => drop(tags(trail).remove(OWNER_TAG)),
        Some(owner) => drop(tags(trail).insert(OWNER_TAG.into(), owner.into())),
    })
}

fn then(name: &str, before: Before, policy: AdoptionPolicy, from: Option<&str>) -> Then {
    let input = Input {
        trail_name: name.into(),
        adoption_policy: policy,
        adopt_from: from.map(str::to_owned),
        acquired: before.acquired,
        owner_tag_restored: before.restored,
        ..input()
    };
    let plan = plan(&input, &observed(before), NOW);
    match plan.changes.as_slice() {
        [Change::MarkOwner(mark, _)] => Taken(*mark),
        [] if plan == Plan::default() => Nothing,
        [] => {
            assert_eq!((plan.findings.len(), plan.findings[0].reason), (1, Reason::ManagementConflict));
            assert!(!plan.findings[0].message.contains(THEIRS), "nobody else's names: {plan:?}");
            LeftAlone
        }
        _ => panic!("{plan:?}"),
    }
}

#[test]
fn nothing_is_taken_over_from_an_object_that_is_still_there() {
    let mut taker = trail();
    taker.spec.adopt_from = Some("cluster/shop/audit".into());
    let theirs = changed(|trail| {
        tags(trail).insert(OWNER_TAG.into(), "cluster/shop/audit".into());
    });
    let living = Claim { namespace: "shop".into(), name: "audit".into(), ..Claim::default() };
    for (claims, conflicts) in [(vec![living], true), (vec![], false)] {
        let cluster = Cluster { claims, ..cluster() };
        let input = dereference(&taker, ACTOR, &cluster, NOW).unwrap();
        let plan = plan(&input, &theirs, NOW);
        assert_eq!(plan.changes.is_empty(), conflicts, "{plan:?}");
    }
}

#[test]
fn every_owner_under_every_policy() {
    for (name, before, never, named, if_unowned, if_unowned_and_named) in [
        ("ours", OURS, Nothing, Nothing, Nothing, Nothing),
        ("ours, and nothing is known of it", OURS_BUT_NEW, Nothing, Nothing, Nothing, Nothing),
        ("lost", LOST, Taken(Restored), Taken(Restored), Taken(Restored), Taken(Restored)),
        ("taken", TAKEN, Taken(Reclaimed), Taken(Adopted), Taken(Reclaimed), Taken(Adopted)),
        ("taken again", TAKEN_AGAIN, LeftAlone, Taken(Adopted), LeftAlone, Taken(Adopted)),
        ("unowned", UNOWNED, LeftAlone, LeftAlone, Taken(Adopted), Taken(Adopted)),
        ("another's", FOREIGN, LeftAlone, Taken(Adopted), LeftAlone, Taken(Adopted)),
        ("unreadable", UNREADABLE, LeftAlone, LeftAlone, LeftAlone, LeftAlone),
    ] {
        assert_eq!(then("audit", before, Never, None), never, "{name}");
        assert_eq!(then("audit", before, Never, Some(THEIRS)), named, "{name}");
        assert_eq!(then("audit", before, IfUnowned, None), if_unowned, "{name}");
        assert_eq!(then("audit", before, IfUnowned, Some(THEIRS)), if_unowned_and_named, "{name}");
        for policy in [Never, IfUnowned] {
            let other = then("audit", before, policy, Some("cluster/shop/other"));
            assert_eq!(other, then("audit", before, policy, None), "{name}: another name is none");
        }
    }
}

#[test]
fn the_trails_of_control_tower_are_never_taken() {
    for name in ["aws-controltower-BaselineCloudTrail", "AWS-ControlTower-x"] {
        for before in [LOST, TAKEN, TAKEN_AGAIN, UNOWNED, FOREIGN, UNREADABLE] {
            assert_eq!(then(name, before, IfUnowned, Some(THEIRS)), LeftAlone);
        }
        assert_eq!(then(name, OURS, Never, None), Nothing, "a trail of one's own may be called so");
    }
}

/// AWS differs in everything that can be set.
fn different(input: &Input) -> Observed {
    changed_from(input, |trail| {
        tags(trail).clear();
        trail.settings.s3_bucket_name = "x".into();
        trail.status.is_logging = false;
        trail.recorded.insights = Some(BTreeMap::from([("ApiErrorRateInsight".into(), BTreeSet::new())]));
    })
}

#[test]
fn a_trail_that_is_taken_over_is_ours_before_anything_is_changed() {
    let tagged = edited(|trail| drop(trail.spec.tags.insert("Team".into(), "a".into())));
    let input = Input { adoption_policy: IfUnowned, ..tagged.clone() };
    let plan = plan(&input, &different(&tagged), NOW);
    assert_eq!(
        operations(&plan),
        ["AddTags", "StartLogging", "UpdateTrail", "PutInsightSelectors", "AddTags"]
    );
    assert!(matches!(plan.changes[0], Change::MarkOwner(Adopted, _)));
}

#[test]
fn what_is_not_ours_is_changed_in_nothing_and_told_of_in_nothing() {
    let input = input();
    let observed = different(&input);
    let plan = plan(&input, &observed, NOW);
    assert_eq!((set(&plan), left(&plan)), (vec![], vec![]));
    let outcome = Outcome::Observed { observed, plan };
    let status = report(&input, &TrailStatus::default(), &outcome, &Applied::default(), NOW).status;
    assert_eq!((status.arn, status.logging, status.drift, status.destination), (None, None, vec![], None));
}

fn claim(second: i64, namespace: &str, name: &str, account_ref: &str) -> Claim {
    let created = Some(NOW + SignedDuration::from_secs(second));
    Claim { created, namespace: namespace.into(), name: name.into(), account_ref: account_ref.into() }
}

#[test]
fn of_two_objects_that_declare_one_trail_the_oldest_makes_it() {
    let mut mine = trail();
    mine.metadata.creation_timestamp =
        Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW + SignedDuration::from_secs(10)));
    for (what, other, goes_first) in [
        ("an older one", claim(9, "security", "z", "default"), true),
        ("a younger one", claim(11, "security", "a", "default"), false),
        ("one of the same second and a lesser name", claim(10, "security", "a", "default"), true),
        ("one of the same second and a greater name", claim(10, "security", "z", "default"), false),
        ("an older one in another account", claim(9, "security", "a", "of-another-account"), false),
        ("an older one without an account", claim(9, "security", "a", "missing"), false),
        ("an older one whose account cannot be read", claim(9, "security", "a", "unreadable"), false),
        ("an older one that may not use the account", claim(9, "shop", "a", "default"), false),
    ] {
        let claims = vec![claim(10, "security", "audit", "default"), other];
        let input = dereference(&mine, ACTOR, &Cluster { claims, ..cluster() }, NOW).unwrap();
        let made = operations(&plan(&input, &Observed::default(), NOW));
        assert_eq!(made.is_empty(), goes_first, "{what}: {made:?}");
        let adopting = Input { adoption_policy: IfUnowned, ..input.clone() };
        let taken = plan(&adopting, &observed(UNOWNED), NOW);
        assert_eq!(taken.changes.is_empty(), goes_first, "{what} takes what nobody owns");
        if goes_first {
            for plan in [plan(&input, &Observed::default(), NOW), taken] {
                assert_eq!(plan.findings[0].reason, Reason::ManagementConflict);
                assert!(plan.findings[0].message.contains("older than this one"), "{plan:?}");
            }
        }
        assert_eq!(
            plan(&input, &as_declared(&input), NOW),
            Plan::default(),
            "{what}: what is ours stays ours"
        );
    }
}

/// The same manifest in another namespace of another cluster.
fn moved(adoption_policy: AdoptionPolicy, adopt_from: Option<&str>) -> Input {
    let mut trail = trail();
    trail.metadata.namespace = Some("shop".into());
    trail.spec.adoption_policy = adoption_policy;
    trail.spec.adopt_from = adopt_from.map(str::to_owned);
    let labels = BTreeMap::from([("audit".to_owned(), "yes".to_owned())]);
    let there = Cluster { namespace: Namespace { labels, terminating: false }, ..cluster() };
    let actor = Actor { cluster_id: "other", ..ACTOR };
    dereference(&trail, actor, &there, NOW).unwrap()
}

#[test]
fn an_object_moves_by_retain_and_adopt_without_touching_anything_but_the_owner_tag() {
    let mut observed = as_declared(&input());
    assert_eq!(finalize::plan(&input(), &observed), [Change::RemoveOwnerTag]);
    tags(observed.trail.as_mut().unwrap()).remove(OWNER_TAG);
    let plan_there = plan(&moved(IfUnowned, None), &observed, NOW);
    let [Change::MarkOwner(Adopted, owner)] = plan_there.changes.as_slice() else { panic!("{plan_there:?}") };
    assert_eq!((owner.from.as_str(), owner.to.as_str()), ("", "other/shop/audit"));
    assert_eq!((plan_there.withheld, plan_there.findings), (vec![], vec![]));

    let named = plan(&moved(Never, Some("cluster/security/audit")), &as_declared(&input()), NOW);
    assert_eq!(operations(&named), ["AddTags"], "or in one step, by the old owner's name");
    assert_eq!(operations(&plan(&moved(IfUnowned, None), &as_declared(&input()), NOW)), [""; 0]);
}

//! Tags of the manifest are set and removed; those of others are neither.

use super::{
    fake::{Fake, now},
    *,
};

/// The object and AWS, through edits of `spec.tags`.
struct Tagged {
    fake: Fake,
    trail: Trail,
}

impl Tagged {
    fn declare(&mut self, tags: &[(&str, &str)]) -> Vec<String> {
        self.trail.spec.tags = tags.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let previous = self.trail.status.clone().unwrap_or_default();
        let (report, _) =
            now(reconcile(&self.fake, &STAY, input_of(&self.trail), &previous, <_>::default(), NOW));
        assert_eq!(ready(&report.status).0, "True", "{report:?}");
        let managed = report.status.managed_tag_keys.clone();
        self.trail.status = Some(report.status);
        managed
    }

    fn in_aws(&self) -> Vec<(String, String)> {
        let mut all = self.fake.trail().tags.unwrap();
        assert_eq!(
            all.remove(OWNER_TAG).as_deref(),
            Some("cluster/security/audit"),
            "kept through everything"
        );
        all.into_iter().collect()
    }
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn only_tags_that_were_set_from_here_are_removed_and_status_knows_which() {
    let observed = changed(|trail| {
        tags(trail).insert("Theirs".into(), "x".into());
        tags(trail).insert("Both".into(), "theirs".into());
    });
    let mut tagged = Tagged { fake: Fake::with(observed.trail), trail: trail() };
    assert_eq!(tagged.declare(&[]), [""; 0]);
    assert_eq!(tagged.declare(&[("Team", "a"), ("Both", "ours")]), ["Both", "Team"]);
    assert_eq!(tagged.in_aws(), pairs(&[("Both", "ours"), ("Team", "a"), ("Theirs", "x")]));
    assert_eq!(tagged.declare(&[("Team", "b")]), ["Team"]);
    assert_eq!(tagged.in_aws(), pairs(&[("Team", "b"), ("Theirs", "x")]));
    assert_eq!(tagged.declare(&[]), [""; 0]);
    assert_eq!(tagged.in_aws(), pairs(&[("Theirs", "x")]));
}

#[test]
fn a_tag_whose_removal_failed_stays_ours_until_it_is_gone() {
    let mut tagged = Tagged { fake: Fake::with(as_declared(&input()).trail), trail: trail() };
    tagged.declare(&[("Team", "a")]);
    tagged.trail.spec.tags.clear();
    tagged.fake.state().refused = vec![("RemoveTags", "ThrottlingException")];
    let previous = tagged.trail.status.clone().unwrap();
    let (report, _) =
        now(reconcile(&tagged.fake, &STAY, input_of(&tagged.trail), &previous, <_>::default(), NOW));
    assert_eq!(report.status.managed_tag_keys, ["Team"]);
    tagged.trail.status = Some(report.status);
    tagged.fake.state().refused.clear();
    assert_eq!(tagged.declare(&[]), [""; 0]);
    assert_eq!(tagged.in_aws(), []);
}

#[test]
fn a_tag_that_is_fought_over_holds_up_no_other() {
    let fights = (0..4).fold(Fights::default(), |fights, _| fights.and(["tags.Team"], NOW));
    let input = Input {
        fights,
        ..edited(|trail| {
            trail.spec.tags = BTreeMap::from([("Team".into(), "a".into()), ("Stage".into(), "prod".into())]);
        })
    };
    let observed = changed_from(&input, |trail| {
        tags(trail).insert("Team".into(), "theirs".into());
        tags(trail).remove("Stage");
    });
    let plan = plan(&input, &observed, NOW);
    assert_eq!(
        (set(&plan), left(&plan)),
        (vec!["tags.Stage".into()], vec![("tags.Team", Reason::RepeatedDrift)])
    );
    let [Change::AddTags(_, added)] = plan.changes.as_slice() else { panic!("{plan:?}") };
    assert_eq!(added.keys().collect::<Vec<_>>(), ["Stage"]);
}

#[test]
fn tags_of_a_creation_whose_answer_was_lost_are_ours() {
    let mut tagged =
        Tagged { fake: Fake::refusing(None, &[("CreateTrail", "InternalFailure")]), trail: trail() };
    tagged.trail.spec.tags = BTreeMap::from([("Team".into(), "a".into())]);
    let input = input_of(&tagged.trail);
    let (report, _) =
        now(reconcile(&tagged.fake, &STAY, input.clone(), &<_>::default(), <_>::default(), NOW));
    assert_eq!(report.status.managed_tag_keys, ["Team"]);
    tagged.trail.status = Some(report.status);
    // AWS has made the trail all the same, and the tag is declared no more.
    tagged.fake = Fake::with(as_declared(&input).trail);
    assert_eq!(tagged.declare(&[]), [""; 0]);
    assert_eq!(tagged.in_aws(), []);
}

#[test]
fn a_tag_stays_ours_while_aws_may_not_show_it_yet() {
    let team = BTreeMap::from([("Team".to_owned(), "a".to_owned())]);
    let added = LastWrite::default().and(&[Change::AddTags(vec![], team.clone())], NOW);
    let input = Input { last_write: added, managed_tag_keys: team.into_keys().collect(), ..input() };
    let fake = Fake::with(as_declared(&input).trail);
    let managed = |at| {
        let (report, _) = now(reconcile(&fake, &STAY, input.clone(), &<_>::default(), <_>::default(), at));
        report.status.managed_tag_keys
    };
    assert_eq!(managed(NOW), ["Team"]);
    assert_eq!(managed(NOW + LastWrite::SETTLED_AFTER), [""; 0]);
}

#[test]
fn a_trail_that_is_taken_over_carries_no_tag_of_ours() {
    let input = Input {
        adoption_policy: trail_operator_crds::AdoptionPolicy::IfUnowned,
        managed_tag_keys: BTreeSet::from(["Team".to_owned()]),
        ..input()
    };
    let observed = changed_from(&input, |trail| {
        tags(trail).remove(OWNER_TAG);
        tags(trail).insert("Team".into(), "theirs".into());
    });
    let fake = Fake::with(observed.trail);
    let (report, _) = now(reconcile(&fake, &STAY, input, &<_>::default(), <_>::default(), NOW));
    assert_eq!(fake.operations(), ["AddTags"]);
    assert_eq!(report.status.managed_tag_keys, [""; 0]);
}

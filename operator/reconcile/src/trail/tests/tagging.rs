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
        let (report, _) = now(reconcile(&self.fake, input_of(&self.trail), &previous, <_>::default(), NOW));
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
    let (report, _) = now(reconcile(&tagged.fake, input_of(&tagged.trail), &previous, <_>::default(), NOW));
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

//! Nobody takes away what another records; what cannot be accepted stays as it was.

use proptest::prelude::*;
use trail_operator_domain::selectors::ReadWrite;

use super::*;

fn composed(members: &[Member]) -> Composition {
    compose(Some(&AdvancedSelector::management(ReadWrite::All, [])), members.to_vec())
}

#[test]
fn members_come_in_the_order_of_priority_namespace_and_name() {
    let all = [new("c", 100, 3), new("b", 100, 3), new("a", 200, 3), new("z", 1, 3)];
    let names: Vec<_> = composed(&all).selectors.iter().map(|one| one.name.clone()).collect();
    assert_eq!(names, ["z", "b", "c", "a"]);
    assert_eq!(composed(&all).accepted(), 4);
}

#[test]
fn what_two_ask_for_is_sent_and_counted_once() {
    let same = Member { form: Ok(vec![selector("a", 400)]), ..new("b", 100, 3) };
    let both = composed(&[new("a", 100, 400), same]);
    assert_eq!((both.selectors.len(), both.accepted()), (1, 2));
}

#[test]
fn over_quota_the_later_one_is_refused_and_the_others_are_not() {
    let all = composed(&[new("a", 1, 300), new("b", 2, 300), new("c", 3, 100)]);
    assert_eq!(["a", "b", "c"].map(|name| reason(&all, name)), [None, Some(Reason::QuotaExceeded), None]);
    let told = &all.verdicts[&key("b")].refusal().unwrap().message;
    assert!(told.contains("500 values") && told.contains("asks for 300 where"), "{told}");
    assert!(values(&all) < 500);
}

#[test]
fn the_five_hundredth_value_fits_and_the_next_does_not() {
    // One is the management selector's.
    assert_eq!(reason(&composed(&[new("a", 1, 499)]), "a"), None);
    assert_eq!(reason(&composed(&[new("a", 1, 500)]), "a"), Some(Reason::QuotaExceeded));
    assert_eq!(reason(&compose(None, vec![new("a", 1, 500)]), "a"), None);
}

#[test]
fn a_newcomer_displaces_nobody_whatever_its_priority() {
    let old = accepted(new("old", 500, 400));
    let all = composed(&[old, new("new", 0, 200)]);
    assert_eq!((reason(&all, "old"), reason(&all, "new")), (None, Some(Reason::QuotaExceeded)));
}

#[test]
fn an_edit_that_does_not_fit_keeps_what_was_accepted() {
    let grown = Member { form: Ok(vec![selector("b", 300)]), ..accepted(new("b", 2, 10)) };
    let all = composed(&[accepted(new("a", 1, 300)), grown]);
    let Verdict::Held { refusal, selectors } = &all.verdicts[&key("b")] else { panic!("{all:?}") };
    assert_eq!(
        (refusal.reason, selectors.as_slice()),
        (Reason::QuotaExceeded, [selector("b", 10)].as_slice())
    );
    assert!(all.selectors.contains(&selector("b", 10)));
}

#[test]
fn who_asks_for_less_makes_room_for_who_asks_for_more_whatever_their_order() {
    let shrinks = Member { form: Ok(vec![selector("z", 10)]), ..accepted(new("z", 900, 300)) };
    let grows = Member { form: Ok(vec![selector("a", 400)]), ..accepted(new("a", 1, 100)) };
    let all = composed(&[grows, shrinks]);
    assert_eq!(all.accepted(), 2, "{all:?}");
}

#[test]
fn an_invalid_edit_keeps_what_was_accepted_and_holds_up_nobody_else() {
    let broken = Member { form: Err(vec!["wrong".into()]), ..accepted(new("a", 1, 10)) };
    let all = composed(&[broken, new("b", 2, 10)]);
    assert_eq!((reason(&all, "a"), reason(&all, "b")), (Some(Reason::Invalid), None));
    assert!(all.selectors.contains(&selector("a", 10)) && all.selectors.contains(&selector("b", 10)));
    assert_eq!(all.unjudged, [] as [Key; 0]);
}

#[test]
fn an_invalid_object_holds_the_trail_only_where_it_may_have_been_accepted_before() {
    let invalid =
        |judged, is_edited| Member { form: Err(vec!["wrong".into()]), judged, is_edited, ..new("a", 1, 3) };
    for (judged, is_edited, holds) in
        [(false, false, false), (true, false, false), (true, true, false), (false, true, true)]
    {
        let all = composed(&[invalid(judged, is_edited)]);
        assert_eq!(!all.unjudged.is_empty(), holds, "judged {judged}, edited {is_edited}");
        assert_eq!(all.selectors, [] as [AdvancedSelector; 0]);
    }
}

/// What somebody does to one of a few objects.
#[derive(Clone, Debug)]
enum Step {
    Put { name: usize, priority: i32, values: usize },
    Break { name: usize },
    Delete { name: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let put = (0..5_usize, 0..3_i32, 3..320_usize).prop_map(|(name, priority, values)| Step::Put {
        name,
        priority,
        values,
    });
    let step = prop_oneof![
        6 => put,
        1 => (0..5_usize).prop_map(|name| Step::Break { name }),
        2 => (0..5_usize).prop_map(|name| Step::Delete { name }),
    ];
    proptest::collection::vec(step, 1..40)
}

proptest! {
    /// Whatever happens, in whatever order the cache gives the objects: who is there and was accepted is recorded, in its
    /// newest accepted form, and the quota is kept.
    #[test]
    fn a_live_member_is_never_dropped(steps in steps(), reverse in any::<bool>()) {
        let mut members: Vec<Member> = Vec::new();
        for step in steps {
            match step {
                Step::Put { name, priority, values } => {
                    let made = new(&format!("m{name}"), priority, values);
                    match members.iter_mut().find(|member| member.key == made.key) {
                        Some(old) => {
                            *old = Member {
                                accepted: old.accepted.clone(),
                                judged: true,
                                is_edited: true,
                                ..made
                            };
                        }
                        None => members.push(made),
                    }
                }
                Step::Break { name } => {
                    let name = key(&format!("m{name}"));
                    for member in members.iter_mut().filter(|member| member.key == name) {
                        member.form = Err(vec!["wrong".into()]);
                        member.is_edited = true;
                    }
                }
                Step::Delete { name } => {
                    let name = key(&format!("m{name}"));
                    members.retain(|member| member.key != name);
                }
            }
            if reverse {
                members.reverse();
            }
            let all = composed(&members);
            prop_assert!(values(&all) < MAX_VALUES);
            for member in &members {
                let verdict = &all.verdicts[&member.key];
                if let Some(accepted) = &member.accepted {
                    let form = match verdict {
                        Verdict::Accepted(_) => member.form.clone().unwrap(),
                        _ => accepted.clone(),
                    };
                    prop_assert!(form.iter().all(|one| all.selectors.contains(one)), "{:?}", member.key);
                }
            }
            // As the controller of EventSelector writes it down.
            for member in &mut members {
                if let Verdict::Accepted(selectors) = &all.verdicts[&member.key] {
                    member.accepted = Some(selectors.clone());
                }
                member.judged = true;
            }
        }
    }

    #[test]
    fn the_order_in_which_objects_are_found_is_no_difference(steps in steps()) {
        let mut members: Vec<Member> = Vec::new();
        for step in steps {
            if let Step::Put { name, priority, values } = step {
                let made = new(&format!("m{name}"), priority, values);
                members.retain(|member| member.key != made.key);
                members.push(made);
            }
        }
        let mut other = members.clone();
        other.reverse();
        prop_assert_eq!(composed(&members), composed(&other));
    }
}

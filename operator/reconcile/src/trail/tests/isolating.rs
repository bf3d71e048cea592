//! Of many EventSelectors in one call, the one that AWS refuses is found, and only that one is left out.

use std::collections::BTreeSet;

use proptest::prelude::*;
use trail_operator_crds::EventSelector;
use trail_operator_domain::selectors::{AdvancedSelector, Selectors};

use super::*;

fn member(name: &str) -> EventSelector {
    let yaml = format!(
        r#"
apiVersion: trail-operator.dev/v1alpha1
kind: EventSelector
metadata: {{name: {name}, namespace: security, generation: 1}}
spec:
  trailRef: {{name: audit}}
  advanced:
    - name: {name}
      fieldSelectors: [{{field: eventCategory, equals: [Data]}}, {{field: resources.type, equals: ["AWS::S3::{name}"]}}]
"#
    );
    serde_saphyr::from_str(&yaml).unwrap()
}

/// AWS, which does not know some types.
struct Aws {
    unknown: BTreeSet<String>,
    selectors: Selectors,
    puts: usize,
}

/// The operator, with what it writes and remembers.
struct Operator {
    members: Vec<EventSelector>,
    status: TrailStatus,
    isolation: Isolation,
}

impl Operator {
    /// One round. Whether there is more to be done.
    fn round(&mut self, aws: &mut Aws) -> bool {
        let trail = Trail { status: Some(self.status.clone()), ..trail() };
        let mut input = input_in(&trail, &Cluster { event_selectors: self.members.clone(), ..cluster() });
        input.recording.selectors.hold = None;
        input.isolation = self.isolation.clone();
        input.isolation.clone().hold_back(&mut input);
        let look =
            |aws: &Aws| changed_from(&input, |trail| trail.recorded.selectors = Some(aws.selectors.clone()));
        let first = plan(&input, &look(aws), NOW);
        let mut applied = Applied::default();
        for change in first.changes {
            let Change::PutEventSelectors(_, selectors) = &change else { panic!("{change:?}") };
            aws.puts += 1;
            if selectors.advanced().iter().any(|one| aws.unknown.contains(&one.name)) {
                let error = AwsError::new("PutEventSelectors", "InvalidEventSelectorsException", "words");
                applied.failed.push(Failure { change, error });
            } else {
                aws.selectors = selectors.clone();
                applied.done.push(change);
            }
        }
        let observed = look(aws);
        let outcome = Outcome::Observed { plan: plan(&input, &observed, NOW), observed };
        let report = report(&input, &self.status, &outcome, &applied, NOW);
        let soon = matches!(report.next, Next::After(_)) || !applied.done.is_empty();
        let was = std::mem::replace(&mut self.status, report.status);
        self.isolation = report.isolation;
        soon || was.selectors != self.status.selectors
    }
}

proptest! {
    #[test]
    fn in_the_end_aws_has_all_but_those_it_refuses(
        unknown in proptest::collection::vec(any::<bool>(), 1..9),
        there in 0..4_usize,
    ) {
        let names: Vec<_> = (0..unknown.len()).map(|n| format!("m{n}")).collect();
        let refused: BTreeSet<_> =
            names.iter().zip(&unknown).filter(|(_, unknown)| **unknown).map(|(name, _)| name.clone()).collect();
        let sound: BTreeSet<_> = names.iter().filter(|name| !refused.contains(*name)).cloned().collect();
        let before: Vec<_> = names.iter().take(there).filter(|name| sound.contains(*name)).collect();
        let mut aws = Aws { unknown: refused.clone(), selectors: Selectors::Default, puts: 0 };
        let mut operator = Operator {
            members: before.iter().map(|name| member(name)).collect(),
            status: TrailStatus::default(),
            isolation: Isolation::default(),
        };
        while operator.round(&mut aws) {}
        operator.members = names.iter().map(|name| member(name)).collect();
        let most = 3 * names.len() + 3;
        for _ in 0..most {
            if !operator.round(&mut aws) {
                break;
            }
            let recorded: BTreeSet<_> = aws.selectors.advanced().into_iter().map(|one| one.name).collect();
            prop_assert!(before.iter().all(|name| recorded.contains(*name)), "nothing is lost on the way");
        }
        let told: BTreeSet<_> =
            operator.status.selectors.iter().flat_map(|one| &one.refused).map(|one| one.name.clone()).collect();
        prop_assert_eq!(told, refused.clone());
        let added = aws.selectors.advanced().into_iter().filter(|one: &AdvancedSelector| !one.is_management());
        prop_assert_eq!(added.map(|one| one.name).collect::<BTreeSet<_>>(), sound);
        prop_assert_eq!(ready(&operator.status).0, "True", "the Trail itself is sound");
        let puts = aws.puts;
        prop_assert!(!operator.round(&mut aws));
        prop_assert_eq!(aws.puts, puts, "nothing is tried again");
    }
}

proptest! {
    /// Whoever was recorded stays so while others, or its own edit, are tried: in its old form or in its new one.
    #[test]
    fn live_members_are_recorded_while_edits_are_tried(edits in proptest::collection::vec(0..3_u8, 2..7), newcomer in any::<bool>()) {
        let names: Vec<_> = (0..edits.len()).map(|n| format!("m{n}")).collect();
        let mut aws = Aws { unknown: BTreeSet::new(), selectors: Selectors::Default, puts: 0 };
        let mut operator = Operator {
            members: names.iter().map(|name| member(name)).collect(),
            status: TrailStatus::default(),
            isolation: Isolation::default(),
        };
        while operator.round(&mut aws) {}
        for (object, edit) in operator.members.iter_mut().zip(&edits) {
            let accepted = trail_operator_crds::AcceptedSelectors {
                generation: 1,
                selectors: object.spec.advanced.clone().unwrap(),
            };
            object.status = Some(trail_operator_crds::EventSelectorStatus {
                observed_generation: Some(1),
                accepted: Some(accepted),
                ..<_>::default()
            });
            if *edit > 0 {
                object.metadata.generation = Some(2);
                let name = format!("{}b", object.metadata.name.clone().unwrap());
                object.spec.advanced.as_mut().unwrap()[0].name = Some(name.clone());
                aws.unknown.extend((*edit == 2).then_some(name));
            }
        }
        if newcomer {
            aws.unknown.insert("new".into());
            operator.members.push(member("new"));
        }
        for _ in 0..3 * names.len() + 6 {
            let more = operator.round(&mut aws);
            let recorded: BTreeSet<_> = aws.selectors.advanced().into_iter().map(|one| one.name).collect();
            for name in &names {
                prop_assert!(recorded.contains(name) || recorded.contains(&format!("{name}b")), "{name}: {recorded:?}");
            }
            if !more {
                break;
            }
        }
        let recorded: BTreeSet<_> = aws.selectors.advanced().into_iter().map(|one| one.name).collect();
        let expected = names.iter().zip(&edits).map(|(name, edit)| if *edit == 1 { format!("{name}b") } else { name.clone() });
        let expected: BTreeSet<_> = expected.chain(["Management events selector".to_owned()]).collect();
        prop_assert_eq!(recorded, expected);
    }
}

#[test]
fn a_refusal_of_management_events_is_no_selector_s() {
    let mut excluding = trail();
    excluding.spec.management_events.exclude_event_sources = vec!["odd.amazonaws.com".into()];
    let mut input = input_in(&excluding, &Cluster { event_selectors: vec![member("a")], ..cluster() });
    let before = as_declared(&super::input());
    let refuse = |input: &Input| {
        let plan = plan(input, &before, NOW);
        let error = AwsError::new("PutEventSelectors", "InvalidEventSelectorsException", "words");
        let applied = Applied {
            failed: vec![Failure { change: plan.changes[0].clone(), error }],
            ..Applied::default()
        };
        let outcome = Outcome::Observed { plan, observed: before.clone() };
        report(input, &TrailStatus::default(), &outcome, &applied, NOW)
    };
    let first = refuse(&input);
    assert_eq!(
        ready(&first.status),
        ("False".into(), "Progressing".into()),
        "tried without the selector first"
    );
    input.isolation = first.isolation;
    input.isolation.clone().hold_back(&mut input);
    let second = refuse(&input);
    assert_eq!(ready(&second.status), ("False".into(), "InvalidConfiguration".into()));
    assert_eq!(second.status.selectors.unwrap().refused, []);
}

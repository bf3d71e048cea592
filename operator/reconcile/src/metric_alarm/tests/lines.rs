//! A plan as people are shown it.

use super::*;
use crate::{aws::Tags, trail::Line};

fn words(lines: &[Line]) -> Vec<String> {
    let word = |line: &Line| {
        let field = &line.field;
        format!("{} {}: '{}' to '{}', {}", line.operation, field.field, field.from, field.to, line.reason)
    };
    lines.iter().map(word).collect()
}

/// The lines of all that the object will come to, and the calls they are made by.
fn foreseen(fake: &Fake, object: &MetricAlarm) -> (Vec<String>, Vec<&'static str>) {
    let input = input_of(object);
    let input = Input { superseded: input.left_behind(), ..input };
    let observed = now(observe(fake, &input)).unwrap();
    let plan = plan(&input, &observed, NOW).to_the_end(&input, &observed);
    (words(&plan.lines(&input)), plan.changes.iter().map(Change::operation).collect())
}

fn edited(edit: impl Fn(&mut MetricAlarm)) -> (Fake, MetricAlarm) {
    let (fake, mut object) = settled();
    edit(&mut object);
    object.metadata.generation = Some(2);
    (fake, object)
}

#[test]
fn what_is_foreseen_is_what_the_rounds_then_do() {
    type Case = fn() -> (Fake, MetricAlarm);
    let cases: [(Case, &[&str]); 6] = [
        (|| (aws(), alarm()), &["filter.name: '' to 'security/root-usage', missing in AWS"]),
        (settled, &[]),
        (
            || edited(|object| object.spec.alarm.as_mut().unwrap().period_seconds = Some(60)),
            &["PutMetricAlarm alarm.periodSeconds: '300' to '60', declared"],
        ),
        (
            || edited(|object| object.spec.alarm.as_mut().unwrap().alarm_name = Some("root".into())),
            &[
                "PutMetricAlarm alarm.alarmName: '' to 'root', missing in AWS",
                "DeleteAlarms alarm.alarmName: 'security/root-usage' to '', kept elsewhere now",
            ],
        ),
        (
            || {
                let (fake, object) = settled();
                fake.state().filters.get_mut(GROUP).unwrap()[0].pattern = "{ $.never = 1 }".into();
                (fake, object)
            },
            &["PutMetricFilter filter.pattern: '{ $.never = 1 }' to '{$.userIdentity.type="],
        ),
        (
            || {
                let (fake, object) = settled();
                fake.state().tags.get_mut(ARN).unwrap().remove(OWNER_TAG);
                (fake, object)
            },
            &["TagResource tags.trail-operator.dev/owner: '' to 'cluster/security/root-usage'"],
        ),
    ];
    for (case, told) in cases {
        let (fake, object) = case();
        let (lines, planned) = foreseen(&fake, &object);
        for words in told {
            assert!(lines.iter().any(|line| line.contains(words)), "{words} is not in {lines:#?}");
        }
        assert_eq!(lines.is_empty(), told.is_empty());
        rounds(&fake, object, |input| input);
        let calls = fake.state().calls.clone();
        let done: Vec<_> = calls.iter().filter_map(|call| call.split(' ').next()).collect();
        assert_eq!(done, planned, "{lines:#?}");
    }
}

#[test]
fn what_deletion_does_is_told_before() {
    let tags = |owner: &str| Tags::from([(OWNER_TAG.to_owned(), owner.to_owned())]);
    let owner = "cluster/security/root-usage";
    for (policy, tags, told) in [
        (AlarmDeletionPolicy::Delete, Some(tags(owner)), vec!["DeleteAlarms", "DeleteMetricFilter"]),
        (AlarmDeletionPolicy::Delete, None, vec!["DeleteMetricFilter"]),
        (AlarmDeletionPolicy::Delete, Some(tags("another/security/x")), vec![]),
        (AlarmDeletionPolicy::Retain, Some(tags(owner)), vec!["UntagResource"]),
        (AlarmDeletionPolicy::Retain, None, vec![]),
    ] {
        let deletion = finalize::Deletion { policy, owner, hands_off: None, with: None, may_weaken: true };
        let place = settled().1.status.unwrap().place.unwrap();
        let changes = finalize::plan(&deletion, &place, tags.as_ref());
        let lines = lines_of_deletion(&changes);
        assert_eq!(lines.iter().map(|line| line.operation).collect::<Vec<_>>(), told);
        assert!(lines.iter().all(|line| line.reason == "the object is being deleted"));
    }
}

//! What a trail that is to be made would cost beyond what it seems to: a further copy of management events, of which only the
//! first is free.

use std::time::Duration;

use jiff::Timestamp;
use trail_operator_aws::Account as AwsAccount;
use trail_operator_crds::{DeclaredVolume, Trail};
use trail_operator_domain::cost::{Finding, Prices, Reason, Trail as Priced, dollars};
use trail_operator_reconcile::trail::{
    Input,
    cost::{Account, Counted, Month, Subject, estimate_month},
};

use super::{objects::Objects, trails::input_of};

/// One call lists them for all Trails of an account.
const MAX_AGE: Duration = Duration::from_mins(5);
/// So many events are priced where nobody knows how many there are.
const NOMINAL: i64 = 100_000;

/// Something to know before the plan is executed; nothing waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    pub(crate) reason: &'static str,
    pub(crate) message: String,
}

/// A warning where the trail, which is not there yet, would record management events that another records already.
pub(super) async fn warning(
    trail: &Trail,
    input: &Input,
    objects: &Objects,
    aws: &AwsAccount,
    now: Timestamp,
) -> Option<Warning> {
    let seen = aws.trails(&input.region, MAX_AGE).await;
    let mut trails = seen.trails;
    let declared = objects.all_trails.iter().filter_map(|other| input_of(other, objects, now).ok());
    for other in declared {
        if other.arn != input.arn && !trails.iter().any(|known| known.arn == other.arn) {
            trails.push(other.cost.trail);
        }
    }
    judge(&input.cost, trails, month(trail, objects).as_ref(), now)
}

/// What was counted of another trail of the account.
fn month(trail: &Trail, objects: &Objects) -> Option<Month> {
    let others = objects.all_trails.iter().filter(|other| other.spec.account_ref == trail.spec.account_ref);
    let counted = |other: &Trail| Counted::of(other.status.as_ref()?.cost.as_ref()?.counted.as_ref()).month();
    others.filter_map(|other| counted(other)).max_by_key(|month| month.events.sample.seconds)
}

fn judge(subject: &Subject, trails: Vec<Priced>, month: Option<&Month>, now: Timestamp) -> Option<Warning> {
    let account = Account { trails, ..Account::default() };
    let warning = |message| Some(Warning { reason: Reason::SecondManagementCopy.name(), message });
    if month.is_some() || subject.declared.volume.is_some() {
        return warning(found(subject, &account, month, now)?.message);
    }
    let mut subject = subject.clone();
    subject.declared.volume = Some(DeclaredVolume {
        management_read_events: NOMINAL / 2,
        management_write_events: NOMINAL / 2,
        ..DeclaredVolume::default()
    });
    let found = found(&subject, &account, None, now)?;
    let price = found.monthly.map_or_else(|| "an unknown amount".to_owned(), dollars);
    warning(format!(
        "other trails of the account record management events of this one already, and only the first copy is free: {NOMINAL} events a month cost {price} more; how many there are, `kubectl cloudtrail cost --events` counts"
    ))
}

fn found(subject: &Subject, account: &Account, month: Option<&Month>, now: Timestamp) -> Option<Finding> {
    let estimate = estimate_month(subject, account, month, &Prices::built_in(), now).estimate?;
    estimate
        .findings
        .into_iter()
        .find(|found| found.reason == Reason::SecondManagementCopy && found.trail == subject.trail.arn)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trail_operator_crds::CountedEvents;

    use super::*;

    const MANIFEST: &str = "{apiVersion: trail-operator.dev/v1alpha1, kind: Trail, metadata: {name: second, namespace: a}, spec: {region: us-east-1, s3: {bucketName: logs}}}";

    fn subject(volume: Option<DeclaredVolume>) -> Subject {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("trail.yaml");
        std::fs::write(&path, MANIFEST).unwrap();
        let mut objects = crate::plan::read_manifests(&[path], None, None).unwrap();
        objects.make_up_account("default", "111122223333");
        let mut subject =
            *input_of(&objects.trails[0].clone(), &objects, Timestamp::UNIX_EPOCH).unwrap().cost;
        subject.declared.volume = volume;
        subject
    }

    fn first(account: &str) -> Priced {
        let arn = format!("arn:aws:cloudtrail:us-east-1:{account}:trail/first");
        Priced { logging_since: Some(1), ..Priced::new(arn, account, "us-east-1") }
    }

    fn told(subject: &Subject, trails: Vec<Priced>, month: Option<&Month>) -> Option<String> {
        judge(subject, trails, month, Timestamp::UNIX_EPOCH).map(|warning| warning.message)
    }

    #[test]
    fn a_second_copy_is_told_with_dollars() {
        let volume = DeclaredVolume { management_write_events: 1_000_000, ..DeclaredVolume::default() };
        let message = told(&subject(Some(volume)), vec![first("111122223333")], None).unwrap();
        assert!(message.contains("1000000 events a month that first records already, $20.00"), "{message}");
        let counted: CountedEvents = serde_json::from_value(json!({
            "from": "2026-11-02T00:00:00Z", "through": "2026-11-09T00:00:00Z", "logFiles": 10,
            "kinds": [{"category": "Management", "accountId": "111122223333", "region": "us-east-1", "readOnly": true, "events": 168_000, "bytes": 1}],
        }))
        .unwrap();
        let month = Counted::of(Some(&counted)).month();
        let message = told(&subject(None), vec![first("111122223333")], month.as_ref()).unwrap();
        assert!(message.contains("730000 events a month") && message.contains("$14.60"), "{message}");
    }

    #[test]
    fn without_a_volume_the_price_is_told() {
        let message = told(&subject(None), vec![first("111122223333")], None).unwrap();
        assert!(message.contains("100000 events a month cost $2.00 more"), "{message}");
    }

    #[test]
    fn a_first_copy_and_another_account_s_are_free() {
        assert_eq!(told(&subject(None), vec![], None), None);
        assert_eq!(told(&subject(None), vec![first("444455556666")], None), None);
    }
}

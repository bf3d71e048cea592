//! Report: the next status of an `AwsAccount`. Pure.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{AwsAccount, AwsAccountStatus, FORCE_FINALIZE, condition};

use crate::{
    aws::Identity,
    aws_error::{AwsError, Class, Subject},
    conditions::{self, Fact, Readiness, Status},
    event::Event,
    reason::Reason,
    trail::Next,
};

/// STS may be unreachable for this long before what was verified counts as unknown.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

/// What to write, tell and do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The next status.
    pub status: AwsAccountStatus,
    /// To be published.
    pub events: Vec<Event>,
    /// When to look again.
    pub next: Next,
}

/// The report on one look. `users` are kind and name of the objects that use the account; `unseen_for` is how long STS could not be asked,
/// including this time if that failed.
pub fn report(
    account: &AwsAccount,
    identity: &Result<Identity, AwsError>,
    users: &[String],
    unseen_for: SignedDuration,
    now: Timestamp,
) -> Report {
    let previous = account.status.clone().unwrap_or_default();
    let generation = account.metadata.generation.unwrap_or_default();
    let declared = &account.spec.account_id;
    let (readiness, status, next) = match identity {
        Ok(identity) if identity.account_id == *declared => (
            Readiness::Ready { message: format!("acting in account {declared}") },
            Status::True,
            Next::Interval,
        ),
        Ok(identity) => {
            let message = format!(
                "the credentials in use belong to account {}, not to {declared}; set spec.roleArn to a role of {declared}, or declare the account they belong to",
                identity.account_id
            );
            (Readiness::Waiting { reason: Reason::AccountMismatch, message }, Status::False, Next::Recheck)
        }
        Err(error) => {
            let known = conditions::find(&previous.conditions, condition::IDENTITY_VERIFIED)
                .is_some_and(|c| c.observed_generation == Some(generation));
            if error.class() == Class::Retry && known && unseen_for < PATIENCE {
                return Report { status: previous, events: vec![], next: Next::Backoff };
            }
            let (readiness, next) = failed(declared, error);
            // A role that is refused is known not to be ours to act with; anything else says nothing of who we are.
            let refused = error.reason() == Reason::AssumeRoleDenied;
            (readiness, if refused { Status::False } else { Status::Unknown }, next)
        }
    };
    let reason = if status == Status::True { Reason::Verified } else { readiness.reason() };
    let message = readiness.message();
    let mut events: Vec<_> = event(&previous, &readiness, reason, message).into_iter().collect();
    let fact = Fact::new(condition::IDENTITY_VERIFIED, status, reason, message);
    let readiness = match in_use(account, users) {
        Some(in_use) => {
            events.extend(told_anew(&previous, &in_use));
            in_use
        }
        None => readiness,
    };
    let conditions = conditions::next(
        &previous.conditions,
        previous.observed_generation,
        generation,
        &readiness,
        &[fact],
        now,
    );
    let status = AwsAccountStatus {
        observed_generation: conditions.observed_generation,
        identity_arn: identity.as_ref().map(|identity| stable(&identity.arn)).ok().or(previous.identity_arn),
        conditions: conditions.list,
    };
    Report { status, events, next }
}

/// An account that is being deleted stays while somebody uses it, and goes on serving.
fn in_use(account: &AwsAccount, users: &[String]) -> Option<Readiness> {
    const NAMED: usize = 5;
    account.metadata.deletion_timestamp.as_ref()?;
    let more = users.len().saturating_sub(NAMED);
    let named = users.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let message = format!(
        "is being deleted and goes when nobody uses it any more; still used by {named}{more}: delete them first, or set the annotation {FORCE_FINALIZE} to \"true\""
    );
    Some(Readiness::Waiting { reason: Reason::InUse, message })
}

fn told_anew(previous: &AwsAccountStatus, readiness: &Readiness) -> Option<Event> {
    let told = conditions::find(&previous.conditions, condition::READY)
        .is_some_and(|ready| ready.reason == readiness.reason().as_str());
    (!told).then(|| Event::warning(readiness.reason(), "Finalize", readiness.message()))
}

fn failed(account_id: &str, error: &AwsError) -> (Readiness, Next) {
    let about = Subject {
        trail_arn: "",
        account_id,
        bucket: "",
        prefix: "",
        kms_key_id: "",
        topic_arn: "",
        log_group_arn: "",
        role_arn: "",
        is_organization_trail: false,
    };
    let message = error.explain(&about);
    match error.class() {
        Class::Retry => (Readiness::Unknown { reason: Reason::ObservationFailed, message }, Next::Backoff),
        Class::Wait | Class::Reject => {
            (Readiness::Waiting { reason: error.reason(), message }, Next::Recheck)
        }
    }
}

/// The ARN without the session's name, which changes whenever credentials are renewed.
fn stable(arn: &str) -> String {
    if arn.contains(":assumed-role/") {
        arn.rsplit_once('/').map_or(arn, |(role, _session)| role).to_owned()
    } else {
        arn.to_owned()
    }
}

fn event(previous: &AwsAccountStatus, readiness: &Readiness, reason: Reason, message: &str) -> Option<Event> {
    let before = conditions::find(&previous.conditions, condition::IDENTITY_VERIFIED);
    if before.is_some_and(|c| c.reason == reason.as_str() && c.message == message) {
        return None;
    }
    Some(match readiness {
        Readiness::Ready { .. } => Event::normal(reason, "GetCallerIdentity", message),
        _ => Event::warning(reason, "GetCallerIdentity", message),
    })
}

#[cfg(test)]
mod tests {
    use trail_operator_crds::AwsAccountSpec;

    use super::*;

    fn account() -> AwsAccount {
        let mut account = AwsAccount::new(
            "default",
            serde_saphyr::from_str::<AwsAccountSpec>(r#"accountId: "111122223333""#).unwrap(),
        );
        account.metadata.generation = Some(1);
        account
    }

    fn identity(account_id: &str, session: &str) -> Identity {
        let arn = format!("arn:aws:sts::{account_id}:assumed-role/operator/{session}");
        Identity { account_id: account_id.into(), arn }
    }

    fn throttled() -> Result<Identity, AwsError> {
        Err(AwsError::new("GetCallerIdentity", "Throttling", ""))
    }

    fn verified(report: &Report) -> (String, String) {
        let c = conditions::find(&report.status.conditions, condition::IDENTITY_VERIFIED).unwrap();
        (c.status.clone(), c.reason.clone())
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    #[test]
    fn only_credentials_of_the_declared_account_verify_it() {
        let good = report(&account(), &Ok(identity("111122223333", "1")), &[], SignedDuration::ZERO, NOW);
        assert_eq!(verified(&good), ("True".into(), "Verified".into()));
        assert_eq!(
            good.status.identity_arn.as_deref(),
            Some("arn:aws:sts::111122223333:assumed-role/operator")
        );
        let other = report(&account(), &Ok(identity("444455556666", "1")), &[], SignedDuration::ZERO, NOW);
        assert_eq!(verified(&other), ("False".into(), "AccountMismatch".into()));
    }

    #[test]
    fn a_role_that_is_refused_is_not_ours_and_without_credentials_nobody_knows() {
        for (code, expected) in [("AssumeRoleDenied", "False"), ("InvalidClientTokenId", "Unknown")] {
            let error = Err(AwsError::new("GetCallerIdentity", code, ""));
            assert_eq!(
                verified(&report(&account(), &error, &[], SignedDuration::ZERO, NOW)).0,
                expected,
                "{code}"
            );
        }
    }

    #[test]
    fn a_throttled_look_changes_nothing_until_it_lasts() {
        let mut account = account();
        account.status =
            Some(report(&account, &Ok(identity("111122223333", "1")), &[], SignedDuration::ZERO, NOW).status);
        let brief = report(&account, &throttled(), &[], SignedDuration::from_mins(1), NOW);
        assert_eq!(Some(brief.status), account.status);
        let long = report(&account, &throttled(), &[], PATIENCE, NOW);
        assert_eq!(verified(&long), ("Unknown".into(), "ObservationFailed".into()));
    }

    #[test]
    fn a_renewed_session_is_no_change() {
        let mut account = account();
        let first = report(&account, &Ok(identity("111122223333", "1")), &[], SignedDuration::ZERO, NOW);
        account.status = Some(first.status.clone());
        let renewed = identity("111122223333", "2");
        let second = report(&account, &Ok(renewed), &[], SignedDuration::ZERO, NOW);
        assert_eq!((second.status, second.events), (first.status, vec![]));
    }

    #[test]
    fn an_account_that_is_being_deleted_serves_on_and_says_who_uses_it() {
        let mut account = account();
        account.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(NOW));
        let users: Vec<_> = (0..7).map(|number| format!("security/trail-{number}")).collect();
        let identity = Ok(identity("111122223333", "1"));
        let first = report(&account, &identity, &users, SignedDuration::ZERO, NOW);
        assert_eq!(verified(&first), ("True".into(), "Verified".into()));
        let ready = conditions::find(&first.status.conditions, condition::READY).unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", "InUse"));
        assert!(ready.message.contains("security/trail-4 and 2 more"), "{}", ready.message);
        account.status = Some(first.status);
        let second = report(&account, &identity, &users, SignedDuration::ZERO, NOW);
        assert_eq!(second.events, [], "told once");
    }
}

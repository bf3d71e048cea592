//! What the ledger and AWS's own words come to: two conditions, two parts of status, and whether `Ready` is concerned.

use jiff::{SignedDuration, Timestamp};
use trail_operator_crds::{
    CoverageStatus, FailurePolicy, LogFiles, TrailStatus as PreviousStatus, Validation, ValidationStatus,
    ValidationVerdict, condition,
};
use trail_operator_integrity::Severity;

use super::{
    Open,
    coverage::{PATIENCE, Unasked},
    merge::sentence,
};
use crate::{
    aws::TrailStatus,
    conditions::{self, Fact, Readiness, Status, whole_seconds},
    event::Event,
    reason::Reason,
    trail::Input,
};

/// Times and counters follow the runs at most this often, unless something else is written anyway.
const REFRESH: SignedDuration = SignedDuration::from_hours(1);

/// After so many intervals without a run that ended, and as long as a run may take, nothing is known any more.
const OVERDUE: i32 = 3;

/// What validation comes to in one round.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// `LogFileValidated` and `Covered`
    pub facts: [Fact; 2],
    /// `status.validation`
    pub status: Option<ValidationStatus>,
    /// `status.coverage`
    pub coverage: Option<CoverageStatus>,
    /// To be told.
    pub events: Vec<Event>,
    /// Why `Ready` is False, where the failure policy says so.
    pub failure: Option<Readiness>,
}

/// Judges what is known. `home` is what GetTrailStatus says, where it was asked.
pub fn judge(input: &Input, home: Option<&TrailStatus>, previous: &PreviousStatus, now: Timestamp) -> Judged {
    let status = kept(previous, input.ledger.status(), now);
    let validated = validated(input, home, status.as_ref(), now);
    let covered = covered(input, previous);
    let mut events = input.ledger.news.clone();
    let before = conditions::find(&previous.conditions, condition::LOG_FILE_VALIDATED);
    let stale = validated.reason == Reason::DigestsStale && validated.status == Status::False;
    let told = before.is_some_and(|before| before.reason == validated.reason.as_str())
        || events.iter().any(|event| event.reason == Reason::DigestsStale);
    if stale && !told {
        events.push(Event::warning(Reason::DigestsStale, "ValidateLogs", validated.message.clone()));
    }
    Judged {
        failure: failure(&input.validation, &validated, previous, now),
        coverage: input.ledger.coverage.as_ref().map(super::Coverage::status),
        facts: [validated, covered],
        status,
        events,
    }
}

/// Keeps the previous figures where they alone have moved, and not long ago.
fn kept(
    previous: &PreviousStatus,
    next: Option<ValidationStatus>,
    now: Timestamp,
) -> Option<ValidationStatus> {
    let (Some(before), Some(next)) = (&previous.validation, &next) else { return next };
    let settled = ValidationStatus {
        last_run_time: before.last_run_time.clone(),
        verified_from: before.verified_from.clone(),
        verified_through: before.verified_through.clone(),
        last_deep_pass_time: before.last_deep_pass_time.clone(),
        chains: before.chains,
        anchor: before.anchor.clone(),
        digests: before.digests,
        log_files: before.log_files,
        ..next.clone()
    };
    let young = before.last_run_time.as_ref().is_some_and(|last| now.duration_since(last.0) < REFRESH);
    // The first digests of a trail are no small change.
    let first = before.verified_through.is_none() && next.verified_through.is_some();
    Some(if settled == *before && young && !first { settled } else { next.clone() })
}

fn validated(
    input: &Input,
    home: Option<&TrailStatus>,
    status: Option<&ValidationStatus>,
    now: Timestamp,
) -> Fact {
    let fact =
        |status, reason, message: String| Fact::new(condition::LOG_FILE_VALIDATED, status, reason, message);
    if !input.settings.enable_log_file_validation {
        let message =
            "spec.enableLogFileValidation is false, so CloudTrail delivers no digests to verify with";
        return fact(Status::Unknown, Reason::ValidationDisabled, message.into());
    }
    let Some(status) = status else {
        return if input.validation.interval_seconds == 0 {
            let message = "spec.validation.intervalSeconds is 0: nothing is verified unless asked for";
            fact(Status::Unknown, Reason::ValidationDisabled, message.into())
        } else {
            let message = "nothing has been verified yet; the first run begins once the trail is there";
            fact(Status::Unknown, Reason::NotYetVerified, message.into())
        };
    };
    let worst = input.ledger.open.first();
    let is_error = worst.is_some_and(|open| open.finding.severity == Severity::Error);
    if let Some(message) = stale(input, home, now).filter(|_| !is_error) {
        return fact(Status::False, Reason::DigestsStale, message);
    }
    if let Some(message) = overdue(input, now).filter(|_| !is_error) {
        return fact(Status::Unknown, Reason::NotYetVerified, message);
    }
    if let Some(worst) = worst {
        return found(worst, status);
    }
    if input.ledger.beyond > 0 {
        let message = "there were more findings than could be kept; everything is read once more to tell whether they still stand";
        return fact(Status::Unknown, Reason::NotYetVerified, message.into());
    }
    let (Some(from), Some(through)) = (&status.verified_from, &status.verified_through) else {
        let message = "CloudTrail has not delivered a digest yet; the first comes up to an hour after the first log file, and may be late";
        return fact(Status::Unknown, Reason::AwaitingFirstDigest, message.into());
    };
    let gaps = match status.explained_gaps.len() {
        0 => String::new(),
        1 => "; one time without digests is explained in status.validation.explainedGaps".to_owned(),
        more => format!("; {more} times without digests are explained in status.validation.explainedGaps"),
    };
    let expired = match &status.expired_through {
        Some(expired) => format!("; what was delivered until {} a lifecycle rule has expired", expired.0),
        None => String::new(),
    };
    let message = format!(
        "all digests and log files delivered from {} through {} are intact{gaps}{expired}",
        from.0, through.0
    );
    debug_assert_eq!(status.verdict, ValidationVerdict::Valid);
    fact(Status::True, Reason::Intact, sampled(status, message))
}

/// True is not said of more than was read.
fn sampled(status: &ValidationStatus, message: String) -> String {
    match status.log_files_read {
        Some(LogFiles::All) => message,
        Some(LogFiles::Sample) => message + "; of log files one in ten was read (spec.validation.logFiles)",
        // Nobody knows what an earlier version read.
        Some(LogFiles::None) | None => message + "; log files were not all read (spec.validation.logFiles)",
    }
}

/// Runs that do not end are no peace.
fn overdue(input: &Input, now: Timestamp) -> Option<String> {
    let last = input.ledger.last_run.filter(|_| input.validation.interval_seconds > 0)?;
    let patience =
        SignedDuration::from_secs(i64::from(input.validation.interval_seconds)) * OVERDUE + REFRESH;
    (now.duration_since(last) > patience).then(|| {
        format!(
            "no run has ended since the one that began at {}; the operator's log says why",
            whole_seconds(last)
        )
    })
}

fn found(worst: &Open, status: &ValidationStatus) -> Fact {
    let more = match status.findings_total.saturating_sub(1) {
        0 => String::new(),
        1 => "; and one more finding".to_owned(),
        more => format!("; and {more} more findings"),
    };
    let message: String = sentence(&worst.finding).chars().take(2000).collect();
    let verdict = match worst.finding.severity {
        Severity::Error | Severity::Warning => Status::False,
        Severity::Unknown => Status::Unknown,
    };
    Fact::new(condition::LOG_FILE_VALIDATED, verdict, worst.finding.reason.into(), format!("{message}{more}"))
}

/// A Region whose newest digest is old although the trail logs: noticed without reading the bucket.
fn stale(input: &Input, home: Option<&TrailStatus>, now: Timestamp) -> Option<String> {
    let home = home?;
    let elsewhere = input.elsewhere.regions.iter().flatten().filter(|_| input.settings.is_multi_region_trail);
    // An answer speaks of the time when it was given.
    let asked = |region: &String| input.elsewhere.asked.get(region).copied();
    let elsewhere = elsewhere.filter_map(|(region, status)| Some((region, status, asked(region)?)));
    let regions = std::iter::once((&input.region, home, now)).chain(elsewhere);
    let late = |status: &TrailStatus, asked: Timestamp| {
        let newest = status.latest_digest_delivery_time?;
        // The first digest of a trail that was stopped comes an hour after it was started again.
        let since = newest.max(status.start_logging_time.unwrap_or(newest));
        (status.is_logging && asked.duration_since(since) >= PATIENCE).then_some(newest)
    };
    let all: Vec<_> =
        regions.filter_map(|(region, status, asked)| Some((region, late(status, asked)?))).collect();
    let (region, newest) = all.first()?;
    let others = match all.len() - 1 {
        0 => String::new(),
        1 => "; another Region is as late".to_owned(),
        more => format!("; {more} other Regions are as late"),
    };
    Some(format!(
        "the trail logs, and CloudTrail delivered the newest digest in {region} at {}: digests are due every hour, and what was delivered since cannot be verified{others}",
        whole_seconds(*newest)
    ))
}

fn covered(input: &Input, previous: &PreviousStatus) -> Fact {
    let fact = |status, reason, message: String| Fact::new(condition::COVERED, status, reason, message);
    if !input.settings.enable_log_file_validation {
        let message = "without digests nobody can tell which Regions deliver";
        return fact(Status::Unknown, Reason::ValidationDisabled, message.into());
    }
    let Some(coverage) = &input.ledger.coverage else {
        return fact(Status::Unknown, Reason::NotYetVerified, "no run has looked yet".into());
    };
    let of = format!("{} of {}", coverage.delivering, coverage.expected);
    if !coverage.missing.is_empty() {
        let reason = if coverage.silent_accounts > 0 {
            Reason::AccountNotDelivering
        } else {
            Reason::RegionNotDelivering
        };
        let message = format!(
            "{of} accounts and Regions deliver digests; these do not: {}",
            coverage.missing.join(", ")
        );
        return fact(Status::False, reason, message);
    }
    if !coverage.is_fresh
        && let Some(known) = Fact::known(&previous.conditions, condition::COVERED)
    {
        return known;
    }
    match coverage.unknown {
        _ if coverage.awaited > 0 => {
            let message =
                format!("{of} accounts and Regions deliver digests; the others are given three hours");
            fact(Status::Unknown, Reason::AwaitingFirstDigest, message)
        }
        Some(Unasked::Regions) => {
            let message = "those that delivered before do; which Regions are enabled may not be asked (account:ListRegions)";
            fact(Status::Unknown, Reason::AccessDenied, message.into())
        }
        Some(Unasked::Accounts) => {
            let message = "those that delivered before do; which accounts are in the organization may not be asked (organizations:ListAccounts)";
            fact(Status::Unknown, Reason::AccessDenied, message.into())
        }
        None => fact(Status::True, Reason::Covered, format!("{of} accounts and Regions deliver digests")),
    }
}

/// Whether `Ready` is concerned.
fn failure(
    spec: &Validation,
    validated: &Fact,
    previous: &PreviousStatus,
    now: Timestamp,
) -> Option<Readiness> {
    if spec.failure_policy == FailurePolicy::Report {
        return None;
    }
    let readiness = |message: &str| Readiness::Waiting {
        reason: validated.reason,
        message: format!("spec.validation.failurePolicy is NotReady, and {message}: {}", validated.message),
    };
    match validated.status {
        Status::True => None,
        Status::False => Some(readiness("log files are not intact")),
        // Switched off as declared.
        Status::Unknown if validated.reason == Reason::ValidationDisabled => None,
        Status::Unknown => {
            let before = conditions::find(&previous.conditions, condition::LOG_FILE_VALIDATED)?;
            let grace = SignedDuration::from_secs(i64::from(spec.unknown_grace_seconds));
            let long =
                before.status == "Unknown" && now.duration_since(before.last_transition_time.0) >= grace;
            long.then(|| readiness("log files have not been verifiable for too long"))
        }
    }
}

//! What validation of one trail has come to, between two runs, and how much of it status holds.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use sha2::{Digest as _, Sha256};
use trail_operator_crds::{
    ExplainedGap, FileCounts, FindingSeverity, LogFiles, TrailStatus, ValidatedLocation, ValidationFinding,
    ValidationStatus, ValidationVerdict,
};
use trail_operator_integrity::{Anchor, Finding, Range, Reason, Severity, Verdict, names, records::Control};

use super::{Coverage, Open, Pair};
use crate::{conditions::whole_seconds, event::Event};

/// `status.validation.findings` holds at most this many.
pub(super) const MAX_FINDINGS: usize = 20;
/// `status.validation.explainedGaps` holds at most this many.
const MAX_EXPLAINED: usize = 10;
/// `status.validation.locations` holds at most this many.
const MAX_LOCATIONS: usize = 5;

/// A digest may end so much after what the clock here says, and no more.
const DIGEST: SignedDuration = SignedDuration::from_hours(1);

/// What validation has come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    /// What was verified; `None` before the first run.
    pub verified: Option<Range>,
    /// The newest verified digest of every chain; empty in a process that has not run yet.
    pub anchors: Vec<Anchor>,
    /// Those that status holds a hash of.
    pub seal: Option<Seal>,
    /// What an earlier process has left in status instead of them: not to be believed before it is compared.
    pub claim: Option<Claim>,
    /// Up to when a lifecycle rule has expired what was delivered.
    pub expired: Option<Timestamp>,
    /// The least that was read of log files since `verified.start`.
    pub log_files: Option<LogFiles>,
    /// Whether something altered or not whole has stood since all was last well.
    pub was_amiss: bool,
    /// When the last run that ended was begun.
    pub last_run: Option<Timestamp>,
    /// When the past was last gone over again.
    pub deep_pass: Option<Timestamp>,
    /// The request that was last acted on.
    pub request: Option<String>,
    /// Files that were verified since `verified.start`.
    pub valid: Counted,
    /// What is amiss, the worst first.
    pub open: Vec<Open>,
    /// How many findings more there are, or may be: status or memory had no room to say what they are.
    pub beyond: usize,
    /// Times without digests that delivered records explain.
    pub explained: Vec<Explained>,
    /// Where the trail delivers and delivered, the present place first.
    pub locations: Vec<Location>,
    /// Who should deliver, and who does.
    pub coverage: Option<Coverage>,
    /// Since when who should deliver was seen not to.
    pub missing_since: BTreeMap<Pair, Timestamp>,
    /// To be told once.
    pub news: Vec<Event>,
}

/// How many chains were verified up to one moment, and a hash over their digests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// How many.
    pub chains: usize,
    /// [`Anchor::hash`]
    pub hash: String,
}

impl Seal {
    /// Over these digests.
    pub fn of(anchors: &[Anchor]) -> Self {
        Self { chains: anchors.len(), hash: Anchor::hash(anchors) }
    }
}

/// What status says: how many chains, the hash over their digests and over all else, and that else as it stands there.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// `status.validation.chains`
    pub chains: usize,
    /// `status.validation.anchor`
    anchor: String,
    /// Everything else, hashed only when it is compared: a ledger is made in every round.
    status: Box<ValidationStatus>,
}

impl Claim {
    fn of(status: &ValidationStatus) -> Option<Self> {
        let chains = usize::try_from(status.chains).unwrap_or_default();
        Some(Self { chains, anchor: status.anchor.clone()?, status: Box::new(status.clone()) })
    }

    /// Whether the claim is of these digests, and nothing beside them was edited.
    pub fn is_of(&self, seal: &Seal) -> bool {
        self.chains == seal.chains && self.anchor == anchored(seal, &content(&self.status))
    }
}

/// `status.validation.anchor`
fn anchored(seal: &Seal, content: &str) -> String {
    hash(&format!("{} {} {content}", seal.chains, seal.hash))
}

/// Everything in a status that a run goes by, in one word.
fn content(status: &ValidationStatus) -> String {
    // Counters and times of the last run are nobody's starting point.
    let bare = ValidationStatus {
        last_run_time: None,
        last_handled_request_at: None,
        anchor: None,
        digests: FileCounts::default(),
        log_files: FileCounts::default(),
        ..status.clone()
    };
    hash(&serde_json::to_string(&bare).unwrap_or_default())
}

fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// Numbers of intact files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Digests.
    pub digests: u64,
    /// Log files.
    pub log_files: u64,
}

/// A time without digests, and the call that explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Whose chain.
    pub pair: Pair,
    /// The time.
    pub gap: Range,
    /// The call.
    pub control: Control,
}

/// A place to which the trail delivers, or delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// The bucket.
    pub bucket: String,
    /// Folder in it; empty for none.
    pub prefix: String,
    /// Account that must own the bucket; empty where that is not known.
    pub owner: String,
    /// Until when it was seen to be delivered there; `None` for the present place.
    pub until: Option<Timestamp>,
}

impl Ledger {
    /// What an earlier process has left in status.
    pub fn of(status: &TrailStatus) -> Self {
        let coverage = status.coverage.as_ref().map(Coverage::of);
        let Some(validation) = &status.validation else { return Self { coverage, ..Self::default() } };
        let time = |time: &Option<Time>| time.as_ref().map(|time| time.0);
        let (from, through) = (time(&validation.verified_from), time(&validation.verified_through));
        let count = |count: i64| u64::try_from(count).unwrap_or_default();
        Self {
            verified: from.zip(through).map(|(start, end)| Range { start, end }),
            anchors: vec![],
            seal: None,
            claim: Claim::of(validation),
            expired: time(&validation.expired_through),
            log_files: validation.log_files_read,
            was_amiss: validation.findings.iter().any(|one| one.severity != FindingSeverity::Unknown),
            last_run: time(&validation.last_run_time),
            deep_pass: time(&validation.last_deep_pass_time),
            request: validation.last_handled_request_at.clone(),
            valid: Counted {
                digests: count(validation.digests.valid),
                log_files: count(validation.log_files.valid),
            },
            open: validation.findings.iter().filter_map(open_of).collect(),
            beyond: usize::try_from(validation.findings_total)
                .unwrap_or_default()
                .saturating_sub(validation.findings.len()),
            explained: validation.explained_gaps.iter().map(explained_of).collect(),
            locations: validation.locations.iter().map(location_of).collect(),
            coverage,
            missing_since: BTreeMap::new(),
            news: vec![],
        }
    }

    /// Without a range that cannot be: status was edited, or the clock was. Then verification begins anew.
    #[must_use]
    pub fn believed(self, now: Timestamp) -> Self {
        let can_be = self.verified.is_none_or(|range| range.start <= range.end && range.end <= now + DIGEST);
        if can_be { self } else { Self { verified: None, seal: None, claim: None, anchors: vec![], ..self } }
    }

    /// What all findings come to.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(self.open.iter().map(|open| open.finding.severity))
    }

    /// What status is to hold of it; `None` before the first run.
    pub fn status(&self) -> Option<ValidationStatus> {
        let last_run = self.last_run?;
        let time = |time: Timestamp| Time(whole_seconds(time));
        let status = ValidationStatus {
            verdict: verdict_word(self.verdict()),
            last_run_time: Some(time(last_run)),
            last_handled_request_at: self.request.clone(),
            verified_from: self.verified.map(|range| time(range.start)),
            verified_through: self.verified.map(|range| time(range.end)),
            last_deep_pass_time: self.deep_pass.map(time),
            expired_through: self.expired.map(time),
            log_files_read: self.log_files,
            chains: self.chains().map_or(0, |chains| i32::try_from(chains).unwrap_or(i32::MAX)),
            anchor: self.claim.as_ref().map(|claim| claim.anchor.clone()),
            digests: self.counts(self.valid.digests, Open::is_of_a_digest),
            log_files: self.counts(self.valid.log_files, Open::is_of_a_log_file),
            findings: self.open.iter().take(MAX_FINDINGS).map(finding_of).collect(),
            findings_total: i32::try_from(self.open.len() + self.beyond).unwrap_or(i32::MAX),
            explained_gaps: self.explained.iter().take(MAX_EXPLAINED).map(gap_of).collect(),
            locations: self.locations.iter().take(MAX_LOCATIONS).map(place_of).collect(),
        };
        // What was only taken over from status is said again as it was.
        let anchor = self.seal.as_ref().map(|seal| anchored(seal, &content(&status))).or(status.anchor);
        Some(ValidationStatus { anchor, ..status })
    }

    /// How many chains are verified.
    pub(super) fn chains(&self) -> Option<usize> {
        let claimed = || self.claim.as_ref().map(|claim| claim.chains);
        self.seal.as_ref().map(|seal| seal.chains).or_else(claimed)
    }

    fn counts(&self, valid: u64, of: impl Fn(&Open) -> bool) -> FileCounts {
        let with = |severity| {
            let found = self.open.iter().filter(|open| open.finding.severity == severity && of(open));
            i64::try_from(found.count()).unwrap_or(i64::MAX)
        };
        FileCounts {
            valid: i64::try_from(valid).unwrap_or(i64::MAX),
            invalid: with(Severity::Error),
            unchecked: with(Severity::Unknown),
        }
    }
}

fn verdict_word(verdict: Verdict) -> ValidationVerdict {
    match verdict {
        Verdict::Valid => ValidationVerdict::Valid,
        Verdict::Incomplete => ValidationVerdict::Incomplete,
        Verdict::Inconclusive => ValidationVerdict::Inconclusive,
        Verdict::Invalid => ValidationVerdict::Invalid,
    }
}

fn finding_of(open: &Open) -> ValidationFinding {
    let Finding { severity, reason, object, account_id, region, message } = &open.finding;
    let cut = |text: &str, max: usize| plain(text).chars().take(max).collect::<String>();
    ValidationFinding {
        severity: match severity {
            Severity::Warning => FindingSeverity::Warning,
            Severity::Unknown => FindingSeverity::Unknown,
            Severity::Error => FindingSeverity::Error,
        },
        reason: reason.to_string(),
        object: object.as_ref().map(|object| cut(object, 1200)),
        account_id: account_id.clone(),
        region: region.clone(),
        message: cut(message, 1024),
        since: Time(whole_seconds(open.since)),
        gap_start: open.gap.map(|gap| Time(gap.start)),
        gap_end: open.gap.map(|gap| Time(gap.end)),
    }
}

/// Names and words out of a bucket may have been written by anybody.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { char::REPLACEMENT_CHARACTER } else { char }).collect()
}

/// `None` for a reason that this version does not know, and for what nobody could have found: status was edited.
fn open_of(finding: &ValidationFinding) -> Option<Open> {
    let is_account = finding.account_id.as_deref().is_none_or(names::is_account);
    if !is_account || !finding.region.as_deref().is_none_or(names::is_region) {
        return None;
    }
    let reason: Reason = serde_json::from_value(finding.reason.clone().into()).ok()?;
    let gap = finding.gap_start.as_ref().zip(finding.gap_end.as_ref());
    Some(Open {
        finding: Finding {
            severity: match finding.severity {
                FindingSeverity::Warning => Severity::Warning,
                FindingSeverity::Unknown => Severity::Unknown,
                FindingSeverity::Error => Severity::Error,
            },
            reason,
            object: finding.object.clone(),
            account_id: finding.account_id.clone(),
            region: finding.region.clone(),
            message: finding.message.clone(),
        },
        since: finding.since.0,
        gap: gap.map(|(start, end)| Range { start: start.0, end: end.0 }),
    })
}

fn gap_of(explained: &Explained) -> ExplainedGap {
    let Explained { pair, gap, control } = explained;
    ExplainedGap {
        account_id: pair.account.clone(),
        region: pair.region.clone(),
        start: Time(gap.start),
        end: Time(gap.end),
        event_name: control.event_name.chars().take(64).collect(),
        event_time: Time(whole_seconds(control.time)),
        principal: control.principal.chars().take(512).collect(),
    }
}

fn explained_of(gap: &ExplainedGap) -> Explained {
    Explained {
        pair: Pair { account: gap.account_id.clone(), region: gap.region.clone() },
        gap: Range { start: gap.start.0, end: gap.end.0 },
        control: Control {
            event_name: gap.event_name.clone(),
            time: gap.event_time.0,
            principal: gap.principal.clone(),
            event_id: String::new(),
            validation: None,
        },
    }
}

fn location_of(location: &ValidatedLocation) -> Location {
    Location {
        bucket: location.bucket_name.clone(),
        prefix: location.key_prefix.clone(),
        owner: location.bucket_owner.clone(),
        until: location.until.as_ref().map(|until| until.0),
    }
}

fn place_of(location: &Location) -> ValidatedLocation {
    ValidatedLocation {
        bucket_name: location.bucket.clone(),
        key_prefix: location.prefix.clone(),
        bucket_owner: location.owner.clone(),
        until: location.until.map(|until| Time(whole_seconds(until))),
    }
}

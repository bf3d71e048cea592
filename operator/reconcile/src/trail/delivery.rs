//! What `GetTrailStatus` says about logging and delivery, as a condition and as status. Pure.
//!
//! `CloudTrail` keeps the word of a failure; whether it takes it back after a success is UNVERIFIED (`cloudtrail.md`
//! 1.3). So a word counts until a success later than its first sight, and is remembered by the time it was seen.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use trail_operator_crds::{LoggingStatus, TrailStatus as PreviousStatus, condition};
use trail_operator_domain::cost;

use super::Input;
use crate::{
    aws::{TrailSettings, TrailStatus},
    conditions::{self, Fact, Status, whole_seconds},
    reason::Reason,
};

/// Times in status follow AWS at most this often, unless something else is written anyway.
const REFRESH: SignedDuration = SignedDuration::from_hours(1);

/// CloudTrail's word for a failure is an error code; more than this of it is none.
const MAX_ERROR: usize = 128;

/// After a restart, a word beside a success as young as this is taken for an old one.
const JUST_DELIVERED: SignedDuration = SignedDuration::from_mins(15);

/// Digests come hourly, also where nothing happens (`cloudtrail.md` 1.5): without any for this long, a word counts again.
const PULSE: SignedDuration = SignedDuration::from_hours(3);

/// `status.logging.failingRegions` holds at most this many.
const MAX_REGIONS: usize = 20;

/// What the trail does in Regions other than its home, as last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Elsewhere {
    /// By Region; `None` before the first look of this process.
    pub regions: Option<BTreeMap<String, TrailStatus>>,
    /// When each of them said so.
    pub asked: BTreeMap<String, Timestamp>,
}

/// Words of failure and when they were first seen, by Region and destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    looked: bool,
    seen: BTreeMap<(String, Destination), Seen>,
    bucket_refuses: bool,
}

impl Memory {
    /// Whether log files could not be delivered when it was last looked; before the first look, whether status says so.
    pub fn bucket_refuses(&self, previous: &PreviousStatus) -> bool {
        let known = previous.cost.iter().flat_map(|cost| &cost.findings);
        let mut known = known.filter(|finding| finding.reason == cost::Reason::BucketRefuses.name());
        if self.looked { self.bucket_refuses } else { known.next().is_some() }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    error: String,
    at: Timestamp,
    /// The latest success at that time; a later one makes the word an old one.
    success: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Destination {
    LogFiles,
    Digests,
    LogGroup,
    Topic,
}

impl Destination {
    fn words(self) -> &'static str {
        match self {
            Self::LogFiles => "log files to the bucket",
            Self::Digests => "digest files to the bucket",
            Self::LogGroup => "events to the log group",
            Self::Topic => "notifications to the topic",
        }
    }
}

/// What the deliveries amount to.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The `Logging` condition.
    pub fact: Fact,
    /// `status.logging`
    pub status: LoggingStatus,
    /// To be given back next time.
    pub memory: Memory,
}

/// Judges logging and delivery in every Region that was looked at.
pub fn judge(input: &Input, home: &TrailStatus, previous: &PreviousStatus, now: Timestamp) -> Judged {
    let none = BTreeMap::new();
    let elsewhere = input.elsewhere.regions.as_ref().filter(|_| input.settings.is_multi_region_trail);
    let elsewhere = elsewhere.unwrap_or(&none);
    let regions = std::iter::once((&input.region, home)).chain(elsewhere);
    let mut memory = Memory { looked: true, ..Memory::default() };
    let mut failures = Vec::new();
    for (region, status) in regions {
        for (destination, error, success) in deliveries(status, &input.settings) {
            let look = Look { region, destination, error, success, pulse: pulse(status) };
            let Some(seen) = look.seen(&input.deliveries, previous, now) else { continue };
            if !look.is_outdated(&seen, &input.settings, now) {
                memory.bucket_refuses |= destination == Destination::LogFiles;
                failures.push((region.clone(), destination, seen.clone(), success));
            }
            memory.seen.insert((region.clone(), destination), seen);
        }
    }
    let mut status = logging_status(home);
    status.failing_since =
        failures.iter().map(|(_, _, seen, _)| seen.at).min().map(|at| Time(whole_seconds(at)));
    let failing: BTreeSet<_> = failures.iter().map(|(region, ..)| region.clone()).collect();
    status.failing_regions = failing.into_iter().take(MAX_REGIONS).collect();
    let mut fact = fact(input, home, &failures);
    if let Some(known) = known_elsewhere(input, previous).filter(|_| failures.is_empty() && home.is_logging) {
        fact = known.0;
        status.failing_since.clone_from(&known.1.failing_since);
        status.failing_regions.clone_from(&known.1.failing_regions);
    }
    Judged { fact, status, memory }
}

/// What an earlier process found to fail in other Regions, until this one has looked there.
fn known_elsewhere<'a>(input: &Input, previous: &'a PreviousStatus) -> Option<(Fact, &'a LoggingStatus)> {
    let logging = previous.logging.as_ref()?;
    let unknown = input.elsewhere.regions.is_none() && input.settings.is_multi_region_trail;
    let failed = logging.failing_regions.iter().any(|region| *region != input.region);
    let condition = conditions::find(&previous.conditions, condition::LOGGING)?;
    (unknown && failed && condition.reason == Reason::DeliveryFailing.as_str()).then(|| {
        let fact =
            Fact::new(condition::LOGGING, Status::False, Reason::DeliveryFailing, condition.message.clone());
        (fact, logging)
    })
}

type Delivery<'a> = (Destination, &'a str, Option<Timestamp>);
type FailedDelivery = (String, Destination, Seen, Option<Timestamp>);

/// Each destination that is declared, its word of failure and its latest success. What is not to be delivered cannot
/// fail: the word of a topic that was taken off would never be followed by a success. Log files and digests go to the
/// same bucket and may be refused apart, so each has a success of its own.
fn deliveries<'a>(status: &'a TrailStatus, settings: &TrailSettings) -> impl Iterator<Item = Delivery<'a>> {
    let all = [
        (true, Destination::LogFiles, &status.latest_delivery_error, status.latest_delivery_time),
        (
            settings.enable_log_file_validation,
            Destination::Digests,
            &status.latest_digest_delivery_error,
            status.latest_digest_delivery_time,
        ),
        (
            !settings.cloud_watch_logs_log_group_arn.is_empty(),
            Destination::LogGroup,
            &status.latest_cloud_watch_logs_delivery_error,
            status.latest_cloud_watch_logs_delivery_time,
        ),
        (
            !settings.sns_topic_arn.is_empty(),
            Destination::Topic,
            &status.latest_notification_error,
            status.latest_notification_time,
        ),
    ];
    all.into_iter()
        .filter(|(declared, ..)| *declared)
        .map(|(_, destination, error, success)| (destination, error.as_deref().unwrap_or_default(), success))
}

/// When the bucket was last reached: by log files, or by digests, which come also where nothing happens.
fn pulse(status: &TrailStatus) -> Option<Timestamp> {
    status.latest_delivery_time.max(status.latest_digest_delivery_time)
}

struct Look<'a> {
    region: &'a str,
    destination: Destination,
    error: &'a str,
    success: Option<Timestamp>,
    pulse: Option<Timestamp>,
}

impl Look<'_> {
    /// When the word was first seen; `None` where there is none.
    fn seen(&self, memory: &Memory, previous: &PreviousStatus, now: Timestamp) -> Option<Seen> {
        if self.error.is_empty() {
            return None;
        }
        let error: String = self.error.chars().take(MAX_ERROR).collect();
        let known = memory.seen.get(&(self.region.to_owned(), self.destination));
        if let Some(known) = known.filter(|known| known.error == error) {
            return Some(known.clone());
        }
        let just_delivered = |success: &Timestamp| now.duration_since(*success) < JUST_DELIVERED;
        Some(if memory.looked {
            Seen { error, at: now, success: self.success }
        } else if let Some(since) = failing_since(previous) {
            // Status remembers since when; a success after it is later than the word.
            Seen { error, at: since, success: self.success.map(|success| success.min(since)) }
        } else if self.success.as_ref().is_some_and(just_delivered) {
            Seen { error, at: now, success: None }
        } else {
            Seen { error, at: now, success: self.success }
        })
    }

    fn is_outdated(&self, seen: &Seen, settings: &TrailSettings, now: Timestamp) -> bool {
        let Some(success) = self.success else { return false };
        let is_still = match (self.destination, self.pulse) {
            (Destination::LogFiles | Destination::Digests, Some(pulse)) => {
                settings.enable_log_file_validation && now.duration_since(pulse) >= PULSE
            }
            // Events and notifications go along with log files; where these go on without them, they fail.
            (Destination::LogGroup | Destination::Topic, Some(pulse)) => {
                pulse.duration_since(success) >= JUST_DELIVERED
            }
            (_, None) => false,
        };
        seen.success.is_none_or(|then| success > then) && !is_still
    }
}

fn failing_since(previous: &PreviousStatus) -> Option<Timestamp> {
    previous.logging.as_ref()?.failing_since.as_ref().map(|time| time.0)
}

fn fact(input: &Input, home: &TrailStatus, failures: &[FailedDelivery]) -> Fact {
    let fact = |status, reason, message: String| Fact::new(condition::LOGGING, status, reason, message);
    if !home.is_logging {
        let message = if input.logging {
            "logging is switched off in AWS"
        } else {
            "logging is switched off, as declared"
        };
        return fact(Status::False, Reason::Stopped, message.into());
    }
    if let Some(failure) = failures.first() {
        return fact(Status::False, Reason::DeliveryFailing, told(failure, failures));
    }
    if home.latest_delivery_time.max(home.latest_digest_delivery_time).is_none() {
        let message = "CloudTrail is on and has not delivered a log file yet; the first takes some minutes after the first event";
        return fact(Status::Unknown, Reason::AwaitingFirstDelivery, message.into());
    }
    fact(Status::True, Reason::Delivering, "CloudTrail is on and delivers".into())
}

/// The first failure in words, and how many Regions have one.
fn told((region, destination, seen, success): &FailedDelivery, all: &[FailedDelivery]) -> String {
    let last = success.map_or_else(
        || "never delivered before".to_owned(),
        |success| format!("last delivered {}", whole_seconds(success)),
    );
    let mut regions: Vec<_> = all.iter().map(|(region, ..)| region).collect();
    regions.dedup();
    let others = match regions.len() - 1 {
        0 => String::new(),
        1 => "; another Region fails too".to_owned(),
        more => format!("; {more} other Regions fail too"),
    };
    format!(
        "CloudTrail cannot deliver {} in {region}: {}; {last}, seen to fail since {}{others}",
        destination.words(),
        seen.error,
        whole_seconds(seen.at)
    )
}

/// `status.logging` as AWS says.
fn logging_status(status: &TrailStatus) -> LoggingStatus {
    let time = |time: Option<Timestamp>| time.map(|time| Time(whole_seconds(time)));
    LoggingStatus {
        is_logging: status.is_logging,
        start_logging_time: time(status.start_logging_time),
        latest_delivery_time: time(status.latest_delivery_time),
        latest_digest_delivery_time: time(status.latest_digest_delivery_time),
        latest_cloud_watch_logs_delivery_time: time(status.latest_cloud_watch_logs_delivery_time),
        latest_notification_time: time(status.latest_notification_time),
        failing_since: None,
        failing_regions: vec![],
    }
}

/// Whether the new figures say something that the old ones do not: anything but times that moved a little.
pub fn worth_writing(old: Option<&LoggingStatus>, new: &LoggingStatus) -> bool {
    let Some(old) = old else { return true };
    let times = |status: &LoggingStatus| {
        [
            status.latest_delivery_time.clone(),
            status.latest_digest_delivery_time.clone(),
            status.latest_cloud_watch_logs_delivery_time.clone(),
            status.latest_notification_time.clone(),
        ]
    };
    let stale = times(old).into_iter().zip(times(new)).any(|(old, new)| match (old, new) {
        (Some(old), Some(new)) => new.0.duration_since(old.0).abs() >= REFRESH,
        (None, None) => false,
        _ => true,
    });
    let is_same =
        |one: &LoggingStatus| (one.is_logging, one.start_logging_time.clone(), one.failing_regions.clone());
    stale || is_same(old) != is_same(new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::tests::input;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minute).unwrap_or_default()
    }

    fn delivering(minute: i64) -> TrailStatus {
        TrailStatus {
            is_logging: true,
            start_logging_time: Some(at(0)),
            latest_delivery_time: Some(at(minute)),
            latest_digest_delivery_time: Some(at(0)),
            ..TrailStatus::default()
        }
    }

    fn refused(minute: i64) -> TrailStatus {
        TrailStatus { latest_delivery_error: Some("AccessDenied".into()), ..delivering(minute) }
    }

    /// A process that goes on looking.
    #[derive(Default)]
    struct Watch {
        previous: PreviousStatus,
        memory: Memory,
        elsewhere: Elsewhere,
        settings: TrailSettings,
    }

    impl Watch {
        fn look(&mut self, home: &TrailStatus, minute: i64) -> Fact {
            let input = Input {
                deliveries: self.memory.clone(),
                elsewhere: self.elsewhere.clone(),
                settings: self.settings.clone(),
                ..input()
            };
            let judged = judge(&input, home, &self.previous, at(minute));
            self.memory = judged.memory;
            self.previous.logging = Some(judged.status);
            let facts = [judged.fact.clone()];
            let ready = conditions::Readiness::Ready { message: String::new() };
            let list = conditions::next(&self.previous.conditions, None, 1, &ready, &facts, at(minute)).list;
            self.previous.conditions = list;
            judged.fact
        }

        fn restart(&mut self) {
            self.memory = Memory::default();
            self.elsewhere = Elsewhere::default();
        }
    }

    #[test]
    fn logging_is_true_only_when_on_and_delivering() {
        let off = TrailStatus { is_logging: false, ..delivering(1) };
        let new = TrailStatus { is_logging: true, ..TrailStatus::default() };
        for (status, expected, reason) in [
            (delivering(1), Status::True, Reason::Delivering),
            (off, Status::False, Reason::Stopped),
            (new, Status::Unknown, Reason::AwaitingFirstDelivery),
            (refused(-60), Status::False, Reason::DeliveryFailing),
        ] {
            let fact = Watch::default().look(&status, 60);
            assert_eq!((fact.status, fact.reason), (expected, reason), "{status:?}");
        }
    }

    #[test]
    fn a_failure_is_told_with_clouds_own_word_the_last_success_and_the_first_sight() {
        let mut watch = Watch::default();
        watch.look(&delivering(5), 6);
        let told = watch.look(&refused(5), 10).message;
        let (last, first) = (at(5), at(10));
        assert_eq!(
            told,
            format!(
                "CloudTrail cannot deliver log files to the bucket in us-east-1: AccessDenied; last delivered {last}, seen to fail since {first}"
            )
        );
        assert_eq!(watch.look(&refused(5), 30).message, told, "the same words for the same failure");
        let status = watch.previous.logging.clone().unwrap_or_default();
        assert_eq!(
            (status.failing_since, status.failing_regions),
            (Some(Time(first)), vec!["us-east-1".to_owned()])
        );
    }

    #[test]
    fn an_old_word_followed_by_a_newer_success_is_no_failure() {
        let mut watch = Watch::default();
        watch.look(&delivering(5), 6);
        assert_eq!(watch.look(&refused(5), 10).reason, Reason::DeliveryFailing);
        assert_eq!(
            watch.look(&refused(12), 15).reason,
            Reason::Delivering,
            "delivered after the word was seen"
        );
        assert_eq!(watch.look(&refused(12), 100).reason, Reason::Delivering, "a quiet Region does not fail");
    }

    #[test]
    fn a_restart_neither_forgets_a_failure_nor_takes_an_old_word_for_a_new_one() {
        let mut failing = Watch::default();
        failing.look(&delivering(5), 6);
        let before = failing.look(&refused(5), 10);
        failing.restart();
        assert_eq!(failing.look(&refused(5), 11), before);
        assert_eq!(failing.look(&refused(13), 14).reason, Reason::Delivering);
        failing.restart();
        assert_eq!(failing.look(&refused(13), 16).reason, Reason::Delivering);
    }

    #[test]
    fn without_digests_for_hours_a_word_counts_again() {
        let mut watch = Watch {
            settings: TrailSettings { enable_log_file_validation: true, ..<_>::default() },
            ..Watch::default()
        };
        watch.look(&refused(5), 60);
        assert_eq!(watch.look(&refused(70), 71).reason, Reason::Delivering);
        assert_eq!(watch.look(&refused(70), 71 + 179).reason, Reason::DeliveryFailing);
    }

    #[test]
    fn digests_that_arrive_hide_no_log_file_that_does_not() {
        let mut watch = Watch::default();
        watch.look(&delivering(5), 6);
        assert_eq!(watch.look(&refused(5), 10).reason, Reason::DeliveryFailing);
        let digest = TrailStatus { latest_digest_delivery_time: Some(at(60)), ..refused(5) };
        assert_eq!(watch.look(&digest, 61).reason, Reason::DeliveryFailing);
    }

    #[test]
    fn events_that_stay_behind_log_files_are_missing_also_after_a_restart() {
        let mut watch = Watch {
            settings: TrailSettings { cloud_watch_logs_log_group_arn: "group".into(), ..<_>::default() },
            ..Watch::default()
        };
        let behind = |minute| TrailStatus {
            latest_cloud_watch_logs_delivery_error: Some("AccessDenied".into()),
            latest_cloud_watch_logs_delivery_time: Some(at(0)),
            ..delivering(minute)
        };
        watch.look(&behind(5), 6);
        assert_eq!(watch.look(&behind(14), 15).reason, Reason::Delivering, "may be an old word");
        assert_eq!(watch.look(&behind(15), 16).reason, Reason::DeliveryFailing);
    }

    #[test]
    fn a_quiet_region_has_its_digests_for_a_pulse() {
        let quiet = TrailStatus { latest_delivery_time: None, ..delivering(0) };
        assert_eq!(Watch::default().look(&quiet, 50).reason, Reason::Delivering);
    }

    #[test]
    fn what_is_not_to_be_delivered_cannot_fail() {
        let leftover = TrailStatus { latest_notification_error: Some("NotFound".into()), ..delivering(5) };
        assert_eq!(Watch::default().look(&leftover, 60).reason, Reason::Delivering);
        let declared = TrailSettings { sns_topic_arn: "topic".into(), ..<_>::default() };
        let mut watch = Watch { settings: declared, ..Watch::default() };
        let fact = watch.look(&leftover, 60);
        assert!(
            fact.message.contains("notifications to the topic in us-east-1: NotFound; never delivered"),
            "{fact:?}"
        );
    }

    #[test]
    fn a_failure_in_another_region_is_one_and_is_known_after_a_restart() {
        let settings = TrailSettings { is_multi_region_trail: true, ..<_>::default() };
        let regions = |list: &[(&str, TrailStatus)]| Elsewhere {
            regions: Some(list.iter().map(|(name, status)| ((*name).to_owned(), status.clone())).collect()),
            ..Elsewhere::default()
        };
        let broken =
            regions(&[("eu-west-1", refused(5)), ("eu-west-2", delivering(5)), ("eu-west-3", refused(5))]);
        let mut watch = Watch { settings, elsewhere: broken, ..Watch::default() };
        let fact = watch.look(&delivering(60), 61);
        assert_eq!(fact.reason, Reason::DeliveryFailing);
        assert!(
            fact.message.contains("in eu-west-1: AccessDenied")
                && fact.message.ends_with("another Region fails too"),
            "{fact:?}"
        );
        watch.restart();
        assert_eq!(watch.look(&delivering(60), 62), fact, "nobody has looked there yet");
        watch.elsewhere = regions(&[("eu-west-1", delivering(63)), ("eu-west-3", delivering(63))]);
        assert_eq!(watch.look(&delivering(60), 64).reason, Reason::Delivering);
    }

    #[test]
    fn times_are_written_once_an_hour_and_everything_else_at_once() {
        let of = |status: &TrailStatus| logging_status(status);
        let old = of(&delivering(5));
        assert!(!worth_writing(Some(&old), &old));
        assert!(!worth_writing(Some(&old), &of(&delivering(64))));
        assert!(worth_writing(Some(&old), &of(&delivering(65))));
        let first = TrailStatus { latest_notification_time: Some(at(1)), ..delivering(5) };
        assert!(worth_writing(Some(&old), &of(&first)));
        let restarted = TrailStatus { start_logging_time: Some(at(9)), ..delivering(5) };
        assert!(worth_writing(Some(&old), &of(&restarted)));
        assert!(worth_writing(None, &old));
        let failing = LoggingStatus { failing_regions: vec!["eu-west-1".into()], ..old.clone() };
        assert!(worth_writing(Some(&old), &failing));
    }
}

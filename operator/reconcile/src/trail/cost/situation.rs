//! What is known of a trail and its account, as the model of costs wants it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use trail_operator_crds::{DeclaredVolume, LogFiles};
use trail_operator_domain::cost::{
    Access, Basis, Bucket, Category, Decimal, Delivered, Estimate, HOURS_A_MONTH, Kms, LogGroup, Object,
    ObjectKind, Organization, PricedMonth, Prices, Reads, Recorded, Sample, Situation, Topic, Trail, Volume,
    Volumes,
};
use trail_operator_domain::selectors::Admission;

use super::{Counted, Metrics, Month, Subject, bucket, log_group};
use crate::trail::Input;

/// What AWS says of the account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Account {
    /// Every trail that is seen, also those that nobody declared here.
    pub trails: Vec<Trail>,
    /// Regions, trails and other things that could not be seen, in words.
    pub unseen: Vec<String>,
    /// How much of the organization could be seen.
    pub organization: Option<Organization>,
    /// Where this trail's log files go.
    pub bucket: Option<Bucket>,
    /// The key that encrypts them.
    pub kms: Option<Kms>,
    /// The topic that is told of them.
    pub topic: Option<Topic>,
    /// The log group that its events go to, with what CloudWatch counted of it.
    pub log_group: Option<(LogGroup, Option<Metrics>)>,
}

impl Account {
    /// What follows from what is declared, before anybody asks: the bucket keeps everything and is where the trail is, and
    /// whether the key is there for this trail alone, and who has subscribed to the topic, nobody can tell.
    pub fn declared(input: &Input) -> Self {
        let settings = &input.settings;
        let region = &input.region;
        let encrypted = !settings.kms_key_id.is_empty() || !input.kms_key_id.is_empty();
        let notifying = !settings.sns_topic_arn.is_empty();
        Self {
            bucket: Some(bucket(&settings.s3_bucket_name, &settings.s3_key_prefix, region, &[])),
            kms: encrypted.then(|| Kms { region: region.clone(), dedicated: false }),
            topic: notifying.then(|| Topic { region: region.clone(), email: 0, http: 0 }),
            log_group: input.cost.log_group.as_ref().map(|_| (log_group(region, None), None)),
            ..Self::default()
        }
    }
}

/// What a trail costs, as last estimated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Costs {
    /// The estimate of the account's trails; `None` where nothing is known of volumes.
    pub estimate: Option<Estimate>,
    /// What was counted.
    pub counted: Counted,
    /// What the volumes rest on, in words.
    pub sample: String,
    /// What could not be seen and may change the figure.
    pub unseen: Vec<String>,
    /// Whether the prices are older than a year.
    pub stale: bool,
}

/// What it costs, by what was counted.
pub fn estimate(
    subject: &Subject,
    account: &Account,
    counted: &Counted,
    prices: &Prices,
    now: Timestamp,
) -> Costs {
    Costs {
        counted: counted.clone(),
        ..estimate_month(subject, account, counted.month().as_ref(), prices, now)
    }
}

/// What it costs in this month; without one, by the next best source there is.
pub fn estimate_month(
    subject: &Subject,
    account: &Account,
    month: Option<&Month>,
    prices: &Prices,
    now: Timestamp,
) -> Costs {
    let known = volumes(subject, account, month);
    let (estimate, sample) = match known {
        Some(known) => {
            let trails = account.trails.iter().filter(|trail| trail.arn != subject.trail.arn).cloned();
            let situation = Situation {
                trails: trails.chain([equipped(subject, account, &known)]).collect(),
                volumes: known.volumes,
                alarms: subject.alarms.clone(),
                organization: account.organization,
                month: PricedMonth::SteadyState,
            };
            (Some(situation.estimate(prices)), known.sample)
        }
        None => (None, String::new()),
    };
    let stale = prices.is_stale(now.as_second());
    Costs { estimate, counted: Counted::default(), sample, unseen: account.unseen.clone(), stale }
}

/// What happens in a month, and what it rests on.
struct Known {
    volumes: Volumes,
    basis: Basis,
    raw_bytes: Option<Decimal>,
    log_files: Option<Decimal>,
    sample: String,
}

/// The best source there is.
fn volumes(subject: &Subject, account: &Account, month: Option<&Month>) -> Option<Known> {
    if let Some(Month { events, log_files }) = month {
        let bytes = events.monthly.values().map(|month| month.bytes).sum();
        return Some(Known {
            volumes: events.volumes(&subject.trail.arn, event_selector),
            basis: Basis::Measured,
            raw_bytes: Some(bytes),
            log_files: *log_files,
            sample: described(events.sample),
        });
    }
    let metrics = account.log_group.as_ref().and_then(|(_, metrics)| metrics.clone());
    let shape = shape(subject);
    if let (Some(metrics), Some(shape)) = (metrics.filter(|metrics| metrics.days > 0), &shape) {
        let days = metrics.days;
        return Some(Known {
            volumes: shape.volumes(subject, metrics.events, Basis::Metrics),
            basis: Basis::Metrics,
            raw_bytes: Some(metrics.bytes),
            log_files: None,
            sample: format!("CloudWatch counted the events of the log group on {days} days"),
        });
    }
    let shape = subject.declared.volume.map(|volume| Shape::Declared(recorded(subject, volume)))?;
    Some(Known {
        volumes: shape.volumes(subject, shape.total(), Basis::Declared),
        basis: Basis::Declared,
        raw_bytes: None,
        log_files: None,
        sample: "spec.cost.volume: nothing was counted yet".to_owned(),
    })
}

fn described(sample: Sample) -> String {
    format!("counted in log files; {}", sample.describe())
}

fn event_selector(name: &str) -> Option<Object> {
    let (namespace, name) = name.split_once('/')?;
    Some(Object { kind: ObjectKind::EventSelector, namespace: namespace.to_owned(), name: name.to_owned() })
}

/// How events whose number alone is known are spread over categories.
enum Shape {
    /// The trail records nothing else.
    Management,
    /// As the manifest expects.
    Declared(DeclaredVolume),
}

/// How; `None` where nobody can tell.
fn shape(subject: &Subject) -> Option<Shape> {
    let selectors = subject.trail.selectors.advanced();
    let only_management = selectors.iter().all(|selector| selector.category() == Some("Management"));
    if only_management {
        return Some(Shape::Management);
    }
    let declared = subject.declared.volume.map(|volume| Shape::Declared(recorded(subject, volume)));
    declared.filter(|shape| !shape.total().is_zero())
}

/// Of what is expected, what the trail records at all: without an EventSelector there are no data events.
fn recorded(subject: &Subject, volume: DeclaredVolume) -> DeclaredVolume {
    let selectors = &subject.trail.selectors;
    let coverage = selectors.management_events();
    let of_management = |read_only| coverage.admits(Some(read_only), "") != Admission::No;
    let advanced = selectors.advanced();
    let of = |category| advanced.iter().any(|selector| selector.category() == Some(category));
    let where_recorded = |is: bool, events: i64| if is { events } else { 0 };
    DeclaredVolume {
        management_read_events: where_recorded(of_management(true), volume.management_read_events),
        management_write_events: where_recorded(of_management(false), volume.management_write_events),
        data_events: where_recorded(of("Data"), volume.data_events),
        network_activity_events: where_recorded(of("NetworkActivity"), volume.network_activity_events),
    }
}

/// The EventSelector that asks for all events of a category; `None` where several do.
fn only_object(subject: &Subject, category: &str) -> Option<Object> {
    let asking = subject.named.iter().filter(|named| named.selector.category() == Some(category));
    let names: BTreeSet<_> = asking.map(|named| named.name.as_str()).collect();
    let mut names = names.into_iter();
    names.next().filter(|_| names.next().is_none()).and_then(event_selector)
}

impl Shape {
    fn total(&self) -> Decimal {
        match self {
            Self::Management => Decimal::ONE,
            Self::Declared(volume) => parts(volume).iter().map(|(_, _, events)| Decimal::from(*events)).sum(),
        }
    }

    /// So many events, spread.
    fn volumes(&self, subject: &Subject, events: Decimal, basis: Basis) -> Volumes {
        let volume = |access, events| Volume {
            account: subject.trail.account.clone(),
            region: subject.trail.home_region.clone(),
            source: String::new(),
            access,
            events,
            basis,
        };
        let mut volumes = Volumes::default();
        match self {
            Self::Management => volumes.management.push(volume(Access::Unsaid, events)),
            Self::Declared(declared) => {
                for (category, access, part) in parts(declared) {
                    let share = Decimal::from(part).checked_div(self.total()).unwrap_or_default();
                    let volume = volume(access, events.saturating_mul(share));
                    match category {
                        Category::Management => volumes.management.push(volume),
                        category => volumes.recorded.push(Recorded {
                            trail: subject.trail.arn.clone(),
                            object: only_object(
                                subject,
                                if category == Category::Data { "Data" } else { "NetworkActivity" },
                            ),
                            category,
                            volume,
                        }),
                    }
                }
            }
        }
        volumes
    }
}

fn parts(volume: &DeclaredVolume) -> [(Category, Access, i64); 4] {
    [
        (Category::Management, Access::Read, volume.management_read_events),
        (Category::Management, Access::Write, volume.management_write_events),
        (Category::Data, Access::Unsaid, volume.data_events),
        (Category::NetworkActivity, Access::Unsaid, volume.network_activity_events),
    ]
}

/// The trail as AWS has it, with what else its cost depends on.
fn equipped(subject: &Subject, account: &Account, known: &Known) -> Trail {
    let seen = account.trails.iter().find(|trail| trail.arn == subject.trail.arn).cloned();
    let trail = seen.unwrap_or_else(|| subject.trail.clone());
    let delivered = delivered(subject, known);
    let reads = reads(subject, &delivered, account.kms.is_some());
    Trail {
        object: Some(subject.object.clone()),
        aggregation: subject.trail.aggregation,
        insight_events: subject.declared.insight_events,
        bucket: account.bucket.clone().map(|bucket| Bucket { refuses: subject.bucket_refuses, ..bucket }),
        kms: account.kms.clone(),
        topic: account.topic.clone(),
        log_group: account.log_group.as_ref().map(|(group, metrics)| LogGroup {
            incoming_bytes: metrics.as_ref().map(|metrics| metrics.bytes),
            ..group.clone()
        }),
        delivered,
        reads,
        ..trail
    }
}

fn delivered(subject: &Subject, known: &Known) -> Delivered {
    let management = known.volumes.management.iter();
    let recorded = known.volumes.recorded.iter().map(|recorded| &recorded.volume);
    let events = management.chain(recorded).map(|volume| volume.events).sum();
    let assumed = Delivered::assumed(events, subject.pairs, subject.validation.is_some());
    let raw_bytes = known.raw_bytes.unwrap_or(assumed.raw_bytes);
    let smaller = assumed.stored_bytes.checked_div(assumed.raw_bytes).unwrap_or_default();
    Delivered {
        raw_bytes,
        stored_bytes: raw_bytes.saturating_mul(smaller),
        log_files: known.log_files.unwrap_or(assumed.log_files),
        basis: known.basis,
        ..assumed
    }
}

/// Requests of our own runs: every digest once and again for as long as a run looks back, and every log file that is read.
fn reads(subject: &Subject, delivered: &Delivered, encrypted: bool) -> Reads {
    let Some(validation) = subject.validation.as_ref().filter(|validation| validation.interval_seconds > 0)
    else {
        return Reads::default();
    };
    let month = Decimal::from(HOURS_A_MONTH) * Decimal::from(3600);
    let runs = month.checked_div(validation.interval_seconds.into()).unwrap_or_default();
    let pairs = Decimal::from(subject.pairs);
    let looks = runs * pairs * Decimal::from(validation.lookback_hours);
    let log_files = match validation.log_files {
        LogFiles::All => delivered.log_files,
        LogFiles::Sample => delivered.log_files / Decimal::TEN,
        LogFiles::None => Decimal::ZERO,
    };
    let gets = delivered.digests + looks + log_files;
    // The digests' folder and, of each day looked at, that of the log files.
    let lists = runs * pairs * Decimal::from(3);
    Reads { gets, lists, decrypts: if encrypted { gets } else { Decimal::ZERO } }
}

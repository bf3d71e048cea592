//! Trails as they are in the account, with what their cost depends on.
//!
//! Plain data. Must not know prices.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Basis, Retention};
use crate::selectors::Selectors;

/// An object of ours that something is attributed to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Object {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Kinds of objects that cost something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A Trail.
    Trail,
    /// An EventSelector.
    EventSelector,
    /// A MetricAlarm.
    MetricAlarm,
}

impl ObjectKind {
    /// As manifests write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trail => "Trail",
            Self::EventSelector => "EventSelector",
            Self::MetricAlarm => "MetricAlarm",
        }
    }
}

/// A trail of the account, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Its ARN.
    pub arn: String,
    /// The account that owns it.
    pub account: String,
    /// Its home Region.
    pub home_region: String,
    /// The Regions it records.
    pub regions: Regions,
    /// Whether it records all accounts of the organization.
    pub organization: bool,
    /// Whether it is switched on.
    pub logging: bool,
    /// Since when, in seconds since 1970; `None` where nobody could see it. Decides who is older.
    pub logging_since: Option<i64>,
    /// What it records.
    pub selectors: Selectors,
    /// What Insights analyses.
    pub insights: Vec<InsightSelector>,
    /// How many events Insights analyses in a month, where somebody says so; otherwise that follows from what is recorded.
    pub insight_events: Option<Decimal>,
    /// Whether data events are aggregated (`cloudtrail.md` 2.8).
    pub aggregation: bool,
    /// Where log files go; `None` where it could not be read.
    pub bucket: Option<Bucket>,
    /// What it delivers in a month.
    pub delivered: Delivered,
    /// What we read of it in a month.
    pub reads: Reads,
    /// The key that encrypts its log files.
    pub kms: Option<Kms>,
    /// The topic that is told of every log file.
    pub topic: Option<Topic>,
    /// The log group that its events go to.
    pub log_group: Option<LogGroup>,
    /// The object that declares it, if any does.
    pub object: Option<Object>,
}

impl Trail {
    /// A trail that logs all management events of its own account in all Regions, and nothing else is known of it.
    pub fn new(arn: impl Into<String>, account: impl Into<String>, home_region: impl Into<String>) -> Self {
        Self {
            arn: arn.into(),
            account: account.into(),
            home_region: home_region.into(),
            regions: Regions::All,
            organization: false,
            logging: true,
            logging_since: None,
            selectors: Selectors::Default,
            insights: Vec::new(),
            insight_events: None,
            aggregation: false,
            bucket: None,
            delivered: Delivered::default(),
            reads: Reads::default(),
            kms: None,
            topic: None,
            log_group: None,
            object: None,
        }
    }

    /// Whether it records anything of this account and Region.
    pub fn reaches(&self, account: &str, region: &str) -> bool {
        self.logging && self.regions.has(region) && (self.organization || self.account == account)
    }

    /// What it is told apart by: the oldest first, those of unknown age last, then by ARN.
    pub(super) fn seniority(&self) -> (i64, &str) {
        (self.logging_since.unwrap_or(i64::MAX), &self.arn)
    }

    /// Its name, for sentences.
    pub(super) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

/// Regions that a trail records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Regions {
    /// All: a multi-Region trail.
    All,
    /// These.
    Only(BTreeSet<String>),
}

impl Regions {
    /// Whether this is one of them.
    pub fn has(&self, region: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(regions) => regions.contains(region),
        }
    }
}

/// What Insights analyses of a trail (`cloudtrail.md` 2.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsightSelector {
    /// `InsightType`
    pub kind: InsightType,
    /// `EventCategories`; AWS takes management events where none are given.
    pub categories: BTreeSet<InsightCategory>,
}

/// Types of Insights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InsightType {
    /// `ApiCallRateInsight`
    ApiCallRate,
    /// `ApiErrorRateInsight`
    ApiErrorRate,
}

/// Events that Insights analyses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InsightCategory {
    /// `Management`
    Management,
    /// `Data`
    Data,
}

/// Where log files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Its Region, whose prices hold.
    pub region: String,
    /// How long log files are kept.
    pub retention: Retention,
    /// Whether it refuses deliveries now.
    pub refuses: bool,
}

/// What a trail delivers in a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Log files.
    pub log_files: Decimal,
    /// Digest files.
    pub digests: Decimal,
    /// Bytes of both as they are stored, compressed.
    pub stored_bytes: Decimal,
    /// Bytes of the events before they are compressed.
    pub raw_bytes: Decimal,
    /// Where that comes from.
    pub basis: Basis,
}

impl Default for Delivered {
    fn default() -> Self {
        let none = Decimal::ZERO;
        Self { log_files: none, digests: none, stored_bytes: none, raw_bytes: none, basis: Basis::Measured }
    }
}

impl Delivered {
    /// Bytes of an event, for a trail that nothing is known of yet: AWS gives no figure; a public sizing tool takes this
    /// one (`cloudtrail.md` 9.3).
    const RAW_BYTES_OF_AN_EVENT: u32 = 1536;
    /// How much smaller gzip makes events of CloudTrail (`cloudtrail.md` 9.3, remembered there).
    const COMPRESSION: u32 = 10;
    /// Log files of an account and Region in a month at most: one in about five minutes (`cloudtrail.md` 4.1).
    const MOST_LOG_FILES: u32 = 12 * 730;
    /// Digests of an account and Region in a month: one an hour, also without events (`cloudtrail.md` 9.3).
    const DIGESTS: u32 = 730;

    /// What a trail will deliver that records so many events a month in so many pairs of account and Region.
    pub fn assumed(events: Decimal, pairs: u32, validation: bool) -> Self {
        let raw_bytes = events.saturating_mul(Self::RAW_BYTES_OF_AN_EVENT.into());
        let pairs = Decimal::from(pairs);
        let digests = if validation { pairs.saturating_mul(Self::DIGESTS.into()) } else { Decimal::ZERO };
        Self {
            log_files: events.min(pairs.saturating_mul(Self::MOST_LOG_FILES.into())),
            digests,
            stored_bytes: raw_bytes / Decimal::from(Self::COMPRESSION),
            raw_bytes,
            basis: Basis::Declared,
        }
    }
}

/// Requests of our own validation in a month.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    /// GetObject and HeadObject.
    pub gets: Decimal,
    /// ListObjectsV2.
    pub lists: Decimal,
    /// Decrypt calls to KMS that these cause: one for each encrypted object, fewer with an S3 Bucket Key.
    pub decrypts: Decimal,
}

/// The key of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kms {
    /// Its Region.
    pub region: String,
    /// Whether it is there for this trail only, so that its own price is the trail's.
    pub dedicated: bool,
}

/// The topic of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Its Region.
    pub region: String,
    /// Subscriptions by e-mail.
    pub email: u32,
    /// Subscriptions by HTTP and HTTPS. Those of SQS and Lambda are free (`cloudtrail.md` 9.2).
    pub http: u32,
}

/// The log group of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    /// Its Region.
    pub region: String,
    /// How long events are kept.
    pub retention: Retention,
    /// Bytes that `AWS/Logs` IncomingBytes counted for a month; without them, what the trail delivers.
    pub incoming_bytes: Option<Decimal>,
}

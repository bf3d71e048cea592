//! What AWS charges for, where a trail is concerned (`cloudtrail.md` 9.1 and 9.2).
//!
//! Knows what components are called here and in AWS's price lists and bills. Must not know prices.

use std::fmt;
use std::str::FromStr;

/// A service, by its code in the Price List.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// `AWSCloudTrail`
    CloudTrail,
    /// `AmazonCloudWatch`
    CloudWatch,
    /// `AmazonS3`
    S3,
    /// `AmazonSNS`
    Sns,
    /// `awskms`
    Kms,
}

impl Service {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::CloudTrail, Self::CloudWatch, Self::S3, Self::Sns, Self::Kms];

    /// Its service code: `offerCode` of a price list, `product_servicecode` or `lineItem/ProductCode` of a bill.
    pub fn code(self) -> &'static str {
        match self {
            Self::CloudTrail => "AWSCloudTrail",
            Self::CloudWatch => "AmazonCloudWatch",
            Self::S3 => "AmazonS3",
            Self::Sns => "AmazonSNS",
            Self::Kms => "awskms",
        }
    }
}

/// What is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    /// Copies of management events beyond the first in an account and Region.
    ManagementEvents,
    /// Every copy of a data event.
    DataEvents,
    /// Every copy of a network activity event.
    NetworkActivityEvents,
    /// Management events analysed by Insights, for each type.
    ManagementInsights,
    /// Data events analysed by Insights, for each type.
    DataInsights,
    /// Summaries of data events (`cloudtrail.md` 2.8). No price of them was found anywhere: see 9.1.
    EventAggregation,
    /// S3 Standard storage of log files and digests.
    LogStorage,
    /// PUT and LIST requests: delivering files, and listing them.
    WriteRequests,
    /// GET requests: reading files.
    ReadRequests,
    /// A KMS key.
    Keys,
    /// Requests to KMS by those who read. CloudTrail's own are free.
    KeyRequests,
    /// Events taken in by CloudWatch Logs.
    LogIngestion,
    /// Events kept by CloudWatch Logs.
    LogGroupStorage,
    /// Custom metrics, which metric filters make.
    CustomMetrics,
    /// Metrics that standard-resolution alarms watch.
    StandardAlarms,
    /// Metrics that high-resolution alarms watch.
    HighResolutionAlarms,
    /// Notifications published to SNS.
    Notifications,
    /// Notifications sent as e-mail.
    EmailNotifications,
    /// Notifications sent to HTTP and HTTPS endpoints.
    HttpNotifications,
}

/// How one component is told: service, usage type without the Region's prefix, unit, what it is in words.
struct Told(Service, &'static str, &'static str, &'static str);

impl Component {
    /// All of them, in the order of a bill.
    pub const ALL: [Self; 19] = [
        Self::ManagementEvents,
        Self::DataEvents,
        Self::NetworkActivityEvents,
        Self::ManagementInsights,
        Self::DataInsights,
        Self::EventAggregation,
        Self::LogStorage,
        Self::WriteRequests,
        Self::ReadRequests,
        Self::Keys,
        Self::KeyRequests,
        Self::LogIngestion,
        Self::LogGroupStorage,
        Self::CustomMetrics,
        Self::StandardAlarms,
        Self::HighResolutionAlarms,
        Self::Notifications,
        Self::EmailNotifications,
        Self::HttpNotifications,
    ];

    /// Its name in status, metrics, override files and the price table.
    pub fn name(self) -> &'static str {
        match self {
            Self::ManagementEvents => "ManagementEvents",
            Self::DataEvents => "DataEvents",
            Self::NetworkActivityEvents => "NetworkActivityEvents",
            Self::ManagementInsights => "ManagementInsights",
            Self::DataInsights => "DataInsights",
            Self::EventAggregation => "EventAggregation",
            Self::LogStorage => "LogStorage",
            Self::WriteRequests => "WriteRequests",
            Self::ReadRequests => "ReadRequests",
            Self::Keys => "Keys",
            Self::KeyRequests => "KeyRequests",
            Self::LogIngestion => "LogIngestion",
            Self::LogGroupStorage => "LogGroupStorage",
            Self::CustomMetrics => "CustomMetrics",
            Self::StandardAlarms => "StandardAlarms",
            Self::HighResolutionAlarms => "HighResolutionAlarms",
            Self::Notifications => "Notifications",
            Self::EmailNotifications => "EmailNotifications",
            Self::HttpNotifications => "HttpNotifications",
        }
    }

    /// Whose price it is.
    pub fn service(self) -> Service {
        self.told().0
    }

    /// Its usage type, as in price lists and bills, without the Region's prefix. Empty where AWS publishes none.
    pub fn usage(self) -> &'static str {
        self.told().1
    }

    /// What it is counted in.
    pub fn unit(self) -> &'static str {
        self.told().2
    }

    /// In words.
    pub fn title(self) -> &'static str {
        self.told().3
    }

    /// The component that a usage type of a service stands for, with or without a Region's prefix.
    pub fn of_usage(service: &str, usage: &str) -> Option<Self> {
        let service = Service::ALL.into_iter().find(|known| known.code().eq_ignore_ascii_case(service))?;
        Self::ALL.into_iter().find(|component| {
            let Told(own, name, ..) = component.told();
            own == service && !name.is_empty() && is_usage(usage, name)
        })
    }

    /// Usage types: `cloudtrail.md` 9.1, and AWS's price lists for the neighbours (`cloudtrail.md` 9.2).
    fn told(self) -> Told {
        use Service::{CloudTrail, CloudWatch, Kms, S3, Sns};
        match self {
            Self::ManagementEvents => {
                Told(CloudTrail, "PaidEventsRecorded", "event", "further copies of management events")
            }
            Self::DataEvents => Told(CloudTrail, "DataEventsRecorded", "event", "data events"),
            Self::NetworkActivityEvents => {
                Told(CloudTrail, "NetworkEventsRecorded", "event", "network activity events")
            }
            Self::ManagementInsights => {
                Told(CloudTrail, "InsightsEvents", "event", "management events analysed by Insights")
            }
            Self::DataInsights => {
                Told(CloudTrail, "DataInsightsEvents", "event", "data events analysed by Insights")
            }
            Self::EventAggregation => Told(CloudTrail, "", "event", "aggregation of data events"),
            Self::LogStorage => Told(S3, "TimedStorage-ByteHrs", "GB-month", "S3 storage of log files"),
            Self::WriteRequests => Told(S3, "Requests-Tier1", "request", "S3 PUT and LIST requests"),
            Self::ReadRequests => Told(S3, "Requests-Tier2", "request", "S3 GET requests"),
            Self::Keys => Told(Kms, "KMS-Keys", "key-month", "KMS keys"),
            Self::KeyRequests => Told(Kms, "KMS-Requests", "request", "KMS requests of readers"),
            Self::LogIngestion => Told(CloudWatch, "DataProcessing-Bytes", "GB", "CloudWatch Logs ingestion"),
            Self::LogGroupStorage => {
                Told(CloudWatch, "TimedStorage-ByteHrs", "GB-month", "CloudWatch Logs storage")
            }
            Self::CustomMetrics => {
                Told(CloudWatch, "CW:MetricMonitorUsage", "metric-month", "metrics of metric filters")
            }
            Self::StandardAlarms => {
                Told(CloudWatch, "CW:AlarmMonitorUsage", "alarm-metric-month", "standard-resolution alarms")
            }
            Self::HighResolutionAlarms => Told(
                CloudWatch,
                "CW:HighResAlarmMonitorUsage",
                "alarm-metric-month",
                "high-resolution alarms",
            ),
            Self::Notifications => Told(Sns, "Requests-Tier1", "request", "SNS notifications"),
            Self::EmailNotifications => {
                Told(Sns, "DeliveryAttempts-SMTP", "notification", "SNS notifications by e-mail")
            }
            Self::HttpNotifications => {
                Told(Sns, "DeliveryAttempts-HTTP", "notification", "SNS notifications by HTTP")
            }
        }
    }
}

/// Bills put `USE1-` and the like before a usage type, and nothing where us-east-1 is meant by some services. KMS puts the
/// Region itself: `us-east-1-KMS-Requests`.
fn is_usage(usage: &str, name: &str) -> bool {
    usage.strip_suffix(name).is_some_and(|before| {
        before.is_empty()
            || before.strip_suffix('-').is_some_and(|prefix| is_short(prefix) || is_region(prefix))
    })
}

fn is_short(prefix: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    !prefix.is_empty() && prefix.bytes().all(is_part)
}

/// Whether it has the form of a Region: words, and a number at the end.
fn is_region(prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.split('-').collect();
    let is_word = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    match parts.as_slice() {
        [words @ .., number] => {
            words.len() >= 2
                && words.iter().all(is_word)
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        }
        [] => false,
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no component has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no component `{0}`; there are {all}", all = Component::ALL.map(Component::name).join(", "))]
pub struct UnknownComponent(pub String);

impl FromStr for Component {
    type Err = UnknownComponent;

    fn from_str(name: &str) -> Result<Self, UnknownComponent> {
        let known = Self::ALL.into_iter().find(|component| component.name() == name);
        known.ok_or_else(|| UnknownComponent(name.to_owned()))
    }
}

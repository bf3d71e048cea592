//! The records of a log file, borrowed from its bytes: what counting and searching need, and each record as it stands there
//! for everything else.
//!
//! Pure. Fields that are missing, of another type or unknown are no error. A file that is not JSON is read up to where it
//! stops being it: a run never ends because of one.
//!
//! `cargo xtask bench cost` says what reading and counting them adds to verifying their files.

mod bits;
mod controls;
mod members;
mod observer;
mod scan;

use std::borrow::Cow;

pub use self::controls::{Control, Controls, explain};
pub use self::observer::{LogFileSink, RecordSink, Records};
pub use self::scan::Scanner;

/// A text of a record: borrowed, unless it holds escapes.
pub type Text<'a> = Option<Cow<'a, str>>;

/// One record.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Record<'a> {
    /// When it happened.
    pub event_time: Text<'a>,
    /// Service, like `s3.amazonaws.com`.
    pub event_source: Text<'a>,
    /// Operation.
    pub event_name: Text<'a>,
    /// Its id.
    pub event_id: Text<'a>,
    /// `Management`, `Data`, `Insight`, `NetworkActivity`.
    pub event_category: Text<'a>,
    /// `AwsApiCall`, `AwsConsoleSignIn` and others.
    pub event_type: Text<'a>,
    /// Region.
    pub aws_region: Text<'a>,
    /// Account it was delivered to.
    pub recipient_account_id: Text<'a>,
    /// Error the call ended with.
    pub error_code: Text<'a>,
    /// Whether it changed nothing.
    pub read_only: Option<bool>,
    /// Whether it is a management event.
    pub management_event: Option<bool>,
    /// The JSON of its `resources`.
    pub resources: Option<&'a str>,
    /// The whole record as it stands in the file.
    pub raw: &'a str,
}

/// A file that is not a list of records, or not to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it is no list of records from byte {at} on: {why}")]
pub struct Malformed {
    /// Where that was seen.
    pub at: usize,
    /// What was seen.
    pub why: &'static str,
}

//! Log file validation: the digest chains of a trail, verified against the log files that were delivered.
//!
//! Knows CloudTrail's files and signatures (`cloudtrail.md` section 4). Knows no AWS SDK, no Kubernetes, no clock: objects
//! come through [`ObjectSource`], the present time with the [`Request`].
//!
//! ```ignore
//! let trail = Trail::from_arn("arn:aws:cloudtrail:us-east-1:111122223333:trail/audit")?;
//! let location = Location { bucket: "logs".into(), prefix: None, organization: None };
//! let mut request = Request::new(trail, location, Range { start, end }, now);
//! request.regions = Selection::Only(vec!["us-east-1".into()]);
//! let outcome = run(source, request, Hooks::default()).await?;
//! println!("{}", serde_json::to_string(&outcome.report)?);
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`names`], [`digest`], [`signature`], [`content`] | names, documents, keys and bytes, read strictly |
//! | [`judge`], [`link`], [`walker`], [`newest`], [`coverage`] | what follows from what was read: pure |
//! | [`finding`], [`report`] | reasons, verdicts, the document `LogValidationReport` |
//! | [`records`] | the records of verified log files, for whoever listens; who switched the trail on or off |
//! | [`request`], [`source`] | what is asked, and of whom |
//! | [`run`](mod@run) | drives it all, many requests at a time, in bounded memory |
//!
//! To resume where a run stopped, hand its [`Outcome::anchors`] to the next one as [`Request::anchors`]; one hash over all
//! of them is [`Anchor::hash`]. Reports of parts [`merge`](Report::merge).

pub mod content;
pub mod coverage;
pub mod digest;
pub mod finding;
pub mod judge;
pub mod link;
pub mod names;
pub mod newest;
pub mod organization;
pub mod records;
pub mod report;
pub mod request;
pub mod run;
pub mod signature;
pub mod source;
mod time;
pub mod walker;

pub use finding::{Fault, Finding, Reason, Severity, Verdict};
pub use names::{Chain, Location, Object, Trail};
pub use report::{ChainReport, Counts, LogFileCounts, Range, Report};
pub use request::{Anchor, Delivery, Expiration, Limits, LogFiles, Request, Selection};
pub use run::{
    FileKind, Hooks, Listener, LogFileObserver, Observer, Outcome, Progress, RunError, Snapshot, recall, run,
};
pub use source::{
    ListRequest, ListedKey, ListedObject, ObjectBody, ObjectSource, OpenObject, Page, ReadError,
};

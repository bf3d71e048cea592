//! Errors of AWS: what a controller can do about each, and what a person can.
//!
//! Knows AWS's error codes and what a trail points at. Does not know the SDK, nor what is done after an error.

mod sentence;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::reason::Reason;

/// What can be done about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Passing: try again, later each time.
    Retry,
    /// Something outside must change first: look again now and then.
    Wait,
    /// The manifest must change first.
    Reject,
}

/// A call that AWS did not carry out, or whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation}: {code}: {message}")]
pub struct AwsError {
    /// The operation, as AWS calls it: `CreateTrail`.
    pub operation: &'static str,
    /// AWS's error code; for errors without one, what happened: `TimeoutError`, `DispatchFailure`.
    pub code: String,
    /// AWS's words. For logs only: they may name other people's resources and carry request ids.
    pub message: String,
    /// When to try again at the earliest, where that is known: the account's calls are limited.
    pub retry_after: Option<Duration>,
}

impl AwsError {
    /// An error with its code and AWS's words.
    pub fn new(operation: &'static str, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { operation, code: code.into(), message: message.into(), retry_after: None }
    }

    /// What can be done about it.
    pub fn class(&self) -> Class {
        self.row().0
    }

    /// The reason that conditions and events carry.
    pub fn reason(&self) -> Reason {
        self.row().1
    }

    fn row(&self) -> (Class, Reason) {
        // A log group's role that was made seconds ago is not usable yet, and AWS then says so in these words.
        let fresh_role = self.message.contains("Access denied.");
        match self.code.as_str() {
            "InvalidCloudWatchLogsLogGroupArnException" | "InvalidCloudWatchLogsRoleArnException"
                if fresh_role =>
            {
                (Class::Retry, Reason::LogGroupRoleUnusable)
            }
            code => table::row(code),
        }
    }

    /// What is wrong and what to do, without AWS's words: the same text for the same cause every time.
    pub fn explain(&self, about: &Subject<'_>) -> String {
        format!("{}: {}", self.code, sentence::of(self, about))
    }
}

/// The things that a message may have to name; all of them come from the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// ARN the trail has or will have.
    pub trail_arn: &'a str,
    /// Account of the trail.
    pub account_id: &'a str,
    /// Its bucket.
    pub bucket: &'a str,
    /// Folder in it; may be empty.
    pub prefix: &'a str,
    /// Its key; may be empty.
    pub kms_key_id: &'a str,
    /// Its topic; may be empty.
    pub topic_arn: &'a str,
    /// Its log group; may be empty.
    pub log_group_arn: &'a str,
    /// The role of its log group; may be empty.
    pub role_arn: &'a str,
    /// Whether it records every account of the organization.
    pub is_organization_trail: bool,
}

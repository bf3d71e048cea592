//! What can be said of a file or a chain: the reasons of `LogFileValidated`, of events, metrics and reports, in one place.
//!
//! Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::report::MOST_FINDINGS;

/// How bad a finding is, from the mildest to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Severity {
    /// Nothing was altered, but the record does not cover the window.
    Warning,
    /// It could not be read or judged.
    Unknown,
    /// Evidence of change.
    Error,
}

/// What all findings of a range come to. The worst wins: Invalid, Inconclusive, Incomplete, Valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Verdict {
    /// All that was asked for was read and is intact.
    Valid,
    /// Nothing was altered, but the record does not cover the window.
    Incomplete,
    /// Nothing was found, or something could not be read.
    Inconclusive,
    /// Evidence of change.
    Invalid,
}

impl Verdict {
    /// The verdict of findings of these severities.
    pub fn of(severities: impl IntoIterator<Item = Severity>) -> Self {
        match severities.into_iter().max() {
            None => Self::Valid,
            Some(Severity::Warning) => Self::Incomplete,
            Some(Severity::Unknown) => Self::Inconclusive,
            Some(Severity::Error) => Self::Invalid,
        }
    }
}

/// Why something is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Reason {
    /// The hash of a log file differs from the one in its digest.
    LogFileModified,
    /// A digest lists the log file, and it is not there.
    LogFileMissing,
    /// Not gzip, truncated, or its checksum is wrong.
    LogFileCorrupt,
    /// Bytes stand after the end of the gzip member.
    LogFileTrailingData,
    /// A digest that must be there is not.
    DigestMissing,
    /// The signature of the digest does not verify.
    DigestModified,
    /// The digest carries no signature.
    DigestUnsigned,
    /// The digest is not where it says it was delivered.
    DigestMoved,
    /// The digest cannot be read as one.
    DigestMalformed,
    /// Bytes stand after the end of the digest's gzip member.
    DigestTrailingData,
    /// CloudTrail does not know the key the digest names.
    PublicKeyNotFound,
    /// CloudTrail's public key cannot be used.
    PublicKeyUnusable,
    /// The previous digest's hash or signature differs from what its successor says, or the chain runs in a loop.
    ChainBroken,
    /// An algorithm nobody told us of; of a signature an Error, of a hash Unknown.
    UnsupportedAlgorithm,
    /// The chain was verified earlier and is gone now.
    ChainDisappeared,
    /// A new chain that nobody can explain.
    ChainRestarted,
    /// No digest covers a time within the window.
    DeliveryGap,
    /// The newest digest is older than it should be.
    DigestsStale,
    /// A log file lies there that no digest lists.
    LogFileUnlisted,
    /// There is nothing to verify.
    NothingFound,
    /// We may not read it.
    AccessDenied,
    /// It cannot be read: archived, its key disabled, the transfer cut, a bucket that is not the trail's.
    ObjectUnreadable,
    /// A lifecycle rule that can be read explains why it is gone.
    Expired,
    /// CloudTrail gave no public keys.
    NoPublicKeys,
    /// A bound was reached.
    TooMuch,
}

impl Reason {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::LogFileModified
            | Self::LogFileMissing
            | Self::LogFileCorrupt
            | Self::LogFileTrailingData
            | Self::DigestMissing
            | Self::DigestModified
            | Self::DigestUnsigned
            | Self::DigestMoved
            | Self::DigestMalformed
            | Self::DigestTrailingData
            | Self::PublicKeyNotFound
            | Self::PublicKeyUnusable
            | Self::ChainBroken
            | Self::UnsupportedAlgorithm
            | Self::ChainDisappeared
            | Self::ChainRestarted => Severity::Error,
            Self::DeliveryGap | Self::DigestsStale | Self::LogFileUnlisted => Severity::Warning,
            Self::NothingFound
            | Self::AccessDenied
            | Self::ObjectUnreadable
            | Self::Expired
            | Self::NoPublicKeys
            | Self::TooMuch => Severity::Unknown,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub reason: Reason,
    /// `s3://bucket/key` of what it is about; a prefix where a whole chain is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Account of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_id: Option<String>,
    /// Region of the chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// What was wrong and what to do, for people.
    pub message: String,
}

/// What is wrong with one file, before it is known to which chain the file belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it is.
    pub reason: Reason,
    /// How bad it is: that of its reason, but for the algorithm of a hash.
    pub severity: Severity,
    /// What was wrong and what to do, for people.
    pub message: String,
}

impl Fault {
    /// A fault as bad as its reason.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self { reason, severity: reason.severity(), message: message.into() }
    }

    /// A hash by an algorithm that is not known here: nothing was compared.
    pub fn unknown_hash(algorithm: &str) -> Self {
        let message = format!(
            "its hash is by {:?}, and only SHA-256 is known: it was not compared; a newer release may know it",
            shortened(algorithm)
        );
        Self { severity: Severity::Unknown, ..Self::new(Reason::UnsupportedAlgorithm, message) }
    }
}

/// Keeps the worst of what was found, once there is twice as much as a report holds; one more than it holds stays, which
/// makes the report say so.
pub(crate) fn keep_worst<T>(findings: &mut Vec<T>, severity: impl Fn(&T) -> Severity) {
    if findings.len() > 2 * MOST_FINDINGS {
        findings.sort_by_key(|finding| std::cmp::Reverse(severity(finding)));
        findings.truncate(MOST_FINDINGS + 1);
    }
}

/// At most the first 300 characters of a text that came from a bucket.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_much_the_worst_is_kept() {
        let mut findings = vec![Severity::Warning; 2 * MOST_FINDINGS];
        keep_worst(&mut findings, |severity| *severity);
        assert_eq!(findings.len(), 2 * MOST_FINDINGS);
        findings.push(Severity::Error);
        keep_worst(&mut findings, |severity| *severity);
        assert_eq!((findings.len(), findings[0]), (MOST_FINDINGS + 1, Severity::Error));
    }

    #[test]
    fn the_worst_finding_makes_the_verdict() {
        use Severity::{Error, Unknown, Warning};
        assert_eq!(Verdict::of([]), Verdict::Valid);
        assert_eq!(Verdict::of([Warning]), Verdict::Incomplete);
        assert_eq!(Verdict::of([Warning, Unknown]), Verdict::Inconclusive);
        assert_eq!(Verdict::of([Unknown, Error, Warning]), Verdict::Invalid);
    }
}

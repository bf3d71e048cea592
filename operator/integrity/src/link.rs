//! A digest as one link of its chain: where it is, what was read there, and what a walk over all of them came to.
//!
//! Pure.

use jiff::Timestamp;

use crate::content::Hash;
use crate::digest::Previous;
use crate::finding::Fault;
use crate::judge::Verified;
use crate::names::Object;
use crate::report::{Counts, Range};

/// One digest of the chain by its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where it is.
    pub object: Object,
    /// End of its window, from its name.
    pub end: Timestamp,
    /// What it counts for.
    pub role: Role,
}

/// What a digest counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It belongs to the window.
    Window,
    /// The first one after the window: only what it says of the one before it counts.
    Successor,
    /// The one up to which the chain was verified earlier.
    Anchor,
}

/// What was read at a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A digest that CloudTrail signed.
    Verified(Link),
    /// Nothing is there.
    Absent,
    /// Nothing is there, and a lifecycle rule explains it.
    Expired,
    /// It is not what it should be, or could not be read.
    Faulty(Fault),
}

/// What a verified digest says about its place in the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Start of its window.
    pub start: Timestamp,
    /// End of its window.
    pub end: Timestamp,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Its signature.
    pub signature: Vec<u8>,
    /// The digest before it.
    pub previous: Option<Previous>,
}

impl From<&Verified> for Link {
    fn from(verified: &Verified) -> Self {
        Self {
            start: verified.digest.start,
            end: verified.digest.end,
            sha256: verified.sha256,
            signature: verified.signature.clone(),
            previous: verified.digest.previous.clone(),
        }
    }
}

/// What the walk came to.
#[derive(Debug, Default)]
pub struct Walk {
    /// How many digests were what.
    pub counts: Counts,
    /// Times no digest covers.
    pub gaps: Vec<Range>,
    /// What was found, with the object it is about.
    pub findings: Vec<(Object, Fault)>,
    /// Windows of the verified digests, newest first.
    pub covered: Vec<Range>,
    /// The verified digests with their hashes, newest first: those of the window, and the anchor.
    pub verified: Vec<(Place, Hash)>,
}

//! What follows from one digest's bytes: whether it is the one CloudTrail delivered there. The order of the checks is
//! that of `aws cloudtrail validate-logs` (`cloudtrail.md` 4.4, 7a to 7e).
//!
//! Pure. Nothing that the digest names may be used before this says [`Judged::Verified`].

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::content::{ContentError, Hash};
use crate::digest::{Digest, DigestError, LONGEST_TEXT};
use crate::finding::{Fault, Reason, shortened};
use crate::names::Object;
use crate::signature::{self, KeyRing, Known};

/// User metadata of digests (`cloudtrail.md` 4.3).
const SIGNATURE: &str = "signature";
const SIGNATURE_ALGORITHM: &str = "signature-algorithm";
const BACKFILL_TIME: &str = "backfill-generation-timestamp";

/// A digest whose bytes are one sound gzip member.
#[derive(Debug)]
pub struct Candidate {
    object: Object,
    digest: Digest,
    sha256: Hash,
    signature: Vec<u8>,
    generated: Option<Timestamp>,
}

/// A digest that CloudTrail signed for this place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub digest: Digest,
    /// SHA-256 of its inflated bytes.
    pub sha256: Hash,
    /// Its signature.
    pub signature: Vec<u8>,
}

impl Candidate {
    /// Reads a digest found at `object`, with that metadata and those inflated bytes.
    pub fn read(
        object: &Object,
        backfill: bool,
        metadata: &BTreeMap<String, String>,
        raw: &[u8],
        sha256: Hash,
    ) -> Result<Self, Fault> {
        let generated = metadata.get(BACKFILL_TIME).and_then(|text| text.parse().ok());
        if backfill && generated.is_none() {
            let message = format!("it is a backfill digest without a time in its metadata {BACKFILL_TIME}");
            return Err(Fault::new(Reason::DigestMalformed, message));
        }
        let (Some(signature), Some(algorithm)) = (metadata.get(SIGNATURE), metadata.get(SIGNATURE_ALGORITHM))
        else {
            let message = "its metadata holds no signature and signature-algorithm: it was written by somebody else than \
                           CloudTrail, or copied without its metadata";
            return Err(Fault::new(Reason::DigestUnsigned, message));
        };
        let digest = Digest::parse(raw).map_err(|error| {
            let reason = match error {
                DigestError::TooManyLogFiles(_) => Reason::TooMuch,
                DigestError::Json(_) | DigestError::Member { .. } | DigestError::HalfPrevious => {
                    Reason::DigestMalformed
                }
            };
            Fault::new(reason, format!("it {error}"))
        })?;
        if digest.object != *object {
            let message =
                format!("it says that it was delivered to {}", shortened(&digest.object.to_string()));
            return Err(Fault::new(Reason::DigestMoved, message));
        }
        let stated = digest.signature_algorithm.as_deref().unwrap_or(algorithm);
        if let Some(unknown) =
            [algorithm.as_str(), stated].into_iter().find(|name| *name != signature::ALGORITHM)
        {
            let message = format!(
                "it is signed by {:?}, and CloudTrail signs by {}",
                shortened(unknown),
                signature::ALGORITHM
            );
            return Err(Fault::new(Reason::UnsupportedAlgorithm, message));
        }
        let signature = Some(signature).filter(|text| text.len() <= LONGEST_TEXT).map(hex::decode);
        let signature = signature.and_then(Result::ok).ok_or_else(|| {
            Fault::new(Reason::DigestModified, "its signature is not made of hexadecimal digits")
        })?;
        Ok(Self { object: object.clone(), digest, sha256, signature, generated })
    }

    /// Name of the key that is needed to verify it.
    pub fn fingerprint(&self) -> &str {
        &self.digest.fingerprint
    }

    /// When a backfill digest was made: its key was valid then, not at the time it is about.
    pub fn generated(&self) -> Option<Timestamp> {
        self.generated
    }

    /// Verifies its signature.
    pub fn verify(self, keys: &KeyRing, region: &str) -> Result<Verified, Fault> {
        if keys.is_empty() {
            let message = format!(
                "CloudTrail gave no public key for that time in {region}: its signature cannot be verified"
            );
            return Err(Fault::new(Reason::NoPublicKeys, message));
        }
        let name = shortened(&self.digest.fingerprint);
        let key = match keys.get(&self.digest.fingerprint) {
            Known::Key(key) => key,
            Known::Unusable => {
                let message =
                    format!("CloudTrail's public key {name} is not an RSA key of 2048 bits or more");
                return Err(Fault::new(Reason::PublicKeyUnusable, message));
            }
            Known::Absent => {
                let message = format!("CloudTrail has no public key {name} in {region}");
                return Err(Fault::new(Reason::PublicKeyNotFound, message));
            }
        };
        if !key.verifies(&signature::string_to_sign(&self.digest, &self.sha256), &self.signature) {
            let message = format!(
                "its signature does not verify under CloudTrail's public key {name}: {} or its metadata was changed",
                self.object
            );
            return Err(Fault::new(Reason::DigestModified, message));
        }
        Ok(Verified { digest: self.digest, sha256: self.sha256, signature: self.signature })
    }
}

/// What it means that CloudTrail had no key at all when a digest is said to have been made, and has keys otherwise: nobody
/// signs that time, and every digest was signed by some key.
pub fn keyless(made: Timestamp, region: &str) -> Fault {
    let message = format!(
        "CloudTrail had no public key in {region} round {made}, when it is said to have been made, and has some for the \
         time that is verified: that time was changed, or somebody else than CloudTrail wrote it"
    );
    Fault::new(Reason::PublicKeyNotFound, message)
}

/// What bytes that are not one sound gzip member mean for a digest.
pub fn unsound_digest(error: ContentError) -> Fault {
    let reason = match error {
        ContentError::Damaged | ContentError::Truncated => Reason::DigestMalformed,
        ContentError::TrailingData => Reason::DigestTrailingData,
        ContentError::TooLarge(_) => Reason::TooMuch,
    };
    Fault::new(reason, format!("it {error}"))
}

/// What bytes that are not one sound gzip member mean for a log file.
pub fn unsound_log_file(error: ContentError) -> Fault {
    let reason = match error {
        ContentError::Damaged | ContentError::Truncated => Reason::LogFileCorrupt,
        ContentError::TrailingData => Reason::LogFileTrailingData,
        ContentError::TooLarge(_) => Reason::TooMuch,
    };
    Fault::new(reason, format!("it {error}"))
}

/// What a log file's content means.
pub fn log_file(expected: &Hash, found: &Hash) -> Result<(), Fault> {
    if expected == found {
        return Ok(());
    }
    let message = format!(
        "its SHA-256 is {}, and its digest says {}: the file was changed after it was delivered",
        hex::encode(found),
        hex::encode(expected)
    );
    Err(Fault::new(Reason::LogFileModified, message))
}

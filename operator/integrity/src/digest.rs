//! A digest as CloudTrail writes it (`cloudtrail.md` 4.2), read with bounds from bytes nobody has vouched for yet.
//!
//! Pure. Says nothing of whether the digest is genuine.

use std::fmt;

use jiff::Timestamp;
use serde::de::{self, IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::content::Hash;
use crate::finding::shortened;
use crate::names::Object;
use crate::time;

/// Most log files one digest may list. CloudTrail delivers a few dozen per hour and Region to a busy account.
pub const MOST_LOG_FILES: usize = 100_000;

/// Longest text of one member, in bytes: keys of S3 have 1,024, signatures 512.
pub const LONGEST_TEXT: usize = 2048;

/// A digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest {
    /// Account it is for.
    pub account: Option<String>,
    /// Start of its window.
    pub start: Timestamp,
    /// End of its window.
    pub end: Timestamp,
    /// Its end as it stands there: a part of what is signed.
    pub end_text: String,
    /// Where it says it was delivered.
    pub object: Object,
    /// Which key signed it.
    pub fingerprint: String,
    /// How it was signed.
    pub signature_algorithm: Option<String>,
    /// The digest before it; `None` in the first digest of a chain.
    pub previous: Option<Previous>,
    /// Signature of the digest before it as it stands there: a part of what is signed.
    pub previous_signature: Option<String>,
    /// The log files delivered within its window.
    pub log_files: Vec<LogFile>,
}

/// What a digest says of the one before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Previous {
    /// Where that was delivered.
    pub object: Object,
    /// SHA-256 of its inflated bytes, or the name of an algorithm that is not known here.
    pub hash: Result<Hash, String>,
    /// Its signature.
    pub signature: Vec<u8>,
}

/// What a digest says of a log file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// Where it was delivered.
    pub object: Object,
    /// SHA-256 of its inflated bytes, or the name of an algorithm that is not known here.
    pub hash: Result<Hash, String>,
}

/// Why bytes are not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Not the JSON of a digest.
    #[error("is not a digest: {0}")]
    Json(String),
    /// A member that cannot be.
    #[error("is not a digest: {member} is {value:?}, which should be {expected}")]
    Member {
        /// Its name.
        member: &'static str,
        /// What it holds, shortened.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
    /// Either all five members about the previous digest are null, or none.
    #[error("is not a digest: some of its members about the previous digest are null and others are not")]
    HalfPrevious,
    /// More log files than anybody can mean.
    #[error("lists {0} log files; more than {MOST_LOG_FILES} are not read")]
    TooManyLogFiles(usize),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    aws_account_id: Option<Text>,
    digest_start_time: Text,
    digest_end_time: Text,
    digest_s3_bucket: Text,
    digest_s3_object: Text,
    digest_public_key_fingerprint: Text,
    digest_signature_algorithm: Option<Text>,
    #[serde(default)]
    previous_digest_s3_bucket: Option<Text>,
    #[serde(default)]
    previous_digest_s3_object: Option<Text>,
    #[serde(default)]
    previous_digest_hash_value: Option<Text>,
    #[serde(default)]
    previous_digest_hash_algorithm: Option<Text>,
    // Must be there, though it may be null: without it the text that was signed is not known.
    #[serde(deserialize_with = "Option::deserialize")]
    previous_digest_signature: Option<Text>,
    log_files: Entries,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogFileEntry {
    s3_bucket: Text,
    s3_object: Text,
    hash_value: Text,
    hash_algorithm: Text,
}

/// A text that is not longer than any member can mean.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a text of at most {LONGEST_TEXT} bytes")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        if text.len() > LONGEST_TEXT {
            return Err(E::invalid_length(text.len(), &self));
        }
        Ok(Text(text.to_owned()))
    }
}

/// The entries that are read, and how many there are: of those beyond the bound nothing is kept.
struct Entries {
    read: Vec<LogFileEntry>,
    count: usize,
}

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of log files")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Entries, A::Error> {
        let mut read = Vec::new();
        while read.len() < MOST_LOG_FILES {
            let Some(entry) = list.next_element()? else { return Ok(Entries { count: read.len(), read }) };
            read.push(entry);
        }
        let mut count = read.len();
        while list.next_element::<IgnoredAny>()?.is_some() {
            count += 1;
        }
        Ok(Entries { read, count })
    }
}

impl Digest {
    /// Reads the inflated bytes of a digest.
    pub fn parse(bytes: &[u8]) -> Result<Self, DigestError> {
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| DigestError::Json(shortened(&error.to_string())))?;
        if document.log_files.count > MOST_LOG_FILES {
            return Err(DigestError::TooManyLogFiles(document.log_files.count));
        }
        let previous = previous(&document)?;
        Ok(Self {
            account: document.aws_account_id.map(|text| text.0),
            start: moment("digestStartTime", &document.digest_start_time.0)?,
            end: moment("digestEndTime", &document.digest_end_time.0)?,
            end_text: document.digest_end_time.0,
            object: Object { bucket: document.digest_s3_bucket.0, key: document.digest_s3_object.0 },
            fingerprint: document.digest_public_key_fingerprint.0,
            signature_algorithm: document.digest_signature_algorithm.map(|text| text.0),
            previous,
            previous_signature: document.previous_digest_signature.map(|text| text.0),
            log_files: document.log_files.read.into_iter().map(log_file).collect::<Result<_, _>>()?,
        })
    }
}

fn previous(document: &Document) -> Result<Option<Previous>, DigestError> {
    let members = (
        &document.previous_digest_s3_bucket,
        &document.previous_digest_s3_object,
        &document.previous_digest_hash_value,
        &document.previous_digest_hash_algorithm,
        &document.previous_digest_signature,
    );
    match members {
        (None, None, None, None, None) => Ok(None),
        (
            Some(Text(bucket)),
            Some(Text(key)),
            Some(Text(value)),
            Some(Text(algorithm)),
            Some(Text(signature)),
        ) => Ok(Some(Previous {
            object: Object { bucket: bucket.clone(), key: key.clone() },
            hash: hash("previousDigestHashValue", value, algorithm)?,
            signature: hex::decode(signature)
                .map_err(|_| member("previousDigestSignature", signature, "hexadecimal digits"))?,
        })),
        _ => Err(DigestError::HalfPrevious),
    }
}

fn log_file(entry: LogFileEntry) -> Result<LogFile, DigestError> {
    Ok(LogFile {
        hash: hash("hashValue", &entry.hash_value.0, &entry.hash_algorithm.0)?,
        object: Object { bucket: entry.s3_bucket.0, key: entry.s3_object.0 },
    })
}

fn hash(name: &'static str, value: &str, algorithm: &str) -> Result<Result<Hash, String>, DigestError> {
    if algorithm != "SHA-256" {
        return Ok(Err(shortened(algorithm)));
    }
    let mut hash = [0; 32];
    hex::decode_to_slice(value, &mut hash).map_err(|_| member(name, value, "64 hexadecimal digits"))?;
    Ok(Ok(hash))
}

fn moment(name: &'static str, text: &str) -> Result<Timestamp, DigestError> {
    time::in_digest(text).ok_or_else(|| member(name, text, "a time like 2026-01-05T01:01:31Z"))
}

fn member(member: &'static str, value: &str, expected: &'static str) -> DigestError {
    DigestError::Member { member, value: shortened(value), expected }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn document() -> Value {
        json!({
            "awsAccountId": "111122223333",
            "digestStartTime": "2015-08-17T14:01:31Z",
            "digestEndTime": "2015-08-17T15:01:31Z",
            "digestS3Bucket": "logs",
            "digestS3Object": "AWSLogs/d",
            "digestPublicKeyFingerprint": "31e8b5433410dfb61a9dc45cc65b22ff",
            "digestSignatureAlgorithm": "SHA256withRSA",
            "newestEventTime": "2015-08-17T14:52:27Z",
            "oldestEventTime": null,
            "previousDigestS3Bucket": "logs",
            "previousDigestS3Object": "AWSLogs/c",
            "previousDigestHashValue": "97fb791cf91ffc440d274f8190dbdd9aa09c34432aba82739df18b6d3c13df2d",
            "previousDigestHashAlgorithm": "SHA-256",
            "previousDigestSignature": "50887c",
            "logFiles": [{
                "s3Bucket": "logs",
                "s3Object": "AWSLogs/l",
                "hashValue": "9bb6196fc6b84d6f075a56548feca262bd99ba3c2de41b618e5b6e22c1fc71f6",
                "hashAlgorithm": "SHA-256",
                "newestEventTime": "2015-08-17T14:52:27Z",
                "oldestEventTime": "2015-08-17T14:42:27Z"
            }]
        })
    }

    fn changed(member: &str, value: Value) -> Result<Digest, DigestError> {
        let mut document = document();
        document[member] = value;
        Digest::parse(document.to_string().as_bytes())
    }

    #[test]
    fn the_documented_form_is_read() {
        let digest = Digest::parse(document().to_string().as_bytes()).unwrap();
        assert_eq!(digest.end_text, "2015-08-17T15:01:31Z");
        assert_eq!(digest.log_files.len(), 1);
        assert_eq!(digest.previous.unwrap().signature, [0x50, 0x88, 0x7c]);
    }

    #[test]
    fn the_first_digest_of_a_chain_names_none_before_it() {
        let mut document = document();
        for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            document[format!("previousDigest{member}")] = Value::Null;
        }
        assert_eq!(Digest::parse(document.to_string().as_bytes()).unwrap().previous, None);
        for member in ["S3Bucket", "S3Object", "HashValue", "HashAlgorithm", "Signature"] {
            let mut half = document.clone();
            half[format!("previousDigest{member}")] = json!("SHA-256");
            assert_eq!(
                Digest::parse(half.to_string().as_bytes()),
                Err(DigestError::HalfPrevious),
                "{member}"
            );
        }
    }

    #[test]
    fn members_that_must_be_there() {
        for name in [
            "digestStartTime",
            "digestEndTime",
            "digestS3Bucket",
            "digestS3Object",
            "digestPublicKeyFingerprint",
            "previousDigestSignature",
            "logFiles",
        ] {
            let mut document = document();
            document.as_object_mut().unwrap().remove(name);
            let error = Digest::parse(document.to_string().as_bytes()).unwrap_err();
            assert!(matches!(&error, DigestError::Json(text) if text.contains(name)), "{name}: {error}");
        }
    }

    #[test]
    fn a_member_given_twice_is_refused() {
        let twice = document().to_string().replacen('{', "{\"digestEndTime\":\"2016-08-17T15:01:31Z\",", 1);
        assert!(Digest::parse(twice.as_bytes()).is_err());
    }

    #[test]
    fn hashes_by_another_algorithm_are_kept_apart_and_bad_ones_refused() {
        assert_eq!(
            changed("previousDigestHashAlgorithm", json!("SHA-512")).unwrap().previous.unwrap().hash,
            Err("SHA-512".to_owned())
        );
        assert!(changed("previousDigestHashValue", json!("97fb")).is_err());
        assert!(changed("previousDigestSignature", json!("zz")).is_err());
        assert!(changed("digestEndTime", json!("2015-08-17T15:01:31.0Z")).is_err());
    }

    #[test]
    fn too_many_log_files_are_refused() {
        let entry = document()["logFiles"][0].clone();
        let many = Value::Array(vec![entry; MOST_LOG_FILES + 1]);
        assert_eq!(changed("logFiles", many), Err(DigestError::TooManyLogFiles(MOST_LOG_FILES + 1)));
    }

    #[test]
    fn texts_longer_than_any_member_can_mean_are_refused() {
        let long = json!("a".repeat(LONGEST_TEXT + 1));
        for name in
            ["awsAccountId", "digestPublicKeyFingerprint", "digestSignatureAlgorithm", "digestS3Object"]
        {
            assert!(matches!(changed(name, long.clone()), Err(DigestError::Json(_))), "{name}");
            assert!(
                !matches!(changed(name, json!("a".repeat(LONGEST_TEXT))), Err(DigestError::Json(_))),
                "{name}"
            );
        }
        for name in ["s3Bucket", "s3Object", "hashAlgorithm"] {
            let mut entry = document()["logFiles"][0].clone();
            entry[name] = long.clone();
            assert!(matches!(changed("logFiles", json!([entry])), Err(DigestError::Json(_))), "{name}");
        }
    }

    #[test]
    fn deep_nesting_is_refused() {
        let deep = format!("{{\"x\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(matches!(Digest::parse(deep.as_bytes()), Err(DigestError::Json(_))));
    }

    proptest! {
        #[test]
        fn changed_bytes_never_panic(changes in proptest::collection::vec((any::<usize>(), any::<u8>()), 1..8)) {
            let mut bytes = document().to_string().into_bytes();
            for (at, to) in changes {
                let at = at % bytes.len();
                bytes[at] = to;
            }
            let _ = Digest::parse(&bytes);
        }

        #[test]
        fn any_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Digest::parse(&bytes);
        }
    }
}

//! What the engine asks of the outside: lists of objects, objects, public keys. Implemented over S3 and CloudTrail
//! elsewhere, and over memory in tests.
//!
//! A source checks the expected bucket owner, signs, and follows no redirect out of the partition. It need not retry:
//! the engine repeats whatever answers [`ReadError::Retry`], and whatever stops half-way.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

/// Where objects and keys come from.
pub trait ObjectSource: Send + Sync + 'static {
    /// The bytes of one object, as they come.
    type Body: ObjectBody;

    /// One page of the keys under a prefix, in the order of their bytes, as ListObjectsV2 gives them.
    fn list(&self, request: &ListRequest<'_>) -> impl Future<Output = Result<Page, ReadError>> + Send;

    /// Opens one object. The body is read afterwards, or dropped.
    fn get(
        &self,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<OpenObject<Self::Body>, ReadError>> + Send;

    /// All public keys of CloudTrail in that Region that were valid between the two times, every page of ListPublicKeys.
    fn public_keys(
        &self,
        region: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> impl Future<Output = Result<Vec<ListedKey>, ReadError>> + Send;
}

/// Several runs may read from the same source.
impl<S: ObjectSource> ObjectSource for Arc<S> {
    type Body = S::Body;

    async fn list(&self, request: &ListRequest<'_>) -> Result<Page, ReadError> {
        S::list(self, request).await
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<OpenObject<Self::Body>, ReadError> {
        S::get(self, bucket, key).await
    }

    async fn public_keys(
        &self,
        region: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<ListedKey>, ReadError> {
        S::public_keys(self, region, start, end).await
    }
}

/// The bytes of one object, as they come. Dropping it ends the transfer.
pub trait ObjectBody: Send + 'static {
    /// The next piece; `None` at the end. A piece should not be larger than a megabyte.
    fn next(&mut self) -> impl Future<Output = Result<Option<Bytes>, ReadError>> + Send;
}

/// What to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListRequest<'a> {
    /// The bucket.
    pub bucket: &'a str,
    /// Only keys that begin so.
    pub prefix: &'a str,
    /// Only keys after this one.
    pub start_after: Option<&'a str>,
    /// Keys with a further `/` after the prefix are folded into [`Page::folders`].
    pub folders: bool,
    /// What the page before gave as [`Page::next`].
    pub continuation: Option<&'a str>,
}

/// One page of a listing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The objects, in the order of their keys.
    pub objects: Vec<ListedObject>,
    /// Folders under the prefix, each ending in `/`, where they were asked for.
    pub folders: Vec<String>,
    /// How to get the next page; `None` when this is the last.
    pub next: Option<String>,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedObject {
    /// Its key.
    pub key: String,
    /// When it was written last.
    pub last_modified: Option<Timestamp>,
}

/// An object whose body is still to come.
#[derive(Debug)]
pub struct OpenObject<B> {
    /// Length of the body as S3 says; a body that ends before is a transfer cut half-way.
    pub size: Option<u64>,
    /// User metadata, keys in lower case without `x-amz-meta-`.
    pub metadata: BTreeMap<String, String>,
    /// The bytes.
    pub body: B,
}

/// One entry of ListPublicKeys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedKey {
    /// What digests call it.
    pub fingerprint: String,
    /// DER of the key, PKCS#1 or SubjectPublicKeyInfo.
    pub value: Vec<u8>,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The object, or the bucket, is not there: S3 said so, and would have said otherwise were it there.
    #[error("not found")]
    NotFound,
    /// We may not read it.
    #[error("{0}")]
    AccessDenied(String),
    /// It is there, but cannot be had however often it is asked for: archived, its key disabled.
    #[error("{0}")]
    Unreadable(String),
    /// It failed in a way that may pass: throttled, a server error, a transfer cut half-way.
    #[error("{0}")]
    Retry(String),
}

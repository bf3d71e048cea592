//! What log file validation reads: lists and objects of S3, and `CloudTrail`'s public keys.
//!
//! Objects are got by requests of our own, made of the SDK's parts ([`gets`]); the rest by its clients.
//!
//! Repeats nothing by itself, since the engine of validation does, and keeps out of the limits that the other calls
//! share: S3 allows thousands of requests a second, and one run makes tens of thousands. Keys are asked for within them.

mod credentials;
mod gets;
mod place;
mod refusal;

use std::{collections::BTreeMap, sync::Arc};

use aws_config::{Region, retry::RetryConfig};
use aws_sdk_cloudtrail::{primitives::DateTime, types::PublicKey};
use aws_sdk_s3::{
    config::{ResponseChecksumValidation, http::HttpResponse},
    error::{ProvideErrorMetadata, SdkError},
    operation::list_objects_v2::ListObjectsV2Output,
    primitives::ByteStream,
    types::EncodingType,
};
use bytes::Bytes;
use jiff::Timestamp;
use parking_lot::Mutex;
use trail_operator_integrity::{
    ListRequest, ListedKey, ListedObject, ObjectBody, ObjectSource, OpenObject, Page, ReadError,
};
use trail_operator_reconcile::aws_error::AwsError;

use crate::{
    Account, AccountInRegion,
    account_in_region::send,
    error::{aws_error, is_passing},
    objects::gets::Gets,
};

const OPERATION: &str = "ListObjectsV2";

/// Keys live for about a month, so a year has a dozen; more pages than this are no answer.
const MAX_PAGES: usize = 100;

/// Objects of buckets, read with the identity of an account.
#[derive(Debug)]
pub struct Objects {
    account: Account,
    home: AccountInRegion,
    gets: Gets,
    /// Accounts that must own the buckets, where that is known.
    owners: BTreeMap<String, String>,
    /// By Region.
    clients: Mutex<BTreeMap<String, aws_sdk_s3::Client>>,
    /// Regions of buckets that are not in the home Region.
    elsewhere: Mutex<BTreeMap<String, Arc<str>>>,
}

impl Objects {
    /// Buckets are looked for in `region` first, and then where S3 says they are. `owners` are the accounts that must
    /// own them, by bucket.
    pub fn new(account: &Account, region: &str, owners: BTreeMap<String, String>) -> Self {
        let home = account.cloud_trail(region);
        Self {
            account: account.clone(),
            gets: Gets::new(home.session()),
            home,
            owners,
            clients: Mutex::default(),
            elsewhere: Mutex::default(),
        }
    }

    fn region_of(&self, bucket: &str) -> Arc<str> {
        self.elsewhere.lock().get(bucket).map_or_else(|| self.home.region().into(), Arc::clone)
    }

    fn client(&self, region: &str) -> aws_sdk_s3::Client {
        let mut clients = self.clients.lock();
        if let Some(client) = clients.get(region) {
            return client.clone();
        }
        let session = self.home.session();
        let config = aws_sdk_s3::config::Builder::from(&session.config)
            .region(Region::new(region.to_owned()))
            .force_path_style(session.s3_path_style)
            .retry_config(RetryConfig::disabled())
            // Everything is hashed anyway, and by more than a checksum that whoever writes the object chooses.
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .build();
        let client = aws_sdk_s3::Client::from_conf(config);
        clients.insert(region.to_owned(), client.clone());
        client
    }

    /// Asks where the bucket is thought to be, and once more where S3 says it is.
    async fn ask<T, F>(&self, bucket: &str, send: impl Fn(aws_sdk_s3::Client) -> F) -> Result<T, ReadError>
    where
        F: Future<Output = Result<T, Refused>>,
    {
        let region = self.region_of(bucket);
        let refused = match send(self.client(&region)).await {
            Ok(answer) => return Ok(answer),
            Err(refused) => refused,
        };
        let Some(other) = refused.elsewhere(&region) else {
            return Err(read_error(&refused));
        };
        self.elsewhere.lock().insert(bucket.to_owned(), other.into());
        send(self.client(other)).await.map_err(|refused| read_error(&refused))
    }
}

impl ObjectSource for Objects {
    type Body = Body;

    async fn list(&self, request: &ListRequest<'_>) -> Result<Page, ReadError> {
        let owner = self.owners.get(request.bucket);
        let send = |client: aws_sdk_s3::Client| async move {
            let request = client
                .list_objects_v2()
                .bucket(request.bucket)
                .prefix(request.prefix)
                // Keys may hold what XML cannot.
                .encoding_type(EncodingType::Url)
                .set_start_after(request.start_after.map(str::to_owned))
                .set_delimiter(request.folders.then(|| "/".to_owned()))
                .set_continuation_token(request.continuation.map(str::to_owned))
                .set_expected_bucket_owner(owner.cloned());
            request.send().await.map_err(|error| Refused::by_sdk(OPERATION, &error))
        };
        self.ask(request.bucket, send).await.map(page)
    }

    async fn get(&self, bucket: &str, key: &str) -> Result<OpenObject<Body>, ReadError> {
        let owner = self.owners.get(bucket).map(String::as_str);
        let send = |client| async move { self.gets.get(&client, bucket, key, owner).await };
        self.ask(bucket, send).await.map(opened)
    }

    async fn public_keys(
        &self,
        region: &str,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Vec<ListedKey>, ReadError> {
        let here = self.account.cloud_trail(region);
        let mut keys = Vec::new();
        let mut next = None;
        for _ in 0..MAX_PAGES {
            let request = here
                .client()
                .list_public_keys()
                .start_time(DateTime::from_secs(start.as_second()))
                .end_time(DateTime::from_secs(end.as_second()))
                .set_next_token(next);
            let answer = send!(here, Read, "ListPublicKeys", request).map_err(|error| keys_error(&error))?;
            keys.extend(answer.public_key_list.unwrap_or_default().into_iter().filter_map(listed_key));
            next = answer.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(keys);
            }
        }
        Err(ReadError::Unreadable(format!("ListPublicKeys gave more than {MAX_PAGES} pages")))
    }
}

/// Why S3 gave no answer, or not the one that was asked for.
#[derive(Debug)]
struct Refused {
    error: AwsError,
    /// 0 where there was no answer.
    status: u16,
    /// Where S3 says the bucket is.
    region: Option<String>,
}

impl Refused {
    fn by(error: AwsError, answer: Option<&HttpResponse>) -> Self {
        let region = answer.and_then(|answer| answer.headers().get("x-amz-bucket-region"));
        Self {
            error,
            status: answer.map_or(0, |answer| answer.status().as_u16()),
            region: region.map(str::to_owned),
        }
    }

    fn by_sdk<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        Self::by(aws_error(operation, error), error.raw_response())
    }

    /// Where the bucket is, in answers that mean: not here.
    fn elsewhere(&self, asked: &str) -> Option<&str> {
        let not_here = matches!(self.status, 301 | 307 | 400);
        self.region.as_deref().filter(|region| not_here && *region != asked)
    }
}

impl From<AwsError> for Refused {
    fn from(error: AwsError) -> Self {
        Self::by(error, None)
    }
}

/// The bytes of one object, as they come.
#[derive(Debug)]
pub struct Body(ByteStream);

impl ObjectBody for Body {
    async fn next(&mut self) -> Result<Option<Bytes>, ReadError> {
        let cut = |error: &dyn std::fmt::Display| ReadError::Retry(format!("the transfer was cut: {error}"));
        self.0.next().await.transpose().map_err(|error| cut(&error))
    }
}

fn opened(mut answer: HttpResponse) -> OpenObject<Body> {
    let headers = answer.headers();
    let metadata = headers
        .iter()
        .filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?.to_owned(), value.to_owned())));
    OpenObject {
        size: headers.get("content-length").and_then(|length| length.parse().ok()),
        metadata: metadata.collect(),
        body: Body(ByteStream::new(answer.take_body())),
    }
}

fn page(answer: ListObjectsV2Output) -> Page {
    let is_encoded = answer.encoding_type == Some(EncodingType::Url);
    let plain = |text: String| if is_encoded { decoded(&text) } else { Some(text) };
    let objects = answer.contents.unwrap_or_default().into_iter().filter_map(|object| {
        let last_modified = object.last_modified.and_then(|time| Timestamp::from_second(time.secs()).ok());
        Some(ListedObject { key: plain(object.key?)?, last_modified })
    });
    let folders = answer.common_prefixes.unwrap_or_default().into_iter();
    Page {
        objects: objects.collect(),
        folders: folders.filter_map(|folder| plain(folder.prefix?)).collect(),
        next: answer.next_continuation_token.filter(|_| answer.is_truncated == Some(true)),
    }
}

/// S3 encodes names as forms are: a space is `+`. `None` for what is no text.
fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_encoding::percent_decode_str(&spaced).decode_utf8().ok().map(std::borrow::Cow::into_owned)
}

fn listed_key(key: PublicKey) -> Option<ListedKey> {
    Some(ListedKey { fingerprint: key.fingerprint?, value: key.value?.into_inner() })
}

fn read_error(refused: &Refused) -> ReadError {
    let Refused { error, status, .. } = refused;
    let said = format!("s3:{}: {}: {}", error.operation, error.code, error.message);
    match (*status, error.code.as_str()) {
        (_, "NoSuchKey" | "NoSuchVersion") => ReadError::NotFound,
        (_, "NoSuchBucket") => ReadError::Unreadable(format!("the bucket does not exist ({said})")),
        (_, "InvalidObjectState") => ReadError::Unreadable(format!(
            "it is archived and can be read only after it was restored with s3:RestoreObject ({said})"
        )),
        (_, code) if code.starts_with("KMS.") => {
            ReadError::Unreadable(format!("the key it is encrypted with cannot be used ({said})"))
        }
        (_, "RequestTimeTooSkewed") => {
            ReadError::Unreadable(format!("the clock of this machine is wrong: set it ({said})"))
        }
        (500.., _) => ReadError::Retry(said),
        _ if is_passing(error) || error.code == "RequestTimeout" => ReadError::Retry(said),
        (0 | 401 | 403, _) | (_, "ExpiredToken" | "InvalidToken") => ReadError::AccessDenied(said),
        _ => ReadError::Unreadable(said),
    }
}

fn keys_error(error: &AwsError) -> ReadError {
    let said = format!("cloudtrail:ListPublicKeys: {}: {}", error.code, error.message);
    if is_passing(error) {
        return ReadError::Retry(said);
    }
    match error.code.as_str() {
        "InvalidTimeRangeException"
        | "InvalidTokenException"
        | "OperationNotPermittedException"
        | "UnsupportedOperationException" => ReadError::Unreadable(said),
        _ => ReadError::AccessDenied(said),
    }
}

#[cfg(test)]
mod tests;

//! The server's answers, as S3 and CloudTrail word them.
//!
//! Knows: their formats. Must not know: connections.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;

use base64::Engine as _;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;

use super::bucket::Bucket;
use super::{ACCOUNT, BUCKET, REGION, TRAIL, trail_arn};

/// Keys of one page, as of S3.
const PAGE: usize = 1000;

/// The head of an answer with an object.
pub(super) fn object_head(size: u64, modified: Timestamp, signature: Option<&str>) -> String {
    let mut head = format!(
        "HTTP/1.1 200 OK\r\nx-amz-id-2: example\r\nx-amz-request-id: EXAMPLE\r\nLast-Modified: {}\r\nETag: \"{size:032x}\"\r\n\
         Accept-Ranges: bytes\r\nContent-Type: application/x-gzip\r\nServer: AmazonS3\r\nContent-Length: {size}\r\n",
        modified.strftime("%a, %d %b %Y %H:%M:%S GMT")
    );
    if let Some(signature) = signature {
        head.push_str("x-amz-meta-signature-algorithm: SHA256withRSA\r\nx-amz-meta-signature: ");
        head.push_str(signature);
        head.push_str("\r\n");
    }
    head.push_str("\r\n");
    head
}

/// An object in a list.
pub(super) fn listed(key: &str, size: u64, modified: Timestamp) -> String {
    let modified = modified.strftime("%Y-%m-%dT%H:%M:%S.000Z");
    format!(
        "<Contents><Key>{key}</Key><LastModified>{modified}</LastModified><ETag>&quot;{size:032x}&quot;</ETag>\
         <Size>{size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
    )
}

/// A whole answer.
pub(super) fn whole(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}")
        .into_bytes()
}

pub(super) fn no_such_key() -> Vec<u8> {
    let body = "<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>";
    whole("404 Not Found", "application/xml", body)
}

/// GetBucketLocation: us-east-1 has no name there.
pub(super) fn location() -> Vec<u8> {
    let body = r#"<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>"#;
    whole("200 OK", "application/xml", body)
}

/// ListObjects and ListObjectsV2. No key here holds what would have to be encoded.
pub(super) fn list(bucket: &Bucket, query: &str) -> Vec<u8> {
    let query: BTreeMap<&str, String> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, percent_decode_str(value).decode_utf8_lossy().into_owned()))
        .collect();
    let given = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let prefix = given("prefix");
    let after = [given("continuation-token"), given("start-after"), given("marker")];
    let after = after.into_iter().find(|after| !after.is_empty()).unwrap_or_default();
    let range = (Bound::Excluded(after), Bound::Unbounded);
    let from = if after < prefix { (Bound::Included(prefix), Bound::Unbounded) } else { range };
    let mut body = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\
         <EncodingType>url</EncodingType>",
    );
    let (mut count, mut last, mut more) = (0, "", false);
    let mut folders: Vec<&str> = Vec::new();
    for (key, object) in bucket.objects.range::<str, _>(from).take_while(|(key, _)| key.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        if let Some(end) = rest.find('/').filter(|_| !given("delimiter").is_empty()) {
            let folder = &key[..=prefix.len() + end];
            if folders.last() != Some(&folder) {
                folders.push(folder);
            }
            continue;
        }
        more = count == PAGE;
        if more {
            break;
        }
        body.push_str(&object.listed);
        (count, last) = (count + 1, key);
    }
    for folder in folders {
        let _ = write!(body, "<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>");
    }
    if more {
        let _ = write!(
            body,
            "<NextMarker>{last}</NextMarker><NextContinuationToken>{last}</NextContinuationToken>"
        );
    }
    let _ = write!(
        body,
        "<Name>{BUCKET}</Name><MaxKeys>{PAGE}</MaxKeys><KeyCount>{count}</KeyCount><IsTruncated>{more}</IsTruncated>\
         </ListBucketResult>"
    );
    whole("200 OK", "application/xml", &body)
}

/// What CloudTrail is asked.
pub(super) fn cloud_trail(bucket: &Bucket, operation: &str) -> Vec<u8> {
    let end = bucket.index.end.as_second();
    let body = match operation {
        "ListPublicKeys" => json!({"PublicKeyList": [{
            "Value": base64::engine::general_purpose::STANDARD.encode(&bucket.index.key),
            "Fingerprint": bucket.index.fingerprint,
            "ValidityStartTime": 0,
            "ValidityEndTime": end + 86400,
        }]}),
        "DescribeTrails" => json!({"trailList": [{
            "Name": TRAIL,
            "TrailARN": trail_arn(),
            "HomeRegion": REGION,
            "S3BucketName": BUCKET,
            "IsMultiRegionTrail": true,
            "IsOrganizationTrail": false,
            "LogFileValidationEnabled": true,
        }]}),
        "GetTrailStatus" => json!({"IsLogging": true, "LatestDigestDeliveryTime": end}),
        // Nothing else is asked that is not named there: STS does not speak JSON.
        "" => return caller(),
        _ => {
            return whole(
                "400 Bad Request",
                "application/x-amz-json-1.1",
                r#"{"__type":"UnknownOperationException"}"#,
            );
        }
    };
    whole("200 OK", "application/x-amz-json-1.1", &body.to_string())
}

/// GetCallerIdentity.
fn caller() -> Vec<u8> {
    let body = format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
         <Arn>arn:aws:iam::{ACCOUNT}:user/bench</Arn><UserId>AIDAEXAMPLE</UserId><Account>{ACCOUNT}</Account>\
         </GetCallerIdentityResult></GetCallerIdentityResponse>"
    );
    whole("200 OK", "text/xml", &body)
}

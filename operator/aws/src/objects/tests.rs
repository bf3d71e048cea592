use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, SystemTime},
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::HttpRequest,
};
use serde_json::json;

use super::*;
use crate::fake::{self, Log, Request, Response};

const OWNER: &str = "444455556666";

fn objects(log: &Log, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Objects {
    let account = fake::account(log, move |request| Some(answer(request)));
    Objects::new(&account, "eu-west-1", BTreeMap::from([("logs".to_owned(), OWNER.to_owned())]))
}

fn refusal(status: u16, code: &str) -> Response {
    let body = format!("<Error><Code>{code}</Code><Message>no</Message></Error>");
    Response { body: body.into(), ..Response::status(status) }
}

fn region_of(request: &Request) -> &str {
    request.header("authorization").split('/').nth(2).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_object_comes_with_its_metadata_and_is_asked_of_its_owner() {
    let log = Log::default();
    let source = objects(&log, |_| Response {
        headers: vec![("x-amz-meta-Signature", "ab".to_owned()), ("content-length", "5".to_owned())],
        body: "bytes".into(),
        ..Response::status(200)
    });
    let mut object = source.get("logs", "a/b.json.gz").await.unwrap();
    assert_eq!(object.size, Some(5));
    assert_eq!(object.metadata["signature"], "ab");
    assert_eq!(object.body.next().await.unwrap().unwrap(), "bytes");
    assert_eq!(object.body.next().await, Ok(None));
    assert_eq!(log.requests()[0].header("x-amz-expected-bucket-owner"), OWNER);
}

/// A status, a code, and what they mean.
type Case = (u16, &'static str, fn(&ReadError) -> bool);

#[tokio::test(start_paused = true)]
async fn each_refusal_is_what_it_is_and_is_not_repeated_here() {
    let cases: [Case; 9] = [
        (404, "NoSuchKey", |error| *error == ReadError::NotFound),
        (404, "NoSuchBucket", |error| matches!(error, ReadError::Unreadable(_))),
        (403, "AccessDenied", |error| matches!(error, ReadError::AccessDenied(_))),
        (403, "InvalidObjectState", |error| matches!(error, ReadError::Unreadable(_))),
        (400, "KMS.DisabledException", |error| matches!(error, ReadError::Unreadable(_))),
        (400, "ExpiredToken", |error| matches!(error, ReadError::AccessDenied(_))),
        (503, "SlowDown", |error| matches!(error, ReadError::Retry(_))),
        (500, "InternalError", |error| matches!(error, ReadError::Retry(_))),
        (400, "InvalidArgument", |error| matches!(error, ReadError::Unreadable(_))),
    ];
    for (status, code, is) in cases {
        let log = Log::default();
        let error = objects(&log, move |_| refusal(status, code)).get("logs", "k").await.unwrap_err();
        assert!(is(&error), "{code}: {error:?}");
        assert_eq!(log.requests().len(), 1, "{code}");
    }
    let account = fake::account(&Log::default(), |_| None);
    let broken = Objects::new(&account, "eu-west-1", BTreeMap::new()).get("logs", "k").await;
    assert!(matches!(broken, Err(ReadError::Retry(_))), "{broken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_bucket_elsewhere_is_remembered_to_be_there() {
    let log = Log::default();
    let source = objects(&log, |request| match region_of(request) {
        "eu-west-1" => Response {
            headers: vec![("x-amz-bucket-region", "ap-south-1".to_owned())],
            ..refusal(301, "PermanentRedirect")
        },
        _ => Response::status(200),
    });
    for _ in 0..2 {
        source.get("logs", "k").await.unwrap();
    }
    let regions = ["eu-west-1", "ap-south-1", "ap-south-1"];
    assert_eq!(log.requests().iter().map(region_of).collect::<Vec<_>>(), regions);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_asked_for_and_read_as_it_stands() {
    let log = Log::default();
    let source = objects(&log, |_| {
        Response {
        body: "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>\
               <NextContinuationToken>more</NextContinuationToken>\
               <Contents><Key>a/b+c%2Bd%01</Key><LastModified>2026-01-05T01:00:00.000Z</LastModified></Contents>\
               <CommonPrefixes><Prefix>a/eu/</Prefix></CommonPrefixes></ListBucketResult>"
            .into(),
        ..Response::status(200)
    }
    });
    let request = ListRequest {
        bucket: "logs",
        prefix: "a/",
        start_after: Some("a/a"),
        folders: true,
        continuation: None,
    };
    let page = source.list(&request).await.unwrap();
    assert_eq!(page.objects[0].key, "a/b c+d\u{1}");
    assert_eq!(page.objects[0].last_modified, "2026-01-05T01:00:00Z".parse().ok());
    assert_eq!((page.folders, page.next), (vec!["a/eu/".to_owned()], Some("more".to_owned())));
    let uri = &log.requests()[0].uri;
    for part in ["delimiter=%2F", "start-after=a%2Fa", "prefix=a%2F", "encoding-type=url"] {
        assert!(uri.contains(part), "{uri}");
    }
}

#[tokio::test(start_paused = true)]
async fn keys_are_put_together_from_all_pages_of_their_region() {
    let log = Log::default();
    let source = objects(&log, |request| {
        let last = request.body["NextToken"] == "more";
        let (fingerprint, token) = if last { ("b", None) } else { ("a", Some("more")) };
        let key = json!({"Value": "AQI=", "Fingerprint": fingerprint});
        Response::json(&json!({"PublicKeyList": [key], "NextToken": token}))
    });
    let range = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
    let keys = source.public_keys("us-west-2", range.0, range.1).await.unwrap();
    assert_eq!(keys.iter().map(|key| key.fingerprint.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(keys[0].value, [1, 2]);
    assert_eq!(region_of(&log.requests()[0]), "us-west-2");
}

/// The signature that the request should have, by the steps that AWS documents for SigV4 with the fake's secret.
fn signature(request: &Request) -> String {
    let authorization = request.header("authorization");
    let part = |name: &str| {
        let part = authorization.split([' ', ',']).find_map(|part| part.strip_prefix(name));
        part.unwrap_or_else(|| panic!("{name}: {authorization}")).to_owned()
    };
    let (scope, signed) = (part("Credential=a/"), part("SignedHeaders="));
    let (_, address) = request.uri.split_once("://").unwrap();
    let (host, path) = address.split_once('/').unwrap();
    let header = |name: &str| if name == "host" { host.to_owned() } else { request.header(name).to_owned() };
    let headers: Vec<_> = signed.split(';').map(|name| format!("{name}:{}\n", header(name))).collect();
    let (headers, body) = (headers.concat(), header("x-amz-content-sha256"));
    let canonical = format!("GET\n/{path}\n\n{headers}\n{signed}\n{body}");
    let hashed = hex(digest(&SHA256, canonical.as_bytes()).as_ref());
    let text = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hashed}", header("x-amz-date"));
    let sign = |key: &[u8], text: &str| {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
    };
    let key = scope.split('/').fold(b"AWS4b".to_vec(), |key, part| sign(&key, part));
    hex(&sign(&key, &text))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

#[tokio::test]
async fn a_request_for_an_object_is_signed_as_aws_documents_and_names_the_product() {
    let log = Log::default();
    let source = objects(&log, |_| Response::status(200));
    for (bucket, key) in [("logs", "a/b.json.gz"), ("others", "a b/ü+~(1)/../x//y.gz"), ("others", "?#%41")]
    {
        source.get(bucket, key).await.unwrap();
    }
    for request in log.requests() {
        let header = |name: &str| request.header(name);
        assert!(
            header("authorization").ends_with(&format!("Signature={}", signature(&request))),
            "{request:?}"
        );
        assert_eq!(header("x-amz-content-sha256"), hex(digest(&SHA256, b"").as_ref()));
        assert!(header("user-agent").starts_with("trail-operator/"));
        let owned = !header("x-amz-expected-bucket-owner").is_empty();
        assert_eq!(header("authorization").contains("x-amz-expected-bucket-owner"), owned);
        assert_eq!(request.uri.contains("/logs/"), owned);
    }
    let uris: Vec<_> = log.requests().iter().map(|request| request.uri.clone()).collect();
    assert!(uris[1].ends_with("/others/a%20b/%C3%BC%2B~%281%29/../x//y.gz"), "{uris:?}");
    assert!(uris[2].ends_with("/others/%3F%23%2541"), "{uris:?}");
}

/// Credentials that live so long, of which each has a number.
#[derive(Debug)]
struct Rotating(AtomicUsize, Duration);

impl ProvideCredentials for Rotating {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let number = self.0.fetch_add(1, Ordering::Relaxed);
        let expiry = Some(SystemTime::now() + self.1);
        let token = Some(format!("token-{number}"));
        future::ProvideCredentials::ready(Ok(Credentials::new("a", "b", token, expiry, "test")))
    }
}

fn signing_with(log: &Log, credentials: impl ProvideCredentials + 'static) -> Objects {
    let connections = fake::connections(log, |_| Some(Response::status(200)));
    let config = fake::config_over(&connections).into_builder();
    let config = config.credentials_provider(SharedCredentialsProvider::new(credentials)).build();
    Objects::new(&fake::account_over(log, config, connections), "eu-west-1", BTreeMap::new())
}

async fn tokens(lifetime: Duration) -> Vec<String> {
    let log = Log::default();
    let source = signing_with(&log, Rotating(AtomicUsize::new(0), lifetime));
    for _ in 0..3 {
        source.get("logs", "k").await.unwrap();
    }
    let requests = log.requests();
    requests.iter().map(|request| request.header("x-amz-security-token").to_owned()).collect()
}

#[tokio::test]
async fn credentials_serve_until_shortly_before_they_expire() {
    assert_eq!(tokens(Duration::from_mins(5)).await, ["token-0"; 3]);
    assert_eq!(tokens(Duration::from_secs(9)).await, ["token-0", "token-1", "token-2"]);
}

#[derive(Debug)]
struct Nobody;

impl ProvideCredentials for Nobody {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::ready(Err(CredentialsError::not_loaded("nothing here")))
    }
}

#[tokio::test]
async fn without_credentials_nothing_is_sent() {
    let log = Log::default();
    let denied = signing_with(&log, Nobody).get("logs", "k").await;
    assert!(
        matches!(&denied, Err(ReadError::AccessDenied(why)) if why.contains("CredentialsError")),
        "{denied:?}"
    );
    assert!(log.requests().is_empty());
}

/// A network in which nobody answers.
#[derive(Debug)]
struct Silence;

impl HttpConnector for Silence {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_is_asked_for_again_by_the_engine() {
    let silence = SharedHttpConnector::new(Silence);
    let account = fake::account_over(&Log::default(), fake::config_over(&silence), silence);
    let slow = Objects::new(&account, "eu-west-1", BTreeMap::new()).get("logs", "k").await;
    assert!(matches!(&slow, Err(ReadError::Retry(why)) if why.contains("TimeoutError")), "{slow:?}");
}

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
    Response { body, ..Response::status(status) }
}

fn region_of(request: &Request) -> &str {
    request.header("authorization").split('/').nth(2).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_object_comes_with_its_metadata_and_is_asked_of_its_owner() {
    let log = Log::default();
    let source = objects(&log, |_| Response {
        headers: vec![("x-amz-meta-Signature", "ab".to_owned()), ("content-length", "5".to_owned())],
        body: "bytes".to_owned(),
        ..Response::status(200)
    });
    let mut object = source.get("logs", "a/b.json.gz").await.unwrap();
    assert_eq!(object.size, Some(5));
    assert_eq!(object.metadata["signature"], "ab");
    assert_eq!(object.body.next().await.unwrap().unwrap(), "bytes");
    assert_eq!(object.body.next().await, Ok(None));
    assert_eq!(log.requests()[0].header("x-amz-expected-bucket-owner"), OWNER);
}

#[tokio::test(start_paused = true)]
async fn each_refusal_is_what_it_is_and_is_not_repeated_here() {
    let cases: [(u16, &str, fn(&ReadError) -> bool); 9] = [
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
            .to_owned(),
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

//! An AWS for tests of this crate: a closure in place of the network, below the real SDK.

use std::sync::Arc;

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_s3::primitives::SdkBody;
use aws_smithy_async::time::SystemTimeSource;
use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use parking_lot::Mutex;
use serde_json::Value;

use crate::{Account, Observer, account::Session, calls::Calls, connections::http_client};

pub(crate) const ACCOUNT: &str = "111122223333";

/// What arrived.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) uri: String,
    /// `DescribeTrails`
    pub(crate) operation: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
    /// The body, where it is JSON, or CBOR with the same content.
    pub(crate) body: Value,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// What is answered.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn json(body: &Value) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.to_string().into() }
    }

    /// What CloudWatch answers.
    pub(crate) fn cbor(body: &Value) -> Self {
        let headers = vec![("smithy-protocol", "rpc-v2-cbor".to_owned())];
        Self { status: 200, headers, body: minicbor_serde::to_vec(body).unwrap() }
    }

    /// What SNS answers.
    pub(crate) fn xml(body: &str) -> Self {
        Self { status: 200, headers: Vec::new(), body: body.into() }
    }

    pub(crate) fn error(code: &str) -> Self {
        Self { status: 400, ..Self::json(&error(code)) }
    }

    pub(crate) fn cbor_error(code: &str) -> Self {
        Self { status: 400, ..Self::cbor(&error(code)) }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }
}

fn error(code: &str) -> Value {
    serde_json::json!({"__type": code, "Message": "no"})
}

/// The calls that arrived and those of which the observer was told.
#[derive(Clone, Default)]
pub(crate) struct Log {
    requests: Arc<Mutex<Vec<Request>>>,
    told: Arc<Mutex<Vec<String>>>,
}

impl Log {
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().clone()
    }

    pub(crate) fn operations(&self) -> Vec<String> {
        self.requests.lock().iter().map(|request| request.operation.clone()).collect()
    }

    /// `cloudtrail DescribeTrails OK`
    pub(crate) fn told(&self) -> Vec<String> {
        self.told.lock().clone()
    }

    pub(crate) fn observer(&self) -> Observer {
        let told = Arc::clone(&self.told);
        Observer::new(move |call| {
            told.lock().push(format!("{} {} {}", call.service, call.operation, call.code));
        })
    }
}

/// A network in which `answer` is everybody; `None` is a connection that breaks.
pub(crate) fn connections(
    log: &Log,
    answer: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
) -> SharedHttpConnector {
    SharedHttpConnector::new(Fake { log: log.clone(), answer })
}

/// A configuration whose calls go to `answer`.
pub(crate) fn config(
    log: &Log,
    answer: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
) -> SdkConfig {
    config_over(&connections(log, answer))
}

pub(crate) fn config_over(connections: &SharedHttpConnector) -> SdkConfig {
    SdkConfig::builder()
        .time_source(SystemTimeSource::new())
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("a", "b", None, None, "test")))
        .retry_config(RetryConfig::standard().with_max_attempts(2))
        .http_client(http_client(connections))
        .build()
}

/// An account whose calls go to `answer`.
pub(crate) fn account(
    log: &Log,
    answer: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static,
) -> Account {
    let connections = connections(log, answer);
    account_over(log, config_over(&connections), connections)
}

/// An account whose calls go where `config` says; nobody answers those that no client of the SDK makes.
pub(crate) fn account_with(log: &Log, config: SdkConfig) -> Account {
    account_over(log, config, connections(log, |_| None))
}

pub(crate) fn account_over(log: &Log, config: SdkConfig, connections: SharedHttpConnector) -> Account {
    let calls = Arc::new(Calls::new(log.observer()));
    Account::new(Session::new(ACCOUNT, config, connections, true, calls))
}

struct Fake<F> {
    log: Log,
    answer: F,
}

impl<F> std::fmt::Debug for Fake<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fake")
    }
}

impl<F: Fn(&Request) -> Option<Response> + Send + Sync> HttpConnector for Fake<F> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let bytes = request.body().bytes().unwrap_or_default();
        let text = String::from_utf8_lossy(bytes).into_owned();
        let request = Request {
            method: request.method().to_owned(),
            uri: request.uri().to_owned(),
            operation: operation(&request, &text).to_owned(),
            headers: request
                .headers()
                .iter()
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .collect(),
            body: serde_json::from_slice(bytes)
                .or_else(|_| minicbor_serde::from_slice(bytes))
                .unwrap_or_default(),
            text,
        };
        let answer = (self.answer)(&request);
        self.log.requests.lock().push(request);
        HttpConnectorFuture::ready(match answer {
            None => Err(ConnectorError::io("broken".into())),
            Some(answer) => {
                let status = answer.status.try_into().unwrap();
                let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
                for (name, value) in answer.headers {
                    response.headers_mut().insert(name, value);
                }
                Ok(response)
            }
        })
    }
}

/// Where the protocols of JSON, of CBOR and of query parameters name it.
fn operation<'a>(request: &'a HttpRequest, text: &'a str) -> &'a str {
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default();
    }
    let in_path = request.uri().split_once("/operation/").map(|(_, operation)| operation);
    let in_body = || text.strip_prefix("Action=").and_then(|text| text.split('&').next());
    in_path.or_else(in_body).unwrap_or_default()
}

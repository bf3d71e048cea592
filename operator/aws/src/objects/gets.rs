//! GetObject, signed and sent past the SDK's client: a run makes tens of thousands of these requests, and of each the
//! client takes more of a processor than inflating and hashing the object does.
//!
//! All that it is made of is the SDK's: the place, the credentials, the signer, the connections with their TLS and proxies.

use std::{collections::HashMap, sync::Arc, time::Duration};

use aws_sdk_s3::{
    Client,
    config::http::{HttpRequest, HttpResponse},
    primitives::{ByteStream, SdkBody},
};
use aws_sigv4::{
    http_request::{
        PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
        UriPathNormalizationMode, sign,
    },
    sign::v4,
};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime_api::client::{
    http::{HttpConnector as _, SharedHttpConnector},
    result::ConnectorError,
};
use parking_lot::Mutex;
use tokio::time::timeout;
use trail_operator_reconcile::aws_error::AwsError;

use super::{Refused, credentials::SessionCredentials, place::Place, refusal};
use crate::{
    account::Session,
    error::{aws_error, causes, credentials_code, not_built},
};

const OPERATION: &str = "GetObject";
/// How long until an answer begins, where nothing else is set.
const ATTEMPT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("trail-operator/", env!("CARGO_PKG_VERSION"));

#[derive(Debug)]
pub(super) struct Gets {
    connections: SharedHttpConnector,
    credentials: SessionCredentials,
    clock: SharedTimeSource,
    attempt: Duration,
    /// By bucket and Region.
    places: Mutex<HashMap<(String, String), Arc<Place>>>,
}

impl Gets {
    pub(super) fn new(session: &Session) -> Self {
        let config = &session.config;
        let timeouts = config.timeout_config();
        Self {
            connections: session.connections.clone(),
            credentials: SessionCredentials::of(config),
            clock: config.time_source().unwrap_or_else(|| SharedTimeSource::new(SystemTimeSource::new())),
            attempt: timeouts
                .and_then(aws_config::timeout::TimeoutConfig::operation_attempt_timeout)
                .unwrap_or(ATTEMPT),
            places: Mutex::default(),
        }
    }

    /// Asks once for an object, of the bucket as `client` would find it; the answer is a success.
    pub(super) async fn get(
        &self,
        client: &Client,
        bucket: &str,
        key: &str,
        owner: Option<&str>,
    ) -> Result<HttpResponse, Refused> {
        let place = self.place(client, bucket).await?;
        let request = self.signed(&place, key, owner).await?;
        let slow =
            || AwsError::new(OPERATION, "TimeoutError", format!("no answer within {:?}", self.attempt));
        let answer = timeout(self.attempt, self.connections.call(request)).await.map_err(|_| slow())?;
        let mut answer = answer.map_err(|error| not_sent(&error))?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let body = ByteStream::new(answer.take_body());
        let error = timeout(self.attempt, refusal::read(OPERATION, body)).await.map_err(|_| slow())?;
        Err(Refused::by(error, Some(&answer)))
    }

    async fn place(&self, client: &Client, bucket: &str) -> Result<Arc<Place>, AwsError> {
        let region = client.config().region().map_or("", AsRef::as_ref);
        let key = (bucket.to_owned(), region.to_owned());
        if let Some(place) = self.places.lock().get(&key) {
            return Ok(Arc::clone(place));
        }
        // Boxed: it is large, and made once.
        let place =
            Box::pin(Place::of(client, bucket)).await.map_err(|error| aws_error(OPERATION, &error))?;
        let place = Arc::new(place);
        self.places.lock().insert(key, Arc::clone(&place));
        Ok(place)
    }

    async fn signed(&self, place: &Place, key: &str, owner: Option<&str>) -> Result<HttpRequest, AwsError> {
        let now = self.clock.now();
        let identity = self.credentials.get(now).await.map_err(|error| {
            AwsError::new(OPERATION, credentials_code(&error).unwrap_or("CredentialsError"), causes(&error))
        })?;
        let uri = place.uri(key);
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&place.region)
            .name(&place.service)
            .time(now)
            .settings(settings())
            .build()
            .map_err(|error| not_built(OPERATION, &error))?
            .into();
        let owner = owner.map(|owner| ("x-amz-expected-bucket-owner", owner));
        let signable = SignableRequest::new("GET", &uri, owner.into_iter(), SignableBody::Bytes(&[]))
            .map_err(|error| not_built(OPERATION, &error))?;
        let signed = sign(signable, &params).map_err(|error| not_built(OPERATION, &error))?;
        let mut request = HttpRequest::get(&uri).map_err(|error| not_built(OPERATION, &error))?;
        let signature = signed.output().headers();
        for (name, value) in signature.chain(owner).chain([("user-agent", USER_AGENT)]) {
            let added = request.headers_mut().try_append(name.to_owned(), value.to_owned());
            added.map_err(|error| not_built(OPERATION, &error))?;
        }
        Ok(request.map(|_: SdkBody| SdkBody::empty()))
    }
}

/// As S3 wants it: keys are taken as they are, and the hash of the body, here of none, is a header.
fn settings() -> SigningSettings {
    let mut settings = SigningSettings::default();
    settings.percent_encoding_mode = PercentEncodingMode::Single;
    settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    settings
}

fn not_sent(error: &ConnectorError) -> AwsError {
    let code = if error.is_timeout() { "TimeoutError" } else { "DispatchFailure" };
    AwsError::new(OPERATION, code, causes(error))
}

//! Where the objects of a bucket are, and what requests for them are signed for: asked of the SDK, which knows partitions,
//! FIPS, dual stack, access points, and every variable and setting that names an endpoint.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_s3::{
    Client, error::SdkError, operation::get_object::GetObjectError, presigning::PresigningConfig,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What S3 wants encoded in a path (AWS: "Create a signed AWS API request", UriEncode; the slash stays in keys).
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// The key that is asked about.
const ANY: &str = "k";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// Keys follow.
    base: String,
    pub(super) region: String,
    pub(super) service: String,
}

impl Place {
    /// Presigning does all that a request does before it is sent, and nothing leaves the machine.
    pub(super) async fn of(client: &Client, bucket: &str) -> Result<Self, SdkError<GetObjectError>> {
        let presigning =
            PresigningConfig::expires_in(Duration::from_secs(1)).map_err(SdkError::construction_failure)?;
        let nobody = Credentials::new("nobody", "nothing", None, None, "place");
        let request = client.get_object().bucket(bucket).key(ANY).customize();
        let unsigned = aws_sdk_s3::config::Builder::new().credentials_provider(nobody);
        let presigned = request.config_override(unsigned).presigned(presigning).await?;
        Self::read(presigned.uri())
            .ok_or_else(|| SdkError::construction_failure("the SDK signs for no place that is known"))
    }

    /// From `https://bucket.s3.eu-west-1.amazonaws.com/k?…&X-Amz-Credential=nobody/20260105/eu-west-1/s3/aws4_request&…`.
    fn read(uri: &str) -> Option<Self> {
        let (path, query) = uri.split_once('?')?;
        let scope = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        let scope = percent_decode_str(scope).decode_utf8().ok()?;
        let mut parts = scope.rsplit('/').skip(1);
        let (service, region) = (parts.next()?.to_owned(), parts.next()?.to_owned());
        Some(Self { base: path.strip_suffix(ANY)?.to_owned(), region, service })
    }

    pub(super) fn uri(&self, key: &str) -> String {
        let mut uri = String::with_capacity(self.base.len() + key.len());
        uri.push_str(&self.base);
        uri.extend(utf8_percent_encode(key, &ENCODED));
        uri
    }
}

#[cfg(test)]
mod tests {
    use aws_config::Region;
    use aws_sdk_s3::config::Builder;

    use super::*;
    use crate::fake::{self, Log};

    type Case = (&'static str, fn(Builder) -> Builder, &'static str);

    async fn place(bucket: &str, set: impl Fn(Builder) -> Builder) -> (String, String, String) {
        let config = fake::config(&Log::default(), |_| None);
        let config = Builder::from(&config).region(Region::from_static("eu-west-1"));
        let place = Place::of(&Client::from_conf(set(config).build()), bucket).await.unwrap();
        (place.uri("a b/ü+~.gz"), place.region, place.service)
    }

    #[tokio::test]
    async fn it_is_where_the_sdk_would_ask() {
        let cases: [Case; 6] = [
            ("logs", |config| config, "https://logs.s3.eu-west-1.amazonaws.com/"),
            ("lo.gs", |config| config, "https://s3.eu-west-1.amazonaws.com/lo.gs/"),
            ("logs", |config| config.force_path_style(true), "https://s3.eu-west-1.amazonaws.com/logs/"),
            ("logs", |config| config.use_fips(true), "https://logs.s3-fips.eu-west-1.amazonaws.com/"),
            (
                "logs",
                |config| config.use_dual_stack(true),
                "https://logs.s3.dualstack.eu-west-1.amazonaws.com/",
            ),
            (
                "logs",
                |config| config.endpoint_url("http://127.0.0.1:1").force_path_style(true),
                "http://127.0.0.1:1/logs/",
            ),
        ];
        for (bucket, set, base) in cases {
            let expected = (format!("{base}a%20b/%C3%BC%2B~.gz"), "eu-west-1".to_owned(), "s3".to_owned());
            assert_eq!(place(bucket, set).await, expected);
        }
        let china = |config: Builder| config.region(Region::from_static("cn-north-1"));
        assert!(place("logs", china).await.0.starts_with("https://logs.s3.cn-north-1.amazonaws.com.cn/"));
    }
}

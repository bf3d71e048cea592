//! Acting with a role: the credentials of AssumeRole instead of one's own.

use std::time::Instant;

use aws_config::{SdkConfig, identity::IdentityCache, sts::AssumeRoleProvider};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future,
};

use crate::{Call, Observer, error::credentials_code, throttling::is_throttling};

/// What CloudTrail shows of who called, after the role's name.
const SESSION_NAME: &str = "trail-operator";

/// The configuration with the role's credentials. They are asked for with the first call; each answer serves all clients
/// of this configuration until shortly before it expires (5 to 10 s, `LazyCache` in aws-smithy-runtime's
/// `client/identity/cache/lazy.rs`) and is then asked for anew by the call that needs it. Others wait for that one.
pub(crate) async fn assumed(
    base: &SdkConfig,
    role_arn: &str,
    external_id: Option<&str>,
    observer: &Observer,
) -> SdkConfig {
    let mut role = AssumeRoleProvider::builder(role_arn).session_name(SESSION_NAME).configure(base);
    if let Some(external_id) = external_id {
        role = role.external_id(external_id);
    }
    let role = Role { provider: role.build().await, observer: observer.clone() };
    base.clone()
        .into_builder()
        .credentials_provider(SharedCredentialsProvider::new(role))
        // Of its own: one cache for all holds 64 identities and then drops any of them.
        .identity_cache(IdentityCache::lazy().build())
        .build()
}

/// Tells the observer of calls of AssumeRole, which are made between other calls.
#[derive(Debug)]
struct Role {
    provider: AssumeRoleProvider,
    observer: Observer,
}

impl ProvideCredentials for Role {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let start = Instant::now();
            let result = self.provider.provide_credentials().await;
            let code = result.as_ref().err().map_or("OK", code);
            let throttled = is_throttling(code);
            let took = start.elapsed();
            self.observer.tell(Call { service: "sts", operation: "AssumeRole", code, took, throttled });
            result
        })
    }
}

fn code(error: &CredentialsError) -> &'static str {
    credentials_code(error).unwrap_or("CredentialsError")
}

#[cfg(test)]
mod tests {
    use trail_operator_reconcile::aws::CloudTrail;

    use super::*;
    use crate::fake::{self, Log, Request, Response};

    const ROLE: &str = "arn:aws:iam::111122223333:role/trails";
    const ARN: &str = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";

    fn session(access_key: &str) -> Response {
        let credentials = format!(
            "<AccessKeyId>{access_key}</AccessKeyId><SecretAccessKey>s</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration>"
        );
        let body = format!(
            "<AssumeRoleResponse><AssumeRoleResult><Credentials>{credentials}</Credentials></AssumeRoleResult></AssumeRoleResponse>"
        );
        Response::xml(&body)
    }

    fn sts_error(status: u16, code: &str) -> Response {
        let body =
            format!("<ErrorResponse><Error><Code>{code}</Code><Message>no</Message></Error></ErrorResponse>");
        Response { status, ..Response::xml(&body) }
    }

    fn is_sts(request: &Request) -> bool {
        request.uri.contains("sts.")
    }

    /// What a call says when AssumeRole is answered so.
    async fn code_after(log: &Log, answer: impl Fn() -> Option<Response> + Send + Sync + 'static) -> String {
        let base = fake::config(log, move |request| {
            if is_sts(request) { answer() } else { Some(Response::json(&serde_json::json!({}))) }
        });
        let config = assumed(&base, ROLE, Some("external"), &log.observer()).await;
        let here = fake::account_with(log, config).cloud_trail("eu-west-1");
        let error = here.get_trail_status(ARN).await.err();
        error.map_or("OK".to_owned(), |error| error.code)
    }

    #[tokio::test(start_paused = true)]
    async fn a_role_is_assumed_once_and_its_credentials_sign() {
        let log = Log::default();
        let base = fake::config(&log, |request| {
            Some(if is_sts(request) { session("ASIA") } else { Response::json(&serde_json::json!({})) })
        });
        let account = fake::account_with(&log, assumed(&base, ROLE, Some("external"), &log.observer()).await);
        for region in ["us-east-1", "eu-west-1", "us-east-1"] {
            account.cloud_trail(region).get_trail_status(ARN).await.unwrap();
        }
        let requests = log.requests();
        assert_eq!(requests.iter().filter(|request| is_sts(request)).count(), 1);
        for member in
            ["Action=AssumeRole", "RoleSessionName=trail-operator", "ExternalId=external", "role%2Ftrails"]
        {
            assert!(requests[0].text.contains(member), "{}", requests[0].text);
        }
        assert!(
            requests[1..].iter().all(|request| request.header("authorization").contains("Credential=ASIA/"))
        );
        assert_eq!(log.told()[..2], ["sts AssumeRole OK", "cloudtrail GetTrailStatus OK"]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_external_id_none_is_sent() {
        let log = Log::default();
        let base = fake::config(&log, |_| Some(session("ASIA")));
        let config = assumed(&base, ROLE, None, &log.observer()).await;
        let _ = fake::account_with(&log, config).cloud_trail("us-east-1").get_trail_status(ARN).await;
        assert!(!log.requests()[0].text.contains("ExternalId"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_role_is_told_from_a_silent_sts_and_from_no_credentials() {
        let log = Log::default();
        assert_eq!(code_after(&log, || Some(sts_error(403, "AccessDenied"))).await, "AssumeRoleDenied");
        assert_eq!(
            log.told(),
            ["sts AssumeRole AssumeRoleDenied", "cloudtrail GetTrailStatus AssumeRoleDenied"]
        );
        for passing in [None, Some(sts_error(500, "InternalFailure")), Some(sts_error(400, "Throttling"))] {
            let code = code_after(&Log::default(), move || passing.clone()).await;
            assert_eq!(code, "AssumeRoleFailed");
        }
        let expired = || Some(sts_error(403, "ExpiredToken"));
        assert_eq!(code_after(&Log::default(), expired).await, "CredentialsError");
        assert_eq!(code_after(&Log::default(), || Some(session("ASIA"))).await, "OK");
    }

    #[tokio::test(start_paused = true)]
    async fn no_error_tells_credentials() {
        let log = Log::default();
        let odd = String::from_utf8(session("ASIA").body).unwrap().replace("2099-01-01T00:00:00Z", "soon");
        let base = fake::config(&log, move |_| Some(Response::xml(&odd)));
        let here = fake::account_with(&log, assumed(&base, ROLE, None, &log.observer()).await)
            .cloud_trail("us-east-1");
        let error = here.get_trail_status(ARN).await.unwrap_err();
        assert_eq!(error.code, "AssumeRoleFailed");
        assert!(!error.message.contains("SecretAccessKey"), "{}", error.message);
    }

    #[tokio::test(start_paused = true)]
    async fn without_credentials_to_assume_the_role_with_the_role_is_not_to_blame() {
        let log = Log::default();
        let nobody = SharedCredentialsProvider::new(Nobody);
        let base = fake::config(&log, |_| None).into_builder().credentials_provider(nobody).build();
        for config in [base.clone(), assumed(&base, ROLE, None, &log.observer()).await] {
            let here = fake::account_with(&log, config).cloud_trail("us-east-1");
            assert_eq!(here.get_trail_status(ARN).await.unwrap_err().code, "CredentialsError");
        }
        assert!(log.requests().is_empty());
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
}

//! Endpoints that would send credentials over the network in clear text are refused.

use std::net::IpAddr;

/// An endpoint that is neither https nor on this machine.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{whence} is '{url}': plain http is allowed only to a loopback address (127.0.0.0/8, ::1, localhost), since requests carry credentials; use https"
)]
pub struct UnsafeEndpoint {
    /// Where it was given: an environment variable, or the profile.
    pub whence: String,
    /// Its value.
    pub url: String,
}

/// Checks `AWS_ENDPOINT_URL` and the variables of single services, `AWS_ENDPOINT_URL_CLOUDTRAIL` and the like.
///
/// # Errors
/// The first that is unsafe.
pub fn check_endpoints(variables: impl IntoIterator<Item = (String, String)>) -> Result<(), UnsafeEndpoint> {
    variables
        .into_iter()
        .filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL"))
        .try_for_each(|(variable, url)| check_endpoint(&variable, &url))
}

/// Checks one endpoint; an empty one is none.
pub(crate) fn check_endpoint(whence: &str, url: &str) -> Result<(), UnsafeEndpoint> {
    if url.is_empty() || is_safe(url) {
        return Ok(());
    }
    Err(UnsafeEndpoint { whence: whence.to_owned(), url: url.to_owned() })
}

fn is_safe(url: &str) -> bool {
    url.starts_with("https://") || (url.starts_with("http://") && is_loopback(url))
}

/// Whether a URL's host is this machine.
pub(crate) fn is_loopback(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    // What stands before '@' is a user name; the host comes after it.
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host_and_port.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host_and_port.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::check_endpoints;

    fn allowed(variable: &str, url: &str) -> bool {
        check_endpoints([(variable.to_owned(), url.to_owned())]).is_ok()
    }

    #[test]
    fn clear_text_goes_to_this_machine_only() {
        for url in
            ["http://127.0.0.1:4566", "http://localhost:1", "http://[::1]:80/x", "https://cloudtrail.example"]
        {
            assert!(allowed("AWS_ENDPOINT_URL", url), "{url}");
        }
        for url in [
            "http://169.254.169.254/",
            "http://10.0.0.1",
            "http://127.0.0.1.example.com",
            "http://127.0.0.1@example.com/",
            "http://localhost.example.com",
            "ftp://127.0.0.1",
            "127.0.0.1:4566",
        ] {
            assert!(!allowed("AWS_ENDPOINT_URL", url), "{url}");
            assert!(!allowed("AWS_ENDPOINT_URL_CLOUDTRAIL", url), "{url}");
        }
        assert!(allowed("AWS_REGION", "http://10.0.0.1"));
    }
}

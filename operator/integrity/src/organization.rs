//! Where an organization's trail delivers: the folder of the organization is found by looking, so that nobody has to know
//! its id, or may ask for it.

use std::time::Duration;

use crate::names::Location;
use crate::source::{ListRequest, ObjectSource, Page, ReadError};

/// So often a list is asked for that fails on the way.
const ATTEMPTS: u32 = 4;
const PAUSE: Duration = Duration::from_millis(200);

/// The places of an organization below this one; none where there is no such folder.
///
/// # Errors
/// Why the bucket cannot be listed.
pub async fn organizations<S: ObjectSource>(
    source: &S,
    place: &Location,
) -> Result<Vec<Location>, ReadError> {
    let prefix = format!("{}o-", place.accounts_prefix());
    let request = ListRequest {
        bucket: &place.bucket,
        prefix: &prefix,
        start_after: None,
        folders: true,
        continuation: None,
    };
    let page = list(source, &request).await?;
    let names = page.folders.iter().filter_map(|folder| {
        let name = folder.strip_prefix(&place.accounts_prefix())?.trim_end_matches('/');
        is_organization(name).then(|| name.to_owned())
    });
    Ok(names.map(|name| Location { organization: Some(name), ..place.clone() }).collect())
}

/// One page of a listing, tried again where that may help.
///
/// # Errors
/// The last one.
pub async fn list<S: ObjectSource>(source: &S, request: &ListRequest<'_>) -> Result<Page, ReadError> {
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match source.list(request).await {
            Err(ReadError::Retry(_)) => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    source.list(request).await
}

/// `o-` and ten to 32 letters or digits, as Organizations makes them up.
fn is_organization(name: &str) -> bool {
    let id = name.strip_prefix("o-").unwrap_or_default();
    (10..=32).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_organization;

    #[test]
    fn only_what_can_be_an_organization_is_one() {
        assert!(is_organization("o-exampleorg1") && is_organization("o-a1b2c3d4e5"));
        for name in ["o-short", "o-UPPERCASE12", "x-exampleorg1", "o-example/org1", "o-"] {
            assert!(!is_organization(name), "{name}");
        }
    }
}

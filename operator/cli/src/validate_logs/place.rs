//! Whether the digests of a trail are in a place.

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{
    ListRequest, ListedObject, Location, ObjectSource, ReadError, Trail, names::DigestName,
    organization::list,
};

/// So many pages are looked through for a digest of the trail.
const MOST_PAGES: usize = 20;

/// Whether digests of the trail from then on are among those of this account and Region.
pub(super) async fn has_digests<S: ObjectSource>(
    source: &S,
    place: &Location,
    trail: &Trail,
    (account, region): (&str, &str),
    from: Timestamp,
) -> Result<bool, ReadError> {
    let wanted = DigestName::trail_part(trail);
    let end = from.checked_sub(SignedDuration::from_mins(1)).unwrap_or(Timestamp::MIN);
    let first = DigestName { trail: wanted.clone(), end, backfill: false }.key(place, account, region);
    let prefix = place.digests_prefix(account, region);
    let mut continuation = None;
    for _ in 0..MOST_PAGES {
        let request = ListRequest {
            bucket: &place.bucket,
            prefix: &prefix,
            start_after: continuation.is_none().then_some(first.as_str()),
            folders: false,
            continuation: continuation.as_deref(),
        };
        let page = list(source, &request).await?;
        let is_one = |object: &ListedObject| {
            DigestName::parse(&object.key, place, account, region).is_some_and(|name| name.trail == wanted)
        };
        if page.objects.iter().any(is_one) {
            return Ok(true);
        }
        let Some(next) = page.next else { break };
        continuation = Some(next);
    }
    Ok(false)
}

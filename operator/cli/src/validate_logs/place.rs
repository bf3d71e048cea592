//! In which folders of a bucket the digests of a trail are: found by looking.

use jiff::{SignedDuration, Timestamp};
use trail_operator_integrity::{
    ListRequest, ListedObject, Location, ObjectSource, ReadError, Trail,
    names::DigestName,
    organization::{list, organizations},
};

/// So many pages are looked through for a digest of the trail.
const MOST_PAGES: usize = 20;

/// Digests that tell whether the trail delivered to a place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub(super) trail: &'a Trail,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) from: Timestamp,
    /// Whether the trail is an organization's, where that is known.
    pub(super) is_of_organization: Option<bool>,
}

/// Where the trail delivers and where it did earlier, each once, with the folders of its organization.
pub(super) async fn all<S: ObjectSource>(
    source: &S,
    own: &[Location],
    earlier: &[Location],
    wanted: Wanted<'_>,
    notes: &mut Vec<String>,
) -> Vec<Location> {
    let mut all: Vec<Location> = Vec::new();
    let own = own.iter().map(|place| (place, false));
    for (place, is_named) in own.chain(earlier.iter().map(|place| (place, true))) {
        let found = all_in(source, place, wanted, is_named).await.unwrap_or_else(|error| {
            let (bucket, folder) = (&place.bucket, place.accounts_prefix());
            notes.push(format!(
                "cannot look for the organization's folder in s3://{bucket}/{folder}: {error}"
            ));
            vec![place.clone()]
        });
        for place in found {
            if !all.contains(&place) {
                all.push(place);
            }
        }
    }
    all
}

/// The trail's folders in a place: as it is, and below those of organizations. A trail that was turned into an
/// organization's has files in both. What nobody can tell otherwise, its digests do; and a place that the caller names
/// is read as it is, whatever else is there.
async fn all_in<S: ObjectSource>(
    source: &S,
    place: &Location,
    wanted: Wanted<'_>,
    is_named: bool,
) -> Result<Vec<Location>, ReadError> {
    let is_of_organization = wanted.is_of_organization;
    let is_plain = is_of_organization == Some(false);
    if is_plain && !is_named {
        return Ok(vec![place.clone()]);
    }
    let folders = organizations(source, place).await?;
    // What may not be looked for, the verification tells of.
    let is_here = is_plain
        || folders.is_empty()
        || has_digests(source, place, wanted).await.unwrap_or(is_of_organization.is_none());
    let mut all = Vec::new();
    for folder in folders {
        let is_sure = is_of_organization == Some(true) || !is_here;
        if is_sure || has_digests(source, &folder, wanted).await.unwrap_or(false) {
            all.push(folder);
        }
    }
    if is_here || is_named {
        // Where it delivers now comes first.
        all.insert(if is_plain { 0 } else { all.len() }, place.clone());
    }
    Ok(all)
}

/// Whether any of these digests is in a place.
async fn has_digests<S: ObjectSource>(
    source: &S,
    place: &Location,
    Wanted { trail, account, region, from, .. }: Wanted<'_>,
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

#[cfg(test)]
mod tests {
    use trail_operator_aws::Body;
    use trail_operator_integrity::{ListedKey, OpenObject, Page};

    use super::{super::target, *};

    const ORGANIZATION: &str = "o-exampleorg1";

    /// A bucket that can only be listed, and of which some prefixes may not be.
    #[derive(Default)]
    struct Bucket {
        keys: Vec<String>,
        forbidden: Option<String>,
    }

    impl ObjectSource for Bucket {
        type Body = Body;

        async fn list(&self, request: &ListRequest<'_>) -> Result<Page, ReadError> {
            if self.forbidden.as_deref() == Some(request.prefix) {
                return Err(ReadError::AccessDenied("s3:ListObjectsV2".to_owned()));
            }
            let after = request.start_after.unwrap_or_default();
            let keys = self.keys.iter().filter(|key| key.starts_with(request.prefix) && key.as_str() > after);
            let folder = |key: &String| {
                let rest = key.strip_prefix(request.prefix)?;
                Some(format!("{}{}/", request.prefix, rest.split_once('/')?.0))
            };
            Ok(if request.folders {
                Page { folders: keys.filter_map(folder).collect(), ..Page::default() }
            } else {
                let listed = |key: &String| ListedObject { key: key.clone(), last_modified: None };
                Page { objects: keys.map(listed).collect(), ..Page::default() }
            })
        }

        async fn get(&self, _: &str, _: &str) -> Result<OpenObject<Body>, ReadError> {
            Err(ReadError::NotFound)
        }

        async fn public_keys(
            &self,
            _: &str,
            _: Timestamp,
            _: Timestamp,
        ) -> Result<Vec<ListedKey>, ReadError> {
            Ok(vec![])
        }
    }

    fn plain() -> Location {
        target::place("logs", Some("a"))
    }

    fn folder() -> Location {
        Location { organization: Some(ORGANIZATION.to_owned()), ..plain() }
    }

    /// A digest of a trail of this name there, at this time.
    fn digest(place: &Location, name: &str, end: &str) -> String {
        let name =
            DigestName { trail: format!("{name}_eu-west-1"), end: end.parse().unwrap(), backfill: false };
        name.key(place, "111122223333", "eu-west-1")
    }

    /// The folders for a trail at `plain`, and what is told of them.
    async fn looked(
        bucket: &Bucket,
        is_of_organization: Option<bool>,
        earlier: &[Location],
    ) -> (Vec<Location>, Vec<String>) {
        let trail = Trail::from_arn("arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit").unwrap();
        let wanted = Wanted {
            trail: &trail,
            account: &trail.account,
            region: &trail.home_region,
            from: "2026-01-05T00:00:00Z".parse().unwrap(),
            is_of_organization,
        };
        let mut notes = Vec::new();
        let all = all(bucket, &[plain()], earlier, wanted, &mut notes).await;
        (all, notes)
    }

    async fn found(bucket: &Bucket, is_of_organization: Option<bool>, earlier: &[Location]) -> Vec<Location> {
        looked(bucket, is_of_organization, earlier).await.0
    }

    #[tokio::test]
    async fn a_trail_is_in_every_folder_that_holds_its_digests() {
        let now = "2026-01-05T03:01:31Z";
        let here = digest(&plain(), "audit", now);
        let below = digest(&folder(), "audit", now);
        let earlier = digest(&plain(), "audit", "2026-01-03T03:01:31Z");
        let [others_here, others_below] = [plain(), folder()].map(|place| digest(&place, "other", now));
        for (keys, of_organization, folders) in [
            // Nobody can tell but the digests.
            (vec![&here], None, vec![plain()]),
            (vec![&here, &below], None, vec![folder(), plain()]),
            (vec![&below, &others_here], None, vec![folder()]),
            (vec![&below, &earlier], None, vec![folder()]),
            (vec![&here, &others_below], None, vec![plain()]),
            (vec![], None, vec![plain()]),
            // An organization's, and what it was before it became one.
            (vec![&below], Some(true), vec![folder()]),
            (vec![&here, &below], Some(true), vec![folder(), plain()]),
            (vec![&below, &earlier, &others_here], Some(true), vec![folder()]),
            (vec![&others_below], Some(true), vec![folder()]),
            (vec![], Some(true), vec![plain()]),
            (vec![&here, &below], Some(false), vec![plain()]),
        ] {
            let bucket = Bucket { keys: keys.iter().map(ToString::to_string).collect(), forbidden: None };
            assert_eq!(found(&bucket, of_organization, &[]).await, folders, "{keys:?} {of_organization:?}");
        }
    }

    #[tokio::test]
    async fn a_place_is_read_once_however_often_it_is_named() {
        let bucket = Bucket::default();
        let named = [target::location("s3://logs/a/").unwrap(), target::location("s3://logs/a").unwrap()];
        for is_of_organization in [None, Some(true), Some(false)] {
            assert_eq!(found(&bucket, is_of_organization, &named).await, [plain()]);
        }
    }

    #[tokio::test]
    async fn a_place_that_is_named_is_read_as_it_is() {
        let below = digest(&folder(), "audit", "2026-01-05T03:01:31Z");
        let bucket = Bucket { keys: vec![below], forbidden: None };
        assert_eq!(found(&bucket, Some(true), &[plain()]).await, [folder(), plain()]);
        assert_eq!(found(&bucket, None, &[plain()]).await, [folder(), plain()]);
        assert_eq!(found(&bucket, Some(false), &[plain()]).await, [plain(), folder()]);
        let other = target::place("earlier", None);
        assert_eq!(found(&bucket, Some(true), std::slice::from_ref(&other)).await, [folder(), other]);
    }

    #[tokio::test]
    async fn a_folder_that_may_not_be_listed_is_read_where_nothing_else_is_known() {
        let below = digest(&folder(), "audit", "2026-01-05T03:01:31Z");
        let forbidden = Some(plain().digests_prefix("111122223333", "eu-west-1"));
        let bucket = Bucket { keys: vec![below], forbidden };
        assert_eq!(found(&bucket, Some(true), &[]).await, [folder()]);
        assert_eq!(found(&bucket, None, &[]).await, [folder(), plain()]);
        let forbidden = Some(format!("{}o-", plain().accounts_prefix()));
        let (places, notes) = looked(&Bucket { forbidden, ..bucket }, Some(true), &[plain()]).await;
        assert_eq!((places, notes.len()), (vec![plain()], 2), "{notes:?}");
        assert!(notes[0].contains("the organization's folder in s3://logs/a/AWSLogs/: "), "{notes:?}");
    }
}

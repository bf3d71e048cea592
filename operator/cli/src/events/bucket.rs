//! Which objects of a bucket hold events.

use std::path::Path;

use anyhow::{Context, Result, bail};
use trail_operator_integrity::{ListRequest, ListedObject, ObjectSource};

use super::{
    Source, Sources,
    walking::{DIGESTS, endings, is_called_so, left_out},
};
use crate::untrusted::shown;

const SCHEME: &str = "s3://";
/// How often a page is asked for.
const ATTEMPTS: usize = 4;

/// A place in a bucket: an object, or a folder with all that is below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    bucket: String,
    key: String,
}

/// Whether this is a place in a bucket.
pub(super) fn is_one(path: &Path) -> bool {
    path.to_string_lossy().starts_with(SCHEME)
}

/// The place in a bucket that this is; `None` for a file.
pub(super) fn place(path: &Path) -> Result<Option<Place>> {
    let text = path.to_string_lossy();
    let Some(rest) = text.strip_prefix(SCHEME) else { return Ok(None) };
    let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
    if bucket.is_empty() {
        bail!(
            "'{text}' names no bucket; a place in one looks like s3://BUCKET/AWSLogs/111122223333/CloudTrail/"
        );
    }
    Ok(Some(Place { bucket: bucket.to_owned(), key: key.to_owned() }))
}

/// The object of this key, else all that is below it, sorted as S3 does.
pub(super) async fn add<S: ObjectSource>(s3: &S, place: &Place, sources: &mut Sources) -> Result<()> {
    let Place { bucket, key } = place;
    let object = |key: String| Source::Object { bucket: bucket.clone(), key };
    let is_folder = key.is_empty() || key.ends_with('/');
    if !is_folder && first_is(s3, place).await? {
        sources.list.push(object(key.clone()));
        return Ok(());
    }
    let folder = if is_folder { key.clone() } else { format!("{key}/") };
    let (mut digests, mut others) = (0_u64, 0_u64);
    let mut found = Vec::new();
    let mut continuation = None;
    loop {
        let (listed, next) = page(s3, bucket, &folder, continuation.as_deref()).await?;
        for one in listed {
            if one.key.split('/').any(|part| part == DIGESTS) {
                digests += 1;
            } else if is_called_so(&one.key) {
                found.push(object(one.key));
            } else {
                others += 1;
            }
        }
        continuation = next;
        if continuation.is_none() {
            break;
        }
    }
    let folder = format!("{SCHEME}{bucket}/{}", shown(&folder));
    if found.is_empty() {
        bail!("there are no objects named {} in {folder}", endings());
    }
    let digests = left_out(&folder, 0, others).into_iter().chain(
        (digests > 0).then(|| format!("left out in {folder}: digests ({digests}), which hold no events")),
    );
    sources.notes.extend(digests);
    sources.list.extend(found);
    Ok(())
}

/// Whether there is an object of just this key, which is the first of those that begin so.
async fn first_is<S: ObjectSource>(s3: &S, place: &Place) -> Result<bool> {
    let (listed, _) = page(s3, &place.bucket, &place.key, None).await?;
    Ok(listed.first().is_some_and(|first| first.key == place.key))
}

async fn page<S: ObjectSource>(
    s3: &S,
    bucket: &str,
    prefix: &str,
    continuation: Option<&str>,
) -> Result<(Vec<ListedObject>, Option<String>)> {
    let request = ListRequest { bucket, prefix, start_after: None, folders: false, continuation };
    let listed = super::objects::again(ATTEMPTS, || s3.list(&request)).await;
    let page = listed.with_context(|| format!("cannot list {SCHEME}{bucket}/{}", shown(prefix)))?;
    Ok((page.objects, page.next))
}

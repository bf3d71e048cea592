//! Lists: which accounts and Regions have digests, which digests and log files are there. Bounded in pages.

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::context::{Context, permit};
use super::fetch::{pause, unreadable};
use crate::finding::{Fault, Reason};
use crate::names::{DigestName, Location, Object};
use crate::source::{ListRequest, ObjectSource, Page, ReadError};
use crate::time::{day_folder, log_file_stamp, shifted};

/// What one listing asks for.
pub(super) struct Listing<'a> {
    pub location: &'a Location,
    pub prefix: &'a str,
    pub start_after: Option<&'a str>,
    pub folders: bool,
}

/// Whose digests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// Those of the trail itself.
    Own,
    /// Those of all other trails that deliver there.
    Others,
}

/// A digest of this account and Region, of whichever trail.
#[derive(Debug, Clone)]
pub(super) struct ListedDigest {
    pub object: Object,
    pub name: DigestName,
}

impl<S: ObjectSource> Context<S> {
    /// Lists page by page until `take` says that it has enough.
    pub async fn list(&self, listing: Listing<'_>, mut take: impl FnMut(Page) -> bool) -> Result<(), Fault> {
        let mut continuation: Option<String> = None;
        for _ in 0..self.request.limits.pages {
            let request = ListRequest {
                bucket: &listing.location.bucket,
                prefix: listing.prefix,
                start_after: listing.start_after.filter(|_| continuation.is_none()),
                folders: listing.folders,
                continuation: continuation.as_deref(),
            };
            let mut page = self.page(&request).await?;
            continuation = page.next.take();
            if !take(page) || continuation.is_none() {
                return Ok(());
            }
        }
        let pages = self.request.limits.pages;
        let message = format!("listing it takes more than {pages} pages; verify a shorter range at a time");
        Err(Fault::new(Reason::TooMuch, message))
    }

    async fn page(&self, request: &ListRequest<'_>) -> Result<Page, Fault> {
        let limits = &self.request.limits;
        let mut tries = 0;
        loop {
            let answer = {
                let _permit = permit(&self.requests).await;
                timeout(limits.idle, self.source.list(request)).await
            };
            let error = match answer {
                Ok(Ok(page)) => return Ok(page),
                Ok(Err(error)) => error,
                Err(_) => ReadError::Retry(format!("no answer within {:?}", limits.idle)),
            };
            tries += 1;
            match error {
                ReadError::Retry(_) if tries < limits.attempts => {}
                ReadError::NotFound => {
                    return Err(Fault::new(Reason::NothingFound, "there is no such bucket"));
                }
                error @ (ReadError::Retry(_) | ReadError::AccessDenied(_) | ReadError::Unreadable(_)) => {
                    return Err(unreadable(&error));
                }
            }
            tokio::time::sleep(pause(limits.pause, tries)).await;
        }
    }

    /// Names of the folders right under a prefix that can be what is looked for, at most so many.
    pub async fn folders(
        &self,
        location: &Location,
        prefix: &str,
        can_be: fn(&str) -> bool,
        most: usize,
    ) -> Result<Vec<String>, Fault> {
        let mut names = Vec::new();
        let listing = Listing { location, prefix, start_after: None, folders: true };
        self.list(listing, |page| {
            let name = |folder: &String| Some(folder.strip_prefix(prefix)?.strip_suffix('/')?.to_owned());
            names.extend(page.folders.iter().filter_map(name).filter(|name| can_be(name)));
            names.len() <= most
        })
        .await?;
        if names.len() > most {
            let message =
                format!("{prefix} holds more than {most} folders; say which ones are to be verified");
            return Err(Fault::new(Reason::TooMuch, message));
        }
        Ok(names)
    }

    /// Hands over the digests of one account and Region that end between `from` and `to`, of this trail or of all others,
    /// until `take` says that it has enough.
    async fn each_digest(
        &self,
        location: &Location,
        (account, region): (&str, &str),
        (from, to): (Timestamp, Timestamp),
        whose: Whose,
        mut take: impl FnMut(ListedDigest) -> bool,
    ) -> Result<(), Fault> {
        let prefix = location.digests_prefix(account, region);
        let start = match whose {
            Whose::Own => DigestName::before(&self.trail_part, from, location, (account, region)),
            Whose::Others => format!("{prefix}{}/", day_folder(from)),
        };
        let last_day = format!("{prefix}{}/\u{7f}", day_folder(to));
        let listing = Listing { location, prefix: &prefix, start_after: Some(&start), folders: false };
        self.list(listing, |page| {
            let last = page.objects.last().is_some_and(|object| object.key > last_day);
            let mut more = true;
            for object in page.objects {
                let name = DigestName::parse(&object.key, location, account, region);
                let wanted = |name: &DigestName| {
                    from <= name.end
                        && name.end <= to
                        && (name.trail == self.trail_part) == (whose == Whose::Own)
                };
                if let Some(name) = name.filter(wanted) {
                    let object = Object { bucket: location.bucket.clone(), key: object.key };
                    more &= take(ListedDigest { object, name });
                }
            }
            !last && more
        })
        .await
    }

    /// All those digests, at most so many as a chain may have.
    pub async fn digests(
        &self,
        location: &Location,
        pair: (&str, &str),
        span: (Timestamp, Timestamp),
        whose: Whose,
    ) -> Result<Vec<ListedDigest>, Fault> {
        let most = self.request.limits.digests;
        let mut found = Vec::new();
        self.each_digest(location, pair, span, whose, |digest| {
            found.push(digest);
            found.len() <= most
        })
        .await?;
        if found.len() > most {
            let message = format!("there are more than {most} digests; verify a shorter range at a time");
            return Err(Fault::new(Reason::TooMuch, message));
        }
        Ok(found)
    }

    /// The earliest digests of this trail and of that kind that end after `after`, at most so many.
    pub async fn first_digests(
        &self,
        location: &Location,
        pair: (&str, &str),
        after: Timestamp,
        (backfill, most): (bool, usize),
    ) -> Result<Vec<ListedDigest>, Fault> {
        let mut first = Vec::new();
        // The names of one trail's digests are in the order of their times.
        self.each_digest(location, pair, (after, self.request.now), Whose::Own, |digest| {
            if first.len() < most && digest.name.backfill == backfill && digest.name.end > after {
                first.push(digest);
            }
            first.len() < most
        })
        .await?;
        Ok(first)
    }

    /// Log files of one kind, account and Region that were delivered from `from` to the end of the day of `to`, with the
    /// time of their last change, in the order of their names, until `take` says that it has enough. What is named in
    /// another way may be among them.
    pub async fn log_files(
        &self,
        location: &Location,
        kind: &str,
        (account, region): (&str, &str),
        (from, to): (Timestamp, Timestamp),
        mut take: impl FnMut(Object, Option<Timestamp>) -> bool,
    ) -> Result<(), Fault> {
        let prefix = location.logs_prefix_of(kind, account, region);
        let from = shifted(from, SignedDuration::from_mins(-1));
        let start =
            format!("{prefix}{}/{account}_{kind}_{region}_{}", day_folder(from), log_file_stamp(from));
        let last_day = format!("{prefix}{}/\u{7f}", day_folder(to));
        let listing = Listing { location, prefix: &prefix, start_after: Some(&start), folders: false };
        self.list(listing, |page| {
            let last = page.objects.last().is_some_and(|object| object.key > last_day);
            let mut more = true;
            for object in page.objects {
                more &=
                    take(Object { bucket: location.bucket.clone(), key: object.key }, object.last_modified);
            }
            !last && more
        })
        .await
    }
}

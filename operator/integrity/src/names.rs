//! Names of digests and log files in the bucket (`cloudtrail.md` 4.1): built, and read back strictly.
//!
//! Pure. Knows nothing of what the objects hold.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::time;

/// Kinds of log files, each in a folder of its own (`cloudtrail.md` 4.1).
pub(crate) const KINDS: [&str; 4] =
    ["CloudTrail", "CloudTrail-Aggregated", "CloudTrail-Insight", "CloudTrail-NetworkActivity"];
/// S3 allows no longer key.
const LONGEST_KEY: usize = 1024;

/// One object of S3.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Object {
    /// Its bucket.
    pub bucket: String,
    /// Its key.
    pub key: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// A trail as its ARN tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trail {
    /// The ARN as it was given.
    pub arn: String,
    /// Account that owns the trail.
    pub account: String,
    /// Region in which the trail was created.
    pub home_region: String,
    /// Name of the trail.
    pub name: String,
}

impl Trail {
    /// Reads `arn:aws:cloudtrail:REGION:ACCOUNT:trail/NAME`; `None` for anything else.
    pub fn from_arn(arn: &str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (scheme, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
        let (home_region, account) = (parts.next()?, parts.next()?);
        let name = parts.next()?.strip_prefix("trail/")?;
        let valid = scheme == "arn"
            && !partition.is_empty()
            && service == "cloudtrail"
            && is_region(home_region)
            && is_account(account)
            && is_part_of_a_name(name);
        valid.then(|| Self {
            arn: arn.to_owned(),
            account: account.to_owned(),
            home_region: home_region.to_owned(),
            name: name.to_owned(),
        })
    }
}

/// Where a trail delivers: what stands before the account in every key.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Location {
    /// Name of the bucket.
    pub bucket: String,
    /// Key prefix of the trail, without slashes at its ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Organization id, where an organization trail delivers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
}

impl Location {
    /// `[PREFIX/]AWSLogs/[ORGANIZATION/]`, under which the accounts are.
    pub fn accounts_prefix(&self) -> String {
        let prefix = self.prefix.as_deref().map(|prefix| prefix.trim_matches('/')).unwrap_or_default();
        let mut text = String::new();
        for part in [prefix, "AWSLogs", self.organization.as_deref().unwrap_or_default()] {
            if !part.is_empty() {
                text.push_str(part);
                text.push('/');
            }
        }
        text
    }

    /// Under which the Regions of an account's digests are.
    pub fn regions_prefix(&self, account: &str) -> String {
        format!("{}{account}/CloudTrail-Digest/", self.accounts_prefix())
    }

    /// Under which the digests of an account and Region are.
    pub fn digests_prefix(&self, account: &str, region: &str) -> String {
        format!("{}{region}/", self.regions_prefix(account))
    }

    /// Under which the Regions of an account's log files are.
    pub(crate) fn log_regions_prefix(&self, account: &str) -> String {
        format!("{}{account}/{}/", self.accounts_prefix(), KINDS[0])
    }

    /// Under which the log files of an account and Region are.
    pub fn logs_prefix(&self, account: &str, region: &str) -> String {
        self.logs_prefix_of(KINDS[0], account, region)
    }

    /// Under which the log files of one kind are.
    pub(crate) fn logs_prefix_of(&self, kind: &str, account: &str, region: &str) -> String {
        format!("{}{account}/{kind}/{region}/", self.accounts_prefix())
    }
}

/// The digests of one trail for one account, Region and kind: each names the one before it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Chain {
    /// Account the digests are for.
    pub account: String,
    /// Region the events are from.
    pub region: String,
    /// Whether these are the digests of log files that came late.
    pub backfill: bool,
}

/// What the name of a digest says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DigestName {
    /// Trail and home Region as one text, `NAME_HOMEREGION`: they cannot be told apart, since names may hold `_`.
    pub trail: String,
    /// End of its window.
    pub end: Timestamp,
    /// Whether it stands in the backfill chain.
    pub backfill: bool,
}

impl DigestName {
    /// The key of this digest. The path carries the day of its end.
    pub fn key(&self, location: &Location, account: &str, region: &str) -> String {
        format!(
            "{}{}/{account}_CloudTrail-Digest_{region}_{}_{}{}.json.gz",
            location.digests_prefix(account, region),
            time::day_folder(self.end),
            self.trail,
            time::digest_stamp(self.end),
            if self.backfill { "_backfill" } else { "" },
        )
    }

    /// Reads a key under this location; `None` when it is not that of a digest for that account and Region.
    /// The end stands exactly where CloudTrail writes it, so that the digests of `audit_us-east-1_x` are not taken
    /// for those of `audit`, as an open pattern does.
    pub fn parse(key: &str, location: &Location, account: &str, region: &str) -> Option<Self> {
        let file = key.strip_prefix(&location.digests_prefix(account, region))?;
        let (day, file) = split_day(file)?;
        let stem = file.strip_suffix(".json.gz")?;
        let rest = stem.strip_prefix(&format!("{account}_CloudTrail-Digest_{region}_"))?;
        let (rest, backfill) = match rest.strip_suffix("_backfill") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (trail, stamp) = rest.rsplit_once('_')?;
        let end = time::in_name(stamp).filter(|_| stamp.len() == "20260105T010131Z".len())?;
        let valid = key.len() <= LONGEST_KEY && is_part_of_a_name(trail) && day == time::day_folder(end);
        valid.then(|| Self { trail: trail.to_owned(), end, backfill })
    }

    /// `NAME_HOMEREGION` of a trail, as it stands in the names of its digests.
    pub fn trail_part(trail: &Trail) -> String {
        format!("{}_{}", trail.name, trail.home_region)
    }

    /// The key after which a listing starts so that it holds every digest of this trail that ends at `from` or later.
    pub(crate) fn before(trail: &str, from: Timestamp, location: &Location, chain: (&str, &str)) -> String {
        let end = time::shifted(from, SignedDuration::from_mins(-1));
        Self { trail: trail.to_owned(), end, backfill: false }.key(location, chain.0, chain.1)
    }
}

/// When a log file was delivered, from its key under this location; `None` when it is not one of that account and Region.
/// Digests also list Insights and network activity files, so every kind but the digests themselves is taken.
pub fn log_file_delivery(key: &str, location: &Location, account: &str, region: &str) -> Option<Timestamp> {
    let rest = key.strip_prefix(&format!("{}{account}/", location.accounts_prefix()))?;
    let (kind, rest) = rest.split_once('/')?;
    let (day, file) = split_day(rest.strip_prefix(region)?.strip_prefix('/')?)?;
    let stem = file.strip_suffix(".json.gz")?;
    let rest = stem.strip_prefix(&format!("{account}_{kind}_{region}_"))?;
    let (stamp, unique) = rest.split_once('_')?;
    let valid = key.len() <= LONGEST_KEY
        && (kind == "CloudTrail" || kind.starts_with("CloudTrail-"))
        && kind != "CloudTrail-Digest"
        && is_part_of_a_name(kind)
        && is_part_of_a_name(unique);
    time::in_name(stamp).filter(|delivered| valid && day == time::day_folder(*delivered))
}

/// Splits `2026/01/05/FILE`, where FILE holds no further folder.
fn split_day(text: &str) -> Option<(&str, &str)> {
    let (day, file) = text.split_at_checked("2026/01/05".len())?;
    file.strip_prefix('/').filter(|file| !file.contains('/')).map(|file| (day, file))
}

/// Whether this is an account id: twelve digits.
pub fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this can be a Region: it becomes part of keys.
pub fn is_region(text: &str) -> bool {
    (4..=32).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Letters that CloudTrail allows in the names of trails, and uses in names of files.
fn is_part_of_a_name(text: &str) -> bool {
    (1..=256).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn location(prefix: Option<&str>, organization: Option<&str>) -> Location {
        Location {
            bucket: "logs".to_owned(),
            prefix: prefix.map(str::to_owned),
            organization: organization.map(str::to_owned),
        }
    }

    #[test]
    fn keys_are_built_and_read_back() {
        let end = "2026-01-05T00:01:31Z".parse().unwrap();
        for (place, start) in [
            (location(None, None), "AWSLogs/111122223333/"),
            (location(Some("a/b"), None), "a/b/AWSLogs/111122223333/"),
            (location(Some("a/b/"), Some("o-exampleorg1")), "a/b/AWSLogs/o-exampleorg1/111122223333/"),
        ] {
            for backfill in [false, true] {
                let name = DigestName { trail: "main_us-east-1".to_owned(), end, backfill };
                let key = name.key(&place, "111122223333", "eu-west-1");
                let tail = if backfill { "_backfill" } else { "" };
                assert_eq!(
                    key,
                    format!(
                        "{start}CloudTrail-Digest/eu-west-1/2026/01/05/111122223333_CloudTrail-Digest_eu-west-1_main_us-east-1_20260105T000131Z{tail}.json.gz"
                    )
                );
                assert_eq!(DigestName::parse(&key, &place, "111122223333", "eu-west-1"), Some(name));
                assert_eq!(DigestName::parse(&key, &place, "111122223333", "eu-west-2"), None);
                assert_eq!(DigestName::parse(&key, &place, "222233334444", "eu-west-1"), None);
            }
        }
    }

    #[test]
    fn trails_whose_names_begin_alike_are_told_apart() {
        let place = location(None, None);
        let other = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/2026/01/05/111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_x_us-east-1_20260105T000131Z.json.gz";
        let name = DigestName::parse(other, &place, "111122223333", "us-east-1").unwrap();
        assert_eq!(name.trail, "main_us-east-1_x_us-east-1");
        let trail = Trail::from_arn("arn:aws:cloudtrail:us-east-1:111122223333:trail/main").unwrap();
        assert_ne!(name.trail, DigestName::trail_part(&trail));
    }

    #[test]
    fn a_digest_in_the_folder_of_another_day_or_below_is_none() {
        let place = location(None, None);
        let base = "AWSLogs/111122223333/CloudTrail-Digest/us-east-1/";
        let file = "111122223333_CloudTrail-Digest_us-east-1_main_us-east-1_20260105T000131Z.json.gz";
        assert!(
            DigestName::parse(&format!("{base}2026/01/05/{file}"), &place, "111122223333", "us-east-1")
                .is_some()
        );
        for folder in ["2026/01/04/", "2026/01/05/x/", "", "2026/01/"] {
            assert_eq!(
                DigestName::parse(&format!("{base}{folder}{file}"), &place, "111122223333", "us-east-1"),
                None
            );
        }
    }

    #[test]
    fn log_files_of_every_kind_tell_when_they_were_delivered() {
        let place = location(None, Some("o-1"));
        for kind in ["CloudTrail", "CloudTrail-Insight", "CloudTrail-NetworkActivity"] {
            let key = format!(
                "AWSLogs/o-1/111122223333/{kind}/us-east-1/2026/01/05/111122223333_{kind}_us-east-1_20260105T0330Z_z2pyLaVtKfgJayHO.json.gz"
            );
            let delivered = log_file_delivery(&key, &place, "111122223333", "us-east-1");
            assert_eq!(delivered, Some("2026-01-05T03:30:00Z".parse().unwrap()), "{kind}");
            let moved = key.replace("2026/01/05", "2026/01/04");
            assert_eq!(log_file_delivery(&moved, &place, "111122223333", "us-east-1"), None);
            assert_eq!(log_file_delivery(&key, &place, "111122223333", "us-east-2"), None);
            assert_eq!(log_file_delivery(&key, &location(None, None), "111122223333", "us-east-1"), None);
        }
        let digest = "AWSLogs/o-1/111122223333/CloudTrail-Digest/us-east-1/2026/01/05/111122223333_CloudTrail-Digest_us-east-1_20260105T0330Z_x.json.gz";
        assert_eq!(log_file_delivery(digest, &place, "111122223333", "us-east-1"), None);
    }

    #[test]
    fn arns_that_name_no_trail_are_refused() {
        for arn in [
            "",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/",
            "arn:aws:s3:us-east-1:111122223333:trail/x",
            "arn:aws:cloudtrail:us-east-1:1111:trail/x",
            "arn:aws:cloudtrail::111122223333:trail/x",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/../x/y",
            "arn:aws:cloudtrail:us-east-1:111122223333:channel/x",
        ] {
            assert_eq!(Trail::from_arn(arn), None, "{arn}");
        }
    }
}

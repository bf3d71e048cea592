//! Which trail is meant: by its ARN, or by a Trail of the cluster. And what the flags say of it, read strictly.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use trail_operator_integrity::{
    Location, Trail,
    names::{is_account, is_region},
};
use trail_operator_reconcile::references::ActAs;

use super::{Args, from_cluster};

/// A trail, and with whose credentials it is looked at.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) trail: Trail,
    pub(super) act_as: ActAs,
    /// What a Trail of the cluster says.
    pub(super) declared: Option<Declared>,
}

/// What a Trail of the cluster says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) bucket: String,
    /// Who has to own the bucket.
    pub(super) bucket_owner: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) is_multi_region: bool,
    pub(super) is_of_organization: bool,
}

impl Target {
    pub(super) async fn of(args: &Args) -> Result<Self> {
        if let Some(trail) = &args.trail_arn {
            let act_as = ActAs { account_id: String::new(), role_arn: None, external_id: None };
            return Ok(Self { trail: trail.clone(), act_as, declared: None });
        }
        let name = args.object.as_deref().context("give --trail-arn ARN, or trail/NAME")?;
        from_cluster::read(args.namespace.as_deref(), name, args.assume_account_roles).await
    }

    /// Accounts that have to own buckets, where that is known.
    pub(super) fn owners(&self) -> BTreeMap<String, String> {
        let owner = self.declared.as_ref().and_then(|declared| {
            let owner = declared.bucket_owner.clone()?;
            Some((declared.bucket.clone(), owner))
        });
        owner.into_iter().collect()
    }
}

pub(super) fn arn(text: &str) -> Result<Trail, String> {
    Trail::from_arn(text).ok_or_else(|| {
        "it is no ARN of a trail; one looks like arn:aws:cloudtrail:us-east-1:111122223333:trail/NAME, and `aws cloudtrail list-trails` lists them".to_owned()
    })
}

/// The name of a Trail, written as kubectl does.
pub(super) fn object(text: &str) -> Result<String, String> {
    let name = text.split_once('/').filter(|(kind, name)| {
        let kind = kind.strip_suffix(".trail-operator.dev").unwrap_or(kind);
        matches!(kind.to_ascii_lowercase().as_str(), "trail" | "trails")
            && !name.is_empty()
            && !name.contains('/')
    });
    name.map(|(_, name)| name.to_owned()).ok_or_else(|| {
        "it names no Trail; write trail/NAME for one of the cluster, or --trail-arn ARN".to_owned()
    })
}

pub(super) fn region(text: &str) -> Result<String, String> {
    let valid = is_region(text) && text.contains('-');
    valid.then(|| text.to_owned()).ok_or_else(|| "it is no Region; one looks like us-east-1".to_owned())
}

pub(super) fn account(text: &str) -> Result<String, String> {
    is_account(text)
        .then(|| text.to_owned())
        .ok_or_else(|| "it is no account; one has twelve digits, like 111122223333".to_owned())
}

pub(super) fn location(text: &str) -> Result<Location, String> {
    let rest = text.strip_prefix("s3://").filter(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let rest = rest.ok_or("it is no place; one looks like s3://BUCKET or s3://BUCKET/PREFIX")?;
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    if format!("{prefix}/").contains("AWSLogs/") {
        return Err(
            "the prefix is what stands before AWSLogs/; leave AWSLogs/ and what follows away".to_owned()
        );
    }
    Ok(place(bucket, Some(prefix)))
}

/// A place without the folder of an organization.
pub(super) fn place(bucket: &str, prefix: Option<&str>) -> Location {
    let prefix = prefix.map(|prefix| prefix.trim_matches('/')).filter(|prefix| !prefix.is_empty());
    Location { bucket: bucket.to_owned(), prefix: prefix.map(str::to_owned), organization: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_of_the_cluster_is_named_as_kubectl_names_it() {
        for text in ["trail/audit", "trails/audit", "Trail/audit", "trails.trail-operator.dev/audit"] {
            assert_eq!(object(text), Ok("audit".to_owned()), "{text}");
        }
        for text in ["audit", "trail/", "pod/audit", "trail/a/b", "/audit", ""] {
            assert!(object(text).unwrap_err().contains("trail/NAME"), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_what_does() {
        assert!(arn("audit").unwrap_err().contains("arn:aws:cloudtrail:us-east-1:111122223333:trail/NAME"));
        for text in ["", "useast1", "us_east_1", "US-EAST-1", "us-east-1/../x"] {
            assert!(region(text).unwrap_err().contains("us-east-1"), "{text}");
        }
        for text in ["", "1", "11112222333a", "1111222233334"] {
            assert!(account(text).unwrap_err().contains("twelve digits"), "{text}");
        }
        for text in ["bucket", "s3://", "s3:///x", "s3://b/AWSLogs/111122223333", "s3://b/x/AWSLogs/"] {
            assert!(location(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_place_is_a_bucket_and_what_stands_before_the_folders_of_aws() {
        assert_eq!(location("s3://b"), Ok(place("b", None)));
        assert_eq!(location("s3://b/"), Ok(place("b", None)));
        assert_eq!(location("s3://b/x/y/"), Ok(place("b", Some("x/y"))));
        assert_eq!(place("b", Some("/x/")).accounts_prefix(), "x/AWSLogs/");
    }
}

//! The ARN of a trail, and which trail it names among those that are visible where it says. Pure.

use std::fmt;

use anyhow::{Result, anyhow, bail};
use trail_operator_reconcile::aws::{Identity, TrailDescription};

/// The ARN of a trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TrailArn {
    text: String,
    pub(super) region: String,
    account_id: String,
    name: String,
}

impl fmt::Display for TrailArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TrailArn {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parts: Vec<_> = text.split(':').collect();
        if let ["arn", partition, "cloudtrail", region, account_id, resource] = parts.as_slice()
            && let Some(name) = resource.strip_prefix("trail/")
            && ![*partition, *region, *account_id, name].contains(&"")
        {
            let [region, account_id, name] = [*region, *account_id, name].map(str::to_owned);
            return Ok(Self { text: text.to_owned(), region, account_id, name });
        }
        Err(anyhow!(
            "'{text}' is no ARN of a trail; one looks like arn:aws:cloudtrail:us-east-1:111122223333:trail/NAME, and `aws cloudtrail list-trails` lists them"
        ))
    }

    /// The trail itself among all that are visible in its Region.
    pub(super) fn find<'a>(
        &self,
        visible: &'a [TrailDescription],
        identity: &Identity,
    ) -> Result<&'a TrailDescription> {
        let Self { text, region, account_id, name } = self;
        if let Some(found) = visible.iter().find(|trail| trail.arn == *text) {
            return Ok(found);
        }
        if let Some(shadow) = visible.iter().find(|trail| trail.name == *name && trail.home_region != *region)
        {
            bail!(
                "what is visible of '{name}' in {region} is the shadow of a trail whose home Region is {}; import that one: --trail-arn {}",
                shadow.home_region,
                shadow.arn
            );
        }
        if let Some(other) = visible.iter().find(|trail| trail.name == *name) {
            bail!(
                "there is no trail {text} that your credentials ({}) can see; there is {}",
                identity.arn,
                other.arn
            );
        }
        if *account_id != identity.account_id {
            bail!(
                "there is no trail {text} that your credentials ({}) can see: they belong to account {}; use credentials of account {account_id}",
                identity.arn,
                identity.account_id
            );
        }
        let names: Vec<_> = visible.iter().map(|trail| trail.arn.as_str()).collect();
        let others = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        Err(anyhow!("there is no trail {text}; account {account_id} has these in {region}: {others}"))
    }
}

#[cfg(test)]
mod tests {
    use trail_operator_reconcile::aws::TrailSettings;

    use super::*;

    const ARN: &str = "arn:aws-cn:cloudtrail:cn-north-1:111122223333:trail/audit";

    fn trail(arn: &str) -> TrailDescription {
        let parts = TrailArn::parse(arn).unwrap();
        TrailDescription {
            arn: arn.to_owned(),
            name: parts.name,
            home_region: parts.region,
            settings: TrailSettings::default(),
            has_custom_event_selectors: false,
            has_insight_selectors: false,
            tags: None,
        }
    }

    fn error(arn: &str, visible: &[&str]) -> String {
        let visible: Vec<_> = visible.iter().map(|arn| trail(arn)).collect();
        let arn_of_me = "arn:aws:iam::111122223333:user/me".to_owned();
        let identity = Identity { account_id: "111122223333".to_owned(), arn: arn_of_me };
        TrailArn::parse(arn).unwrap().find(&visible, &identity).unwrap_err().to_string()
    }

    #[test]
    fn only_an_arn_of_a_trail_is_one() {
        let arn = TrailArn::parse(ARN).unwrap();
        assert_eq!((arn.region.as_str(), arn.name.as_str()), ("cn-north-1", "audit"));
        for text in [
            "audit",
            "",
            "arn:aws:s3:::bucket",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/",
            "arn:aws:cloudtrail::111122223333:trail/audit",
            "arn:aws:cloudtrail:us-east-1:111122223333:eventdatastore/audit",
            "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit:1",
        ] {
            let error = TrailArn::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(&format!("'{text}' is no ARN of a trail")), "{error}");
        }
    }

    #[test]
    fn what_is_not_there_is_told_with_what_to_do() {
        let home = "arn:aws:cloudtrail:us-east-1:111122223333:trail/audit";
        let elsewhere = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/audit";
        let shadow = error(elsewhere, &[home]);
        assert!(shadow.contains("us-east-1") && shadow.ends_with(&format!("--trail-arn {home}")), "{shadow}");
        let foreign = error("arn:aws:cloudtrail:us-east-1:999988887777:trail/audit", &[]);
        assert!(foreign.contains("use credentials of account 999988887777"), "{foreign}");
        let namesake = error("arn:aws:cloudtrail:us-east-1:999988887777:trail/audit", &[home]);
        assert!(namesake.ends_with(&format!("there is {home}")), "{namesake}");
        let other = "arn:aws:cloudtrail:us-east-1:111122223333:trail/other";
        assert!(error(home, &[other]).ends_with(&format!("has these in us-east-1: {other}")));
        assert!(error(home, &[]).ends_with("has these in us-east-1: none"));
    }
}

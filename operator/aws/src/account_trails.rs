//! Every trail of an account, as far as it is seen, with what its cost depends on.
//!
//! What may not be read is said and never taken for nothing: a copy of management events is free only if nobody else's is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use trail_operator_domain::{
    cost::{Regions, Trail},
    selectors::Selectors,
};
use trail_operator_reconcile::{
    aws::{CloudTrail as _, Insights, TrailDescription, TrailStatus},
    aws_error::AwsError,
    trail::cost::insight_selectors,
};

use crate::Account;

/// How old the list of Regions may be: an account enables one now and then.
const REGIONS_AGE: Duration = Duration::from_hours(1);

/// What is seen of all trails of an account.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AccountTrails {
    /// The trails, by ARN.
    pub trails: Vec<Trail>,
    /// Regions whose trails, and trails whose selectors or state, could not be read, in words.
    pub unseen: Vec<String>,
}

impl Account {
    /// Asks in every Region that is enabled. `home` is one that is there in any case; answers may be `max_age` old.
    pub async fn trails(&self, home: &str, max_age: Duration) -> AccountTrails {
        let read = || async { Ok(read(self, home, max_age).await) };
        self.account_trails().get(&(), max_age, read).await.unwrap_or_default()
    }
}

async fn read(account: &Account, home: &str, max_age: Duration) -> AccountTrails {
    let mut unseen = Vec::new();
    let regions = account.list_regions(REGIONS_AGE).await.unwrap_or_else(|_| {
        unseen.push("all Regions but the home Region".to_owned());
        vec![home.to_owned()]
    });
    let looks = regions
        .iter()
        .map(async |region| (region, account.cloud_trail(region).describe_trails(max_age).await));
    let mut descriptions = BTreeMap::<String, TrailDescription>::new();
    for (region, answer) in futures::future::join_all(looks).await {
        match answer {
            Ok(trails) => {
                descriptions.extend(trails.iter().map(|trail| (trail.arn.clone(), trail.clone())));
            }
            Err(_) => unseen.push(region.clone()),
        }
    }
    let looks = descriptions.values().map(|description| look(account, description));
    let mut trails = Vec::new();
    for (trail, unread) in futures::future::join_all(looks).await {
        trails.push(trail);
        unseen.extend(unread);
    }
    AccountTrails { trails, unseen }
}

/// What a trail records, and whether it is on; and what of that could not be read, for which the dearer answer is taken.
async fn look(account: &Account, description: &TrailDescription) -> (Trail, Option<String>) {
    let here = account.cloud_trail(&description.home_region);
    let arn = &description.arn;
    let (selectors, insights, status) = futures::join!(
        here.get_event_selectors(arn),
        async {
            if description.has_insight_selectors {
                here.get_insight_selectors(arn).await
            } else {
                Ok(Insights::new())
            }
        },
        here.get_trail_status(arn),
    );
    let error = [selectors.as_ref().err(), insights.as_ref().err(), status.as_ref().err()];
    let error = error.into_iter().flatten().next().map(|error: &AwsError| format!("{arn} ({})", error.code));
    (trail(description, selectors.ok(), insights.ok(), status.ok()), error)
}

fn trail(
    description: &TrailDescription,
    selectors: Option<Selectors>,
    insights: Option<Insights>,
    status: Option<TrailStatus>,
) -> Trail {
    let settings = &description.settings;
    let account = description.arn.split(':').nth(4).unwrap_or_default();
    let started = status.as_ref().and_then(|status| status.start_logging_time);
    Trail {
        regions: if settings.is_multi_region_trail {
            Regions::All
        } else {
            Regions::Only(BTreeSet::from([description.home_region.clone()]))
        },
        organization: settings.is_organization_trail,
        logging: status.is_none_or(|status| status.is_logging),
        logging_since: started.map(jiff::Timestamp::as_second),
        selectors: selectors.unwrap_or(Selectors::Default),
        insights: insight_selectors(&insights.unwrap_or_default()),
        ..Trail::new(&description.arn, account, &description.home_region)
    }
}

//! What a trail's cost depends on in its account: other trails, its bucket, its log group.
//!
//! What may not be asked is said and never taken for nothing.

use std::time::Duration;

use jiff::Timestamp;
use trail_operator_domain::cost::Organization;
use trail_operator_reconcile::trail::{
    Input,
    cost::{self, Metrics},
};

use crate::Account;

/// How old the list of other trails may be: long enough that estimates of one account at one time share it, short enough
/// that who deletes a second copy is not told of it for another hour.
const NEIGHBOURS_AGE: Duration = Duration::from_mins(1);

impl Account {
    /// Asks for all of it; answers may be `max_age` old, and those about other trails a minute. The bucket is `owner`'s, where somebody says whose it is.
    pub async fn cost_account(&self, input: &Input, owner: Option<&str>, max_age: Duration) -> cost::Account {
        let trails = Box::pin(self.trails(&input.region, max_age.min(NEIGHBOURS_AGE))).await;
        let mut seen =
            cost::Account { trails: trails.trails, unseen: trails.unseen, ..cost::Account::declared(input) };
        if input.settings.is_organization_trail {
            let accounts = self.list_accounts(max_age).await;
            seen.organization =
                accounts.ok().map(|accounts| Organization { accounts: accounts.len() as u64, seen: 1 });
        }
        self.bucket_of(input, owner, &mut seen).await;
        self.log_group_of(input, max_age, &mut seen).await;
        seen
    }

    async fn bucket_of(&self, input: &Input, owner: Option<&str>, seen: &mut cost::Account) {
        let settings = &input.settings;
        let bucket = &settings.s3_bucket_name;
        seen.bucket = None;
        match self.cloud_trail(&input.region).lifecycle(bucket, owner).await {
            Ok(found) => {
                seen.bucket =
                    Some(cost::bucket(bucket, &settings.s3_key_prefix, &found.region, &found.expirations));
            }
            Err(_) => seen.unseen.push(format!("the bucket '{bucket}'")),
        }
    }

    async fn log_group_of(&self, input: &Input, max_age: Duration, seen: &mut cost::Account) {
        let Some(name) = input.cost.log_group.as_deref() else { return };
        let volume = self.alarms(&input.region).log_group_volume(name, Timestamp::now(), max_age).await;
        if volume.is_err() {
            seen.unseen.push(format!("the log group '{name}'"));
        }
        let volume = volume.unwrap_or_default();
        let group = cost::log_group(&input.region, volume.retention_days);
        seen.log_group = Some((group, Metrics::of_days(&volume.days)));
    }
}

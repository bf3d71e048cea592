//! AWS, through its SDKs: the only crate that knows them.
//!
//! Implements the traits of [`trail_operator_reconcile::aws`] for any number of accounts. Every call keeps below AWS's
//! limits and has a time-out of its own; what fails comes back as an
//! [`AwsError`](trail_operator_reconcile::aws_error::AwsError) and is judged elsewhere.

mod account;
mod account_in_region;
mod account_trails;
mod alarm_settings;
mod alarms_in_region;
mod bucket;
mod cached;
mod calls;
mod clients;
mod cloud_trail;
mod configured_region;
mod connections;
mod cost_account;
mod digest_delivery;
mod endpoint;
mod error;
mod event_selectors;
mod filter_tests;
mod insights;
mod key_management;
mod lifecycle;
mod limits;
mod log_group_volume;
mod metric_alarms;
mod metric_filters;
mod object_storage;
mod objects;
mod observer;
mod organizations;
mod price_list;
mod regions;
mod role;
mod security_tokens;
mod throttling;
mod topics;
mod trail_status;
mod trails;

#[cfg(test)]
mod fake;

pub use account::Account;
pub use account_in_region::AccountInRegion;
pub use account_trails::AccountTrails;
pub use alarms_in_region::AlarmsInRegion;
pub use clients::Clients;
pub use configured_region::configured_region;
pub use endpoint::{UnsafeEndpoint, check_endpoints};
pub use lifecycle::Lifecycle;
pub use log_group_volume::LogGroupVolume;
pub use objects::{Body, Objects};
pub use observer::{Call, Observer};
pub use organizations::Organization;
pub use security_tokens::SecurityTokensClient;

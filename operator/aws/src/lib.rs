//! AWS, through its SDKs: the only crate that knows them.
//!
//! Implements the traits of [`trail_operator_reconcile::aws`]. Every call has a time-out of its own and is repeated as
//! the SDK repeats it; what fails comes back as an [`AwsError`](trail_operator_reconcile::aws_error::AwsError) and is
//! judged elsewhere.

mod clients;
mod cloud_trail;
mod endpoint;
mod error;
mod observer;
mod security_tokens;

pub use clients::Clients;
pub use cloud_trail::CloudTrailClient;
pub use endpoint::{UnsafeEndpoint, check_endpoints};
pub use observer::{Call, Observer};
pub use security_tokens::SecurityTokensClient;

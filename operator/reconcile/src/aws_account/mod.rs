//! Kind `AwsAccount`: whether the identity in use belongs to the account. Reads AWS, changes nothing there.

mod observe;
mod report;

pub use observe::observe;
pub use report::{Report, report};

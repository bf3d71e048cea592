//! What is true of AWS whatever the tool: names, ARNs, partitions.
//!
//! Pure. Knows no clock, no network, no Kubernetes and no AWS SDK.

pub mod arn;
pub mod partition;
pub mod selectors;

//! What is true of AWS whatever the tool: names, ARNs, partitions.
//!
//! Pure. Knows no clock, no network, no Kubernetes and no AWS SDK.

pub mod arn;
pub mod cost;
pub mod partition;
pub mod patterns;
pub mod presets;
pub mod selectors;

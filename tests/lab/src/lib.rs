//! The AWS lab for tests and the demo: starts it, and speaks to its control plane under `/_lab/`.
//!
//! Knows: how the Python program beside it is run, and its control plane (documented in `README.md` here). Must not
//! know: Kubernetes, the operator. From `test-cluster` it takes only what any background process needs: the cache,
//! the progress, a process that does not outlive us.

mod aws_cli;
mod client;
mod fixtures;
mod process;
mod venv;

pub use aws_cli::AwsCli;
pub use client::{AwsError, Call, CallFilter, Calls, Fidelity, Lab, Sessions};
pub use fixtures::{ACCOUNT, REGION};
pub use venv::lab as lab_venv;

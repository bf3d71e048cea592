//! A real Kubernetes control plane for tests and the demo, and the operator run on it as its Deployment says.
//!
//! Knows: etcd, kube-apiserver, kube-controller-manager, kubectl and Helm, how to get them and how to stop them.
//! Must not know: AWS, the lab, or what the operator does. Everything here is synchronous: a test reads like a story.
//!
//! Every process started here dies with the process that started it, even when that is killed (see [`process`]).
//! So one [`Cluster`] in a `static OnceLock` may be shared by all tests of a binary.

pub mod cache;
pub mod chart;
pub mod cluster;
pub mod control_plane;
pub mod deployment;
mod go_build;
pub mod operator;
mod pki;
mod pod_spec;
mod ports;
pub mod probe;
pub mod process;
pub mod progress;
pub mod scratch;
pub mod tools;
pub mod wait;

pub use chart::{NAMESPACE, RELEASE, install_chart};
pub use cluster::Cluster;
pub use control_plane::ControlPlane;
pub use deployment::{Overrides, run_deployment};
pub use operator::{Exit, RunningOperator};
pub use wait::wait_for;

//! The operator on a real control plane, installed by its chart, against the lab.
//!
//! One binary, so that the tests wait side by side. Those that change what all share have a stage of their own.

mod lifecycle;
mod process;
mod restart;
mod steady;

//! The operator on a real control plane, installed by its chart, against the lab.
//!
//! One binary, so that the tests wait side by side. Those that change what all share have a stage of their own.

#![allow(clippy::print_stdout, reason = "figures that people read with --nocapture")]

// First by name, so that its five minutes of waiting run beside everything else.
mod idle;
mod lifecycle;
mod process;
mod restart;

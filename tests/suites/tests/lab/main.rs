//! The lab seen from outside: what it refuses, through the SDK the operator uses; what it does on request; and what it
//! says of itself. What it delivers, stock `aws cloudtrail validate-logs` judges.
//!
//! And the operator's crates against it, without a cluster (`keeping`): every field, whatever may happen, and the
//! permissions they need.

mod alarming;
mod behaviour;
mod codes;
mod control;
mod converging;
mod costing;
mod fidelity;
mod fields;
mod keeping;
mod organizations;
mod pattern_test;
mod permissions;
mod refusals;
mod selecting;
mod validate_logs;
mod world;

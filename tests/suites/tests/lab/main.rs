//! The lab seen from outside: what it refuses, through the SDK the operator uses; what it does on request; and what it
//! says of itself. What it delivers, stock `aws cloudtrail validate-logs` judges.

mod behaviour;
mod codes;
mod control;
mod fidelity;
mod refusals;
mod validate_logs;
mod world;

//! Runs of log file validation, on threads of their own, so that no round waits for one.
//!
//! Knows the engine and what it is to read; knows neither Kubernetes nor when a run is due.

mod backtests;
mod counting;
pub(crate) mod facts;
mod job;
mod runs;

pub(crate) use backtests::Backtest;
pub(crate) use counting::Counting;
pub(crate) use job::{Ended, Job};
pub(crate) use runs::{Limits, Runs};

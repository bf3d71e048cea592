//! How each kind becomes true in AWS: dereference, observe, plan, execute, report.
//!
//! Knows the kinds, AWS's answers as plain data, and the rules between them. Does not know where objects come from
//! (a cluster or files), nor the AWS SDK, nor the time: all of these are arguments.

pub mod aws;
pub mod aws_account;
pub mod aws_error;
pub mod conditions;
pub mod event;
pub mod event_selector;
pub mod metric_alarm;
pub mod reason;
pub mod references;
pub mod trail;

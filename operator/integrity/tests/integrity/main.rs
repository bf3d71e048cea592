//! Log file validation as a whole, over objects in memory.

// Helpers of tests may stop at the first surprise, as tests may.
#![allow(clippy::unwrap_used, clippy::panic)]

mod cases;
mod damage;
mod fuzz;
mod interrupted;
mod observer;
mod places;
mod reading;
mod records;
mod resume;
mod support;
mod unlisted;

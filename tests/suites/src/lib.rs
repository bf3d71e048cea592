//! What several of the suites in `tests/` need.

pub mod examples;
pub mod helm;
pub mod stage;

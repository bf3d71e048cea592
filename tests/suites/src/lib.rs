//! What several of the suites in `tests/` need.

pub mod helm;
pub mod stage;

//! Statements about filter patterns, and what they share.

mod corners;
mod errors;
mod evaluation;
mod generated;
mod oracle;
mod samples;
mod standards;
mod writing;

use serde_json::Value;

use super::{Pattern, Verdict};

fn parse(pattern: &str) -> Pattern {
    Pattern::parse(pattern).unwrap_or_else(|error| panic!("{error}\n{}", error.pointing(pattern)))
}

fn verdict(pattern: &str, event: &Value) -> Verdict {
    parse(pattern).evaluate(&event.to_string()).unwrap()
}

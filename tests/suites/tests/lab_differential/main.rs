//! Log file validation against stock `aws cloudtrail validate-logs`: on every tree where that has no blind spot, what it
//! calls valid and what it calls invalid is what the engine does, object by object. Where it has one, the difference is
//! stated here, and it is exactly that.

// Helpers of tests may stop at the first surprise, as tests may.
#![allow(clippy::unwrap_used, clippy::panic)]

mod blind;
mod equal;
mod judges;
mod server;
/// The engine's own generator of chains and damage.
#[path = "../../../../operator/integrity/tests/integrity/support/mod.rs"]
#[allow(dead_code)] // its other half is used over there
mod support;

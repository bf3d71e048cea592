//! The kinds as a real API server takes them: what it accepts, what it refuses and in which words.
//!
//! One binary and one control plane; nothing here needs the operator or AWS.

mod accepted;
mod definitions;
mod examples;
mod immutable;
mod manifests;
mod refused;
mod rules;
mod server;
mod status;
mod stored;

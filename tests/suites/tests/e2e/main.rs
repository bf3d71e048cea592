//! The operator on a real control plane, installed by its chart, against the lab.
//!
//! One binary, so that the tests wait side by side. Those that change what all share have a stage of their own; the
//! others share three. Of tests on one stage no two use a name twice, and one that counts calls has its Region to itself.

#![allow(clippy::print_stdout, reason = "figures that people read with --nocapture")]

mod accounts;
mod alarming;
/// Among the first by name, so that these minutes of waiting run beside everything else.
mod at_length {
    mod churn;
    mod holding;
    mod idle;
    mod kstatus;
    mod restart;
    mod soak;
}
mod composing;
mod costing;
mod delivering;
mod guarding;
mod importing;
mod lifecycle;
mod neighbours;
mod owning;
mod planning;
mod process;
mod proving;
mod recording;
mod switching;
mod validating;

use std::sync::OnceLock;

use test_suites::stage::{Place, Stage};

/// The stage of every test that takes nothing of it away from others.
#[expect(clippy::unwrap_used, reason = "without it no such test can begin")]
fn shared() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| Stage::start().unwrap())
}

/// In the namespace that every stage's account allows.
const fn place(name: &'static str, region: &'static str) -> Place<'static> {
    Place { namespace: "default", name, region }
}

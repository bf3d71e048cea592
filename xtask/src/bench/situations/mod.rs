//! The situations that are measured, one file each.
//!
//! Knows: which there are, and that one that fails does not end the others. Must not know: what they find.

mod change;
mod create;
mod deletion;
mod drift;
mod kms;
mod lost_answer;
mod missing_bucket;
mod steady;
mod throttled;

use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;
use test_cluster::progress::Task;

use super::figures::Figures;
use super::fleet::{self, Fleet};
use super::restart;
use super::stage::Stage;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Situation {
    /// A manifest becomes a trail
    Create,
    /// Five trails in an account with which nothing happens
    Steady,
    /// Manifests are edited
    Change,
    /// A key named by its alias, the manifest applied again, the key removed
    Kms,
    /// A bucket that is not there, and then is
    MissingBucket,
    /// Somebody changes trails in AWS
    Drift,
    /// AWS throttles one account
    Throttled,
    /// The answer to CreateTrail is lost
    LostAnswer,
    /// Objects are deleted
    Deletion,
    /// Many trails at once
    Fleet,
    /// The operator starts with many trails
    Restart,
}

impl Situation {
    pub(super) const ALL: [Self; 11] = [
        Self::Create,
        Self::Steady,
        Self::Change,
        Self::Kms,
        Self::MissingBucket,
        Self::Drift,
        Self::Throttled,
        Self::LostAnswer,
        Self::Deletion,
        Self::Fleet,
        Self::Restart,
    ];

    /// Whether it is about many trails.
    pub(super) fn is_of_fleet(self) -> bool {
        matches!(self, Self::Fleet | Self::Restart)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Steady => "steady check",
            Self::Change => "change",
            Self::Kms => "KMS by alias",
            Self::MissingBucket => "missing bucket",
            Self::Drift => "drift",
            Self::Throttled => "one account throttled",
            Self::LostAnswer => "answer to CreateTrail lost",
            Self::Deletion => "object deleted",
            Self::Fleet => "many trails",
            Self::Restart => "restart with them",
        }
    }

    /// Measures one that is about a few trails.
    pub(super) fn measure(self, stage: &Stage, figures: &mut Figures) {
        let measure = match self {
            Self::Create => create::measure,
            Self::Steady => steady::measure,
            Self::Change => change::measure,
            Self::Kms => kms::measure,
            Self::MissingBucket => missing_bucket::measure,
            Self::Drift => drift::measure,
            Self::Throttled => throttled::measure,
            Self::LostAnswer => lost_answer::measure,
            Self::Deletion => deletion::measure,
            Self::Fleet | Self::Restart => return,
        };
        let task = Task::start(self.name());
        let measured = measure(stage, figures, self.name()).and_then(|()| stage.operator.ensure_alive());
        end(task, measured, self.name(), figures);
    }
}

/// Measures those that are about many trails, which are made for both.
pub(super) fn measure_fleet(stage: &mut Stage, fleet: &Fleet, wanted: &[Situation], figures: &mut Figures) {
    let name = Situation::Fleet.name();
    let task = Task::start(name);
    let mut of_fleet = Figures::default();
    let measured = fleet::measure(stage, fleet, &mut of_fleet, name, &task);
    let failed = measured.is_err();
    end(task, measured, name, &mut of_fleet);
    if failed || wanted.contains(&Situation::Fleet) {
        figures.append(of_fleet);
    }
    if !failed && wanted.contains(&Situation::Restart) {
        let name = Situation::Restart.name();
        let task = Task::start(name);
        let measured = restart::measure(stage, fleet, figures, name);
        end(task, measured, name, figures);
    }
}

fn end(task: Task, measured: Result<()>, name: &'static str, figures: &mut Figures) {
    match measured {
        Ok(()) => drop(task.done()),
        Err(error) => {
            task.failed();
            figures.failed(name, &error);
        }
    }
}

/// Lets that much time pass: what is measured is what happens in it.
fn let_pass(time: Duration) {
    std::thread::sleep(time);
}

//! Everything the lab refuses, each with the exception that CloudTrail's model names for it (`cloudtrail.md` 1.7).

mod names;
mod organizations;
mod preconditions;
mod selectors;
mod tags;
mod trails;

use std::fmt::Debug;
use std::future::Future;
use std::sync::OnceLock;

use anyhow::Result;
use aws_sdk_cloudtrail::error::{ProvideErrorMetadata, SdkError};

use crate::world::code;

/// A call that was to be refused, and how it was.
pub struct Refusal {
    pub operation: &'static str,
    pub code: String,
    /// What is wrong with that, if anything.
    pub problem: Option<String>,
}

/// The calls so far.
#[derive(Default)]
pub struct Table {
    rows: Vec<Refusal>,
}

impl Table {
    /// The call, which has the fault that `what` names, must be refused with this code, and the SDK must know the code
    /// as one of this operation's.
    pub async fn row<O, E, R>(
        &mut self,
        operation: &'static str,
        what: &str,
        expected: &str,
        call: impl Future<Output = Result<O, SdkError<E, R>>>,
    ) where
        O: Debug,
        E: ProvideErrorMetadata + Debug,
        R: Debug,
    {
        let (code, said) = match call.await {
            Ok(answer) => ("accepted".to_owned(), format!("{answer:?}")),
            Err(error) => (code(&error), said(&error)),
        };
        let unknown = said.starts_with("Unhandled") && !COMMON.contains(&code.as_str());
        let right = code == expected && !unknown;
        let problem = format!("{operation} with {what}: should be {expected}, is {code}: {said}");
        self.rows.push(Refusal { operation, code, problem: (!right).then_some(problem) });
    }
}

/// Codes of every AWS service, which no model names (`cloudtrail.md` 1.1).
const COMMON: [&str; 1] = ["UnknownOperationException"];

/// The SDK's words; they begin with `Unhandled` where the operation's model has no such code.
fn said<E: Debug, R: Debug>(error: &SdkError<E, R>) -> String {
    error.as_service_error().map_or_else(|| format!("{error:?}"), |error| format!("{error:?}"))
}

/// All of them.
#[expect(clippy::unwrap_used, reason = "without its answers no test here has anything to say")]
pub fn refusals() -> &'static [Refusal] {
    static REFUSALS: OnceLock<Vec<Refusal>> = OnceLock::new();
    REFUSALS.get_or_init(|| run().unwrap())
}

#[tokio::main(flavor = "current_thread")]
async fn run() -> Result<Vec<Refusal>> {
    let mut table = Table::default();
    names::rows(&mut table).await?;
    preconditions::rows(&mut table).await?;
    trails::rows(&mut table).await?;
    selectors::rows(&mut table).await?;
    tags::rows(&mut table).await?;
    organizations::rows(&mut table).await?;
    Ok(table.rows)
}

#[test]
fn each_bad_call_is_refused_with_the_code_of_aws() {
    let problems: Vec<_> = refusals().iter().filter_map(|refusal| refusal.problem.as_deref()).collect();
    assert!(problems.is_empty(), "{} of {} rows:\n{}", problems.len(), refusals().len(), problems.join("\n"));
}

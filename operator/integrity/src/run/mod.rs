//! Runs a request: finds the chains, and verifies them with bounded requests, threads and memory.
//!
//! Every object is a task of its own, so that a slow one holds up nobody: digests are read newest first without waiting
//! for each other, log files as soon as their digest's signature verifies, and the chain is walked when all were read.

mod chains;
mod context;
mod digests;
mod fetch;
mod hooks;
mod keys;
mod listing;
mod logs;
mod pair;
mod unlisted;

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

pub use self::hooks::{FileKind, Hooks, Listener, Observer, Progress, Snapshot};

use self::chains::Done;
use self::context::Context;
use self::pair::Pair;
use crate::finding::{Fault, Finding, Reason};
use crate::names::{is_account, is_region};
use crate::report::{Range, Report};
use crate::request::{Anchor, Request, Selection};
use crate::source::ObjectSource;
use crate::time::whole_seconds;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// The newest verified digest of every chain, sorted: what [`Request::anchors`] of the next run may be.
    pub anchors: Vec<Anchor>,
}

/// Why there is no outcome.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// It was cancelled.
    #[error("the run was cancelled")]
    Cancelled,
    /// The request makes no sense.
    #[error("{0}")]
    Request(String),
}

/// Verifies what `request` asks for. Needs a Tokio runtime of several threads with its time driver; what it computes runs
/// on that runtime's blocking threads, so a caller with other work to do gives it a runtime of its own.
pub async fn run<S: ObjectSource>(source: S, request: Request, hooks: Hooks) -> Result<Outcome, RunError> {
    check(&request)?;
    let cancel = hooks.cancel.clone();
    let context = Arc::new(Context::new(source, request, hooks));
    cancel.run_until_cancelled(verify(context)).await.ok_or(RunError::Cancelled)
}

fn check(request: &Request) -> Result<(), RunError> {
    let wrong = |message: String| Err(RunError::Request(message));
    if request.window.start > request.window.end {
        let Range { start, end } = request.window;
        return wrong(format!("the start time {start} is after the end time {end}"));
    }
    if request.locations.is_empty() {
        return wrong("there is no bucket to read".to_owned());
    }
    if let Selection::Only(accounts) = &request.accounts
        && let Some(account) = accounts.iter().find(|account| !is_account(account))
    {
        return wrong(format!("{account:?} is not an account id: twelve digits"));
    }
    if let Selection::Only(regions) = &request.regions
        && let Some(region) = regions.iter().find(|region| !is_region(region))
    {
        return wrong(format!("{region:?} is not a Region, like us-east-1"));
    }
    Ok(())
}

async fn verify<S: ObjectSource>(context: Arc<Context<S>>) -> Outcome {
    let requested = Range {
        start: whole_seconds(context.request.window.start),
        end: whole_seconds(context.request.window.end),
    };
    let mut report = Report::new(&context.request.trail.arn, requested);
    let mut anchors = Vec::new();
    let pairs = context.find_pairs(&mut report.findings).await;
    if pairs.is_empty() && report.findings.is_empty() {
        let message = "there are no digests of any account and Region; is log file validation on, and are bucket and \
                       prefix the right ones?";
        report.findings.push(about(&context, Fault::new(Reason::NothingFound, message)));
    }
    let mut running = JoinSet::new();
    for pair in pairs {
        while running.len() >= context.request.limits.chains.max(1) {
            take(running.join_next().await, &mut report, &mut anchors);
        }
        running.spawn(Arc::clone(&context).verify_pair(pair));
    }
    while let Some(joined) = running.join_next().await {
        take(Some(joined), &mut report, &mut anchors);
    }
    report.settle();
    anchors.sort();
    Outcome { report, anchors }
}

fn take(
    joined: Option<Result<Done, tokio::task::JoinError>>,
    report: &mut Report,
    anchors: &mut Vec<Anchor>,
) {
    let Some(Ok(done)) = joined else { return };
    report.found = match (report.found, done.found) {
        (Some(one), Some(two)) => Some(one.around(two)),
        (one, two) => one.or(two),
    };
    report.chains.push(done.report);
    report.findings.extend(done.findings);
    anchors.extend(done.anchors);
}

fn about<S: ObjectSource>(context: &Context<S>, fault: Fault) -> Finding {
    let place = context.request.locations.first();
    Finding {
        severity: fault.severity,
        reason: fault.reason,
        object: place.map(|place| format!("s3://{}/{}", place.bucket, place.accounts_prefix())),
        account_id: None,
        region: None,
        message: fault.message,
    }
}

impl<S: ObjectSource> Context<S> {
    /// The accounts and Regions to verify: those asked for, those with a folder, those verified earlier.
    async fn find_pairs(&self, findings: &mut Vec<Finding>) -> BTreeSet<Pair> {
        let mut pairs = BTreeSet::new();
        for account in self.find_accounts(findings).await {
            for region in self.find_regions(&account, findings).await {
                pairs.insert(Pair { account: account.clone(), region });
            }
        }
        let earlier = self.request.anchors.iter();
        pairs.extend(
            earlier.map(|anchor| Pair { account: anchor.account_id.clone(), region: anchor.region.clone() }),
        );
        pairs
    }

    async fn find_accounts(&self, findings: &mut Vec<Finding>) -> BTreeSet<String> {
        if let Selection::Only(accounts) = &self.request.accounts {
            return accounts.iter().cloned().collect();
        }
        let mut found = BTreeSet::new();
        for location in &self.request.locations {
            if location.organization.is_none() {
                found.insert(self.request.trail.account.clone());
                continue;
            }
            match self.folders(location, &location.accounts_prefix()).await {
                Ok(names) => found.extend(names.into_iter().filter(|name| is_account(name))),
                Err(fault) => findings.push(about(self, fault)),
            }
        }
        found
    }

    async fn find_regions(&self, account: &str, findings: &mut Vec<Finding>) -> BTreeSet<String> {
        if let Selection::Only(regions) = &self.request.regions {
            return regions.iter().cloned().collect();
        }
        let mut found = BTreeSet::new();
        for location in &self.request.locations {
            match self.folders(location, &location.regions_prefix(account)).await {
                Ok(names) => found.extend(names.into_iter().filter(|name| is_region(name))),
                Err(fault) => findings.push(about(self, fault)),
            }
        }
        found
    }
}

//! Runs a request: finds the chains, and verifies them with bounded requests, threads and memory.
//!
//! Every object is a task of its own, so that a slow one holds up nobody: digests are read newest first without waiting
//! for each other, log files as soon as their digest's signature verifies, and the chain is walked when all were read.

mod ahead;
mod anchors;
mod chains;
mod changes;
mod context;
mod digests;
mod fetch;
mod hooks;
mod keys;
mod listing;
mod logs;
mod others;
mod pair;
mod unlisted;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

pub use self::hooks::{FileKind, Hooks, Listener, LogFileObserver, Observer, Progress, Snapshot};

use self::anchors::Recalled;
use self::chains::Done;
use self::context::Context;
use self::fetch::interrupted;
use self::pair::{Findings, Pair};
use crate::finding::{Fault, Finding, Reason, keep_worst};
use crate::names::{is_account, is_region};
use crate::report::{Range, Report};
use crate::request::{Anchor, Request, Selection};
use crate::source::ObjectSource;
use crate::time::whole_seconds;

/// Most accounts with a folder of their own, and most Regions of one: who may write to the bucket may make folders.
const MOST_ACCOUNTS: usize = 50_000;
const MOST_REGIONS: usize = 256;

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The report.
    pub report: Report,
    /// How far every chain is verified, sorted: what [`Request::anchors`] of the next run may be. Chains that were given an
    /// anchor always have one.
    pub anchors: Vec<Anchor>,
    /// Whether all chains are verified up to the newest digests that are there: only then can [`recall`] find the same
    /// anchors again, by the latest end of any.
    pub level: bool,
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
    cancel.run_until_cancelled(Box::pin(verify(context))).await.ok_or(RunError::Cancelled)
}

/// Finds how far every chain was verified at the window's end, going by what is there now: the newest digest of each that
/// ends until then, if it still verifies. Nothing else is read. Whoever remembers [`Anchor::hash`] and the number of
/// anchors of a run that was [`level`](Outcome::level), and the latest end of any, knows by them that these are the same.
pub async fn recall<S: ObjectSource>(source: S, request: Request, hooks: Hooks) -> Result<Outcome, RunError> {
    check(&request)?;
    let cancel = hooks.cancel.clone();
    let context = Arc::new(Context::new(source, request, hooks));
    cancel.run_until_cancelled(Box::pin(recall_all(context))).await.ok_or(RunError::Cancelled)
}

async fn recall_all<S: ObjectSource>(context: Arc<Context<S>>) -> Outcome {
    let report = Report::new(&context.request.trail.arn, context.request.window);
    let mut outcome = Outcome { report, anchors: Vec::new(), level: false };
    let pairs = context.find_pairs(&mut outcome.report.findings).await;
    each(&context, pairs, Context::recall_pair, |joined| match joined {
        Ok(Recalled { anchors, found }) => {
            outcome.anchors.extend(anchors);
            outcome.report.findings.extend(found.findings);
        }
        Err(pair) => lost(&context, &pair, &mut outcome),
    })
    .await;
    outcome.report.settle();
    outcome.anchors.sort();
    outcome.level = is_clear(&outcome.report.findings);
    outcome
}

/// Whether nothing kept anything away.
fn is_clear(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.reason == Reason::NothingFound)
}

fn check(request: &Request) -> Result<(), RunError> {
    let wrong = |message: String| Err(RunError::Request(message));
    if request.window.start > request.window.end {
        let Range { start, end } = request.window;
        return wrong(format!("the start time {start} is after the end time {end}"));
    }
    if let Some(anchor) = request.anchors.iter().find(|a| !is_account(&a.account_id) || !is_region(&a.region))
    {
        let Anchor { account_id, region, .. } = anchor;
        return wrong(format!("an anchor is for {account_id:?} in {region:?}: no account and Region"));
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
    let report = Report::new(&context.request.trail.arn, requested);
    let mut outcome = Outcome { report, anchors: Vec::new(), level: true };
    let pairs = context.find_pairs(&mut outcome.report.findings).await;
    outcome.level = is_clear(&outcome.report.findings);
    each(&context, pairs, Context::verify_pair, |joined| match joined {
        Ok(Some(done)) => take(done, &mut outcome),
        Ok(None) => {}
        Err(pair) => lost(&context, &pair, &mut outcome),
    })
    .await;
    if outcome.report.chains.is_empty() && outcome.report.findings.is_empty() {
        let message = "there are no digests of any account and Region; is log file validation on, and are bucket and \
                       prefix the right ones?";
        outcome.report.findings.push(about(&context, Fault::new(Reason::NothingFound, message)));
    }
    outcome.report.settle();
    outcome.anchors.sort();
    outcome
}

/// Works on all accounts and Regions, some at a time. One whose work ended before it was done is handed over by its name.
async fn each<S, T, F>(
    context: &Arc<Context<S>>,
    pairs: BTreeSet<Pair>,
    work: impl Fn(Arc<Context<S>>, Pair) -> F,
    mut take: impl FnMut(Result<T, Pair>),
) where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let mut running = JoinSet::new();
    let mut names = HashMap::new();
    let mut pairs = pairs.into_iter();
    loop {
        while running.len() < context.request.limits.chains.max(1)
            && let Some(pair) = pairs.next()
        {
            names.insert(running.spawn(work(Arc::clone(context), pair.clone())).id(), pair);
        }
        let (id, joined) = match running.join_next_with_id().await {
            None => return,
            Some(Ok((id, done))) => (id, Ok(done)),
            Some(Err(error)) => (error.id(), Err(())),
        };
        if let Some(pair) = names.remove(&id) {
            take(joined.map_err(|()| pair));
        }
    }
}

fn take(done: Done, outcome: &mut Outcome) {
    let report = &mut outcome.report;
    report.found = match (report.found, done.found) {
        (Some(one), Some(two)) => Some(one.around(two)),
        (one, two) => one.or(two),
    };
    report.chains.push(done.report);
    report.findings.extend(done.findings);
    keep_worst(&mut report.findings, |finding| finding.severity);
    outcome.anchors.extend(done.anchors);
    outcome.level &= done.level;
}

/// An account and Region of which nothing is known, since verifying them ended before it was done.
fn lost<S: ObjectSource>(context: &Context<S>, pair: &Pair, outcome: &mut Outcome) {
    let mut found = Findings::new(pair);
    found.add(&context.place_of(pair), interrupted("verifying its digests"));
    outcome.report.chains.push(found.report);
    outcome.report.findings.extend(found.findings);
    outcome.anchors.extend(context.remembered(pair).cloned());
    outcome.level = false;
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
        let earlier = self.request.anchors.iter();
        let mut pairs: BTreeSet<Pair> = earlier
            .map(|anchor| Pair { account: anchor.account_id.clone(), region: anchor.region.clone() })
            .chain(self.reported())
            .collect();
        let mut empty = Vec::new();
        let most = self.request.limits.pairs;
        for account in self.find_accounts(findings).await {
            let Some(regions) = self.find_regions(&account, findings).await else { continue };
            if pairs.len() + regions.len() > most {
                let message = format!(
                    "there are more than {most} folders of accounts and Regions; say which ones are to be verified"
                );
                findings.push(about(self, Fault::new(Reason::TooMuch, message)));
                break;
            }
            if regions.is_empty() {
                empty.push(account.clone());
            }
            pairs.extend(regions.into_iter().map(|region| Pair { account: account.clone(), region }));
        }
        // Where there is nothing at all, that is said once.
        empty.retain(|account| !pairs.is_empty() && pairs.iter().all(|pair| pair.account != *account));
        findings.extend(empty.into_iter().flat_map(|account| self.without_regions(account)));
        pairs
    }

    /// An account with a folder, or that was asked for, of which no Region has any digests or log files.
    fn without_regions(&self, account: String) -> Vec<Finding> {
        let pair = Pair { account, region: self.request.trail.home_region.clone() };
        let mut found = Findings::new(&pair);
        let message = "there are no digests of that account, in this Region nor in any other; does the trail deliver for \
                       it, and were they removed?";
        found.add(&self.place_of(&pair), Fault::new(Reason::NothingFound, message));
        found.findings
    }

    /// Regions for which CloudTrail says that it delivered in this time: a folder that is gone is no peace.
    fn reported(&self) -> impl Iterator<Item = Pair> {
        let Request { delivery, window, trail, regions, accounts, .. } = &self.request;
        let all = *regions == Selection::All && *accounts == Selection::All;
        let lately = move |latest: Option<Timestamp>| latest.is_some_and(|latest| latest > window.start);
        let reported = delivery.iter().filter(move |(_, word)| all && lately(word.latest_digest));
        reported.map(|(region, _)| Pair { account: trail.account.clone(), region: region.clone() })
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
            match self.folders(location, &location.accounts_prefix(), is_account, MOST_ACCOUNTS).await {
                Ok(names) => found.extend(names),
                Err(fault) => findings.push(about(self, fault)),
            }
        }
        found
    }

    /// Regions with digests of an account, and where files that no digest lists are looked for also those with log files
    /// only: digests may have been removed. `None` when not all could be listed and none was found.
    async fn find_regions(&self, account: &str, findings: &mut Vec<Finding>) -> Option<BTreeSet<String>> {
        if let Selection::Only(regions) = &self.request.regions {
            return Some(regions.iter().cloned().collect());
        }
        let (mut found, mut complete) = (BTreeSet::new(), true);
        for location in &self.request.locations {
            let (digests, logs) = (location.regions_prefix(account), location.log_regions_prefix(account));
            let log_files = async {
                if self.request.unlisted {
                    self.folders(location, &logs, is_region, MOST_REGIONS).await
                } else {
                    Ok(Vec::new())
                }
            };
            let (digests, log_files) =
                tokio::join!(self.folders(location, &digests, is_region, MOST_REGIONS), log_files);
            for listed in [digests, log_files] {
                match listed {
                    Ok(names) => found.extend(names),
                    Err(fault) => {
                        findings.push(about(self, fault));
                        complete = false;
                    }
                }
            }
        }
        (complete || !found.is_empty()).then_some(found)
    }
}

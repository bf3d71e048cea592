//! Leader election by a Lease: thin I/O around [`decision`].
//!
//! Every write carries the resourceVersion that was read, so that of two candidates the API server lets one through.
//! A leader that cannot renew has ended before its Lease runs out (fail-stop): time counts from before the request, and
//! the limit holds while a request hangs.

mod decision;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::{api::coordination::v1::Lease, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Client, api::PostParams};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::decision::{DURATION, Decision, decide, give_up};
use crate::{
    check::Health,
    kubernetes::{self, CallError},
};

/// Between two looks at the Lease.
const PERIOD: Duration = Duration::from_secs(3);
/// A leader that has not renewed for this long begins no new work. What remains of the Lease's duration is for finishing.
const RENEW_WITHIN: Duration = Duration::from_secs(10);
/// Before the Lease runs out everything must have ended; this much before, to be sure.
const MARGIN: Duration = Duration::from_secs(1);
/// One look or write.
const CALL: Duration = Duration::from_secs(4);

/// A candidate for the Lease.
pub(crate) struct Candidate {
    leases: Api<Lease>,
    name: &'static str,
    me: String,
    /// The Lease as last seen, and since when.
    seen: Option<(String, Instant)>,
}

/// What a look at the Lease came to.
enum Term {
    Mine,
    Theirs,
}

impl Candidate {
    /// A candidate called `me` for Lease `name`.
    pub(crate) fn new(client: Client, namespace: &str, name: &'static str, me: String) -> Self {
        Self { leases: Api::namespaced(client, namespace), name, me, seen: None }
    }

    /// Waits until this process leads, and gives the time from which the Lease counts. `None` when told to stop first.
    pub(crate) async fn acquire(&mut self, stop: &CancellationToken, health: &Health) -> Option<Instant> {
        loop {
            let asked = Instant::now();
            match self.look().await {
                Ok(Term::Mine) => return Some(asked),
                Ok(Term::Theirs) => health.follows(),
                Err(error) => {
                    health.unconnected();
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "cannot read or write the Lease");
                }
            }
            tokio::select! {
                () = stop.cancelled() => return None,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Renews until `done`, then gives the Lease up.
    ///
    /// # Errors
    /// [`Lost`] at the latest [`RENEW_WITHIN`] after the last renewal, however slow the API server is.
    pub(crate) async fn keep(
        mut self,
        acquired: Instant,
        done: &CancellationToken,
        health: &Health,
    ) -> Result<(), Lost> {
        let mut renewed = acquired;
        loop {
            let lost = Lost { over_by: renewed + DURATION - MARGIN };
            tokio::select! {
                () = done.cancelled() => {
                    self.release().await;
                    return Ok(());
                }
                () = tokio::time::sleep_until((Instant::now() + PERIOD).min(renewed + RENEW_WITHIN)) => {}
            }
            let asked = Instant::now();
            match tokio::time::timeout_at(renewed + RENEW_WITHIN, self.look()).await {
                Ok(Ok(Term::Mine)) => {
                    renewed = asked;
                    health.renewed();
                }
                Ok(Ok(Term::Theirs)) | Err(_) => return Err(lost),
                Ok(Err(error)) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot renew the Lease");
                }
            }
        }
    }

    async fn look(&mut self) -> Result<Term, CallError> {
        let lease = brief("reading the Lease", self.leases.get_opt(self.name)).await?;
        let version =
            lease.as_ref().and_then(|lease| lease.metadata.resource_version.clone()).unwrap_or_default();
        let since = match &self.seen {
            Some((seen, since)) if *seen == version => *since,
            _ => self.seen.insert((version, Instant::now())).1,
        };
        let spec = lease.as_ref().and_then(|lease| lease.spec.as_ref());
        match decide(spec, &self.me, since.elapsed(), Timestamp::now()) {
            Decision::Wait => Ok(Term::Theirs),
            Decision::Write(spec) => {
                let metadata = lease.map_or_else(
                    || ObjectMeta { name: Some(self.name.into()), ..ObjectMeta::default() },
                    |lease| lease.metadata,
                );
                self.write(Lease { metadata, spec: Some(spec) }).await
            }
        }
    }

    /// Creates or replaces; the loser of a race is told so by a conflict.
    async fn write(&self, lease: Lease) -> Result<Term, CallError> {
        let params = PostParams::default();
        let result = if lease.metadata.resource_version.is_some() {
            brief("writing the Lease", self.leases.replace(self.name, &params, &lease)).await
        } else {
            brief("creating the Lease", self.leases.create(&params, &lease)).await
        };
        match result {
            Ok(_) => Ok(Term::Mine),
            Err(CallError::Kube { source, .. }) if matches!(&*source, kube::Error::Api(s) if s.is_conflict() || s.is_already_exists()) => {
                Ok(Term::Theirs)
            }
            Err(error) => Err(error),
        }
    }

    async fn release(&self) {
        let result = async {
            let Some(mut lease) = brief("reading the Lease", self.leases.get_opt(self.name)).await? else {
                return Ok(());
            };
            let Some(spec) = lease.spec.as_ref().and_then(|spec| give_up(spec, &self.me)) else {
                return Ok(());
            };
            lease.spec = Some(spec);
            self.write(lease).await.map(drop)
        };
        match result.await {
            Ok(()) => tracing::info!("gave up the Lease"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "cannot give up the Lease; it runs out in {} s", DURATION.as_secs());
            }
        }
    }
}

/// The Lease belongs to somebody else, or could not be renewed in time.
#[derive(Debug, thiserror::Error)]
#[error("the Lease was lost")]
pub(crate) struct Lost {
    /// By then another process may act.
    pub(crate) over_by: Instant,
}

async fn brief<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    kubernetes::call_within(CALL, what, call).await
}

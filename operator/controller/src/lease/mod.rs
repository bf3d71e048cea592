//! Leader election by a Lease: thin I/O around [`decision`].
//!
//! Every write carries the resourceVersion that was read, so that of two candidates the API server lets one through.
//! A leader that cannot renew stops before its Lease runs out (fail-stop).

mod decision;

use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::{api::coordination::v1::Lease, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Client, api::PostParams};
use tokio_util::sync::CancellationToken;

use self::decision::{DURATION, Decision, decide, give_up};
use crate::{check::Health, kubernetes::CallError};

/// Between two looks at the Lease.
const PERIOD: Duration = Duration::from_secs(3);
/// A leader that has not renewed for this long stops. What remains of the Lease's 15 s is for stopping.
const RENEW_WITHIN: Duration = Duration::from_secs(10);
/// One look or write; short, so that a hanging API server does not eat up [`RENEW_WITHIN`].
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

    /// Waits until this process leads. `false` when it was told to stop first.
    pub(crate) async fn acquire(&mut self, stop: &CancellationToken, health: &Health) -> bool {
        loop {
            match self.look().await {
                Ok(Term::Mine) => return true,
                Ok(Term::Theirs) => health.follows(),
                Err(error) => {
                    health.unconnected();
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "cannot read or write the Lease"
                    );
                }
            }
            tokio::select! {
                () = stop.cancelled() => return false,
                () = tokio::time::sleep(PERIOD) => {}
            }
        }
    }

    /// Renews until `done`, then gives the Lease up. `Err` when the Lease was lost before.
    pub(crate) async fn keep(mut self, done: &CancellationToken, health: &Health) -> Result<(), Lost> {
        let mut renewed = Instant::now();
        loop {
            tokio::select! {
                () = done.cancelled() => {
                    self.release().await;
                    return Ok(());
                }
                () = tokio::time::sleep(PERIOD) => {}
            }
            let started = Instant::now();
            match self.look().await {
                Ok(Term::Mine) => {
                    renewed = started;
                    health.renewed();
                }
                Ok(Term::Theirs) => return Err(Lost),
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot renew the Lease");
                }
            }
            if renewed.elapsed() >= RENEW_WITHIN {
                return Err(Lost);
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
pub(crate) struct Lost;

async fn brief<T>(
    what: &'static str,
    call: impl Future<Output = Result<T, kube::Error>>,
) -> Result<T, CallError> {
    match tokio::time::timeout(CALL, call).await {
        Ok(result) => result.map_err(|source| CallError::Kube { what, source: Box::new(source) }),
        Err(_) => Err(CallError::TimedOut { what }),
    }
}

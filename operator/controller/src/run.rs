//! The verb `run`: puts everything together, in the order in which it starts and stops.

use std::{process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use trail_operator_aws::{Clients, Observer, check_endpoints};

use crate::{
    check::{Election, Health},
    cli::RunArgs,
    controllers::{self, Shared},
    events::Publisher,
    http, kubernetes,
    lease::Candidate,
    metrics::Metrics,
    stores::WATCHES,
};

/// Name of the Lease.
const LEASE: &str = "trail-operator";

/// What is in hand may take this long after the Lease was lost: then another process may begin to act.
const AFTER_LOSS: Duration = Duration::from_secs(4);

/// Runs until SIGTERM or SIGINT, or until the Lease is lost.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    check_endpoints(std::env::vars())?;
    let stop = stop_on_signals()?;
    let health = Health::starting();
    let metrics = Metrics::new();
    http::serve_health(args.health_address, health.clone()).await?;
    http::serve_metrics(args.metrics_address, metrics.clone(), health.clone()).await?;

    let client = kubernetes::connect().await?;
    let me = args.pod_name.clone().unwrap_or_else(|| format!("trail-operator-{:08x}", fastrand::u32(..)));
    tracing::info!(version = env!("CARGO_PKG_VERSION"), name = me, "started");

    if !args.leader_election {
        health.leads(Election::Off, &WATCHES);
        let shared = shared(&args, client, metrics, me, stop).await?;
        run_controllers(shared, health).await;
        return Ok(ExitCode::SUCCESS);
    }
    let namespace = args.pod_namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let mut candidate = Candidate::new(client.clone(), &namespace, LEASE, me.clone());
    if !candidate.acquire(&stop, &health).await {
        return Ok(ExitCode::SUCCESS);
    }
    tracing::info!(namespace, "leads");
    health.leads(Election::ByLease, &WATCHES);
    let shared = shared(&args, client, metrics, me, stop).await?;
    lead(candidate, shared, health).await
}

/// Runs the controllers while the Lease is kept, and gives it up when they have finished.
async fn lead(candidate: Candidate, shared: Shared, health: Health) -> anyhow::Result<ExitCode> {
    let stop = shared.stop.clone();
    let finished = CancellationToken::new();
    let keeper = tokio::spawn({
        let (finished, health) = (finished.clone(), health.clone());
        async move { candidate.keep(&finished, &health).await }
    });
    let mut controllers = tokio::spawn(run_controllers(shared, health.clone()));
    let mut keeper = keeper;
    tokio::select! {
        kept = &mut keeper => {
            health.stops();
            stop.cancel();
            if tokio::time::timeout(AFTER_LOSS, &mut controllers).await.is_err() {
                tracing::error!("a change is still in hand; leaving it, since another process may lead by now");
            }
            kept.context("the task that keeps the Lease ended")??;
            Ok(ExitCode::FAILURE)
        }
        ended = &mut controllers => {
            finished.cancel();
            let kept = keeper.await.context("the task that keeps the Lease ended")?;
            ended.context("a controller ended")?;
            kept?;
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn run_controllers(shared: Shared, health: Health) {
    let stop = shared.stop.clone();
    let stopping = health.clone();
    tokio::spawn(async move {
        stop.cancelled().await;
        stopping.stops();
    });
    futures::join!(controllers::aws_account::run(shared.clone()), controllers::trail::run(shared, health));
}

async fn shared(
    args: &RunArgs,
    client: Client,
    metrics: Arc<Metrics>,
    me: String,
    stop: CancellationToken,
) -> anyhow::Result<Shared> {
    let cluster_id = match &args.cluster_id {
        Some(id) => id.clone(),
        None => cluster_id(&client).await?,
    };
    let observer = Observer::new({
        let metrics = metrics.clone();
        move |call| metrics.called_aws(call)
    });
    Ok(Shared {
        aws: Arc::new(Clients::from_environment(observer).await),
        events: Publisher::new(client.clone(), me),
        cluster_id: cluster_id.into(),
        client,
        metrics,
        stop,
    })
}

/// The uid of namespace kube-system: the same for the life of a cluster, and no other cluster's.
async fn cluster_id(client: &Client) -> anyhow::Result<String> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let system = kubernetes::call("reading namespace kube-system", namespaces.get("kube-system"))
        .await
        .context("cannot tell this cluster from others; give --cluster-id")?;
    system.uid().context("namespace kube-system has no uid; give --cluster-id")
}

fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    tokio::spawn({
        let stop = stop.clone();
        async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("told to stop; finishing what is in hand");
            stop.cancel();
        }
    });
    Ok(stop)
}

//! The verb `run`: puts everything together, in the order in which it starts and stops.

use std::{pin::Pin, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use k8s_openapi::api::core::v1::Namespace;
use kube::{Api, Client, ResourceExt};
use tokio::{
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use trail_operator_aws::{Clients, Observer, check_endpoints};
use trail_operator_domain::cost::{Overrides, Prices};

use crate::{
    check::{Election, Health, Work},
    cli::RunArgs,
    controllers::{self, Shared, trail::costing::Costing},
    events::Publisher,
    http,
    identities::Identities,
    kubernetes,
    lease::{Candidate, Lost},
    metrics::Metrics,
    stores::WATCHES,
};

/// Name of the Lease.
const LEASE: &str = "trail-operator";

/// Runs until SIGTERM or SIGINT, or until the Lease is lost.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    check_endpoints(environment())?;
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
        Box::pin(run_controllers(shared, health)).await;
        return Ok(ExitCode::SUCCESS);
    }
    let namespace = args.pod_namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let mut candidate = Candidate::new(client.clone(), &namespace, LEASE, me.clone());
    let Some(acquired) = candidate.acquire(&stop, &health).await else { return Ok(ExitCode::SUCCESS) };
    tracing::info!(namespace, "leads");
    health.leads(Election::ByLease, &WATCHES);

    let finished = CancellationToken::new();
    let keeper = tokio::spawn({
        let (finished, health) = (finished.clone(), health.clone());
        async move { candidate.keep(acquired, &finished, &health).await }
    });
    let work = async {
        let shared = shared(&args, client, metrics, me, stop.clone()).await?;
        Box::pin(run_controllers(shared, health.clone())).await;
        anyhow::Ok(())
    };
    while_leading(keeper, &finished, &stop, &health, Box::pin(work)).await
}

/// Works while the Lease is kept, and gives it up when the work has ended, well or not.
async fn while_leading(
    mut keeper: JoinHandle<Result<(), Lost>>,
    finished: &CancellationToken,
    stop: &CancellationToken,
    health: &Health,
    mut work: Pin<Box<impl Future<Output = anyhow::Result<()>>>>,
) -> anyhow::Result<ExitCode> {
    tokio::select! {
        kept = &mut keeper => {
            let Err(lost) = kept.context("the task that keeps the Lease ended")? else {
                anyhow::bail!("the Lease was given up while it was needed");
            };
            health.stops();
            stop.cancel();
            if tokio::time::timeout_at(lost.over_by, work).await.is_err() {
                tracing::error!("a change is still in hand; leaving it, since another process may lead by now");
            }
            Err(lost.into())
        }
        ended = &mut work => {
            finished.cancel();
            let kept = keeper.await.context("the task that keeps the Lease ended")?;
            ended?;
            kept?;
            tracing::info!("stopped");
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Runs every controller until told to stop, and finishes what is in hand. A controller whose watch has never answered
/// has nothing in hand, and would wait for that answer first.
async fn run_controllers(shared: Shared, health: Health) {
    let stop = shared.stop.clone();
    let controllers = controllers::run(shared, health.clone());
    let nothing_to_finish = async {
        stop.cancelled().await;
        if health.stops() == Work::Possible {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = controllers => {}
        () = nothing_to_finish => {}
    }
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
    let costing = costing(args)?;
    metrics.prices_of(costing.prices().date());
    Ok(Shared {
        aws: Arc::new(Clients::from_environment(observer).await?),
        events: Publisher::new(client.clone(), me),
        identities: Identities::default(),
        cluster_id: cluster_id.into(),
        read_only: args.read_only,
        costing,
        watch_namespaces: args.watch_namespaces.clone().into(),
        client,
        metrics,
        stop,
    })
}

/// How costs are estimated, with the prices of the file if there is one.
fn costing(args: &RunArgs) -> anyhow::Result<Costing> {
    let overrides = match &args.prices {
        Some(path) => {
            let what = || format!("--prices: cannot read {}", path.display());
            let text = std::fs::read_to_string(path).with_context(what)?;
            let value: serde_json::Value = serde_saphyr::from_str(&text).with_context(what)?;
            Overrides::from_value(&value).map_err(anyhow::Error::msg).with_context(what)?
        }
        None => Overrides::default(),
    };
    Ok(Costing {
        every: Duration::from_secs(args.cost_interval),
        list: Arc::new(Prices::built_in()),
        overrides: Arc::new(overrides),
        refresh: args.price_refresh,
    })
}

/// The environment as text; a variable that is none is shown as well as can be.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
    std::env::vars_os().map(move |(name, value)| (text(name), text(value)))
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

//! `/livez`, `/readyz` and `/metrics`.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    http::{StatusCode, header},
    response::IntoResponse,
    routing::get,
};
use tokio::net::TcpListener;

use crate::{check::Health, metrics::Metrics};

/// Serves health checks until the process ends.
pub(crate) async fn serve_health(address: SocketAddr, health: Health) -> anyhow::Result<()> {
    let live = health.clone();
    let router = Router::new()
        .route("/livez", get(async move || answer(live.live().map(|()| "ok"))))
        .route("/readyz", get(async move || answer(health.ready())));
    serve("--health-address", address, router).await
}

/// Serves metrics until the process ends.
pub(crate) async fn serve_metrics(
    address: SocketAddr,
    metrics: Arc<Metrics>,
    health: Health,
) -> anyhow::Result<()> {
    const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let router = Router::new().route(
        "/metrics",
        get(async move || match metrics.text(health.is_leader()) {
            Ok(text) => ([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }),
    );
    serve("--metrics-address", address, router).await
}

async fn serve(flag: &str, address: SocketAddr, router: Router) -> anyhow::Result<()> {
    let listener =
        TcpListener::bind(address).await.with_context(|| format!("cannot listen on {flag} {address}"))?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, %address, "the server ended");
        }
    });
    Ok(())
}

fn answer(result: Result<&str, impl Into<String>>) -> (StatusCode, String) {
    match result {
        Ok(text) => (StatusCode::OK, text.to_owned()),
        Err(text) => (StatusCode::SERVICE_UNAVAILABLE, text.into()),
    }
}

//! The operator's HTTP server: `/livez`, `/readyz`, `/metrics`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use warp::Filter;
use warp::http::StatusCode;

use crate::metrics::Metrics;

/// Serves until the process ends. `ready` is set once the API server has answered.
pub async fn serve(address: SocketAddr, metrics: Metrics, ready: Arc<AtomicBool>) {
    let livez = warp::path!("livez").map(|| StatusCode::OK);
    let readyz = warp::path!("readyz").map(move || {
        if ready.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    });
    let metrics = warp::path!("metrics").map(move || {
        warp::reply::with_header(metrics.text(), "content-type", "text/plain; version=0.0.4")
    });
    warp::serve(livez.or(readyz).or(metrics)).run(address).await;
}

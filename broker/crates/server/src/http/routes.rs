//! What is served, and the server.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::watch;
use warp::Filter;
use warp::http::StatusCode;
use warp::reply::{Reply, Response, with_header, with_status};

use super::Health;

/// Content type of the Prometheus text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What the HTTP listener shows.
pub trait HttpServer: Send + Sync + 'static {
    /// The node's state.
    fn health(&self) -> &Health;

    /// The metrics in the Prometheus text format, as of now.
    fn metrics(&self) -> String;
}

/// Serves on an address until `stop` turns true; returns the bound address at once and a future
/// that ends with the server.
///
/// # Errors
/// Those of the operating system, mostly that the port is taken.
pub async fn serve(
    address: SocketAddr,
    server: Arc<dyn HttpServer>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<(SocketAddr, impl Future<Output = ()> + Send)> {
    let listener = TcpListener::bind(address).await?;
    let bound = listener.local_addr()?;
    let stopped = async move {
        // An error means that the sender is gone, and so is the node.
        let _ = stop.wait_for(|stop| *stop).await;
    };
    let served = warp::serve(routes(server)).incoming(listener).graceful(stopped).run();
    Ok((bound, served))
}

fn routes(
    server: Arc<dyn HttpServer>,
) -> impl Filter<Extract = (impl Reply,), Error = warp::Rejection> + Clone {
    let server = warp::any().map(move || Arc::clone(&server));
    let livez = warp::path!("livez").map(|| "live\n".into_response());
    let readyz = warp::path!("readyz")
        .and(server.clone())
        .map(|server: Arc<dyn HttpServer>| readyz(server.health()));
    let metrics = warp::path!("metrics")
        .and(server)
        .map(|server: Arc<dyn HttpServer>| metrics(server.metrics()));
    warp::get().or(warp::head()).unify().and(livez.or(readyz).unify().or(metrics).unify())
}

fn readyz(health: &Health) -> Response {
    let status = if health.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    with_status(format!("{}\n", health.state().description()), status).into_response()
}

fn metrics(text: String) -> Response {
    with_header(text, "content-type", TEXT_FORMAT).into_response()
}

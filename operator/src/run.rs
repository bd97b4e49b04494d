//! Wiring: the lease, then the controllers, until a signal or the loss of the lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::FutureExt;
use futures::future::{join_all, select, select_all};
use kube::Client;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::cli::Run;
use crate::cluster::{self, Defaults};
use crate::event::Events;
use crate::lease::Election;
use crate::metrics::Metrics;
use crate::{http, topic};

/// Name of the lease.
const LEASE: &str = "barnabas-operator";

/// Why the operator ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No API server is configured, or it cannot be talked to.
    #[error("cannot reach a Kubernetes API server: {0}")]
    Client(#[from] kube::Error),
    /// The process has no signals or sockets.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// The metrics could not be set up.
    #[error("{0}")]
    Metrics(#[from] prometheus::Error),
    /// Another process may act now: this one must not.
    #[error("the lease was lost")]
    LeaseLost,
    /// A watch ended.
    #[error("{0}")]
    Watch(#[from] kube::runtime::watcher::Error),
}

/// Runs the operator until SIGTERM or SIGINT.
///
/// # Errors
/// It cannot start, or must not go on.
pub async fn run(options: Run) -> Result<(), Error> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let client = Client::try_default().await?;
    let metrics = Metrics::new()?;
    let ready = Arc::new(AtomicBool::new(false));
    tokio::spawn(http::serve(options.http, metrics.clone(), Arc::clone(&ready)));
    client.apiserver_version().await?;
    ready.store(true, Ordering::Relaxed);

    let namespace =
        options.lease_namespace.clone().unwrap_or_else(|| client.default_namespace().to_owned());
    let identity = options.identity.clone().unwrap_or_else(host_name);
    let election = Election::new(client.clone(), &namespace, LEASE, &identity);
    let signalled = async move {
        select(term.recv().boxed(), int.recv().boxed()).await;
    };
    let mut signalled = Box::pin(signalled);
    if !options.no_leader_election {
        tracing::info!(namespace, identity, "waiting for the lease");
        tokio::select! {
            () = election.win() => {}
            () = &mut signalled => return Ok(()),
        }
    }
    tracing::info!("acting");
    metrics.leader.set(1);
    let (stop, stopped) = watch::channel(false);
    let events = Events::new(client.clone(), &identity);
    let work = tokio::spawn(controllers(client, options.clone(), events, metrics, stopped));
    let lost = async {
        if options.no_leader_election {
            std::future::pending::<()>().await;
        }
        election.hold().await;
    };
    let outcome = tokio::select! {
        () = signalled => Ok(()),
        () = lost => Err(Error::LeaseLost),
    };
    // Passes that have begun come to their end before another operator begins.
    let _ = stop.send(true);
    if outcome.is_ok() {
        let _ = tokio::time::timeout(std::time::Duration::from_secs(5), work).await;
        if !options.no_leader_election {
            election.release().await;
        }
    }
    outcome
}

async fn controllers(
    client: Client,
    options: Run,
    events: Events,
    metrics: Metrics,
    stopped: watch::Receiver<bool>,
) {
    let namespaces: Vec<Option<String>> = if options.namespaces.is_empty() {
        vec![None]
    } else {
        options.namespaces.into_iter().map(Some).collect()
    };
    let address = options.broker_address;
    let bootstrap = move |key: &topic::Key| {
        address.replace("{namespace}", &key.namespace).replace("{cluster}", &key.cluster)
    };
    let context = Arc::new(cluster::Context {
        client: client.clone(),
        defaults: Defaults { broker_image: options.broker_image },
        admins: cluster::Admins::new(Box::new(bootstrap.clone())),
        events: events.clone(),
        metrics: metrics.clone(),
    });
    let clusters = join_all(namespaces.iter().map(|namespace| {
        cluster::run(Arc::clone(&context), namespace.as_deref(), until(stopped.clone())).boxed()
    }));
    let telling = (events, metrics);
    let topics =
        topic::run(client, &namespaces, Box::new(bootstrap), telling, until(stopped.clone()));
    let clusters = clusters.map(|_| Ok(())).boxed();
    let topics = topics.boxed();
    let (ended, _, rest) = select_all([clusters, topics]).await;
    if let Err(error) = ended {
        tracing::error!(%error, "a controller ended");
    }
    join_all(rest).await;
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, and with it the reason to go on.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

fn host_name() -> String {
    std::fs::read_to_string("/etc/hostname")
        .map_or_else(|_| "barnabas-operator".to_owned(), |name| name.trim().to_owned())
}

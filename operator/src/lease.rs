//! Leader election on a `coordination.k8s.io/v1` Lease: one operator acts, the others wait.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Client;
use kube::api::{Api, PostParams};

mod decision;

use decision::{Step, decide, released, renewed};

/// How long a lease holds without being renewed: what a crash costs.
const LEASE_SECONDS: i32 = 15;
/// How often the holder renews it.
const RENEW_EVERY: Duration = Duration::from_secs(5);
/// How often others look whether it is free.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// A holder that cannot renew for so long stops acting before others may start.
const GIVE_UP_AFTER: Duration = Duration::from_secs(10);

/// The lease, and who wants it.
pub struct Election {
    api: Api<Lease>,
    name: String,
    identity: String,
}

impl Election {
    /// An election by the lease `name` in `namespace`.
    #[must_use]
    pub fn new(client: Client, namespace: &str, name: &str, identity: &str) -> Self {
        let api = Api::namespaced(client, namespace);
        Self { api, name: name.to_owned(), identity: identity.to_owned() }
    }

    /// Returns once this process holds the lease.
    pub async fn win(&self) {
        loop {
            match self.attempt().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "lease not read"),
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Renews the lease; returns when it is lost.
    pub async fn hold(&self) {
        let mut renewed_at = tokio::time::Instant::now();
        loop {
            tokio::time::sleep(RENEW_EVERY).await;
            match tokio::time::timeout(RENEW_EVERY, self.attempt()).await {
                Ok(Ok(true)) => renewed_at = tokio::time::Instant::now(),
                Ok(Ok(false)) => return,
                Ok(Err(error)) => tracing::warn!(%error, "lease not renewed"),
                Err(_) => tracing::warn!("lease not renewed in time"),
            }
            if renewed_at.elapsed() >= GIVE_UP_AFTER {
                return;
            }
        }
    }

    /// Gives the lease up, so that another process need not wait for it to run out.
    pub async fn release(&self) {
        let result = async {
            if let Some(lease) = self.api.get_opt(&self.name).await?
                && let Some(lease) = released(lease, &self.identity)
            {
                self.api.replace(&self.name, &PostParams::default(), &lease).await?;
            }
            Ok::<(), kube::Error>(())
        };
        if let Err(error) = result.await {
            tracing::warn!(%error, "lease not released");
        }
    }

    /// Takes or renews the lease if that is allowed; whether this process holds it then.
    async fn attempt(&self) -> kube::Result<bool> {
        let now = Timestamp::now();
        let found = self.api.get_opt(&self.name).await?;
        let wanted = renewed(found.clone(), &self.name, &self.identity, LEASE_SECONDS, now);
        let result = match decide(found.as_ref(), &self.identity, now) {
            Step::Wait => return Ok(false),
            Step::Create => self.api.create(&PostParams::default(), &wanted).await,
            Step::Replace => self.api.replace(&self.name, &PostParams::default(), &wanted).await,
        };
        match result {
            Ok(_) => Ok(true),
            // Somebody else was faster.
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(false),
            Err(error) => Err(error),
        }
    }
}

//! Clients of the clusters, one for each, kept between passes.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::kafka::Admin;
use crate::topic::Key;

/// Makes and keeps clients.
pub struct Admins {
    address: Box<dyn Fn(&Key) -> String + Send + Sync>,
    clients: Mutex<BTreeMap<Key, Arc<Admin>>>,
}

impl Admins {
    /// Clients of the addresses that `address` gives, as `host:port`.
    #[must_use]
    pub fn new(address: Box<dyn Fn(&Key) -> String + Send + Sync>) -> Self {
        Self { address, clients: Mutex::default() }
    }

    /// The client of a cluster.
    #[must_use]
    pub fn of(&self, key: &Key) -> Arc<Admin> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(Admin::new((self.address)(key)));
        Arc::clone(clients.entry(key.clone()).or_insert_with(made))
    }

    /// Forgets the client of a cluster that is gone.
    pub fn forget(&self, key: &Key) {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl fmt::Debug for Admins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admins").finish_non_exhaustive()
    }
}

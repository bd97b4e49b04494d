//! How many connections there may be, in all and from one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Limits of the network layer, with Kafka's defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// `socket.request.max.bytes`.
    pub max_frame_bytes: usize,
    /// `max.connections` of the broker.
    pub max_connections: usize,
    /// `max.connections.per.ip`.
    pub max_connections_per_ip: usize,
    /// `max.connection.creation.rate`, per second; `None` is without limit.
    pub max_creation_rate: Option<u32>,
    /// `connections.max.idle.ms`.
    pub max_idle: Duration,
    /// Longest time without a byte of progress while a request is arriving or a response leaving:
    /// no config of Kafka, which has only the idle time for that.
    pub max_stall: Duration,
    /// Requests of one connection processed at a time. Further ones stay in the socket.
    pub max_in_flight: usize,
    /// Bytes of responses in memory that a connection may owe before it is not read from.
    pub max_unsent_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_frame_bytes: 100 << 20,
            max_connections: i32::MAX as usize,
            max_connections_per_ip: i32::MAX as usize,
            max_creation_rate: None,
            max_idle: Duration::from_secs(600),
            max_stall: Duration::from_secs(60),
            max_in_flight: 32,
            max_unsent_bytes: 256 << 10,
        }
    }
}

/// Why a connection is closed as soon as it was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// `max.connections` is reached.
    #[error("the broker has as many connections as it may have")]
    Total,
    /// `max.connections.per.ip` is reached.
    #[error("the address has as many connections as it may have")]
    PerAddress,
}

/// Counts the open connections of all listeners, and holds the limits that can change.
#[derive(Debug)]
pub struct Admission {
    open: Mutex<Open>,
}

#[derive(Debug)]
struct Open {
    max_total: usize,
    max_per_address: usize,
    total: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A counted connection; dropping it frees the place.
#[derive(Debug)]
pub(super) struct Place {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    /// No connections yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            open: Mutex::new(Open {
                max_total: limits.max_connections,
                max_per_address: limits.max_connections_per_ip,
                total: 0,
                by_address: HashMap::new(),
            }),
        }
    }

    /// Changes `max.connections` and `max.connections.per.ip`. Connections above them stay.
    pub fn set_limits(&self, max_total: usize, max_per_address: usize) {
        let mut open = self.lock();
        open.max_total = max_total;
        open.max_per_address = max_per_address;
    }

    /// Open connections.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.lock().total
    }

    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Result<Place, Refusal> {
        let mut open = self.lock();
        if open.total >= open.max_total {
            return Err(Refusal::Total);
        }
        let here = open.by_address.get(&address).copied().unwrap_or(0);
        if here >= open.max_per_address {
            return Err(Refusal::PerAddress);
        }
        open.by_address.insert(address, here + 1);
        open.total += 1;
        drop(open);
        Ok(Place { admission: Arc::clone(self), address })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.admission.lock();
        open.total -= 1;
        if let Some(count) = open.by_address.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_counted_and_given_back() {
        let limits = Limits { max_connections: 3, max_connections_per_ip: 2, ..Default::default() };
        let admission = Arc::new(Admission::new(&limits));
        let (a, b) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let first = admission.enter(a).unwrap();
        let _second = admission.enter(a).unwrap();
        assert_eq!(admission.enter(a).unwrap_err(), Refusal::PerAddress);
        let _third = admission.enter(b).unwrap();
        assert_eq!(admission.enter(b).unwrap_err(), Refusal::Total);
        drop(first);
        assert_eq!(admission.connections(), 2);
        admission.enter(a).unwrap();
        admission.set_limits(1, 1);
        assert_eq!(admission.enter(a).unwrap_err(), Refusal::Total);
    }
}

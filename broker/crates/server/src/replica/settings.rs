//! What an operator can set about replication.

use std::collections::BTreeMap;
use std::time::Duration;

use barnabas_metadata::config::{Layers, Value};
use barnabas_metadata::image::{BrokerImage, ResourceConfigs};
use barnabas_metadata::record::BrokerEndpoint;

/// The shortest time without any fetch, ms, after which an in-sync follower that holds appends
/// back counts as stopped: see `barnabas_replication::Partition::tick`.
const SILENCE_MIN_MS: i64 = 1_200;
/// Selects by rack (KIP-392); the only selector besides none.
const RACK_AWARE: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";

/// Replication configs of the broker, as its file has them. Only the fetchers are dynamic.
#[derive(Clone, Debug)]
pub struct ReplicaSettings {
    /// `num.replica.fetchers`: fetchers per source broker.
    pub fetchers: usize,
    /// `replica.fetch.max.bytes`: bytes of one partition.
    pub fetch_max_bytes: i32,
    /// `replica.fetch.response.max.bytes`: bytes of one response.
    pub response_max_bytes: i32,
    /// `replica.fetch.min.bytes`.
    pub fetch_min_bytes: i32,
    /// `replica.fetch.wait.max.ms`.
    pub fetch_wait_max_ms: i32,
    /// `replica.fetch.backoff.ms`: the longest pause after a failure.
    pub backoff_ms: i64,
    /// `replica.socket.timeout.ms`, on top of the wait.
    pub socket_timeout: Duration,
    /// Whether `replica.selector.class` sends consumers to replicas of their rack.
    pub rack_aware: bool,
    /// `inter.broker.listener.name`.
    listener: Option<String>,
}

impl ReplicaSettings {
    /// The settings that a properties file makes. Its values were checked when it was read.
    #[must_use]
    pub fn new(properties: &BTreeMap<String, String>) -> Self {
        let none = ResourceConfigs::new();
        let layers = Layers { broker: &none, default_broker: &none, file: properties };
        let number = |name| match layers.value(name) {
            Some(Value::Integer(number)) => number,
            _ => 0,
        };
        let int = |name| i32::try_from(number(name)).unwrap_or(i32::MAX);
        let timeout_ms = number("replica.socket.timeout.ms").max(1).unsigned_abs();
        Self {
            fetchers: usize::try_from(number("num.replica.fetchers")).unwrap_or(1).max(1),
            fetch_max_bytes: int("replica.fetch.max.bytes"),
            response_max_bytes: int("replica.fetch.response.max.bytes"),
            fetch_min_bytes: int("replica.fetch.min.bytes"),
            fetch_wait_max_ms: int("replica.fetch.wait.max.ms"),
            backoff_ms: number("replica.fetch.backoff.ms"),
            socket_timeout: Duration::from_millis(timeout_ms),
            rack_aware: properties.get("replica.selector.class").is_some_and(|c| c == RACK_AWARE),
            listener: properties.get("inter.broker.listener.name").cloned(),
        }
    }

    /// After so many ms without a fetch a follower counts as stopped: longer than two of its waits.
    #[must_use]
    pub fn silence_max_ms(&self) -> i64 {
        (2 * i64::from(self.fetch_wait_max_ms) + 200).max(SILENCE_MIN_MS)
    }

    /// Where another broker is reached by brokers.
    #[must_use]
    pub fn endpoint<'a>(&self, broker: &'a BrokerImage) -> Option<&'a BrokerEndpoint> {
        match &self.listener {
            Some(listener) => broker.endpoint(listener),
            None => broker.endpoint("PLAINTEXT").or_else(|| broker.endpoints.first()),
        }
    }
}

//! Finding the broker that a request is for.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use barnabas_wire::{ErrorCode, Request};

use super::Lost;
use super::connection::Connection;
use crate::history::Partition;
use crate::network::HostNetwork;
use crate::random::Random;

/// How long metadata may take.
const PATIENCE: Duration = Duration::from_secs(3);
const METADATA_VERSION: i16 = 12;
const COORDINATOR_VERSION: i16 = 4;

/// A client's view of the cluster, and its connections.
#[derive(Debug)]
pub struct Router {
    network: HostNetwork,
    random: Random,
    bootstrap: Vec<SocketAddr>,
    brokers: BTreeMap<i32, SocketAddr>,
    leaders: BTreeMap<Partition, i32>,
    /// The newest leader epochs: who says an older one leads no more, and does not know it yet.
    epochs: BTreeMap<Partition, i32>,
    coordinators: BTreeMap<String, i32>,
    connections: BTreeMap<SocketAddr, Connection>,
}

impl Router {
    /// A client that knows nothing yet.
    #[must_use]
    pub fn new(network: HostNetwork, random: Random, bootstrap: Vec<SocketAddr>) -> Self {
        Self {
            network,
            random,
            bootstrap,
            brokers: BTreeMap::new(),
            leaders: BTreeMap::new(),
            epochs: BTreeMap::new(),
            coordinators: BTreeMap::new(),
            connections: BTreeMap::new(),
        }
    }

    /// Where this client's choices come from.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.random
    }

    /// The connection to a partition's leader.
    pub(super) async fn leader(&mut self, partition: &Partition) -> Result<Connection, Lost> {
        if !self.leaders.contains_key(partition) {
            self.refresh(&partition.topic).await?;
        }
        let leader = self.leaders.get(partition).ok_or(Lost)?;
        let address = *self.brokers.get(leader).ok_or(Lost)?;
        self.connection(address).await.inspect_err(|_| {
            self.leaders.remove(partition);
        })
    }

    /// The id of the broker that was last known to lead.
    #[must_use]
    pub fn leader_id(&self, partition: &Partition) -> Option<i32> {
        self.leaders.get(partition).copied()
    }

    /// The newest leader epoch that was heard of; -1 if none was.
    pub(super) fn leader_epoch(&self, partition: &Partition) -> i32 {
        self.epochs.get(partition).copied().unwrap_or(-1)
    }

    /// The leader is another one now.
    pub(super) fn forget_leader(&mut self, partition: &Partition) {
        self.leaders.remove(partition);
    }

    /// The connection to a group's coordinator.
    pub(super) async fn coordinator(&mut self, group: &str) -> Result<Connection, Lost> {
        if !self.coordinators.contains_key(group) {
            let request = FindCoordinatorRequest {
                coordinator_keys: vec![group.to_owned()],
                ..FindCoordinatorRequest::default()
            };
            let response = self.any(COORDINATOR_VERSION, &request, PATIENCE).await?;
            let found = response.coordinators.first().ok_or(Lost)?;
            if found.error_code != ErrorCode::NONE {
                return Err(Lost);
            }
            let address = address(&found.host, found.port).ok_or(Lost)?;
            self.brokers.insert(found.node_id, address);
            self.coordinators.insert(group.to_owned(), found.node_id);
        }
        let coordinator = self.coordinators.get(group).ok_or(Lost)?;
        let address = *self.brokers.get(coordinator).ok_or(Lost)?;
        self.connection(address).await.inspect_err(|_| {
            self.coordinators.remove(group);
        })
    }

    /// The coordinator is another one now.
    pub(super) fn forget_coordinator(&mut self, group: &str) {
        self.coordinators.remove(group);
    }

    /// Asks any broker.
    pub(super) async fn any<R: Request>(
        &mut self,
        version: i16,
        request: &R,
        timeout: Duration,
    ) -> Result<R::Response, Lost> {
        let address = self.random.pick(&self.bootstrap);
        let connection = self.connection(address).await?;
        connection.call(version, request, timeout).await
    }

    /// What a broker says about all topics.
    ///
    /// # Errors
    /// [`Lost`].
    pub async fn metadata(&mut self, topics: Option<&str>) -> Result<MetadataResponse, Lost> {
        let named = |name: &str| MetadataRequestTopic {
            name: Some(name.to_owned()),
            ..MetadataRequestTopic::default()
        };
        let request = MetadataRequest {
            topics: topics.map(|name| vec![named(name)]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        self.any(METADATA_VERSION, &request, PATIENCE).await
    }

    async fn refresh(&mut self, topic: &str) -> Result<(), Lost> {
        let response = self.metadata(Some(topic)).await?;
        for broker in &response.brokers {
            if let Some(address) = address(&broker.host, broker.port) {
                self.brokers.insert(broker.node_id, address);
            }
        }
        for found in &response.topics {
            for partition in &found.partitions {
                let key = Partition::new(topic, partition.partition_index);
                let newest = self.epochs.entry(key.clone()).or_insert(-1);
                let is_old = partition.leader_epoch < *newest;
                *newest = partition.leader_epoch.max(*newest);
                if partition.leader_id >= 0 && partition.error_code == ErrorCode::NONE && !is_old {
                    self.leaders.insert(key, partition.leader_id);
                } else {
                    self.leaders.remove(&key);
                }
            }
        }
        Ok(())
    }

    async fn connection(&mut self, address: SocketAddr) -> Result<Connection, Lost> {
        if let Some(open) = self.connections.get(&address).filter(|known| known.is_open()) {
            return Ok(open.clone());
        }
        let connection = Connection::open(&self.network, address).await?;
        self.connections.insert(address, connection.clone());
        Ok(connection)
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        for connection in self.connections.values() {
            connection.close();
        }
    }
}

fn address(host: &str, port: i32) -> Option<SocketAddr> {
    Some(SocketAddr::new(host.parse().ok()?, u16::try_from(port).ok()?))
}

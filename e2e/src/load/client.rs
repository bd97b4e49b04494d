//! Who leads which partition, as a default client learns it: from any broker, after a backoff,
//! and from the errors that name the new leader (KIP-951).

use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_wire::api::init_producer_id::InitProducerIdRequest;
use barnabas_wire::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponse};
use barnabas_wire::{ErrorCode, Request, Uuid};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::Patience;
use super::link::{Links, NoAnswer};

const METADATA_VERSION: i16 = 9;
const INIT_PRODUCER_ID_VERSION: i16 = 4;

/// A leader in its epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leader {
    /// The broker.
    pub id: i32,
    /// The epoch.
    pub epoch: i32,
}

/// What the client knows of the cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    brokers: BTreeMap<i32, String>,
    leaders: BTreeMap<i32, Leader>,
}

impl View {
    /// The leader of a partition, if it has one.
    pub fn leader(&self, partition: i32) -> Option<Leader> {
        self.leaders.get(&partition).copied()
    }
}

/// A client of one topic.
pub struct Client {
    topic: String,
    bootstrap: Vec<String>,
    patience: Patience,
    links: Links,
    view: watch::Sender<View>,
    wanted: Notify,
}

impl Client {
    /// A client that knows nothing but where to ask.
    pub fn new(bootstrap: &[String], topic: &str, patience: Patience) -> Self {
        Self {
            topic: topic.to_owned(),
            bootstrap: bootstrap.to_vec(),
            patience,
            links: Links::new(patience),
            view: watch::Sender::default(),
            wanted: Notify::new(),
        }
    }

    /// Its topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// How long it waits for what.
    pub fn patience(&self) -> &Patience {
        &self.patience
    }

    /// What it knows, now and whenever it changes.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.subscribe()
    }

    /// The leader of a partition, if it has one.
    pub fn leader(&self, partition: i32) -> Option<Leader> {
        self.view.borrow().leader(partition)
    }

    /// What is known is out of date.
    pub fn renew(&self) {
        self.wanted.notify_one();
    }

    /// A broker said who leads a partition.
    pub fn learn(&self, partition: i32, leader: Leader) {
        self.view.send_if_modified(|view| {
            let is_known = view.brokers.contains_key(&leader.id);
            let is_newer = view.leader(partition).is_none_or(|old| leader.epoch > old.epoch);
            if is_known && is_newer {
                view.leaders.insert(partition, leader);
            }
            is_known && is_newer
        });
    }

    /// Sends a request to a broker.
    ///
    /// # Errors
    /// When there is no response within the limit.
    pub async fn call<R: Request>(
        &self,
        broker: i32,
        request: &R,
        version: i16,
    ) -> Result<R::Response, NoAnswer> {
        let address = self.view.borrow().brokers.get(&broker).cloned().ok_or(NoAnswer)?;
        self.links.call(&address, request, version).await
    }

    /// A producer id and its epoch.
    pub async fn producer_id(&self) -> (i64, i16) {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            ..InitProducerIdRequest::default()
        };
        loop {
            let address = self.least_loaded();
            if let Ok(response) =
                self.links.call(&address, &request, INIT_PRODUCER_ID_VERSION).await
                && response.error_code == ErrorCode::NONE
            {
                return (response.producer_id, response.producer_epoch);
            }
            tokio::time::sleep(self.patience.retry.after(0)).await;
        }
    }

    /// Asks for metadata whenever it is wanted, and when it got too old.
    pub async fn keep_view(self: Arc<Self>) {
        let mut unchanged = 0;
        let mut last = Instant::now();
        loop {
            // It does not matter whether somebody wants it or it is too old.
            let _either = timeout(self.patience.metadata_age, self.wanted.notified()).await;
            sleep_until(last + self.patience.retry.after(unchanged)).await;
            last = Instant::now();
            let response = self.ask().await;
            let changed = response.is_some_and(|response| self.replace(response));
            unchanged = if changed { 0 } else { unchanged + 1 };
        }
    }

    async fn ask(&self) -> Option<MetadataResponse> {
        let name = Some(self.topic.clone());
        let request = MetadataRequest {
            topics: Some(vec![MetadataRequestTopic { topic_id: Uuid::default(), name }]),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = self.links.call(&self.least_loaded(), &request, METADATA_VERSION).await;
        if response.is_err() {
            self.wanted.notify_one();
        }
        response.ok()
    }

    /// Takes over what a broker said. Did anything change?
    fn replace(&self, response: MetadataResponse) -> bool {
        if response.brokers.is_empty() {
            return false;
        }
        self.view.send_if_modified(|view| {
            let mut new = View::default();
            for broker in response.brokers {
                new.brokers.insert(broker.node_id, format!("{}:{}", broker.host, broker.port));
            }
            for partition in response.topics.into_iter().flat_map(|topic| topic.partitions) {
                let index = partition.partition_index;
                let told = Leader { id: partition.leader_id, epoch: partition.leader_epoch };
                // A broker that is behind does not take back what is known.
                match view.leader(index).filter(|known| known.epoch > told.epoch) {
                    Some(known) => new.leaders.insert(index, known),
                    None if told.id >= 0 => new.leaders.insert(index, told),
                    None => None,
                };
            }
            let changed = new != *view;
            *view = new;
            changed
        })
    }

    fn least_loaded(&self) -> String {
        let view = self.view.borrow();
        let known = view.brokers.values().chain(&self.bootstrap);
        let least = known.min_by_key(|address| self.links.load_of(address));
        least.cloned().unwrap_or_default()
    }
}

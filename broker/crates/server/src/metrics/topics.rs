//! `kafka.server:type=BrokerTopicMetrics`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus::{IntCounter, IntCounterVec, Opts, Registry};

use super::register;

/// Topics with series of their own; those above share the series of [`OTHER_TOPICS`].
pub const MAX_TOPICS: usize = 1_000;

/// Label of the series that topics above [`MAX_TOPICS`] share. No topic has that name.
const OTHER_TOPICS: &str = "/other";

/// Label of the series of all topics together.
const ALL_TOPICS: &str = "";

/// Counters by topic, and of all topics together under an empty topic label.
#[derive(Debug)]
pub struct TopicMetrics {
    families: Families,
    all: Arc<TopicCounters>,
    other: Arc<TopicCounters>,
    topics: Mutex<BTreeMap<String, Arc<TopicCounters>>>,
}

/// The counters of one topic: kept by whoever counts, so that counting looks nothing up.
#[derive(Debug)]
pub struct TopicCounters {
    messages_in: IntCounter,
    bytes_in: IntCounter,
    bytes_out: IntCounter,
    produce_requests: IntCounter,
    fetch_requests: IntCounter,
    failed_produce_requests: IntCounter,
    failed_fetch_requests: IntCounter,
    bytes_rejected: IntCounter,
    /// The counters of all topics together.
    all: Option<Arc<TopicCounters>>,
}

#[derive(Debug)]
struct Families {
    messages_in: IntCounterVec,
    bytes_in: IntCounterVec,
    bytes_out: IntCounterVec,
    produce_requests: IntCounterVec,
    fetch_requests: IntCounterVec,
    failed_produce_requests: IntCounterVec,
    failed_fetch_requests: IntCounterVec,
    bytes_rejected: IntCounterVec,
}

impl TopicMetrics {
    pub(super) fn new(registry: &Registry) -> Self {
        let family = |name: &str, help: &str| {
            let name = format!("kafka_server_brokertopicmetrics_{name}_total");
            register(registry, IntCounterVec::new(Opts::new(name, help), &["topic"]))
        };
        let families = Families {
            messages_in: family("messagesin", "Records produced."),
            bytes_in: family("bytesin", "Bytes produced, as stored."),
            bytes_out: family("bytesout", "Bytes fetched by clients."),
            produce_requests: family("totalproducerequests", "Produce requests."),
            fetch_requests: family("totalfetchrequests", "Fetch requests."),
            failed_produce_requests: family("failedproducerequests", "Failed produce requests."),
            failed_fetch_requests: family("failedfetchrequests", "Failed fetch requests."),
            bytes_rejected: family("bytesrejected", "Bytes refused for their size."),
        };
        let all = Arc::new(families.counters(ALL_TOPICS, None));
        let other = Arc::new(families.counters(OTHER_TOPICS, Some(Arc::clone(&all))));
        Self { families, all, other, topics: Mutex::default() }
    }

    /// The counters of a topic, to be kept.
    #[must_use]
    pub fn topic(&self, name: &str) -> Arc<TopicCounters> {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = topics.get(name) {
            return Arc::clone(known);
        }
        if topics.len() >= MAX_TOPICS {
            return Arc::clone(&self.other);
        }
        let counters = Arc::new(self.families.counters(name, Some(Arc::clone(&self.all))));
        topics.insert(name.to_owned(), Arc::clone(&counters));
        counters
    }

    /// Drops the series of a topic that is gone.
    pub fn forget(&self, name: &str) {
        let mut topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.remove(name).is_some() {
            self.families.remove(name);
        }
    }
}

impl TopicCounters {
    /// A produce request stored records: their number and bytes.
    pub fn produced(&self, records: u64, bytes: u64) {
        self.messages_in.inc_by(records);
        self.bytes_in.inc_by(bytes);
        self.produce_requests.inc();
        if let Some(all) = &self.all {
            all.produced(records, bytes);
        }
    }

    /// A produce request failed.
    pub fn produce_failed(&self) {
        self.produce_requests.inc();
        self.failed_produce_requests.inc();
        if let Some(all) = &self.all {
            all.produce_failed();
        }
    }

    /// A batch was refused for its size, in bytes.
    pub fn rejected(&self, bytes: u64) {
        self.bytes_rejected.inc_by(bytes);
        if let Some(all) = &self.all {
            all.rejected(bytes);
        }
    }

    /// A fetch was answered with so many bytes.
    pub fn fetched(&self, bytes: u64) {
        self.bytes_out.inc_by(bytes);
        self.fetch_requests.inc();
        if let Some(all) = &self.all {
            all.fetched(bytes);
        }
    }

    /// A fetch failed.
    pub fn fetch_failed(&self) {
        self.fetch_requests.inc();
        self.failed_fetch_requests.inc();
        if let Some(all) = &self.all {
            all.fetch_failed();
        }
    }
}

impl Families {
    fn counters(&self, topic: &str, all: Option<Arc<TopicCounters>>) -> TopicCounters {
        let of = |family: &IntCounterVec| family.with_label_values(&[topic]);
        TopicCounters {
            messages_in: of(&self.messages_in),
            bytes_in: of(&self.bytes_in),
            bytes_out: of(&self.bytes_out),
            produce_requests: of(&self.produce_requests),
            fetch_requests: of(&self.fetch_requests),
            failed_produce_requests: of(&self.failed_produce_requests),
            failed_fetch_requests: of(&self.failed_fetch_requests),
            bytes_rejected: of(&self.bytes_rejected),
            all,
        }
    }

    fn remove(&self, topic: &str) {
        let families = [
            &self.messages_in,
            &self.bytes_in,
            &self.bytes_out,
            &self.produce_requests,
            &self.fetch_requests,
            &self.failed_produce_requests,
            &self.failed_fetch_requests,
            &self.bytes_rejected,
        ];
        for family in families {
            // Absent only if nothing counted yet: nothing to remove then.
            let _ = family.remove_label_values(&[topic]);
        }
    }
}

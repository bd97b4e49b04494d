//! The rdkafka crate (librdkafka) against one broker. Usage: `client-rdkafka BOOTSTRAP_SERVERS`

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier,
    TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::{FutureProducer, FutureRecord};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::{ClientConfig, Message};

const TIMEOUT: Duration = Duration::from_secs(20);

type Outcome = Result<(), Box<dyn Error>>;

#[tokio::main]
async fn main() -> ExitCode {
    let Some(bootstrap) = std::env::args().nth(1) else {
        eprintln!("usage: client-rdkafka BOOTSTRAP_SERVERS");
        return ExitCode::from(2);
    };
    let client = Client::new(bootstrap);
    let mut steps = Steps::default();
    steps.report("creates a topic", client.create().await);
    for codec in ["none", "gzip", "snappy", "lz4", "zstd"] {
        steps.report(&format!("produces idempotently, {codec}"), client.produce(codec).await);
    }
    steps.report("consumes in a group and commits", client.consume().await);
    steps.report("seeks", client.seek().await);
    steps.report("administers", client.administer().await);
    println!("{} passed, {} failed", steps.passed, steps.failed);
    if steps.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Client {
    config: ClientConfig,
    topic: String,
}

impl Client {
    fn new(bootstrap: String) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", bootstrap);
        Self { config, topic: format!("rdkafka-{:x}", now.as_nanos()) }
    }

    fn admin(&self) -> Result<AdminClient<DefaultClientContext>, Box<dyn Error>> {
        Ok(self.config.create()?)
    }

    fn consumer(&self) -> Result<StreamConsumer, Box<dyn Error>> {
        let mut config = self.config.clone();
        config.set("group.id", format!("{}-group", self.topic));
        config.set("auto.offset.reset", "earliest").set("enable.auto.commit", "false");
        Ok(config.create()?)
    }

    async fn create(&self) -> Outcome {
        let topic = NewTopic::new(&self.topic, 3, TopicReplication::Fixed(1))
            .set("retention.ms", "3600000");
        for result in self.admin()?.create_topics(&[topic], &AdminOptions::new()).await? {
            result.map_err(|(_, code)| code)?;
        }
        Ok(())
    }

    async fn produce(&self, codec: &str) -> Outcome {
        let mut config = self.config.clone();
        config.set("enable.idempotence", "true").set("compression.type", codec);
        let producer: FutureProducer = config.create()?;
        let values: Vec<String> = (0..100).map(|i| format!("{codec}-{i}").repeat(9)).collect();
        let sent = values.iter().map(|value| {
            producer.send(FutureRecord::<(), _>::to(&self.topic).payload(value), TIMEOUT)
        });
        for delivery in sent.collect::<Vec<_>>() {
            delivery.await.map_err(|(error, _)| error)?;
        }
        Ok(())
    }

    async fn consume(&self) -> Outcome {
        let consumer = self.consumer()?;
        consumer.subscribe(&[&self.topic])?;
        let mut values = BTreeSet::new();
        while values.len() < 500 {
            let message = tokio::time::timeout(TIMEOUT, consumer.recv()).await??;
            values.insert(message.payload().unwrap_or_default().to_vec());
        }
        consumer.commit_consumer_state(CommitMode::Sync)?;
        let committed = consumer.committed(TIMEOUT)?;
        let sum: i64 = committed.elements().iter().filter_map(|e| e.offset().to_raw()).sum();
        expect("committed", sum, 500)
    }

    async fn seek(&self) -> Outcome {
        let consumer = self.consumer()?;
        let (low, high) = consumer.fetch_watermarks(&self.topic, 0, TIMEOUT)?;
        expect("low watermark", low, 0)?;
        let mut assignment = TopicPartitionList::new();
        assignment.add_partition_offset(&self.topic, 0, Offset::Offset(high - 1))?;
        consumer.assign(&assignment)?;
        let message = tokio::time::timeout(TIMEOUT, consumer.recv()).await??;
        expect("offset", message.offset(), high - 1)
    }

    async fn administer(&self) -> Outcome {
        let (admin, options) = (self.admin()?, AdminOptions::new());
        for result in
            admin.create_partitions(&[NewPartitions::new(&self.topic, 4)], &options).await?
        {
            result.map_err(|(_, code)| code)?;
        }
        let topic = ResourceSpecifier::Topic(&self.topic);
        let change = AlterConfig::new(topic).set("retention.ms", "7200000");
        for result in admin.alter_configs(&[change], &options).await? {
            result.map_err(|(_, code)| code)?;
        }
        let described = admin.describe_configs([&topic], &options).await?.remove(0)?;
        let value = described.get("retention.ms").and_then(|entry| entry.value.clone());
        expect("retention.ms", value.as_deref(), Some("7200000"))?;
        for result in admin.delete_topics(&[&self.topic], &options).await? {
            result.map_err(|(_, code)| code)?;
        }
        Ok(())
    }
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, actual: T, expected: T) -> Outcome {
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {actual:?}").into())
}

struct Steps {
    passed: u32,
    failed: u32,
    since: Instant,
}

impl Default for Steps {
    fn default() -> Self {
        Self { passed: 0, failed: 0, since: Instant::now() }
    }
}

impl Steps {
    fn report(&mut self, name: &str, outcome: Outcome) {
        let millis = self.since.elapsed().as_millis();
        self.since = Instant::now();
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("ok    {name} ({millis} ms)");
            }
            Err(error) => {
                self.failed += 1;
                println!("FAIL  {name}: {error}");
            }
        }
    }
}

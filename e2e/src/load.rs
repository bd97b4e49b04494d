//! A load that knows what must come of it: an idempotent producer and a consumer of our own with
//! the patience of a default client, open loop, and a verdict: what was acknowledged is there,
//! once, in the order of its key, and nothing that was read ever changed.

mod client;
mod history;
mod lane;
mod link;
mod reader;
mod record;
mod remote;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::fail;
use crate::failure::{Context, Failure, Result};
use client::Client;
use lane::{Due, Lane};
use reader::Reader;

pub use history::{Ack, History, Verdict};
pub use remote::{Remote, serve};

/// How long the log may take until all that was acknowledged can be read from it.
const READ_MAX: Duration = Duration::from_secs(60);
/// How long the first records may take.
const FIRST_MAX: Duration = Duration::from_secs(30);
/// Whatever takes longer counts as this.
const LATENCY_MAX_MICROS: u64 = 600_000_000;

/// A wait that doubles from one failure to the next, and strays by a fifth.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// After the first failure.
    pub initial: Duration,
    /// After many.
    pub max: Duration,
}

impl Backoff {
    fn after(&self, failures: u32) -> Duration {
        let doubled = self.initial.saturating_mul(1 << failures.min(16));
        let nanos = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_nanos();
        let stray = f64::from(nanos / 1_000 % 400) / 1_000.0 - 0.2;
        doubled.min(self.max).mul_f64(1.0 + stray)
    }
}

/// How long a client waits for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// `request.timeout.ms`.
    pub request: Duration,
    /// `socket.connection.setup.timeout.ms`.
    pub connect: Duration,
    /// `delivery.timeout.ms`.
    pub delivery: Duration,
    /// `metadata.max.age.ms`.
    pub metadata_age: Duration,
    /// `retry.backoff.ms`, `retry.backoff.max.ms`.
    pub retry: Backoff,
    /// `reconnect.backoff.ms`, `reconnect.backoff.max.ms`.
    pub reconnect: Backoff,
}

impl Patience {
    /// Apache Kafka's Java client by default.
    pub const DEFAULT: Self = Self {
        request: Duration::from_secs(30),
        connect: Duration::from_secs(10),
        delivery: Duration::from_secs(120),
        metadata_age: Duration::from_secs(300),
        retry: Backoff { initial: Duration::from_millis(100), max: Duration::from_secs(1) },
        reconnect: Backoff { initial: Duration::from_millis(50), max: Duration::from_secs(1) },
    };

    /// One that gives a broker that says nothing one second: what a stopped broker costs is then
    /// the cluster's time, not the client's.
    pub const SHORT: Self = Self {
        request: Duration::from_secs(1),
        connect: Duration::from_secs(1),
        metadata_age: Duration::from_millis(500),
        ..Self::DEFAULT
    };
}

/// What to send where.
#[derive(Clone, Debug)]
pub struct Options {
    /// The first brokers to ask.
    pub bootstrap: Vec<String>,
    /// The topic, which exists and is empty.
    pub topic: String,
    /// How many partitions it has.
    pub partitions: i32,
    /// Records a second.
    pub rate: f64,
    /// Bytes of a value.
    pub record_bytes: usize,
    /// How patient the clients are.
    pub patience: Patience,
}

impl Options {
    /// A thousand small records a second, with a default client.
    pub fn new(bootstrap: &[String], topic: &str, partitions: i32) -> Self {
        Self {
            bootstrap: bootstrap.to_vec(),
            topic: topic.to_owned(),
            partitions,
            rate: 1_000.0,
            record_bytes: 100,
            patience: Patience::DEFAULT,
        }
    }
}

/// `linger.ms`.
const LINGER: Duration = Duration::from_millis(5);
const KEYS_PER_PARTITION: u64 = 4;

/// A load that runs.
pub struct Load {
    history: Arc<Mutex<History>>,
    partitions: Vec<i32>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<Verdict>>,
}

/// What came of a load.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Outcome {
    /// Was everything kept that was promised?
    pub verdict: Verdict,
    /// From when a record was due until it was acknowledged, ms.
    pub p50_ms: f64,
    /// The same.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Outcome {
    /// Nothing lost, nothing twice, nothing out of order, and every send acknowledged.
    ///
    /// # Errors
    /// What is wrong.
    pub fn must_be_whole(&self) -> Result<()> {
        self.must_be_safe()?;
        let failed = self.verdict.failed;
        if failed > 0 {
            fail!("{failed} sends failed");
        }
        Ok(())
    }

    /// Nothing that was acknowledged is lost, twice or out of order.
    ///
    /// # Errors
    /// What is wrong.
    pub fn must_be_safe(&self) -> Result<()> {
        if !self.verdict.is_safe() {
            fail!("{:#?}", self.verdict);
        }
        Ok(())
    }
}

impl Load {
    /// Starts a load and waits until every partition has acknowledged a record.
    ///
    /// # Errors
    /// When they do not within 30 s.
    pub fn start(options: &Options) -> Result<Self> {
        let history = Arc::new(Mutex::new(History::default()));
        let (stop, stopped) = oneshot::channel();
        let (own, shared) = (options.clone(), Arc::clone(&history));
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(run(&own, &shared, stopped))
        });
        let partitions = (0..options.partitions).collect();
        let load = Self { history, partitions, stop, thread };
        load.await_resumed(&load.partitions, Instant::now(), FIRST_MAX)?;
        Ok(load)
    }

    /// All partitions.
    pub fn partitions(&self) -> &[i32] {
        &self.partitions
    }

    /// Waits until each of these partitions has acknowledged a record that was due at `from` or
    /// later; how long after `from` the last of them did.
    ///
    /// # Errors
    /// When they do not within `limit`.
    pub fn await_resumed(
        &self,
        partitions: &[i32],
        from: Instant,
        limit: Duration,
    ) -> Result<Duration> {
        loop {
            if let Some(time) = self.history().resumed(partitions, from) {
                return Ok(time);
            }
            if self.thread.is_finished() {
                fail!("the load has ended");
            }
            if from.elapsed() > limit {
                let wrong = self.history().wrong_so_far().join("; ");
                fail!("{partitions:?} do not all acknowledge a record within {limit:?}; {wrong}");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The longest time that a record of these partitions that was due in `window` waited.
    pub fn longest_wait(&self, partitions: &[i32], from: Instant, to: Instant) -> Duration {
        let history = self.history();
        let acks = history.acks().iter().filter(|ack| partitions.contains(&ack.partition));
        let waits = acks.filter(|ack| ack.due >= from && ack.due < to).map(|ack| ack.at - ack.due);
        waits.max().unwrap_or_default()
    }

    /// Sends nothing more, waits until every record is acknowledged or given up, reads everything
    /// and judges.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn finish(self) -> Result<Outcome> {
        // It may have ended by itself: then its result says why.
        let _ended = self.stop.send(());
        let verdict = self.thread.join().map_err(|_| Failure::new("the load panicked"))??;
        let history = self.history.lock().unwrap_or_else(PoisonError::into_inner);
        outcome(verdict, &history)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outcome(verdict: Verdict, history: &History) -> Result<Outcome> {
    let mut latencies = Histogram::<u64>::new_with_bounds(1, LATENCY_MAX_MICROS, 3)
        .map_err(|error| Failure::new(format!("{error:?}")))?;
    for ack in history.acks() {
        let micros = u64::try_from((ack.at - ack.due).as_micros()).unwrap_or(u64::MAX);
        latencies.saturating_record_n(micros.max(1), u64::from(ack.records));
    }
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let ms = |micros: u64| micros as f64 / 1e3;
    Ok(Outcome {
        verdict,
        p50_ms: ms(latencies.value_at_quantile(0.5)),
        p99_ms: ms(latencies.value_at_quantile(0.99)),
        max_ms: ms(latencies.max()),
    })
}

async fn run(
    options: &Options,
    history: &Arc<Mutex<History>>,
    stopped: oneshot::Receiver<()>,
) -> Result<Verdict> {
    // Each has its own connections: a fetch that waits would hold up what is produced behind it.
    let (client, reading) = (client(options), client(options));
    let producer = client.producer_id().await;
    let (over, is_over) = watch::channel(false);
    let (mut lanes, mut producers, mut consumers) = (Vec::new(), JoinSet::new(), JoinSet::new());
    for partition in 0..options.partitions {
        let (due, records) = mpsc::unbounded_channel();
        let bytes = options.record_bytes;
        producers.spawn(Lane::new(&client, history, partition, bytes, producer, records).run());
        let reader = Reader::new(&reading, partition);
        consumers.spawn(reader.follow(Arc::clone(history), is_over.clone()));
        lanes.push(due);
    }
    generate(options, history, &lanes, stopped).await;
    drop(lanes);
    producers.join_all().await;
    over.send(true).context("no consumer is left")?;
    consumers.join_all().await;

    let mut logs = BTreeMap::new();
    for partition in 0..options.partitions {
        let end = history.lock().unwrap_or_else(PoisonError::into_inner).end_seen(partition);
        let reader = Reader::new(&reading, partition);
        logs.insert(partition, reader.whole(end, READ_MAX).await?);
    }
    Ok(history.lock().unwrap_or_else(PoisonError::into_inner).judge(&logs))
}

fn client(options: &Options) -> Arc<Client> {
    let client = Arc::new(Client::new(&options.bootstrap, &options.topic, options.patience));
    client.renew();
    tokio::spawn(Arc::clone(&client).keep_view());
    client
}

/// Hands each record to its partition when it is due, whatever became of those before.
async fn generate(
    options: &Options,
    history: &Arc<Mutex<History>>,
    lanes: &[mpsc::UnboundedSender<Due>],
    mut stopped: oneshot::Receiver<()>,
) {
    let start = tokio::time::Instant::now();
    let partitions = lanes.len() as u64;
    let mut next = 0_u64;
    loop {
        tokio::select! {
            biased;
            _ = &mut stopped => return,
            () = tokio::time::sleep(LINGER) => {}
        }
        let mut batches: BTreeMap<u64, Due> = BTreeMap::new();
        loop {
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let at = start + Duration::from_secs_f64(next as f64 / options.rate);
            if at > tokio::time::Instant::now() {
                break;
            }
            let partition = next % partitions;
            let key = partition + partitions * (next / partitions % KEYS_PER_PARTITION);
            let key = u32::try_from(key).unwrap_or(u32::MAX);
            let id = history.lock().unwrap_or_else(PoisonError::into_inner).sent(key);
            let batch = batches.entry(partition).or_insert(Due { at, ids: Vec::new() });
            batch.ids.push(id);
            next += 1;
        }
        for (lane, due) in lanes
            .iter()
            .zip(0..)
            .filter_map(|(lane, partition)| Some((lane, batches.remove(&partition)?)))
        {
            // A lane ends only after this.
            let _open = lane.send(due);
        }
    }
}

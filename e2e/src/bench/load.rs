//! The loads: the same frames, encoded before the clock starts, for every system.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use barnabas_wire::api::produce::ProduceRequest;
use bytes::Bytes;
use hdrhistogram::Histogram;

use crate::failure::{Context, Failure, Result};
use crate::kafka::{self, Connection, PRODUCE_VERSION};
use crate::{ensure, fail};

/// Partitions of the topics under load.
pub const PARTITIONS: i32 = 12;

/// Whatever takes longer counts as this.
const LATENCY_MAX_MICROS: u64 = 120_000_000;

/// Requests that a connection has on the way at once, as Kafka's own producer by default.
const IN_FLIGHT: usize = 5;

/// What is produced: the size of a record, and how many are sent together.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Bytes of a record's value.
    pub record_bytes: usize,
    /// Records of a batch.
    pub batch_records: usize,
}

impl Shape {
    /// User bytes of one batch.
    pub fn batch_bytes(self) -> usize {
        self.record_bytes * self.batch_records
    }

    /// A Produce frame for each of these partitions. The bytes do not compress and differ from
    /// record to record.
    fn frames(self, topic: &str, partitions: &[i32]) -> Result<Vec<Bytes>> {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut byte = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[0]
        };
        partitions
            .iter()
            .map(|partition| {
                let values: Vec<Vec<u8>> = (0..self.batch_records)
                    .map(|_| (0..self.record_bytes).map(|_| byte()).collect())
                    .collect();
                let batch = kafka::batch(kafka::now_ms(), values.iter().map(Vec::as_slice));
                kafka::frame(&kafka::produce_request(topic, *partition, batch), PRODUCE_VERSION)
            })
            .collect()
    }
}

/// A broker and the partitions that it leads.
#[derive(Clone, Debug)]
pub struct Route {
    /// Where it is.
    pub address: String,
    /// What it leads.
    pub partitions: Vec<i32>,
}

/// The one broker that leads everything.
pub fn all_at(address: &str) -> Vec<Route> {
    vec![Route { address: address.to_owned(), partitions: (0..PARTITIONS).collect() }]
}

/// Produces as fast as the brokers take it, for `time`, over so many connections to each, and
/// returns how many batches they took.
///
/// # Errors
/// When a broker refuses a batch or closes a connection.
pub fn produce_at_will(
    routes: &[Route],
    topic: &str,
    shape: Shape,
    connections: usize,
    time: Duration,
) -> Result<u64> {
    let encoded: Vec<Vec<Bytes>> =
        routes.iter().map(|route| shape.frames(topic, &route.partitions)).collect::<Result<_>>()?;
    let batches = AtomicU64::new(0);
    let deadline = Instant::now() + time;
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for (route, frames) in routes.iter().zip(&encoded) {
            for worker in 0..connections {
                let batches = &batches;
                let first = worker * frames.len() / connections;
                workers.push(scope.spawn(move || {
                    let mut connection = Connection::open(&route.address)?;
                    let mut next = frames.iter().cycle().skip(first);
                    let mut under_way = 0;
                    while Instant::now() < deadline || under_way > 0 {
                        while under_way < IN_FLIGHT && Instant::now() < deadline {
                            connection.send(next.next().context("no frame")?)?;
                            under_way += 1;
                        }
                        if under_way > 0 {
                            expect_acknowledged(&mut connection)?;
                            under_way -= 1;
                            batches.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                    Ok(())
                }));
            }
        }
        join_all(workers)
    })?;
    Ok(batches.load(Ordering::Relaxed))
}

/// What came of an open-loop run.
pub struct Latencies {
    /// Microseconds from when a batch was due to when it was acknowledged.
    pub histogram: Histogram<u64>,
    /// Batches that were acknowledged.
    pub batches: u64,
}

/// Produces `rate` batches a second over one connection to each broker, evenly over the partitions,
/// each at its time whether or not those before are acknowledged, so that a stall is felt by
/// everything that falls due in it. The first `warm_up` is not counted.
///
/// # Errors
/// When a broker refuses a batch or closes the connection.
pub fn produce_at_rate(
    routes: &[Route],
    topic: &str,
    shape: Shape,
    rate: f64,
    warm_up: Duration,
    time: Duration,
) -> Result<Latencies> {
    let partitions: usize = routes.iter().map(|route| route.partitions.len()).sum();
    std::thread::scope(|scope| {
        let mut workers = Vec::new();
        for route in routes {
            #[expect(clippy::cast_precision_loss, reason = "a few partitions")]
            let share = route.partitions.len() as f64 / partitions as f64;
            let produce = move || to_one_at_rate(route, topic, shape, rate * share, warm_up, time);
            workers.push(scope.spawn(produce));
        }
        let mut all = Latencies { histogram: empty_histogram()?, batches: 0 };
        for worker in workers {
            let one = worker.join().map_err(|_| Failure::new("a worker panicked"))??;
            all.batches += one.batches;
            all.histogram.add(one.histogram).map_err(|error| Failure::new(format!("{error:?}")))?;
        }
        Ok(all)
    })
}

fn empty_histogram() -> Result<Histogram<u64>> {
    Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, 3)
        .map_err(|error| Failure::new(format!("{error:?}")))
}

fn to_one_at_rate(
    route: &Route,
    topic: &str,
    shape: Shape,
    rate: f64,
    warm_up: Duration,
    time: Duration,
) -> Result<Latencies> {
    let frames = shape.frames(topic, &route.partitions)?;
    let mut writer = Connection::open(&route.address)?;
    let mut reader = writer.share()?;
    let (due, awaited) = mpsc::channel::<Instant>();
    let failed = AtomicBool::new(false);
    let start = Instant::now();
    let count_from = start + warm_up;
    let end = count_from + time;
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| -> Result<Latencies> {
            let mut histogram = empty_histogram()?;
            let mut batches = 0;
            for at in awaited {
                expect_acknowledged(&mut reader)
                    .inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
                if at >= count_from {
                    let micros = u64::try_from(at.elapsed().as_micros()).unwrap_or(u64::MAX);
                    histogram.saturating_record(micros.max(1));
                    batches += 1;
                }
            }
            Ok(Latencies { histogram, batches })
        });
        let mut sent = 0_u32;
        let mut next = frames.iter().cycle();
        loop {
            let at = start + Duration::from_secs_f64(f64::from(sent) / rate);
            if at >= end || failed.load(Ordering::Relaxed) {
                break;
            }
            if let Some(early) = at.checked_duration_since(Instant::now()) {
                std::thread::sleep(early);
            }
            due.send(at).map_err(|_| Failure::new("the reading thread ended"))?;
            writer.send(next.next().context("no frame")?)?;
            sent += 1;
        }
        drop(due);
        reading.join().map_err(|_| Failure::new("the reading thread panicked"))?
    })
}

/// Fetches everything that a topic holds, some partitions on each connection, and returns how many
/// bytes of batches came.
///
/// # Errors
/// When the broker refuses a fetch or closes a connection.
pub fn consume(address: &str, topic: &str, connections: i32) -> Result<u64> {
    let bytes = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|worker| {
                let bytes = &bytes;
                scope.spawn(move || -> Result<()> {
                    let mut connection = Connection::open(address)?;
                    let mut positions = Vec::new();
                    for partition in
                        (worker..PARTITIONS).step_by(connections.unsigned_abs() as usize)
                    {
                        let end = connection.end_offset(topic, partition)?;
                        positions.push(Position { partition, offset: 0, end });
                    }
                    while positions.iter().any(|position| position.offset < position.end) {
                        let fetched = fetch_round(&mut connection, topic, &mut positions)?;
                        bytes.fetch_add(fetched, Ordering::Relaxed);
                    }
                    Ok(())
                })
            })
            .collect();
        join_all(workers)
    })?;
    Ok(bytes.load(Ordering::Relaxed))
}

struct Position {
    partition: i32,
    offset: i64,
    end: i64,
}

fn fetch_round(
    connection: &mut Connection,
    topic: &str,
    positions: &mut Vec<Position>,
) -> Result<u64> {
    positions.retain(|position| position.offset < position.end);
    let from: Vec<(i32, i64)> = positions.iter().map(|p| (p.partition, p.offset)).collect();
    let response = connection.fetch(topic, &from)?;
    let mut fetched = 0;
    for data in response.responses.into_iter().flat_map(|topic| topic.partitions) {
        let Some(bytes) = data.records.as_ref().and_then(|records| records.bytes()) else {
            continue;
        };
        fetched += bytes.len() as u64;
        let position = positions.iter_mut().find(|p| p.partition == data.partition_index);
        let position = position.context("a partition that was not asked for")?;
        for batch in barnabas_records::Batches::new(bytes.clone()) {
            // The last batch of a fetch may be cut off.
            let Ok(batch) = batch else { break };
            position.offset = batch.header.next_offset();
        }
    }
    // What is asked for next comes after what is left, so that no partition starves.
    if !positions.is_empty() {
        positions.rotate_left(1);
    }
    ensure!(fetched > 0, "nothing is fetched from {topic}");
    Ok(fetched)
}

fn expect_acknowledged(connection: &mut Connection) -> Result<()> {
    let response = connection.receive::<ProduceRequest>(PRODUCE_VERSION)?;
    match kafka::acknowledged(&response) {
        Ok(_) => Ok(()),
        Err(code) => fail!("a batch is refused: {code:?}"),
    }
}

fn join_all(workers: Vec<std::thread::ScopedJoinHandle<'_, Result<()>>>) -> Result<()> {
    for worker in workers {
        worker.join().map_err(|_| Failure::new("a worker panicked"))??;
    }
    Ok(())
}

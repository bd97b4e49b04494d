//! The measures: each takes a system and gives its figures by name.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::load::{self, Shape};
use crate::bench::server::Server;
use crate::failure::{Context, Result};
use crate::kafka::{self, Connection};
use crate::program;
use crate::system::{self, System};
use crate::usage::{self, Peak};

/// 64 KiB batches of 1 KiB records.
pub(super) const LARGE: Shape = Shape { record_bytes: 1024, batch_records: 64 };
/// The same rate in smaller batches, as a producer with a short linger sends them.
pub(super) const PACED: Shape = Shape { record_bytes: 1024, batch_records: 16 };
/// One record at a time.
const SINGLE: Shape = Shape { record_bytes: 1024, batch_records: 1 };
const SINGLE_RATES: [f64; 2] = [4_000.0, 10_000.0];

/// User bytes of a gigabyte.
pub(super) const GB: f64 = 1e9;

/// How long the measures take.
#[derive(Clone, Copy)]
pub struct Times {
    /// Before a figure counts.
    pub warm_up: Duration,
    /// While it counts.
    pub measure: Duration,
}

/// Figures by name.
pub type Figures = BTreeMap<&'static str, f64>;

/// Names of figures.
pub mod name {
    #![allow(missing_docs, reason = "each is shown with what it says")]
    pub const PRODUCE_CPU: &str = "produce 1 KiB, CPU s/GB";
    pub const PRODUCE_PEAK: &str = "produce 1 KiB, peak MB/s";
    pub const CONSUME_CPU: &str = "consume, CPU s/GB";
    pub const CONSUME_PEAK: &str = "consume, MB/s";
    pub const CONSUME_FLOOR: &str = "the same of a bare sendfile server, CPU s/GB";
    pub const SINGLE_4K_CPU: &str = "4 k unbatched records/s, CPU s/GB";
    pub const SINGLE_10K_CPU: &str = "10 k unbatched records/s, CPU s/GB";
    pub const P50: &str = "latency at half of Kafka's peak, p50 ms";
    pub const P99: &str = "latency at half of Kafka's peak, p99 ms";
    pub const P999: &str = "latency at half of Kafka's peak, p99.9 ms";
    pub const RSS_IDLE: &str = "RSS idle with 100 partitions, MiB";
    pub const RSS_LOAD: &str = "RSS under load, MiB";
    pub const START: &str = "start, empty folder, to first acked produce, ms";
    pub const RESTART: &str = "kill -9, 1,000 partitions, to acked produce, ms";
    pub const CLUSTER_CPU: &str = "RF 3 produce 1 KiB, CPU s/GB of all brokers";
    pub const CLUSTER_PEAK: &str = "RF 3 produce 1 KiB, peak MB/s";
    pub const CLUSTER_P50: &str = "RF 3 at half of Kafka's peak, p50 ms";
    pub const CLUSTER_P99: &str = "RF 3 at half of Kafka's peak, p99 ms";
    pub const CLUSTER_P999: &str = "RF 3 at half of Kafka's peak, p99.9 ms";
    pub const CLUSTER_PACED_CPU: &str = "RF 3 at half of Kafka's peak, CPU s/GB";
    pub const CLUSTER_RSS: &str = "RF 3 RSS of a broker after load, MiB";
    pub const JAVA_PRODUCE: &str = "Java producer-perf 1 KiB, records/s";
    pub const JAVA_PRODUCE_CPU: &str = "Java producer-perf 1 KiB, CPU s/GB";
    pub const JAVA_CONSUME: &str = "Java consumer-perf 1 KiB, MB/s";
}

/// Throughput and CPU of large batches and of single records. The peak comes first: a rate of
/// `None` for the latency means half of it.
///
/// # Errors
/// When the broker cannot be started or fails under load.
pub fn throughput(system: &System, times: Times) -> Result<Figures> {
    let server = Server::start(system, &[])?;
    let peak = Peak::watch(server.pid());
    let address = server.bootstrap();
    let routes = load::all_at(&address);
    let mut connection = Connection::open(&address)?;
    let mut figures = Figures::new();

    ready_topic(&mut connection, "large")?;
    load::produce_at_will(&routes, "large", LARGE, 2, times.warm_up)?;
    let (batches, seconds, cpu) =
        counted(&server, || load::produce_at_will(&routes, "large", LARGE, 2, times.measure))?;
    let bytes = as_f64(batches) * as_f64(LARGE.batch_bytes() as u64);
    figures.insert(name::PRODUCE_CPU, cpu / (bytes / GB));
    figures.insert(name::PRODUCE_PEAK, bytes / 1e6 / seconds);

    figures.append(&mut consume_all(&server)?);

    ready_topic(&mut connection, "single")?;
    for (rate, name) in SINGLE_RATES.iter().zip([name::SINGLE_4K_CPU, name::SINGLE_10K_CPU]) {
        load::produce_at_rate(&routes, "single", SINGLE, *rate, times.warm_up, Duration::ZERO)?;
        let (latencies, _, cpu) = counted(&server, || {
            let none = Duration::ZERO;
            load::produce_at_rate(&routes, "single", SINGLE, *rate, none, times.measure)
        })?;
        let bytes = as_f64(latencies.batches) * as_f64(SINGLE.batch_bytes() as u64);
        figures.insert(name, cpu / (bytes / GB));
    }
    figures.insert(name::RSS_LOAD, peak.mib());
    Ok(figures)
}

/// Consuming alone, of what the same clients have just produced.
///
/// # Errors
/// When the broker cannot be started or fails under load.
pub fn consume(system: &System, times: Times) -> Result<Figures> {
    let server = Server::start(system, &[])?;
    let address = server.bootstrap();
    ready_topic(&mut Connection::open(&address)?, "large")?;
    load::produce_at_will(&load::all_at(&address), "large", LARGE, 2, times.measure)?;
    consume_all(&server)
}

fn consume_all(server: &Server) -> Result<Figures> {
    let (bytes, seconds, cpu) = counted(server, || load::consume(&server.bootstrap(), "large", 2))?;
    Ok(Figures::from([
        (name::CONSUME_CPU, cpu / (as_f64(bytes) / GB)),
        (name::CONSUME_PEAK, as_f64(bytes) / 1e6 / seconds),
    ]))
}

/// Latency of batches at a rate of `mb_per_second`.
///
/// # Errors
/// When the broker cannot be started or fails under load.
pub fn latency(system: &System, mb_per_second: f64, times: Times) -> Result<Figures> {
    let server = Server::start(system, &[])?;
    let address = server.bootstrap();
    let routes = load::all_at(&address);
    ready_topic(&mut Connection::open(&address)?, "paced")?;
    let rate = mb_per_second * 1e6 / as_f64(PACED.batch_bytes() as u64);
    // A JVM needs its warm-up: three times as long as for throughput.
    let warm_up = 3 * times.warm_up;
    let latencies =
        load::produce_at_rate(&routes, "paced", PACED, rate, warm_up, 2 * times.measure)?;
    let at = |quantile| as_f64(latencies.histogram.value_at_quantile(quantile)) / 1e3;
    Ok(Figures::from([(name::P50, at(0.5)), (name::P99, at(0.99)), (name::P999, at(0.999))]))
}

/// From nothing to the first acknowledged record, and the memory of an idle broker.
///
/// # Errors
/// When the broker cannot be started.
pub fn start(system: &System) -> Result<Figures> {
    // What formats the storage of Apache Kafka is not counted: it is a command of its own.
    let server = Server::start_without_waiting(system, &[])?;
    let mut connection = Connection::open_within(&server.bootstrap(), Duration::from_secs(60))?;
    connection.create_topic("first", 1, &[])?;
    connection.produce("first", 0, one_record())?;
    let milliseconds = server.started().elapsed().as_secs_f64() * 1e3;
    connection.create_topic("hundred", 100, &[])?;
    connection.produce("hundred", 99, one_record())?;
    std::thread::sleep(Duration::from_secs(3));
    let resident = usage::resident_mib(server.pid())?;
    Ok(Figures::from([(name::START, milliseconds), (name::RSS_IDLE, resident)]))
}

/// From the start after a kill -9 to an acknowledged record, with 1,000 partitions that all hold
/// records.
///
/// # Errors
/// When the broker cannot be started.
pub fn restart(system: &System) -> Result<Figures> {
    let mut server = Server::start(system, &[])?;
    let address = server.bootstrap();
    let mut connection = Connection::open(&address)?;
    for topic in 0..10 {
        connection.create_topic(&format!("t{topic}"), 100, &[])?;
    }
    for topic in 0..10 {
        for partition in 0..100 {
            connection.produce(&format!("t{topic}"), partition, one_record())?;
        }
    }
    server.kill()?;
    let begun = Instant::now();
    server.start_again()?;
    let mut connection = Connection::open_within(&address, Duration::from_secs(60))?;
    // The last partition of every topic: all of them have to be there.
    for topic in 0..10 {
        connection.produce(&format!("t{topic}"), 99, one_record())?;
    }
    Ok(Figures::from([(name::RESTART, begun.elapsed().as_secs_f64() * 1e3)]))
}

/// The second opinion: Apache Kafka's own tools as clients.
///
/// # Errors
/// When a tool fails.
pub fn java_tools(system: &System, records: u32) -> Result<Figures> {
    let server = Server::start(system, &[])?;
    let address = server.bootstrap();
    ready_topic(&mut Connection::open(&address)?, "java")?;
    let records = records.to_string();
    let produce = |count: &str| {
        tool(
            "ProducerPerformance",
            &address,
            &[
                "--topic",
                "java",
                "--num-records",
                count,
                "--record-size",
                "1024",
                "--throughput",
                "-1",
                "--command-property",
                "batch.size=65536",
                "--command-property",
                "linger.ms=5",
                "--command-property",
                "acks=all",
            ],
        )
    };
    produce("50000")?;
    let (printed, _, cpu) = counted(&server, || produce(&records))?;
    let rate = number_before(&printed, " records/sec").context("producer-perf prints no rate")?;
    let bytes = records.parse::<f64>()? * 1024.0;
    let consumed = tool(
        "ConsumerPerformance",
        &address,
        &["--topic", "java", "--num-records", &records, "--hide-header"],
    )?;
    let speed = consumed
        .lines()
        .find_map(|line| line.split(", ").nth(3)?.parse::<f64>().ok())
        .context("consumer-perf prints no speed")?;
    Ok(Figures::from([
        (name::JAVA_PRODUCE, rate),
        (name::JAVA_PRODUCE_CPU, cpu / (bytes / GB)),
        (name::JAVA_CONSUME, speed),
    ]))
}

fn tool(name: &str, address: &str, arguments: &[&str]) -> Result<String> {
    let mut java: Command = system::java()?;
    java.args(["-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
    java.arg(format!("org.apache.kafka.tools.{name}"));
    program::output(java.args(["--bootstrap-server", address]).args(arguments))
}

/// Creates a topic and waits until every partition takes records.
fn ready_topic(connection: &mut Connection, name: &str) -> Result<()> {
    connection.create_topic(name, load::PARTITIONS, &[])?;
    for partition in 0..load::PARTITIONS {
        connection.produce(name, partition, one_record())?;
    }
    Ok(())
}

fn one_record() -> bytes::Bytes {
    kafka::batch(kafka::now_ms(), [b"record".as_slice()])
}

/// Does something and says how many seconds it took, and how many of the broker's CPU.
fn counted<T>(server: &Server, work: impl FnOnce() -> Result<T>) -> Result<(T, f64, f64)> {
    let cpu = usage::cpu_seconds(server.pid())?;
    let begun = Instant::now();
    let result = work()?;
    let seconds = begun.elapsed().as_secs_f64();
    Ok((result, seconds, usage::cpu_seconds(server.pid())? - cpu))
}

/// The number of the last line that holds `unit`, before it.
fn number_before(text: &str, unit: &str) -> Option<f64> {
    let line = text.lines().rev().find(|line| line.contains(unit))?;
    let (before, _) = line.split_once(unit)?;
    before.rsplit([' ', ',']).next()?.parse().ok()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
pub(super) fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_found_in_the_last_line_that_has_one() {
        let printed = "10 records sent, 5.0 records/sec (0.01 MB/sec)\n\
                       200 records sent, 123.5 records/sec (0.12 MB/sec), 3 ms avg latency\n";
        assert_eq!(number_before(printed, " records/sec"), Some(123.5));
        assert_eq!(number_before("nothing", " records/sec"), None);
    }
}

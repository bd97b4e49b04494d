//! The measures of three brokers: every record is on all of them before it is acknowledged, and
//! the CPU of all three counts.

use std::time::{Duration, Instant};

use crate::bench::load::{self, PARTITIONS, Route};
use crate::bench::measure::{Figures, GB, LARGE, PACED, Times, as_f64, name};
use crate::cluster::{Cluster, Plan};
use crate::failure::Result;
use crate::kafka;
use crate::system::System;

const TOPIC: &str = "replicated";
/// Three JVMs that share few cores take longer to warm up than one: so many times as long.
const WARM_UP_TIMES: u32 = 5;
/// A follower may fall behind under the heaviest load.
const IN_SYNC_MAX: Duration = Duration::from_secs(60);

/// Throughput and CPU of large batches, two connections to each broker.
///
/// # Errors
/// When the cluster cannot be started or fails under load.
pub fn throughput(system: &System, times: Times) -> Result<Figures> {
    let cluster = Cluster::start(&Plan::three(system))?;
    let routes = ready_topic(&cluster)?;
    load::produce_at_will(&routes, TOPIC, LARGE, 2, WARM_UP_TIMES * times.warm_up)?;
    let cpu = cluster.cpu_seconds()?;
    let begun = Instant::now();
    let batches = load::produce_at_will(&routes, TOPIC, LARGE, 2, times.measure)?;
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = as_f64(batches) * as_f64(LARGE.batch_bytes() as u64);
    // With an ISR of less than three the followers had less to do.
    cluster.await_in_sync(TOPIC, IN_SYNC_MAX)?;
    let cpu = cluster.cpu_seconds()? - cpu;
    Ok(Figures::from([
        (name::CLUSTER_CPU, cpu / (bytes / GB)),
        (name::CLUSTER_PEAK, bytes / 1e6 / seconds),
        (name::CLUSTER_RSS, cluster.resident_mib()? / as_f64(cluster.nodes().len() as u64)),
    ]))
}

/// Latency of batches at a rate of `mb_per_second`.
///
/// # Errors
/// When the cluster cannot be started or fails under load.
pub fn latency(system: &System, mb_per_second: f64, times: Times) -> Result<Figures> {
    let cluster = Cluster::start(&Plan::three(system))?;
    let routes = ready_topic(&cluster)?;
    let rate = mb_per_second * 1e6 / as_f64(PACED.batch_bytes() as u64);
    let (none, warm_up) = (Duration::ZERO, WARM_UP_TIMES * times.warm_up);
    load::produce_at_rate(&routes, TOPIC, PACED, rate, none, warm_up)?;
    let cpu = cluster.cpu_seconds()?;
    let latencies = load::produce_at_rate(&routes, TOPIC, PACED, rate, none, 2 * times.measure)?;
    let cpu = cluster.cpu_seconds()? - cpu;
    let bytes = as_f64(latencies.batches) * as_f64(PACED.batch_bytes() as u64);
    let at = |quantile| as_f64(latencies.histogram.value_at_quantile(quantile)) / 1e3;
    Ok(Figures::from([
        (name::CLUSTER_P50, at(0.5)),
        (name::CLUSTER_P99, at(0.99)),
        (name::CLUSTER_P999, at(0.999)),
        (name::CLUSTER_PACED_CPU, cpu / (bytes / GB)),
    ]))
}

/// Creates the topic and has every partition take a record.
fn ready_topic(cluster: &Cluster) -> Result<Vec<Route>> {
    cluster.create(TOPIC, PARTITIONS, &[])?;
    let state = cluster.topic(TOPIC)?;
    let mut routes = Vec::new();
    for broker in cluster.brokers() {
        let led = state.iter().filter(|partition| partition.leader == broker);
        let partitions: Vec<i32> = led.map(|partition| partition.index).collect();
        let mut connection = cluster.connect(broker)?;
        for partition in &partitions {
            let batch = kafka::batch(kafka::now_ms(), [b"record".as_slice()]);
            connection.produce(TOPIC, *partition, batch)?;
        }
        if let Some(address) = cluster.node(broker)?.address() {
            routes.push(Route { address, partitions });
        }
    }
    routes.retain(|route| !route.partitions.is_empty());
    Ok(routes)
}

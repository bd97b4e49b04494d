//! A thousand partitions with three replicas each: what an idle cluster costs, and how fast a
//! broker is back.

use std::time::Duration;

use super::{Figure, Setting};
use crate::cluster::{Cluster, Plan};
use crate::failure::Result;
use crate::kafka;

const TOPICS: i32 = 10;
const PARTITIONS_EACH: i32 = 100;
const WHOLE_MAX: Duration = Duration::from_secs(120);
/// Until all that follows the creation is done.
const SETTLED: Duration = Duration::from_secs(5);

/// Idle, then a kill -9 of one broker and its restart.
pub fn run(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let mut cluster = Cluster::start(&Plan::three(setting.system))?;
    let figures = measure(&mut cluster, setting);
    figures.map_err(|error| cluster.explain(&error))
}

fn measure(cluster: &mut Cluster, setting: Setting<'_>) -> Result<Vec<Figure>> {
    let mut figures = vec![idle(cluster, setting, "idle CPU of an empty cluster")?];
    for topic in 0..TOPICS {
        cluster.create(&name(topic), PARTITIONS_EACH, &[])?;
        fill(cluster, &name(topic))?;
    }
    figures.push(idle(cluster, setting, "idle CPU with 1,000 partitions")?);
    let resident = cluster.resident_mib()? / 3.0;
    figures.push(Figure::new("resident memory of a broker", resident, "MiB", None));
    let rounds = if setting.is_short { 1 } else { 5 };
    let (mut killed, mut ended) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        cluster.node_mut(1)?.kill();
        killed.push(caught_up(cluster)?);
        cluster.node_mut(2)?.terminate()?;
        ended.push(caught_up(cluster)?);
    }
    figures.extend(Figure::spread("start after kill -9 to caught up", &killed, 10.0));
    figures.extend(Figure::spread("start after SIGTERM to caught up", &ended, 10.0));
    Ok(figures)
}

/// Starts what does not run, and waits until all brokers see all replicas in sync.
fn caught_up(cluster: &mut Cluster) -> Result<Duration> {
    // While a broker is down its replicas leave the ISR; only then can they come back.
    cluster.await_partitions(&name(TOPICS - 1), "a broker is missed", WHOLE_MAX, |partition| {
        partition.in_sync.len() < 3
    })?;
    let begun = std::time::Instant::now();
    cluster.start_all()?;
    cluster.await_brokers(3, WHOLE_MAX)?;
    for topic in 0..TOPICS {
        cluster.await_in_sync(&name(topic), WHOLE_MAX)?;
    }
    Ok(begun.elapsed())
}

/// Percent of one core that the whole cluster uses while nobody wants anything.
fn idle(cluster: &Cluster, setting: Setting<'_>, what: &str) -> Result<Figure> {
    let watched = Duration::from_secs(if setting.is_short { 5 } else { 30 });
    std::thread::sleep(SETTLED);
    let before = cluster.cpu_seconds()?;
    std::thread::sleep(watched);
    let used = cluster.cpu_seconds()? - before;
    Ok(Figure::new(what, 100.0 * used / watched.as_secs_f64(), "%", Some(3.0)))
}

/// A record in every partition.
fn fill(cluster: &Cluster, topic: &str) -> Result<()> {
    let mut connections = Vec::new();
    for broker in cluster.brokers() {
        connections.push((broker, cluster.connect(broker)?));
    }
    for partition in cluster.topic(topic)? {
        let leader = connections.iter_mut().find(|(id, _)| *id == partition.leader);
        if let Some((_, connection)) = leader {
            let batch = kafka::batch(kafka::now_ms(), [b"record".as_slice()]);
            connection.produce(topic, partition.index, batch)?;
        }
    }
    Ok(())
}

fn name(topic: i32) -> String {
    format!("many-{topic}")
}

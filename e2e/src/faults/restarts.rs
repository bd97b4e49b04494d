//! Restarts of the whole cluster: in order, one broker after the other, and all killed at once.

use std::time::{Duration, Instant};

use super::{Figure, RESUMED_MAX, Setting, TOPIC, WHOLE_MAX, figures_of, under_load};
use crate::cluster::{Cluster, Plan};
use crate::ensure;
use crate::failure::Result;
use crate::load::{Load, Patience};

/// SIGTERM and start of all brokers, each when the one before is in sync again. A default client
/// sees no failed send.
pub fn rolling(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let rounds = if setting.is_short { 1 } else { 4 };
    let plan = Plan::three(setting.system);
    let (ends, outcome) = under_load(&plan, Patience::DEFAULT, |cluster, load| {
        let mut ends = Vec::new();
        for _ in 0..rounds {
            for broker in cluster.brokers() {
                ends.push(restart(cluster, load, broker)?);
            }
        }
        Ok(ends)
    })?;
    outcome.must_be_whole()?;
    let mut figures = Figure::spread("SIGTERM to the end of the process", &ends, 5.0);
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

fn restart(cluster: &mut Cluster, load: &Load, broker: i32) -> Result<Duration> {
    let end = cluster.node_mut(broker)?.terminate()?;
    let state = cluster.topic(TOPIC)?;
    let still_leads = state.iter().any(|partition| partition.leader == broker);
    ensure!(!still_leads, "broker {broker} left without handing over: {state:?}");
    cluster.node_mut(broker)?.start()?;
    cluster.await_brokers(3, WHOLE_MAX)?;
    cluster.await_in_sync(TOPIC, WHOLE_MAX)?;
    load.await_resumed(load.partitions(), Instant::now(), RESUMED_MAX)?;
    Ok(end)
}

/// All brokers killed at the same moment, with every append flushed before it is acknowledged.
pub fn kill_all(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let rounds = if setting.is_short { 2 } else { 10 };
    let plan = Plan::three(setting.system).with(&[("log.flush.interval.messages", "1")]);
    let (times, outcome) = under_load(&plan, Patience::DEFAULT, |cluster, load| {
        let mut times = Vec::new();
        for _ in 0..rounds {
            cluster.kill_all();
            let begun = Instant::now();
            cluster.start_all()?;
            times.push(load.await_resumed(load.partitions(), begun, 2 * RESUMED_MAX)?);
            cluster.await_in_sync(TOPIC, WHOLE_MAX)?;
        }
        Ok(times)
    })?;
    let mut figures =
        Figure::spread("start of all after kill -9 of all, to acked sends", &times, 10.0);
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

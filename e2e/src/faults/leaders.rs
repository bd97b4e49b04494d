//! Leaders that are killed or stopped, and followers that are stopped.

use std::time::{Duration, Instant};

use super::{Figure, PARTITIONS, RESUMED_MAX, Setting, TOPIC, WHOLE_MAX, figures_of, under_load};
use crate::cluster::{Cluster, Plan, until};
use crate::failure::{Context, Result};
use crate::load::{Load, Patience};

/// kill -9 of the leader of one partition after the other, to the next acknowledged send of every
/// partition that it led, with a default client.
pub fn kill(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let kills = if setting.is_short { 6 } else { 36 };
    let plan = Plan::three(setting.system);
    let (times, outcome) = under_load(&plan, Patience::DEFAULT, |cluster, load| {
        (0..kills).map(|number| kill_once(cluster, load, number)).collect::<Result<Vec<_>>>()
    })?;
    let mut figures = spread("kill -9 of a leader to the next acked send", &times, 2.5);
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

/// How long the loss of a leader held up what it led.
struct Loss {
    took: Duration,
    was_controller: bool,
}

fn spread(what: &str, losses: &[Loss], goal: f64) -> Vec<Figure> {
    let all: Vec<Duration> = losses.iter().map(|loss| loss.took).collect();
    let mut figures = Figure::spread(what, &all, goal);
    for (who, controller) in [("a broker", false), ("the active controller too", true)] {
        let of_them = losses.iter().filter(|loss| loss.was_controller == controller);
        let times: Vec<Duration> = of_them.map(|loss| loss.took).collect();
        if let Some(longest) = times.iter().max() {
            let name = format!("of these {who} ({} times), longest", times.len());
            figures.push(Figure::seconds(&name, *longest, None));
        }
    }
    figures
}

fn kill_once(cluster: &mut Cluster, load: &Load, number: i32) -> Result<Loss> {
    let (leader, led) = leader_of(cluster, number % PARTITIONS)?;
    let was_controller = cluster.quorum()?.leader == leader;
    let begun = Instant::now();
    cluster.node_mut(leader)?.kill();
    let took = load.await_resumed(&led, begun, RESUMED_MAX)?;
    cluster.node_mut(leader)?.start()?;
    whole(cluster, load)?;
    Ok(Loss { took, was_controller })
}

/// SIGSTOP of a leader: its connections stay open and say nothing.
pub fn stop(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let stops = if setting.is_short { 3 } else { 12 };
    let plan = Plan::three(setting.system);
    let (times, outcome) = under_load(&plan, Patience::SHORT, |cluster, load| {
        (0..stops).map(|number| stop_once(cluster, load, number)).collect::<Result<Vec<_>>>()
    })?;
    let what = "SIGSTOP of a leader to the next acked send (client waits 1 s)";
    let mut figures = spread(what, &times, 4.0);
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

fn stop_once(cluster: &mut Cluster, load: &Load, number: i32) -> Result<Loss> {
    let (leader, led) = leader_of(cluster, number % PARTITIONS)?;
    let was_controller = cluster.quorum()?.leader == leader;
    let begun = Instant::now();
    cluster.node_mut(leader)?.stop();
    let took = load.await_resumed(&led, begun, RESUMED_MAX);
    // It must not go on as if it still led: what it acknowledges now would be lost.
    cluster.node_mut(leader)?.resume();
    let took = took?;
    whole(cluster, load)?;
    Ok(Loss { took, was_controller })
}

/// SIGSTOP of a broker: how long it holds up the partitions that it only follows.
pub fn stop_follower(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let stops = if setting.is_short { 2 } else { 9 };
    let plan = Plan::three(setting.system);
    let (times, outcome) = under_load(&plan, Patience::DEFAULT, |cluster, load| {
        (0..stops).map(|number| stall_once(cluster, load, number)).collect::<Result<Vec<_>>>()
    })?;
    let mut figures = Figure::spread("a stopped follower stalls acks=all", &times, 2.0);
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

fn stall_once(cluster: &mut Cluster, load: &Load, number: i32) -> Result<Duration> {
    let (broker, led) = leader_of(cluster, number % PARTITIONS)?;
    let followed: Vec<i32> =
        load.partitions().iter().filter(|partition| !led.contains(partition)).copied().collect();
    let begun = Instant::now();
    cluster.node_mut(broker)?.stop();
    // Those in flight may be acknowledged yet: what falls due a moment later cannot.
    let stopped = begun + Duration::from_millis(100);
    let resumed = load.await_resumed(&followed, stopped, RESUMED_MAX);
    let stall = load.longest_wait(&followed, begun, Instant::now());
    cluster.node_mut(broker)?.resume();
    resumed?;
    whole(cluster, load)?;
    Ok(stall)
}

/// The leader of a partition, and all partitions of the load that it leads.
fn leader_of(cluster: &Cluster, partition: i32) -> Result<(i32, Vec<i32>)> {
    let state = cluster.topic(TOPIC)?;
    let leader = state.iter().find(|p| p.index == partition).context("no such partition")?.leader;
    let led = state.iter().filter(|p| p.leader == leader).map(|p| p.index).collect();
    Ok((leader, led))
}

/// Waits until nothing is left of a fault: every broker is back, every replica in sync, every
/// partition acknowledges, and the quorum has a leader that all voters follow.
fn whole(cluster: &Cluster, load: &Load) -> Result<()> {
    let brokers = cluster.brokers().len();
    cluster.await_brokers(brokers, WHOLE_MAX)?;
    cluster.await_in_sync(TOPIC, WHOLE_MAX)?;
    until("every voter follows the log", WHOLE_MAX, || {
        let quorum = cluster.quorum()?;
        let end = quorum.voters.iter().map(|(_, end)| *end).max().unwrap_or_default();
        // The log grows all the time: a voter that is behind by a few records follows.
        let follows = quorum.voters.iter().all(|(_, its_end)| end - its_end < 20);
        Ok((!follows).then(|| format!("{quorum:?}")))
    })?;
    load.await_resumed(load.partitions(), Instant::now(), RESUMED_MAX)?;
    Ok(())
}

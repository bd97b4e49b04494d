//! The active controller is killed, with controllers that are no brokers.

use std::time::{Duration, Instant};

use super::{Figure, Setting, WHOLE_MAX, figures_of, under_load};
use crate::cluster::{Cluster, Controllers, Plan, until};
use crate::failure::Result;
use crate::load::{Load, Patience};

/// How long the load is watched after a kill.
const WATCHED: Duration = Duration::from_secs(3);

/// Topics can be created again soon, and records flow as if nothing had happened.
pub fn kill(setting: Setting<'_>) -> Result<Vec<Figure>> {
    let kills = if setting.is_short { 3 } else { 12 };
    let plan = Plan { controllers: Controllers::Separate(3), ..Plan::three(setting.system) };
    let (times, outcome) = under_load(&plan, Patience::DEFAULT, |cluster, load| {
        (0..kills).map(|number| kill_once(cluster, load, number)).collect::<Result<Vec<_>>>()
    })?;
    let created: Vec<Duration> = times.iter().map(|(created, _)| *created).collect();
    let waits: Vec<Duration> = times.iter().map(|(_, wait)| *wait).collect();
    let mut figures =
        Figure::spread("kill -9 of the active controller to a new topic", &created, 2.0);
    // Unaffected is what no client notices: less than the backoff of a retry.
    figures.extend(Figure::spread("meanwhile the longest wait of a send", &waits, 0.5));
    figures.extend(figures_of(&outcome));
    Ok(figures)
}

fn kill_once(cluster: &mut Cluster, load: &Load, number: i32) -> Result<(Duration, Duration)> {
    let active = cluster.quorum()?.leader;
    let begun = Instant::now();
    cluster.node_mut(active)?.kill();
    let name = format!("created-{number}");
    let created = until("a topic is created", WHOLE_MAX, || {
        cluster.ask(|connection| connection.create_replicated(&name, 1, 3, &[]))?;
        Ok(None)
    })?;
    std::thread::sleep(WATCHED.saturating_sub(begun.elapsed()));
    let wait = load.longest_wait(load.partitions(), begun, begun + WATCHED);
    cluster.node_mut(active)?.start()?;
    until("the killed controller is back", WHOLE_MAX, || {
        let quorum = cluster.quorum()?;
        let end = quorum.voters.iter().map(|(_, end)| *end).max().unwrap_or_default();
        let own = quorum.voters.iter().find(|(id, _)| *id == active);
        let follows = own.is_some_and(|(_, its_end)| end - its_end < 20);
        Ok((!follows).then(|| format!("{quorum:?}")))
    })?;
    Ok((created, wait))
}

//! Faults on a cluster of processes on loopback, under a load that knows what must come of it.
//! Each fault has a fresh cluster. What was acknowledged must be kept, whatever the machine; a
//! figure that misses its goal is said, and fails when it is far off.

mod controllers;
mod leaders;
mod many;
mod restarts;

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::checks::Tally;
use crate::cluster::{Cluster, Plan};
use crate::failure::{Context, Failure, Result};
use crate::load::{Load, Options, Outcome, Patience};
use crate::system::System;

/// The topic of the load and its partitions: two led by each of three brokers.
const TOPIC: &str = "load";
const PARTITIONS: i32 = 6;
/// How long a cluster may take to be whole again after a fault.
const WHOLE_MAX: Duration = Duration::from_secs(60);
/// How long sends may take to go on after a fault before the fault counts as not survived.
const RESUMED_MAX: Duration = Duration::from_secs(45);
/// How often a goal is missed before it is a failure: the machine is small and shared.
const SLACK: f64 = 2.5;

/// What a fault is done to.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    /// Whose brokers.
    pub system: &'a System,
    /// Few repetitions, for every change; otherwise enough for percentiles.
    pub is_short: bool,
}

/// Something measured.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// Of what.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what unit.
    pub unit: &'static str,
    /// What it is to be at most.
    pub goal: Option<f64>,
}

/// A fault.
struct Fault {
    name: &'static str,
    run: fn(Setting<'_>) -> Result<Vec<Figure>>,
}

const FAULTS: &[Fault] = &[
    Fault { name: "leader-kill", run: leaders::kill },
    Fault { name: "leader-stop", run: leaders::stop },
    Fault { name: "follower-stop", run: leaders::stop_follower },
    Fault { name: "controller-kill", run: controllers::kill },
    Fault { name: "rolling-restart", run: restarts::rolling },
    Fault { name: "kill-all", run: restarts::kill_all },
    Fault { name: "many-partitions", run: many::run },
];

/// What came of a fault.
#[derive(Debug, Serialize)]
struct Report {
    fault: &'static str,
    system: &'static str,
    seconds: f64,
    figures: Vec<Figure>,
    failure: Option<String>,
}

/// Runs the faults of these names (all, if there are none), prints their figures, and writes them
/// as JSON.
///
/// # Errors
/// When there is no fault of a name, or the file cannot be written.
pub fn run(setting: Setting<'_>, names: &[String], json: Option<&Path>) -> Result<Tally> {
    if let Some(name) = names.iter().find(|name| !FAULTS.iter().any(|f| f.name == **name)) {
        let known: Vec<&str> = FAULTS.iter().map(|fault| fault.name).collect();
        return Err(Failure::new(format!("no fault {name}: there are {}", known.join(", "))));
    }
    let chosen = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    let mut reports = Vec::new();
    for fault in FAULTS.iter().filter(|fault| chosen(fault.name)) {
        reports.push(one(setting, fault));
    }
    if let Some(path) = json {
        std::fs::write(path, serde_json::to_vec_pretty(&reports)?).context(path.display())?;
    }
    let failed = reports.iter().filter(|report| report.failure.is_some()).count();
    Ok(Tally { passed: reports.len() - failed, failed })
}

fn one(setting: Setting<'_>, fault: &Fault) -> Report {
    println!("  {} …", fault.name);
    let begun = Instant::now();
    let outcome = (fault.run)(setting);
    let seconds = begun.elapsed().as_secs_f64();
    let (figures, mut failure) = match outcome {
        Ok(figures) => (figures, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    for figure in &figures {
        println!("    {figure}");
        // Apache Kafka runs for comparison: it has no goals.
        let far_off = figure.goal.is_some_and(|goal| figure.value > goal * SLACK);
        if far_off && setting.system.is_ours() {
            failure = Some(format!("far off the goal: {}", figure.name));
        }
    }
    match &failure {
        None => println!("  ok    {} ({seconds:.1} s)", fault.name),
        Some(error) => println!("  FAIL  {} ({seconds:.1} s): {error}", fault.name),
    }
    Report { fault: fault.name, system: setting.system.name(), seconds, figures, failure }
}

impl Figure {
    fn new(name: &str, value: f64, unit: &'static str, goal: Option<f64>) -> Self {
        Self { name: name.to_owned(), value, unit, goal }
    }

    fn seconds(name: &str, time: Duration, goal: Option<f64>) -> Self {
        Self::new(name, time.as_secs_f64(), "s", goal)
    }

    /// Median, 99th percentile (of fewer than a hundred: the largest) and count of some times.
    fn spread(name: &str, times: &[Duration], goal: f64) -> Vec<Self> {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let at = |share: usize| sorted.get((sorted.len() * share / 100).min(sorted.len() - 1));
        let count = u32::try_from(sorted.len()).unwrap_or(u32::MAX);
        let mut figures = vec![Self::new(&format!("{name}, times"), f64::from(count), "", None)];
        if let (Some(p50), Some(p99)) = (at(50), at(99)) {
            figures.push(Self::seconds(&format!("{name}, p50"), *p50, None));
            figures.push(Self::seconds(&format!("{name}, p99"), *p99, Some(goal)));
        }
        figures
    }
}

impl std::fmt::Display for Figure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, value, unit, goal } = self;
        write!(formatter, "{name:<60} {value:>9.2} {unit:<4}")?;
        match goal {
            Some(goal) if value <= goal => write!(formatter, " at most {goal}: met"),
            Some(goal) => write!(formatter, " at most {goal}: MISSED"),
            None => Ok(()),
        }
    }
}

/// Starts a cluster, puts a load on it, does `work`, and judges the load: nothing that was
/// acknowledged may be lost, doubled, out of order or changed.
fn under_load<T>(
    plan: &Plan<'_>,
    patience: Patience,
    work: impl FnOnce(&mut Cluster, &Load) -> Result<T>,
) -> Result<(T, Outcome)> {
    let mut cluster = Cluster::start(plan)?;
    cluster.create(TOPIC, PARTITIONS, &[])?;
    let mut options = Options::new(&cluster.bootstrap(), TOPIC, PARTITIONS);
    options.patience = patience;
    let load = Load::start(&options).map_err(|error| cluster.explain(&error))?;
    let result = work(&mut cluster, &load).map_err(|error| cluster.explain(&error))?;
    let outcome = load.finish().map_err(|error| cluster.explain(&error))?;
    outcome.must_be_safe()?;
    Ok((result, outcome))
}

/// What a load says, as figures.
fn figures_of(outcome: &Outcome) -> Vec<Figure> {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    let number = |name: &str, value: usize, goal| Figure::new(name, value as f64, "", goal);
    let verdict = &outcome.verdict;
    vec![
        number("records acknowledged", verdict.acked, None),
        number("sends failed", verdict.failed, Some(0.0)),
        number("lost", verdict.lost, Some(0.0)),
        number("duplicated", verdict.duplicated, Some(0.0)),
        Figure::new("due to acknowledged, p50", outcome.p50_ms, "ms", None),
        Figure::new("due to acknowledged, p99", outcome.p99_ms, "ms", None),
        Figure::new("due to acknowledged, longest", outcome.max_ms, "ms", None),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_of_few_shows_the_largest() {
        let times: Vec<Duration> = (1..=30).map(Duration::from_secs).collect();
        let [_, p50, p99] = &Figure::spread("x", &times, 2.5)[..] else { panic!() };
        assert!((p50.value - 16.0).abs() < 1e-9 && (p99.value - 30.0).abs() < 1e-9);
        assert!(p99.to_string().ends_with("at most 2.5: MISSED"));
    }
}

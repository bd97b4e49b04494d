//! `make bench`: our broker and Apache Kafka 4.3.1 side by side, in turns, under the same loads.
//! Absolute figures of a small shared machine mean nothing: what counts are the ratios.

mod cluster;
mod load;
mod measure;
mod sendfile;
mod server;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::checkout;
use crate::failure::Result;
use crate::progress::step;
use crate::system::System;
use measure::{Figures, Times, name};

/// What a figure is to reach.
#[derive(Clone, Copy)]
enum Target {
    /// At most this share of Apache Kafka's.
    ShareAtMost(f64),
    /// At least this multiple of Apache Kafka's.
    MultipleAtLeast(f64),
    /// At most this, whatever Apache Kafka does.
    AtMost(f64),
    /// No target: for information.
    None,
    /// No target and no broker: shown beside this figure of Apache Kafka.
    Beside(&'static str),
}

const TARGETS: &[(&str, Target)] = &[
    (name::PRODUCE_CPU, Target::ShareAtMost(0.35)),
    (name::PRODUCE_PEAK, Target::MultipleAtLeast(1.5)),
    (name::CONSUME_CPU, Target::ShareAtMost(0.25)),
    (name::CONSUME_FLOOR, Target::Beside(name::CONSUME_CPU)),
    (name::CONSUME_PEAK, Target::None),
    (name::SINGLE_4K_CPU, Target::ShareAtMost(0.45)),
    (name::SINGLE_10K_CPU, Target::ShareAtMost(0.45)),
    (name::P50, Target::None),
    (name::P99, Target::ShareAtMost(0.2)),
    (name::P999, Target::ShareAtMost(0.2)),
    (name::RSS_IDLE, Target::AtMost(20.0)),
    (name::RSS_LOAD, Target::AtMost(80.0)),
    (name::START, Target::AtMost(150.0)),
    (name::RESTART, Target::AtMost(2_000.0)),
    (name::CLUSTER_CPU, Target::ShareAtMost(0.4)),
    (name::CLUSTER_PEAK, Target::MultipleAtLeast(2.0)),
    (name::CLUSTER_P50, Target::None),
    (name::CLUSTER_P99, Target::ShareAtMost(0.2)),
    (name::CLUSTER_P999, Target::None),
    (name::CLUSTER_PACED_CPU, Target::None),
    (name::CLUSTER_RSS, Target::None),
    (name::JAVA_PRODUCE, Target::None),
    (name::JAVA_PRODUCE_CPU, Target::None),
    (name::JAVA_CONSUME, Target::None),
];

/// The figures of all runs of one system.
type Runs = BTreeMap<&'static str, Vec<f64>>;

/// Runs everything and prints the table. As a `control`, Apache Kafka stands in for our broker: the
/// ratios then show how much the machine alone makes them stray from 1.
///
/// # Errors
/// When a broker cannot be started or fails under load. A missed target is not a failure.
pub fn run(quick: bool, control: bool) -> Result<()> {
    let (runs, times) = length(quick);
    let records = if quick { 200_000 } else { 1_000_000 };
    let begun = Instant::now();
    let systems = systems(control)?;
    let mut all = [Runs::new(), Runs::new()];
    for run in 1..=runs {
        println!("run {run} of {runs}");
        one_run(&systems, &mut all, times, run)?;
    }
    println!("once");
    for (system, runs) in systems.iter().zip(&mut all) {
        add(runs, step(&format!("{}: restart", system.name()), || measure::restart(system))?);
        let opinion = || measure::java_tools(system, records);
        add(runs, step(&format!("{}: Java's tools", system.name()), opinion)?);
    }
    print_table(&all);
    println!("{:.1} minutes", begun.elapsed().as_secs_f64() / 60.0);
    Ok(())
}

/// The same for three brokers, whose topic has three replicas of each partition.
///
/// # Errors
/// As [`run`].
pub fn run_cluster(quick: bool, control: bool) -> Result<()> {
    let (runs, times) = length(quick);
    let begun = Instant::now();
    let systems = systems(control)?;
    let mut all = [Runs::new(), Runs::new()];
    for run in 1..=runs {
        println!("run {run} of {runs}");
        // Kafka comes first: half of its peak is the rate of both.
        for (system, runs) in systems.iter().zip(all.iter_mut()) {
            let what = format!("three brokers of {}: throughput", system.name());
            add(runs, step(&what, || cluster::throughput(system, times))?);
        }
        let [kafka, _] = &all;
        let peak = middle(kafka.get(name::CLUSTER_PEAK).map_or(&[], Vec::as_slice));
        for index in order(run) {
            let (Some(system), Some(runs)) = (systems.get(index), all.get_mut(index)) else {
                continue;
            };
            let what =
                format!("three brokers of {}: latency at {:.0} MB/s", system.name(), peak / 2.0);
            add(runs, step(&what, || cluster::latency(system, peak / 2.0, times))?);
        }
    }
    print_table(&all);
    println!("{:.1} minutes", begun.elapsed().as_secs_f64() / 60.0);
    Ok(())
}

/// Consuming alone.
///
/// # Errors
/// As [`run`].
pub fn run_consume(quick: bool, control: bool) -> Result<()> {
    let (runs, times) = length(quick);
    let systems = systems(control)?;
    let mut all = [Runs::new(), Runs::new()];
    for run in 1..=runs {
        println!("run {run} of {runs}");
        for index in order(run) {
            let (Some(system), Some(runs)) = (systems.get(index), all.get_mut(index)) else {
                continue;
            };
            let what = format!("{}: consume", system.name());
            add(runs, step(&what, || measure::consume(system, times))?);
        }
        let [_, ours] = &mut all;
        add(ours, step("bare server: consume", sendfile::floor)?);
    }
    print_table(&all);
    Ok(())
}

/// How many runs, and how long each measure takes.
fn length(quick: bool) -> (u32, Times) {
    let seconds = Duration::from_secs;
    if quick {
        return (1, Times { warm_up: seconds(2), measure: seconds(3) });
    }
    (3, Times { warm_up: seconds(3), measure: seconds(5) })
}

fn systems(control: bool) -> Result<[System; 2]> {
    let ours = if control { System::Apache } else { System::Barnabas(checkout::broker()?) };
    Ok([System::Apache, ours])
}

/// Who goes first alternates, so that neither always finds the machine as the other left it.
fn order(run: u32) -> [usize; 2] {
    if run.is_multiple_of(2) { [1, 0] } else { [0, 1] }
}

fn one_run(systems: &[System; 2], all: &mut [Runs; 2], times: Times, run: u32) -> Result<()> {
    for (system, runs) in systems.iter().zip(all.iter_mut()) {
        let name = system.name();
        add(runs, step(&format!("{name}: start"), || measure::start(system))?);
        add(runs, step(&format!("{name}: throughput"), || measure::throughput(system, times))?);
    }
    let [kafka, ours] = all;
    add(ours, step("bare server: consume", sendfile::floor)?);
    let peak = middle(kafka.get(name::PRODUCE_PEAK).map_or(&[], Vec::as_slice));
    for index in order(run) {
        let (Some(system), Some(runs)) = (systems.get(index), all.get_mut(index)) else { continue };
        let what = format!("{}: latency at {:.0} MB/s", system.name(), peak / 2.0);
        add(runs, step(&what, || measure::latency(system, peak / 2.0, times))?);
    }
    Ok(())
}

fn add(runs: &mut Runs, figures: Figures) {
    for (name, value) in figures {
        runs.entry(name).or_default().push(value);
    }
}

fn print_table([kafka, ours]: &[Runs; 2]) {
    println!(
        "\n{:<48} {:>20} {:>20} {:>7}  target",
        "median (lowest to highest)", "Apache Kafka 4.3.1", "Barnabas", "ratio"
    );
    for (name, target) in TARGETS {
        let other = if let Target::Beside(other) = target { other } else { name };
        let (Some(theirs), Some(own)) = (kafka.get(other), ours.get(name)) else { continue };
        let ratio = middle(own) / middle(theirs);
        println!(
            "{name:<48} {:>20} {:>20} {ratio:>6.2}x  {}",
            spread(theirs),
            spread(own),
            judged(*target, middle(own), ratio)
        );
    }
}

fn judged(target: Target, value: f64, ratio: f64) -> String {
    let (met, text) = match target {
        Target::ShareAtMost(share) => (ratio <= share, format!("at most {share}x")),
        Target::MultipleAtLeast(multiple) => (ratio >= multiple, format!("at least {multiple}x")),
        Target::AtMost(most) => (value <= most, format!("at most {most}")),
        Target::None | Target::Beside(_) => return String::new(),
    };
    format!("{text} {}", if met { "met" } else { "MISSED" })
}

fn spread(values: &[f64]) -> String {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.len() < 2 {
        return figure(middle(values));
    }
    format!("{} ({}-{})", figure(middle(values)), figure(lowest), figure(highest))
}

fn figure(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_or_missed() {
        assert!(judged(Target::ShareAtMost(0.35), 9.0, 0.34).ends_with("met"));
        assert!(judged(Target::ShareAtMost(0.35), 9.0, 0.36).ends_with("MISSED"));
        assert!(judged(Target::MultipleAtLeast(1.5), 9.0, 1.6).ends_with("met"));
        assert!(judged(Target::AtMost(20.0), 21.0, 0.1).ends_with("MISSED"));
        // A figure that was never taken meets nothing.
        assert!(judged(Target::AtMost(20.0), f64::NAN, f64::NAN).ends_with("MISSED"));
    }

    #[test]
    fn the_middle_is_the_median() {
        assert!((middle(&[3.0, 1.0, 200.0]) - 3.0).abs() < f64::EPSILON);
        assert!(middle(&[]).is_nan());
    }
}

//! `barnabas-sim`: simulates seeds, and says which of them fail.

#[cfg(feature = "seeded-bugs")]
mod hunt;

use std::io::{self, Write};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use barnabas_sim::scenario::Scale;
use barnabas_sim::{Outcome, Scenario, simulate};
use clap::Parser;
use serde::Serialize;

/// Simulates clusters under faults and checks what their clients were told.
#[derive(Clone, Debug, Parser)]
struct Arguments {
    /// Seeds to simulate, as 0..500; without an end: until interrupted.
    #[arg(long, default_value = "0..100", value_parser = seeds)]
    seeds: Range<u64>,
    /// One seed only.
    #[arg(long, conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Prints every event, and the logs of the nodes if BARNABAS_LOG is set; with --seed.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Runs every seed twice and compares the traces.
    #[arg(long)]
    twice: bool,
    /// Nodes of each cluster; by default the seed decides.
    #[arg(long)]
    nodes: Option<i32>,
    /// Simulated seconds during which faults happen.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// Seeds that are simulated at the same time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Sees after how many seeds each seeded bug is found; at most as many as --seeds.
    #[cfg(feature = "seeded-bugs")]
    #[arg(long)]
    bugs: bool,
    /// Only bugs with this in their names.
    #[cfg(feature = "seeded-bugs")]
    #[arg(long, default_value = "")]
    bug: String,
    /// Goes on after a seed that failed.
    #[arg(long)]
    keep_going: bool,
}

#[derive(Debug, Default, Serialize)]
struct Summary {
    seeds: u64,
    failed: Vec<Outcome>,
    simulated_hours: f64,
    wall_seconds: f64,
    sent: u64,
    acked: u64,
    read: u64,
    committed: u64,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.trace {
        show_logs();
    }
    #[cfg(feature = "seeded-bugs")]
    if arguments.bugs {
        return hunt::hunt(&arguments);
    }
    let seeds = arguments.seed.map_or(arguments.seeds.clone(), |seed| seed..seed + 1);
    let summary = run(&arguments, seeds);
    let text = serde_json::to_string_pretty(&summary).unwrap_or_default();
    let _ = writeln!(io::stdout(), "{text}");
    if summary.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Simulates seeds until one fails, or all.
fn run(arguments: &Arguments, seeds: Range<u64>) -> Summary {
    let begin = Instant::now();
    let next = AtomicU64::new(seeds.start);
    let stop = AtomicBool::new(false);
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || stop.load(Ordering::Relaxed) {
                        return;
                    }
                    let outcome = check(arguments, seed);
                    let failed = !outcome.violations.is_empty();
                    if let Ok(mut summary) = summary.lock() {
                        tell(&outcome, &summary, &begin);
                        summary.add(outcome);
                    }
                    if failed && !arguments.keep_going {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let mut summary = summary.into_inner().unwrap_or_else(PoisonError::into_inner);
    summary.wall_seconds = begin.elapsed().as_secs_f64();
    summary.failed.sort_by_key(|outcome| outcome.seed);
    summary
}

fn check(arguments: &Arguments, seed: u64) -> Outcome {
    let scale = Scale { nodes: arguments.nodes, seconds: arguments.seconds };
    let scenario = Scenario::new(seed, scale);
    let mut outcome = simulate(&scenario, arguments.trace);
    if arguments.twice {
        let again = simulate(&scenario, false);
        if again.trace != outcome.trace {
            outcome.violations.push(barnabas_sim::history::Violation {
                kind: barnabas_sim::history::Kind::Indeterminate,
                text: format!("{:x} and {:x}", outcome.trace, again.trace),
            });
        }
    }
    outcome
}

fn tell(outcome: &Outcome, summary: &Summary, begin: &Instant) {
    let done = summary.seeds + 1;
    let mut out = io::stdout();
    if !outcome.violations.is_empty() {
        let seed = outcome.seed;
        let _ = writeln!(out, "seed {seed} FAILED; replay: barnabas-sim --seed {seed} --trace");
        for violation in &outcome.violations {
            let _ = writeln!(out, "  {:?}: {}", violation.kind, violation.text);
        }
        return;
    }
    let _ = writeln!(out, "seed {} passed", outcome.seed);
    if done.is_power_of_two() || done.is_multiple_of(100) {
        let seconds = begin.elapsed().as_secs_f64();
        let _ = writeln!(out, "{done} seeds in {seconds:.1} s");
    }
}

impl Summary {
    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.simulated_hours += outcome.simulated_ms as f64 / 3_600_000.0;
        self.sent += outcome.counts.sent;
        self.acked += outcome.counts.acked;
        self.read += outcome.counts.read;
        self.committed += outcome.counts.committed;
        if !outcome.violations.is_empty() {
            self.failed.push(outcome);
        }
    }
}

fn show_logs() {
    use tracing_subscriber::EnvFilter;
    let filter = EnvFilter::from_env("BARNABAS_LOG");
    let builder = tracing_subscriber::fmt().with_env_filter(filter).without_time();
    builder.with_writer(io::stdout).init();
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let parse = |part: &str| part.parse::<u64>().map_err(|error| format!("{part}: {error}"));
    match text.split_once("..") {
        Some((from, "")) => Ok(parse(from)?..u64::MAX),
        Some((from, to)) => Ok(parse(from)?..parse(to)?),
        None => Err("expected a range, as 0..500".to_owned()),
    }
}

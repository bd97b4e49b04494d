//! Whether the simulator finds every seeded bug, and after how many seeds.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use barnabas_bugs::{Bug, seed};
use barnabas_sim::history::{Kind, Violation};
use barnabas_sim::scenario::Scale;
use barnabas_sim::{Scenario, simulate};
use serde::Serialize;

use super::Arguments;

/// What became of one bug.
#[derive(Debug, Serialize)]
struct Hunted {
    bug: String,
    /// The seed that found it.
    seed: Option<u64>,
    /// The check that did.
    found_by: Option<Kind>,
    violation: Option<String>,
    /// How many seeds were simulated with it.
    tried: u64,
    seconds: f64,
}

#[derive(Debug, Serialize)]
struct Bag {
    found: usize,
    missed: usize,
    wall_seconds: f64,
    bugs: Vec<Hunted>,
}

/// Simulates each bug until it is found, as many at the same time as there are jobs. Fails if one
/// is not found within the seeds.
pub(super) fn hunt(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let asked = |bug: &&Bug| format!("{bug:?}").contains(&arguments.bug);
    let bugs: Vec<Bug> = Bug::ALL.iter().filter(asked).copied().collect();
    let (next, hunted) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..arguments.jobs.max(1) {
            scope.spawn(|| {
                while let Some(bug) = bugs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = find(arguments, *bug);
                    tell(&found);
                    hunted.lock().unwrap_or_else(PoisonError::into_inner).push(found);
                }
            });
        }
    });
    let mut bugs = hunted.into_inner().unwrap_or_else(PoisonError::into_inner);
    bugs.sort_by(|a, b| a.bug.cmp(&b.bug));
    let found = bugs.iter().filter(|hunted| hunted.seed.is_some()).count();
    let missed = bugs.len() - found;
    let bag = Bag { found, missed, wall_seconds: begin.elapsed().as_secs_f64(), bugs };
    let text = serde_json::to_string_pretty(&bag).unwrap_or_default();
    let _ = writeln!(io::stdout(), "{text}");
    if missed == 0 && found > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(arguments: &Arguments, bug: Bug) -> Hunted {
    let begin = Instant::now();
    let mut tried = 0;
    let found = arguments.seeds.clone().find_map(|seed| {
        tried += 1;
        let first = violation(arguments, seed, Some(bug))?;
        // What fails without the bug, too, says nothing about it.
        violation(arguments, seed, None).is_none().then_some((seed, first))
    });
    let (seed, violation) = found.unzip();
    Hunted {
        bug: format!("{bug:?}"),
        seed,
        found_by: violation.as_ref().map(|violation| violation.kind),
        violation: violation.map(|violation| violation.text),
        tried,
        seconds: begin.elapsed().as_secs_f64(),
    }
}

/// The first thing that is wrong in the simulation of a seed.
fn violation(arguments: &Arguments, number: u64, bug: Option<Bug>) -> Option<Violation> {
    seed(bug);
    let scale = Scale { nodes: arguments.nodes, seconds: arguments.seconds };
    let outcome = simulate(&Scenario::new(number, scale), false);
    seed(None);
    outcome.violations.into_iter().next()
}

fn tell(hunted: &Hunted) {
    let Hunted { bug, seed, found_by, violation, tried, seconds } = hunted;
    let text = match (seed, found_by, violation) {
        (Some(seed), Some(kind), Some(text)) => {
            let short: String = text.chars().take(60).collect();
            format!(
                "found    {:<17} seed {seed:<5} {tried:>4} tried {seconds:>5.1} s  {short}",
                format!("{kind:?}")
            )
        }
        _ => format!("NOT FOUND in {tried} seeds, {seconds:.1} s"),
    };
    let _ = writeln!(io::stdout(), "bug {bug:<24} {text}");
}

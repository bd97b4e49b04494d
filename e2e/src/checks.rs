//! `make test`: every check of the repository, one stage after the other. A stage that fails does
//! not stop those that follow, so that one run tells everything.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::bed::Bed;
use crate::checkout::{self, Binaries};
use crate::clients::{self, Target};
use crate::failure::{Context, Failure, Result};
use crate::faults::Setting;
use crate::system::System;
use crate::{faults, hostile, program, scenario, tools};

/// How much of the output of a failed stage is shown.
const SHOWN_LINES: usize = 120;
/// How many failures the summary repeats.
const REPEATED_FAILURES: usize = 40;

/// A stage: its name on the command line and in the heading, and what it does.
struct Stage {
    name: &'static str,
    heading: &'static str,
    run: fn(&mut Failures) -> Result<Tally>,
}

/// What failed, in a line each: repeated below the summary, where it is found first.
#[derive(Debug, Default)]
struct Failures(Vec<String>);

impl Failures {
    fn add(&mut self, line: &str) {
        if self.0.len() < REPEATED_FAILURES {
            self.0.push(line.trim_end().to_owned());
        }
    }
}

const STAGES: &[Stage] = &[
    Stage { name: "format", heading: "Format", run: format },
    Stage { name: "lints", heading: "Lints", run: lints },
    Stage { name: "tests", heading: "Unit, property and budget tests, fuzz smoke", run: tests },
    Stage { name: "simulation", heading: "Simulated clusters under faults", run: simulation },
    Stage { name: "bugs", heading: "Seeded bugs the simulator has to find", run: bugs },
    Stage { name: "build", heading: "Static release binaries", run: build },
    Stage { name: "clients", heading: "Clients of the field", run: client_matrix },
    Stage { name: "hostile", heading: "Hostile input beside an honest client", run: hostile_input },
    Stage { name: "cluster", heading: "Faults and Java's tools on three brokers", run: cluster },
    Stage { name: "scenarios", heading: "Scenarios on a real Kubernetes", run: scenarios },
];

/// How many checks passed and failed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Those that held.
    pub passed: usize,
    /// Those that did not.
    pub failed: usize,
}

impl Tally {
    const ONE: Self = Self { passed: 1, failed: 0 };

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Runs the stages of these names (all, if there are none) and prints a summary.
///
/// # Errors
/// When there is no stage of a name, or something failed.
pub fn run(names: &[String]) -> Result<()> {
    if let Some(name) = names.iter().find(|name| !STAGES.iter().any(|s| s.name == **name)) {
        let known: Vec<&str> = STAGES.iter().map(|stage| stage.name).collect();
        return Err(Failure::new(format!("no stage {name}: there are {}", known.join(", "))));
    }
    prerequisites()?;
    let started = Instant::now();
    let mut total = Tally::default();
    let mut lines = Vec::new();
    let mut failures = Failures::default();
    for stage in STAGES.iter().filter(|s| names.is_empty() || names.iter().any(|n| n == s.name)) {
        println!("\n== {} ==", stage.heading);
        let begun = Instant::now();
        let tally = (stage.run)(&mut failures).unwrap_or_else(|error| {
            println!("{error}");
            failures.add(error.to_string().lines().next().unwrap_or_default());
            Tally { passed: 0, failed: 1 }
        });
        total.add(tally);
        let state = if tally.failed == 0 { "ok" } else { "FAILED" };
        lines.push(format!(
            "  {state:<7}{:<46}{:>6} passed {:>3} failed {:>8}",
            stage.heading,
            tally.passed,
            tally.failed,
            shown(begun.elapsed())
        ));
    }
    println!("\n{}", lines.join("\n"));
    println!("{} passed, {} failed in {}", total.passed, total.failed, shown(started.elapsed()));
    if total.failed == 0 {
        return Ok(());
    }
    for failure in &failures.0 {
        println!("  {failure}");
    }
    Err(Failure::new(format!("{} checks failed", total.failed)))
}

fn format(_: &mut Failures) -> Result<Tally> {
    quietly(checkout::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Tally::ONE)
}

fn lints(_: &mut Failures) -> Result<Tally> {
    quietly(checkout::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    Ok(Tally::ONE)
}

/// Those that need Java are marked as ignored, so that `cargo test` alone needs nothing.
fn tests(failures: &mut Failures) -> Result<Tally> {
    let mut tally = Tally::default();
    let outcome = watched(
        checkout::cargo()
            .args(["test", "--workspace", "--locked", "--no-fail-fast"])
            .args(["--", "--include-ignored"])
            .env("KAFKA_LIBS", clients::kafka_libs()?),
        |line| {
            tally.add(test_result(line));
            if failed_test(line) {
                failures.add(line);
            }
        },
    );
    match outcome {
        Ok(()) => Ok(tally),
        Err(_) if tally.failed > 0 => Ok(tally),
        Err(error) => Err(error),
    }
}

/// Many seeds, and a few of them twice: the same seed has to be the same simulation.
/// SIM_SEEDS=0..5000 asks for more.
fn simulation(failures: &mut Failures) -> Result<Tally> {
    let seeds = std::env::var("SIM_SEEDS").unwrap_or_else(|_| "0..500".to_owned());
    let many = ["--seeds", &seeds, "--seconds", "20", "--keep-going"];
    let mut tally = counted(&mut simulator(&many), failures, simulated)?;
    let twice = ["--seeds", "0..24", "--seconds", "20", "--keep-going", "--twice"];
    tally.add(counted(&mut simulator(&twice), failures, simulated)?);
    Ok(tally)
}

/// Each in turn is switched on, until a check notices it.
fn bugs(failures: &mut Failures) -> Result<Tally> {
    let arguments = ["--bugs", "--seeds", "0..1000", "--seconds", "20"];
    counted(&mut simulator(&arguments), failures, hunted)
}

/// With the bugs in it, of which none is switched on unless asked for: one build for both stages.
fn simulator(arguments: &[&str]) -> Command {
    let mut cargo = checkout::cargo();
    cargo
        .args(["run", "--quiet", "--locked", "--profile", "sim", "-p", "barnabas-sim"])
        .args(["--features", "seeded-bugs", "--"])
        .args(arguments)
        // Seeds the order in which tokio wakes many waiters of one value.
        .env("RUSTFLAGS", "--cfg tokio_unstable");
    cargo
}

/// Runs a program each of whose lines may say that something passed or failed.
fn counted(
    command: &mut Command,
    failures: &mut Failures,
    count: impl Fn(&str) -> Tally,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let outcome = watched(command, |line| {
        let one = count(line);
        tally.add(one);
        if one.failed > 0 {
            failures.add(line);
        }
    });
    match outcome {
        Ok(()) => Ok(tally),
        Err(_) if tally.failed > 0 => Ok(tally),
        Err(error) => Err(error),
    }
}

fn build(_: &mut Failures) -> Result<Tally> {
    Binaries::build()?;
    Ok(Tally::ONE)
}

fn client_matrix(_: &mut Failures) -> Result<Tally> {
    let broker = checkout::broker()?;
    clients::run(&Target::Binary(&broker), None)?;
    Ok(Tally::ONE)
}

fn hostile_input(_: &mut Failures) -> Result<Tally> {
    hostile::run(&checkout::broker()?)?;
    Ok(Tally::ONE)
}

fn cluster(_: &mut Failures) -> Result<Tally> {
    let system = System::Barnabas(checkout::broker()?);
    let setting = Setting { system: &system, is_short: true };
    let mut tally = faults::run(setting, &[], None)?;
    tally.add(tools::run(setting, &[])?);
    Ok(tally)
}

fn scenarios(_: &mut Failures) -> Result<Tally> {
    let bed = Bed::up(&scenario::bed_name())?;
    let outcome = scenario::run(&bed, &[]);
    bed.down();
    outcome
}

/// What no package of ours brings.
fn prerequisites() -> Result<()> {
    for (name, what) in [("cargo", "Rust"), ("go", "Go"), ("git", "git")] {
        if !program::exists(name) {
            return Err(Failure::new(format!("{name} is not on the path: install {what}")));
        }
    }
    Ok(())
}

/// `test result: ok. 12 passed; 0 failed; …`
fn test_result(line: &str) -> Tally {
    let Some(rest) = line.strip_prefix("test result: ") else { return Tally::default() };
    let count = |what: &str| {
        rest.split([';', '.'])
            .filter_map(|part| part.trim().strip_suffix(what))
            .find_map(|number| number.trim().parse().ok())
            .unwrap_or(0)
    };
    Tally { passed: count("passed"), failed: count("failed") }
}

/// `test name ... FAILED`, or where it panicked.
fn failed_test(line: &str) -> bool {
    (line.starts_with("test ") && line.ends_with("... FAILED"))
        || (line.starts_with("thread '") && line.contains(" panicked at "))
}

/// `seed 7 passed` or `seed 7 FAILED; …`
fn simulated(line: &str) -> Tally {
    match line.strip_prefix("seed ").and_then(|rest| rest.split_once(' ')) {
        Some((_, "passed")) => Tally { passed: 1, failed: 0 },
        Some((_, rest)) if rest.starts_with("FAILED") => Tally { passed: 0, failed: 1 },
        _ => Tally::default(),
    }
}

/// `bug VoteTwice found …` or `bug VoteTwice NOT FOUND …`
fn hunted(line: &str) -> Tally {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    match words[..] {
        ["bug", _, "found"] => Tally { passed: 1, failed: 0 },
        ["bug", ..] => Tally { passed: 0, failed: 1 },
        _ => Tally::default(),
    }
}

/// Runs a program and shows what it printed only if it failed.
fn quietly(command: &mut Command) -> Result<()> {
    watched(command, |_| {})
}

/// Runs a program, hands each line that it prints to `see`, and shows the last ones if it failed.
fn watched(command: &mut Command, mut see: impl FnMut(&str)) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(&name)?;
    let error = child.stderr.take().context("no pipe from the program")?;
    let errors = std::thread::spawn(move || lines(error));
    let mut kept = Vec::new();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).lines().map_while(std::io::Result::ok) {
            see(&line);
            if !line.ends_with("... ok") {
                kept.push(line);
            }
        }
    }
    let status = child.wait()?;
    kept.extend(errors.join().unwrap_or_default());
    if status.success() {
        return Ok(());
    }
    let mut terminal = std::io::stdout().lock();
    for line in kept.iter().skip(kept.len().saturating_sub(SHOWN_LINES)) {
        writeln!(terminal, "{line}")?;
    }
    Err(Failure::new(format!("{name}: {status}")))
}

fn lines(source: impl Read) -> Vec<String> {
    BufReader::new(source).lines().map_while(std::io::Result::ok).collect()
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_of_a_test_program_is_counted() {
        let tally = test_result("test result: FAILED. 41 passed; 2 failed; 0 ignored; 0 measured");
        assert_eq!((tally.passed, tally.failed), (41, 2));
        let other = test_result("test storage::reads ... ok");
        assert_eq!((other.passed, other.failed), (0, 0));
    }

    #[test]
    fn the_summary_names_the_test_and_the_place() {
        assert!(failed_test("test a::b ... FAILED"));
        assert!(failed_test("thread 'a::b' (77) panicked at src/lib.rs:3:5:"));
        assert!(!failed_test("test a::b ... ok"));
        assert!(!failed_test("test result: FAILED. 4 passed; 1 failed"));
    }

    #[test]
    fn the_verdict_on_a_seed_is_counted() {
        let count = |line| {
            let tally = simulated(line);
            (tally.passed, tally.failed)
        };
        assert_eq!(count("seed 7 passed"), (1, 0));
        assert_eq!(count("seed 7 FAILED; replay: barnabas-sim --seed 7 --trace"), (0, 1));
        assert_eq!(count("8 seeds in 1.0 s"), (0, 0));
    }

    #[test]
    fn what_became_of_a_bug_is_counted() {
        let count = |line| {
            let tally = hunted(line);
            (tally.passed, tally.failed)
        };
        assert_eq!(count("bug VoteTwice    found    VotedTwice   seed 7"), (1, 0));
        assert_eq!(count("bug VoteTwice    NOT FOUND in 200 seeds"), (0, 1));
        assert_eq!(count("  \"bug\": \"VoteTwice\","), (0, 0));
    }

    #[test]
    fn a_failed_program_is_a_failure() {
        assert!(quietly(&mut Command::new("false")).is_err());
        assert!(quietly(&mut Command::new("true")).is_ok());
    }
}

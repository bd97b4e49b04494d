//! `barnabas-fuzz seeds DIR` writes valid inputs for libFuzzer to start from, a directory for each
//! target; `barnabas-fuzz run TARGET SECONDS` runs a target on mutated seeds, without libFuzzer.

use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use barnabas_fuzz::{Source, TARGETS, Target, input};

/// Inputs written for each target.
const SEEDS: u64 = 300;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["seeds", dir] => write_seeds(Path::new(dir)),
        ["run", target, seconds] => run(target, seconds),
        _ => Err(io::Error::other("usage: barnabas-fuzz seeds DIR | run TARGET SECONDS")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write_seeds(dir: &Path) -> io::Result<()> {
    for target in TARGETS {
        let dir = dir.join(target.name);
        std::fs::create_dir_all(&dir)?;
        for seed in 0..SEEDS {
            let bytes = (target.seed)(&mut Source::new(seed));
            std::fs::write(dir.join(format!("seed-{seed:03}")), bytes)?;
        }
    }
    Ok(())
}

fn run(name: &str, seconds: &str) -> io::Result<()> {
    let target = find(name).ok_or_else(|| io::Error::other(format!("no target {name}")))?;
    let seconds = seconds.parse().map_err(io::Error::other)?;
    let start = Instant::now();
    let mut inputs = 0;
    while start.elapsed() < Duration::from_secs(seconds) {
        let input = input(target, inputs);
        let report = Report { name: target.name, seed: inputs };
        (target.run)(&input);
        std::mem::forget(report);
        inputs += 1;
    }
    println!("{name}: {inputs} inputs in {} s", start.elapsed().as_secs());
    Ok(())
}

fn find(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// Says which input it was when a target panics.
struct Report {
    name: &'static str,
    seed: u64,
}

impl Drop for Report {
    fn drop(&mut self) {
        println!("target {} fails with seed {}", self.name, self.seed);
    }
}

//! The integration tests of the rdkafka crate, run in a copy of its sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Verdict, left_out};
use crate::bed::packages;
use crate::failure::{Context, Failure, Result};
use crate::{cache, program, progress};

/// What the tests take the broker for.
const KAFKA_VERSION: &str = "4.0.0";

pub(super) fn run(bootstrap: &str, only: Option<&str>) -> Result<Verdict> {
    let sources = sources()?;
    let skipped = left_out("rdkafka")?;
    let mut cargo = Command::new("cargo");
    cargo
        .args(["test", "--quiet", "--no-fail-fast", "--test", "*", "--"])
        .args(["--test-threads", "2", "--format", "pretty"])
        .current_dir(&sources)
        .env("CARGO_TARGET_DIR", cache::root().join("rdkafka-suite-target"))
        .env("KAFKA_HOST", bootstrap)
        .env("KAFKA_VERSION", KAFKA_VERSION)
        .stdin(Stdio::null());
    for name in skipped.keys() {
        cargo.args(["--skip", name]);
    }
    if let Some(only) = only {
        cargo.arg(only);
    }
    let output = cargo.output().context("cargo test of the rdkafka crate")?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut verdict = Verdict { left_out: skipped.len(), ..Verdict::default() };
    for line in said.lines().filter_map(|line| line.strip_prefix("test ")) {
        match line.split_once(" ... ") {
            Some((_, "ok")) => verdict.passed += 1,
            Some((name, "FAILED")) => verdict.failed.push(name.to_owned()),
            _ => {}
        }
    }
    if verdict.passed == 0 {
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(Failure::new(format!("the tests did not run\n{errors}")));
    }
    for failure in &verdict.failed {
        let mark = format!("---- {failure} stdout ----");
        if let Some((_, after)) = said.split_once(&mark) {
            println!("{failure}: {}", after.lines().take(6).collect::<Vec<_>>().join("\n  "));
        }
    }
    Ok(verdict)
}

/// The crate's sources as a workspace of their own, where cargo may write a lock file.
fn sources() -> Result<PathBuf> {
    packages::ensure(&[("make", "make"), ("g++", "g++")])?;
    let manifest = crate::repository().join("e2e/clients/rdkafka/Cargo.toml");
    let lock = fs::read(manifest.with_file_name("Cargo.lock"))?;
    let folder = cache::folder("rdkafka-suite", &[&lock], |folder| {
        progress::step("copy the sources of the rdkafka crate", || {
            let sources = crate_folder(&manifest, "rdkafka")?;
            let copy = folder.join("rdkafka");
            program::output(Command::new("cp").arg("-r").arg(sources).arg(&copy))?;
            let manifest = copy.join("Cargo.toml");
            let text = fs::read_to_string(&manifest)?;
            fs::write(&manifest, format!("{text}\n[workspace]\n"))?;
            Ok(())
        })
    })?;
    Ok(folder.join("rdkafka"))
}

/// Where cargo keeps the sources of a dependency.
pub(super) fn crate_folder(manifest: &Path, name: &str) -> Result<PathBuf> {
    let described = program::output(
        Command::new("cargo")
            .args(["metadata", "--format-version", "1", "--locked", "--manifest-path"])
            .arg(manifest),
    )?;
    let metadata: serde_json::Value = serde_json::from_str(&described)?;
    let packages = metadata["packages"].as_array().context("cargo lists no packages")?;
    let package = packages.iter().find(|package| package["name"] == name);
    let path = package.and_then(|package| package["manifest_path"].as_str());
    let path = PathBuf::from(path.context(format!("{name} is not a dependency"))?);
    Ok(path.parent().map(Path::to_path_buf).unwrap_or(path))
}

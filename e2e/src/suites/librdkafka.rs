//! librdkafka's own tests: built from the sources that the rdkafka-sys crate carries.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use super::{Verdict, left_out};
use crate::bed::packages;
use crate::clients::kafka_libs;
use crate::failure::{Context, Failure, Result};
use crate::{cache, program, progress};

/// How long one test may take, in seconds.
const TEST_MAX: &str = "120";
/// Tests that run side by side.
const WORKERS: usize = 2;
/// What the tests take the broker for.
const KAFKA_VERSION: &str = "4.2.0";

pub(super) fn run(bootstrap: &str, only: Option<&str>) -> Result<Verdict> {
    let built = build()?;
    let work = tempfile::tempdir()?;
    let scripts = kafka_scripts(work.path())?;
    let skipped = left_out("librdkafka")?;
    let names = names(&built.join("tests"))?;
    let chosen = names
        .iter()
        .filter(|name| !skipped.contains_key(*name))
        .filter(|name| only.is_none_or(|only| name.contains(only)));
    let queue: Mutex<VecDeque<&String>> = Mutex::new(chosen.collect());
    let verdict = Mutex::new(Verdict { left_out: skipped.len(), ..Verdict::default() });
    let bed = Bed { built: &built, bootstrap, scripts: &scripts };
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let folder = work.path().join(worker.to_string());
            let (queue, verdict, bed) = (&queue, &verdict, &bed);
            scope.spawn(move || bed.work(&folder, queue, verdict));
        }
    });
    verdict.into_inner().map_err(|_| Failure::new("a worker panicked"))
}

struct Bed<'a> {
    built: &'a Path,
    bootstrap: &'a str,
    scripts: &'a Path,
}

impl Bed<'_> {
    fn work(&self, folder: &Path, queue: &Mutex<VecDeque<&String>>, verdict: &Mutex<Verdict>) {
        loop {
            let next = queue.lock().ok().and_then(|mut queue| queue.pop_front());
            let Some(name) = next else { return };
            let started = Instant::now();
            let outcome = self.test(folder, name);
            let seconds = started.elapsed().as_secs_f64();
            let Ok(mut verdict) = verdict.lock() else { return };
            match outcome {
                Ok(()) => {
                    println!("ok    {name} ({seconds:.1} s)");
                    verdict.passed += 1;
                }
                Err(error) => {
                    println!("FAIL  {name} ({seconds:.1} s)");
                    verdict.failed.push(format!("{name}: {error}"));
                }
            }
        }
    }

    /// Each test has a folder of its own: some write files.
    fn test(&self, folder: &Path, name: &str) -> Result<()> {
        let folder = folder.join(name);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join("test.conf"), format!("bootstrap.servers={}\n", self.bootstrap))?;
        for used in ["fixtures", "interceptor_test"] {
            let there = self.built.join("tests").join(used);
            if there.exists() {
                std::os::unix::fs::symlink(there, folder.join(used))?;
            }
        }
        let libraries = format!("{0}/src:{0}/src-cpp", self.built.display());
        let output = Command::new("timeout")
            .arg(TEST_MAX)
            .arg(self.built.join("tests/test-runner"))
            .args(["-Q", "-E", "-p1"])
            .current_dir(&folder)
            .env("LD_LIBRARY_PATH", libraries)
            .env("TESTS", name)
            .env("TEST_KAFKA_VERSION", KAFKA_VERSION)
            .env("KAFKA_PATH", self.scripts)
            .env("BROKERS", self.bootstrap)
            .stdin(Stdio::null())
            .output()
            .context(name)?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        // Without the option -a the runner's status is 0 although a part of a test failed.
        if output.status.success() && !said.contains(" FAILED |") {
            return Ok(());
        }
        Err(Failure::new(format!("{}\n{}", output.status, reasons(&said))))
    }
}

/// The lines that tell why a test failed.
fn reasons(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    let marked = lines.iter().enumerate().filter(|(_, line)| line.contains("### Test"));
    let told: Vec<&str> =
        marked.flat_map(|(at, _)| lines[at..lines.len().min(at + 2)].to_vec()).take(8).collect();
    let last = &lines[lines.len().saturating_sub(3)..];
    if told.is_empty() { last.join("\n") } else { told.join("\n") }
}

/// The numbers of all tests.
fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let source = name.ends_with(".c") || name.ends_with(".cpp");
        if source && name.bytes().take(4).all(|byte| byte.is_ascii_digit()) {
            names.push(name[..4].to_owned());
        }
    }
    names.sort();
    names.dedup();
    Ok(names)
}

fn build() -> Result<PathBuf> {
    packages::ensure(&[("make", "make"), ("g++", "g++"), ("python3", "python3")])?;
    let manifest = crate::repository().join("e2e/clients/rdkafka/Cargo.toml");
    let lock = fs::read(manifest.with_file_name("Cargo.lock"))?;
    let folder = cache::folder("librdkafka", &[&lock], |folder| {
        progress::step("build librdkafka and its tests (once, about 4 minutes)", || {
            let sources = super::rdkafka::crate_folder(&manifest, "rdkafka-sys")?;
            program::output(
                Command::new("cp").arg("-r").arg(sources.join("librdkafka")).arg(folder),
            )?;
            let built = folder.join("librdkafka");
            let script = "./configure --disable-gssapi && make -j2 libs && make -C tests build";
            program::output(Command::new("sh").args(["-c", script]).current_dir(built)).map(|_| ())
        })
    })?;
    Ok(folder.join("librdkafka"))
}

/// A few tests call Kafka's scripts: these call the same classes.
fn kafka_scripts(folder: &Path) -> Result<PathBuf> {
    let libs = kafka_libs()?;
    let scripts = folder.join("kafka");
    fs::create_dir_all(scripts.join("bin"))?;
    let classes = [
        ("kafka-topics.sh", "org.apache.kafka.tools.TopicCommand"),
        ("kafka-configs.sh", "kafka.admin.ConfigCommand"),
        ("kafka-consumer-groups.sh", "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"),
    ];
    for (script, class) in classes {
        let path = scripts.join("bin").join(script);
        let call = format!("exec java -cp '{}/*' {class} \"$@\"\n", libs.display());
        fs::write(&path, format!("#!/bin/sh\n{call}"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(scripts)
}

//! Makes each client's program ready: its libraries come from its registry, once, into the cache.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bed::packages;
use crate::failure::{Context, Result};
use crate::{cache, program, progress};

/// kcat, from Debian.
pub fn kcat(sources: &Path) -> Result<Command> {
    packages::ensure(&[("kcat", "kcat")])?;
    Ok(Command::new(sources.join("kcat/kcat.sh")))
}

/// Apache Kafka's own tools and clients, in one JVM.
///
/// # Errors
/// When Maven cannot fetch them.
pub fn java(sources: &Path) -> Result<Command> {
    let libs = kafka_libs()?;
    let mut command = Command::new("java");
    command
        .args(["-XX:TieredStopAtLevel=1", "-Xmx512m", "-cp"])
        .arg(format!("{}/*", libs.display()))
        .arg(sources.join("java/Matrix.java"));
    Ok(command)
}

/// The jars of Apache Kafka and its tools, in a folder of the cache.
///
/// # Errors
/// When Maven cannot fetch them.
pub fn kafka_libs() -> Result<PathBuf> {
    packages::ensure(&[("java", "openjdk-17-jdk-headless"), ("mvn", "maven")])?;
    let pom = crate::repository().join("e2e/clients/java/pom.xml");
    let content = fs::read(&pom).context(pom.display())?;
    let folder = cache::folder("kafka", &[&content], |folder| {
        progress::step("fetch Apache Kafka", || {
            let mut maven = Command::new("mvn");
            maven
                .args(["-q", "-B", "-f"])
                .arg(&pom)
                .args(["dependency:copy-dependencies", "-DincludeScope=runtime"])
                .arg(format!("-DoutputDirectory={}", folder.join("libs").display()));
            program::output(&mut maven).map(|_| ())
        })
    })?;
    Ok(folder.join("libs"))
}

/// confluent-kafka: Python over librdkafka.
pub fn confluent_kafka(sources: &Path) -> Result<Command> {
    python(sources, "confluent.py")
}

/// aiokafka: pure Python.
pub fn aiokafka(sources: &Path) -> Result<Command> {
    python(sources, "aio.py")
}

fn python(sources: &Path, script: &str) -> Result<Command> {
    packages::ensure(&[("python3", "python3")])?;
    let requirements = sources.join("python/requirements.txt");
    let content = fs::read(&requirements).context(requirements.display())?;
    let version = program::output(Command::new("python3").arg("--version"))?;
    // Scripts of a virtual environment name the folder where it was made, so it is never moved:
    // the packages go into a plain folder instead.
    let folder = cache::folder("python", &[&content, version.as_bytes()], |folder| {
        progress::step("fetch the Python clients", || {
            if program::output(Command::new("python3").args(["-m", "pip", "--version"])).is_err() {
                packages::ensure(&[("pip3", "python3-pip")])?;
            }
            let mut pip = Command::new("python3");
            pip.args(["-m", "pip", "install", "-q", "--disable-pip-version-check"])
                .args(["--root-user-action", "ignore", "--target"])
                .arg(folder.join("site"))
                .arg("-r")
                .arg(&requirements);
            program::output(&mut pip).map(|_| ())
        })
    })?;
    let mut command = Command::new("python3");
    command
        .env("PYTHONPATH", folder.join("site"))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .arg(sources.join("python").join(script));
    Ok(command)
}

/// KafkaJS.
pub fn kafkajs(sources: &Path) -> Result<Command> {
    packages::ensure(&[("node", "nodejs"), ("npm", "npm")])?;
    let sources = sources.join("node");
    let manifest = fs::read(sources.join("package.json"))?;
    let lock = fs::read(sources.join("package-lock.json"))?;
    let folder = cache::folder("node", &[&manifest, &lock], |folder| {
        progress::step("fetch KafkaJS", || {
            fs::write(folder.join("package.json"), &manifest)?;
            fs::write(folder.join("package-lock.json"), &lock)?;
            let mut npm = Command::new("npm");
            npm.current_dir(folder).args(["ci", "--silent", "--no-audit", "--no-fund"]);
            program::output(&mut npm).map(|_| ())
        })
    })?;
    let mut command = Command::new("node");
    command.env("NODE_PATH", folder.join("node_modules")).arg(sources.join("kafkajs.js"));
    Ok(command)
}

/// IBM/sarama, in Go.
pub fn sarama(sources: &Path) -> Result<Command> {
    go(sources, "sarama")
}

/// segmentio/kafka-go, in Go.
pub fn segmentio(sources: &Path) -> Result<Command> {
    go(sources, "segmentio")
}

fn go(sources: &Path, client: &str) -> Result<Command> {
    let sources = sources.join("go");
    let names = ["go.mod", "go.sum", "main.go", "sarama.go", "segmentio.go"];
    let content = contents(&sources, &names)?;
    let folder = cache::folder("go-clients", &[&content], |folder| {
        progress::step("build the Go clients", || {
            let mut build = Command::new("go");
            build.current_dir(&sources).args(["build", "-o"]).arg(folder.join("clients")).arg(".");
            program::output(&mut build).map(|_| ())
        })
    })?;
    let mut command = Command::new(folder.join("clients"));
    command.arg(client);
    Ok(command)
}

/// The rdkafka crate: Rust over librdkafka.
pub fn rdkafka(sources: &Path) -> Result<Command> {
    packages::ensure(&[("make", "make"), ("g++", "g++")])?;
    let sources = sources.join("rdkafka");
    let names = ["Cargo.toml", "Cargo.lock", "src/main.rs"];
    let content = contents(&sources, &names)?;
    let folder = cache::folder("rdkafka", &[&content], |folder| {
        progress::step("build the rdkafka client", || {
            let mut cargo = Command::new("cargo");
            cargo
                .args(["build", "--quiet", "--locked", "--manifest-path"])
                .arg(sources.join("Cargo.toml"))
                .env("CARGO_TARGET_DIR", folder.join("target"));
            program::output(&mut cargo)?;
            let binary = "target/debug/barnabas-client-rdkafka";
            fs::rename(folder.join(binary), folder.join("client"))?;
            fs::remove_dir_all(folder.join("target"))?;
            Ok(())
        })
    })?;
    Ok(Command::new(folder.join("client")))
}

/// The files of a program, one after the other: what its cache entry is made from.
fn contents(folder: &Path, names: &[&str]) -> Result<Vec<u8>> {
    let mut content = Vec::new();
    for name in names {
        let path = folder.join(name);
        content.extend(fs::read(&path).context(path.display())?);
    }
    Ok(content)
}

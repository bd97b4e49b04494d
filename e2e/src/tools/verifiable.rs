//! VerifiableProducer and VerifiableConsumer while all brokers are killed, one after the other and
//! again and again: what the one says was acknowledged, the other has read, at one offset.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::cluster::{Cluster, Plan, until};
use crate::failure::{Context, Result};
use crate::faults::Setting;
use crate::{ensure, program, system};

const TOPIC: &str = "verified";
const PARTITIONS: i32 = 6;
/// Records a second.
const RATE: &str = "500";
const START_MAX: Duration = Duration::from_secs(60);
const WHOLE_MAX: Duration = Duration::from_secs(60);
/// How long the consumer may take to read the last record that was acknowledged.
const READ_MAX: Duration = Duration::from_secs(90);

/// Ten rounds of kills of all brokers, or two.
pub fn run(setting: Setting<'_>) -> Result<()> {
    let rounds = if setting.is_short { 2 } else { 10 };
    let mut cluster = Cluster::start(&Plan::three(setting.system))?;
    cluster.create(TOPIC, PARTITIONS, &[])?;
    let outcome = kills(&mut cluster, rounds);
    outcome.map_err(|error| cluster.explain(&error))
}

fn kills(cluster: &mut Cluster, rounds: u32) -> Result<()> {
    let folder = TempDir::with_prefix("barnabas-verifiable-")?;
    let bootstrap = cluster.bootstrap().join(",");
    let settings = folder.path().join("producer.properties");
    // The tool would not retry, which no user of Kafka has as a default.
    fs::write(&settings, "retries=2147483647\nenable.idempotence=true\n")?;
    let settings = settings.display().to_string();
    let consumer = Tool::start(
        folder.path(),
        "VerifiableConsumer",
        &[
            "--bootstrap-server",
            &bootstrap,
            "--topic",
            TOPIC,
            "--group-id",
            "verified",
            "--verbose",
        ],
    )?;
    let producer = Tool::start(
        folder.path(),
        "VerifiableProducer",
        &[
            "--bootstrap-server",
            &bootstrap,
            "--topic",
            TOPIC,
            "--throughput",
            RATE,
            "--command-config",
            &settings,
        ],
    )?;
    until("records are produced and consumed", START_MAX, || {
        let (acked, read) = (producer.acknowledged()?.len(), consumer.read()?.0.len());
        Ok((acked < 100 || read < 100).then(|| format!("{acked} acknowledged, {read} read")))
    })?;
    for _ in 0..rounds {
        for broker in cluster.brokers() {
            let before = producer.acknowledged()?.len();
            cluster.node_mut(broker)?.kill();
            until("records are acknowledged again", WHOLE_MAX, || {
                let now = producer.acknowledged()?.len();
                Ok((now < before + 500).then(|| format!("{now} after {before}")))
            })?;
            cluster.node_mut(broker)?.start()?;
            cluster.await_brokers(3, WHOLE_MAX)?;
            cluster.await_in_sync(TOPIC, WHOLE_MAX)?;
        }
    }
    judge(producer, consumer)
}

fn judge(mut producer: Tool, mut consumer: Tool) -> Result<()> {
    // It waits for what it has sent.
    producer.terminate()?;
    let acked = producer.acknowledged()?;
    let begun = Instant::now();
    let missing = loop {
        let (read, _) = consumer.read()?;
        let missing = acked.difference(&read).count();
        if missing == 0 || begun.elapsed() > READ_MAX {
            break missing;
        }
        std::thread::sleep(Duration::from_millis(200));
    };
    consumer.terminate()?;
    let (_, duplicated) = consumer.read()?;
    let refused = producer.events("producer_send_error")?.len();
    println!(
        "    {} acknowledged, {refused} refused, {missing} lost, {duplicated} duplicated",
        acked.len()
    );
    ensure!(missing == 0, "{missing} of {} acknowledged records are lost", acked.len());
    ensure!(duplicated == 0, "{duplicated} records are there twice");
    Ok(())
}

/// One of the tools, and what it prints.
struct Tool {
    process: Child,
    output: PathBuf,
}

impl Tool {
    fn start(folder: &Path, name: &str, arguments: &[&str]) -> Result<Self> {
        let output = folder.join(name);
        let mut command: Command = system::java()?;
        command.args(["-Xmx256m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"]);
        command.arg(format!("org.apache.kafka.tools.{name}")).args(arguments);
        let errors = File::create(folder.join(format!("{name}.log")))?;
        command.stdin(Stdio::null()).stdout(File::create(&output)?).stderr(errors);
        Ok(Self { process: command.spawn().context("java")?, output })
    }

    fn terminate(&mut self) -> Result<()> {
        program::signal_process(self.process.id(), Signal::TERM);
        self.process.wait()?;
        Ok(())
    }

    /// The events of a name. The last line may be half a line.
    fn events(&self, name: &str) -> Result<Vec<Value>> {
        let printed = fs::read_to_string(&self.output)?;
        let marker = format!("\"name\":\"{name}\"");
        let lines = printed.lines().filter(|line| line.contains(&marker));
        Ok(lines.filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// The values that were acknowledged.
    fn acknowledged(&self) -> Result<BTreeSet<u64>> {
        let events = self.events("producer_send_success")?;
        Ok(events.iter().filter_map(|event| value(&event["value"])).collect())
    }

    /// The values that were read, and how many of them are at more than one place. A group that
    /// loses its coordinator may read a record again: that is the same place.
    fn read(&self) -> Result<(BTreeSet<u64>, usize)> {
        let mut places: BTreeMap<u64, BTreeSet<(i64, i64)>> = BTreeMap::new();
        for event in self.events("record_data")? {
            let place = (event["partition"].as_i64(), event["offset"].as_i64());
            if let (Some(value), (Some(partition), Some(offset))) = (value(&event["value"]), place)
            {
                places.entry(value).or_default().insert((partition, offset));
            }
        }
        let duplicated = places.values().filter(|places| places.len() > 1).count();
        Ok((places.into_keys().collect(), duplicated))
    }
}

impl Drop for Tool {
    fn drop(&mut self) {
        // It may have ended already.
        let _ended = self.process.kill();
        let _ended = self.process.wait();
    }
}

/// Values are printed as text.
fn value(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

//! Apache Kafka's own tools read what we write.

use std::process::Command;

use super::*;

/// The jars of Apache Kafka 4.3.1, when the machine has them: `KAFKA_LIBS`.
fn dump(file: &Path) -> Option<String> {
    let libs = std::env::var("KAFKA_LIBS").ok()?;
    let output = Command::new("java")
        .args(["-cp", &format!("{libs}/*"), "org.apache.kafka.tools.DumpLogSegments"])
        .args(["--cluster-metadata-decoder", "--files"])
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    Some(text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kafka_reads_our_log_and_our_snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, path) = real(&dir);
    write_bootstrap(disk.as_ref(), &path, bootstrap_records(MetadataVersion::LATEST_PRODUCTION))
        .unwrap();
    let small = MetadataOptions { snapshot_bytes: 2_000, ..options(disk, &path) };
    let running = Running::start(small, 1).await;
    for n in 0..50 {
        running.create([format!("topic-{n:03}")].into_iter()).await;
    }
    running.stop().await;
    let metadata = path.join(METADATA_DIR);
    let Some(log) = dump(&metadata.join("00000000000000000000.log")) else {
        eprintln!("KAFKA_LIBS is not set: Kafka's own tools were not asked");
        return;
    };
    for expected in [
        "LeaderChange",
        "\"type\":\"BEGIN_TRANSACTION_RECORD\"",
        "\"type\":\"FEATURE_LEVEL_RECORD\"",
        "\"type\":\"REGISTER_BROKER_RECORD\"",
        "\"type\":\"BROKER_REGISTRATION_CHANGE_RECORD\"",
        "\"type\":\"TOPIC_RECORD\"",
        "\"type\":\"PARTITION_RECORD\"",
        "topic-049",
    ] {
        assert!(log.contains(expected), "{expected} is not in\n{log}");
    }
    assert!(!log.to_lowercase().contains("error"), "{log}");
    let bootstrap = dump(&path.join("bootstrap.checkpoint")).unwrap();
    assert!(bootstrap.contains("metadata.version"), "{bootstrap}");
    let snapshots = std::fs::read_dir(&metadata).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        (path.extension()? == "checkpoint").then_some(path)
    });
    for snapshot in snapshots {
        let text = dump(&snapshot).unwrap();
        assert!(text.contains("SnapshotHeader") && text.contains("SnapshotFooter"), "{text}");
        assert!(text.contains("\"type\":\"TOPIC_RECORD\""), "{text}");
    }
}

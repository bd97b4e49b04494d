//! A broker on several log directories.

use std::fs;
use std::path::Path;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_replica_log_dirs::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic, AlterReplicaLogDirsRequest,
};
use barnabas_wire::api::create_topics::{CreatableTopic, CreateTopicsRequest};
use barnabas_wire::api::describe_log_dirs::DescribeLogDirsRequest;
use tempfile::TempDir;

use crate::configs::Client;
use crate::dev::Dev;

const TOPIC: &str = "spread";

/// A broker with the metadata log in `a`, and replicas in `a` and `b`.
fn start(dir: &Path) -> Dev {
    let (a, b) = (dir.join("a"), dir.join("b"));
    let dirs = format!("log.dirs={},{}", a.display(), b.display());
    Dev::start_with(&a, &[&dirs])
}

fn create(client: &mut Client, num_partitions: i32) {
    let topic = CreatableTopic {
        name: TOPIC.to_owned(),
        num_partitions,
        replication_factor: 1,
        ..CreatableTopic::default()
    };
    let request =
        CreateTopicsRequest { topics: vec![topic], timeout_ms: 10_000, validate_only: false };
    assert_eq!(client.call(&request).topics[0].error_code, ErrorCode::NONE);
}

/// Partitions of the topic in each directory, those on their way left out; `None` for one that
/// failed.
fn partitions(client: &mut Client) -> Vec<Option<Vec<i32>>> {
    let response = client.call(&DescribeLogDirsRequest { topics: None });
    let mut dirs = response.results;
    dirs.sort_by(|a, b| a.log_dir.cmp(&b.log_dir));
    let held = dirs.into_iter().map(|dir| {
        let topics = dir.topics.into_iter().filter(|topic| topic.name == TOPIC);
        let partitions = topics.flat_map(|topic| topic.partitions);
        let here = partitions.filter(|partition| !partition.is_future_key);
        let here = here.map(|partition| partition.partition_index).collect();
        (dir.error_code == ErrorCode::NONE).then_some(here)
    });
    held.collect()
}

#[test]
fn replicas_are_spread_move_and_come_back() {
    let dir = TempDir::new().expect("a directory");
    let mut dev = start(dir.path());
    let mut client = Client::new(&dev);
    create(&mut client, 4);
    let spread = partitions(&mut client);
    let counts: Vec<_> = spread.iter().flatten().map(Vec::len).collect();
    assert_eq!(counts, [2, 2]);
    let path = dir.path().join("b").display().to_string();
    let topics =
        vec![AlterReplicaLogDirTopic { name: TOPIC.to_owned(), partitions: vec![0, 1, 2, 3, 9] }];
    let request = AlterReplicaLogDirsRequest { dirs: vec![AlterReplicaLogDir { path, topics }] };
    let answer = client.call(&request).results.remove(0);
    let codes: Vec<_> = answer.partitions.iter().map(|answer| answer.error_code).collect();
    assert_eq!(codes[..4], [ErrorCode::NONE; 4]);
    assert_eq!(codes[4], ErrorCode::REPLICA_NOT_AVAILABLE);
    let moved = [Some(vec![]), Some(vec![0, 1, 2, 3])];
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while partitions(&mut client) != moved {
        assert!(std::time::Instant::now() < deadline, "{:?}", partitions(&mut client));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    drop(client);
    assert_eq!(dev.terminate(), Some(0));
    let mut dev = start(dir.path());
    assert_eq!(partitions(&mut Client::new(&dev)), moved);
    assert_eq!(dev.terminate(), Some(0));
}

#[test]
fn a_node_starts_without_a_directory_that_cannot_be_read() {
    let dir = TempDir::new().expect("a directory");
    let mut dev = start(dir.path());
    create(&mut Client::new(&dev), 4);
    let spread = partitions(&mut Client::new(&dev));
    assert_eq!(dev.terminate(), Some(0));
    // A file in the place of the directory, as when something else is mounted there.
    let (b, aside) = (dir.path().join("b"), dir.path().join("aside"));
    fs::rename(&b, &aside).expect("renamed");
    fs::write(&b, "").expect("written");
    let mut dev = start(dir.path());
    let found = partitions(&mut Client::new(&dev));
    assert_eq!(found, [spread[0].clone(), None], "nothing is made anew elsewhere");
    let metrics = dev.get("/metrics");
    assert!(metrics.contains("kafka_log_logmanager_offlinelogdirectorycount 1"), "{metrics}");
    assert_eq!(dev.terminate(), Some(0));
    fs::remove_file(&b).expect("removed");
    fs::rename(&aside, &b).expect("renamed");
    let mut dev = start(dir.path());
    assert_eq!(partitions(&mut Client::new(&dev)), spread);
    assert_eq!(dev.terminate(), Some(0));
}

#[test]
fn a_node_does_not_start_without_its_metadata() {
    let dir = TempDir::new().expect("a directory");
    let mut dev = start(dir.path());
    assert_eq!(dev.terminate(), Some(0));
    fs::rename(dir.path().join("a"), dir.path().join("aside")).expect("renamed");
    fs::write(dir.path().join("a"), "").expect("written");
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    let dirs = format!("log.dirs={},{}", a.display(), b.display());
    let at = a.display().to_string();
    let refusal = crate::refusal(&["dev", "--port", "0", "--dir", &at, "--override", &dirs]);
    assert!(refusal.contains("meta.properties"), "{refusal}");
}

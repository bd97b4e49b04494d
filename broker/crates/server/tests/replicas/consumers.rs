//! Consumers that read from followers (KIP-392).

use std::time::{Duration, Instant};

use barnabas_records::Batches;
use barnabas_wire::api::fetch::{FetchPartition, FetchRequest, FetchTopic, PartitionData};
use barnabas_wire::{ErrorCode, Records};

use super::cluster::{Cluster, TOPIC, TOPIC_ID, batch};

const RACKS: &[(&str, &str)] =
    &[("replica.selector.class", "org.apache.kafka.common.replica.RackAwareReplicaSelector")];

async fn fetch(cluster: &Cluster, id: i32, version: i16, offset: i64, rack: &str) -> PartitionData {
    fetch_within(100, cluster, id, version, offset, rack).await
}

async fn fetch_within(
    max_wait_ms: i32,
    cluster: &Cluster,
    id: i32,
    version: i16,
    offset: i64,
    rack: &str,
) -> PartitionData {
    let request = FetchRequest {
        max_wait_ms,
        min_bytes: 1,
        session_epoch: -1,
        rack_id: rack.into(),
        topics: vec![FetchTopic {
            topic: TOPIC.into(),
            topic_id: TOPIC_ID,
            partitions: vec![FetchPartition {
                fetch_offset: offset,
                partition_max_bytes: 1 << 20,
                ..FetchPartition::default()
            }],
        }],
        ..FetchRequest::default()
    };
    let response = cluster.call(id, version, request).await;
    response.responses[0].partitions[0].clone()
}

fn batches(data: &PartitionData) -> usize {
    match data.records.clone() {
        Some(Records::Inline(bytes)) => Batches::new(bytes).count(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_is_sent_to_its_rack_and_served_there() {
    let cluster = Cluster::start_with(&[], RACKS).await;
    for _ in 0..3 {
        cluster.produce(0, -1, batch(b"near")).await;
    }
    cluster.until_same(3).await;
    let sent = fetch(&cluster, 0, 13, 0, "rack-2").await;
    assert_eq!((sent.error_code, sent.preferred_read_replica), (ErrorCode::NONE, 2));
    assert_eq!(batches(&sent), 0);
    let served = fetch(&cluster, 2, 13, 0, "rack-2").await;
    assert_eq!((served.error_code, served.preferred_read_replica), (ErrorCode::NONE, -1));
    assert_eq!((batches(&served), served.high_watermark), (3, 3));
    for rack in ["rack-0", "elsewhere", ""] {
        let served = fetch(&cluster, 0, 13, 0, rack).await;
        assert_eq!((batches(&served), served.preferred_read_replica), (3, -1), "{rack}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_answers_to_its_own_high_watermark() {
    let cluster = Cluster::start(&[]).await;
    cluster.produce(0, -1, batch(b"one")).await;
    cluster.until_same(1).await;
    let at_the_end = fetch(&cluster, 1, 13, 1, "").await;
    assert_eq!((at_the_end.error_code, batches(&at_the_end)), (ErrorCode::NONE, 0));
    let beyond = fetch(&cluster, 1, 13, 2, "").await;
    assert_eq!(beyond.error_code, ErrorCode::OFFSET_OUT_OF_RANGE);
    let old = fetch(&cluster, 1, 10, 0, "").await;
    assert_eq!(old.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER, "before KIP-392");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_of_a_follower_gets_a_record_without_another_behind_it() {
    const ROUNDS: u8 = 10;
    let cluster = Cluster::start(&[]).await;
    let start = Instant::now();
    for n in 0..ROUNDS {
        let offset = i64::from(n);
        let reader = fetch_within(5_000, &cluster, 2, 13, offset, "");
        let (served, _) = tokio::join!(reader, cluster.produce(0, -1, batch(&[n])));
        assert_eq!((served.error_code, batches(&served)), (ErrorCode::NONE, 1));
    }
    // The wait of an idle follower's fetch is 0.5 s.
    let took = start.elapsed();
    assert!(took < Duration::from_millis(250) * u32::from(ROUNDS), "took {took:?}");
}

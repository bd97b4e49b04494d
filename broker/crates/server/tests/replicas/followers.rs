//! Followers: what they have, and how long leaders wait for them.

use std::time::{Duration, Instant};

use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsPartitionResult, DeleteRecordsRequest, DeleteRecordsTopic,
};

use super::cluster::{Cluster, TOPIC, batch};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_acknowledged_by_all_is_in_every_log() {
    let cluster = Cluster::start(&[("min.insync.replicas", "2")]).await;
    for n in 0..50_u8 {
        let answer = cluster.produce(0, -1, batch(&vec![n; 100 * usize::from(n)])).await;
        assert_eq!((answer.error_code, answer.base_offset), (ErrorCode::NONE, i64::from(n)));
        for id in 0..3 {
            assert_eq!(cluster.replica(id).log.end_offset(), i64::from(n) + 1);
        }
    }
    cluster.until_same(50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_leader_takes_records() {
    let cluster = Cluster::start(&[]).await;
    let refused = cluster.produce(1, -1, batch(b"stray")).await;
    assert_eq!(refused.error_code, ErrorCode::NOT_LEADER_OR_FOLLOWER);
    assert_eq!(cluster.replica(1).log.end_offset(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_follower_delays_acknowledgements_for_less_than_two_seconds() {
    let cluster = Cluster::start(&[("min.insync.replicas", "2")]).await;
    cluster.produce(0, -1, batch(b"before")).await;
    cluster.suspend(2).await;
    let start = Instant::now();
    let answer = cluster.produce(0, -1, batch(b"during")).await;
    assert_eq!(answer.error_code, ErrorCode::NONE);
    assert!(start.elapsed() < Duration::from_secs(2), "took {:?}", start.elapsed());
    cluster.until_isr(&[0, 1]).await;
    cluster.suspend(1).await;
    let request =
        tokio::time::timeout(Duration::from_secs(3), cluster.produce(0, -1, batch(b"alone")));
    assert!(request.await.is_err(), "one replica of the two that are needed");
    assert_eq!(cluster.partition().await.isr, [0, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_comes_back_catches_up_and_joins() {
    let cluster = Cluster::start(&[]).await;
    cluster.suspend(2).await;
    cluster.elect(0, &[0, 1]).await;
    for _ in 0..20 {
        cluster.produce(0, -1, batch(&[7; 5000])).await;
    }
    assert_eq!(cluster.replica(2).log.end_offset(), 0);
    cluster.resume(2);
    cluster.until_isr(&[0, 1, 2]).await;
    cluster.produce(0, -1, batch(b"all")).await;
    cluster.until_same(21).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_that_deletion_has_overtaken_starts_anew() {
    let cluster = Cluster::start(&[]).await;
    cluster.produce(0, -1, batch(b"kept by all")).await;
    cluster.suspend(2).await;
    cluster.elect(0, &[0, 1]).await;
    for _ in 0..9 {
        cluster.produce(0, -1, batch(b"never seen")).await;
    }
    let deleted = delete(&cluster, 8, 100).await;
    assert_eq!(deleted.error_code, ErrorCode::REQUEST_TIMED_OUT, "one has not deleted yet");
    cluster.resume(2);
    cluster.until_isr(&[0, 1, 2]).await;
    cluster
        .until("the same starts", |cluster| {
            (0..3).all(|id| cluster.replica(id).log.start_offset() == 8)
        })
        .await;
    assert_eq!(cluster.replica(2).log.end_offset(), 10);
    let deleted = delete(&cluster, 9, 20_000).await;
    assert_eq!((deleted.error_code, deleted.low_watermark), (ErrorCode::NONE, 9));
    assert!((0..3).all(|id| cluster.replica(id).log.start_offset() == 9));
}

async fn delete(cluster: &Cluster, offset: i64, timeout_ms: i32) -> DeleteRecordsPartitionResult {
    let request = DeleteRecordsRequest {
        topics: vec![DeleteRecordsTopic {
            name: TOPIC.into(),
            partitions: vec![DeleteRecordsPartition { partition_index: 0, offset }],
        }],
        timeout_ms,
    };
    cluster.call(0, 2, request).await.topics[0].partitions[0].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn catching_up_is_throttled_on_either_side() {
    const RATE: i64 = 40_000;
    for (leads, config) in [
        (true, "leader.replication.throttled.replicas"),
        (false, "follower.replication.throttled.replicas"),
    ] {
        let small = [("replica.fetch.max.bytes", "10000")];
        let cluster = Cluster::start_with(&[(config, "*")], &small).await;
        cluster.suspend(2).await;
        cluster.elect(0, &[0, 1]).await;
        for _ in 0..20 {
            cluster.produce(0, -1, batch(&[7; 5000])).await;
        }
        let limits = if leads { (RATE, i64::MAX) } else { (i64::MAX, RATE) };
        let throttled = cluster.node(if leads { 0 } else { 2 });
        throttled.throttles.set_rates(limits.0, limits.1);
        let start = Instant::now();
        cluster.resume(2);
        cluster.until_isr(&[0, 1, 2]).await;
        // 100 KB, of which those of the first second come at once.
        assert!(start.elapsed() > Duration::from_secs(1), "{config}: {:?}", start.elapsed());
        // In sync, nothing is throttled.
        throttled.throttles.set_rates(1, 1);
        let answer = cluster.produce(0, -1, batch(&[7; 5000])).await;
        assert_eq!(answer.error_code, ErrorCode::NONE);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_number_of_fetchers_changes_while_they_fetch() {
    let cluster = Cluster::start(&[("min.insync.replicas", "2")]).await;
    for n in 0..60_u8 {
        for id in [1, 2] {
            let node = cluster.node(id);
            node.fetchers.resize(&node.partitions, usize::from(n % 7) + 1);
        }
        // Not waited for: the next change meets its fetch.
        let acks = if n % 5 == 0 { -1 } else { 1 };
        let answer = cluster.produce(0, acks, batch(&[n; 2000])).await;
        assert_eq!(answer.error_code, ErrorCode::NONE);
    }
    cluster.until_same(60).await;
    for id in [1, 2] {
        let fetchers = &cluster.node(id).fetchers;
        assert_eq!((fetchers.in_use(), fetchers.failed()), (1, 0));
    }
    assert_eq!(cluster.partition().await.isr, [0, 1, 2]);
}

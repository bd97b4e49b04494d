//! Fetch: bytes, waits, sessions.

use std::time::{Duration, Instant};

use barnabas_records::{BatchOptions, Batches};
use barnabas_server::Clock;
use barnabas_wire::api::FetchRequest;
use barnabas_wire::api::fetch::{FetchTopic, PartitionData};
use barnabas_wire::{ErrorCode, Records};
use bytes::Bytes;

use super::support::{Client, Server, TOPIC_ID, batch, fetch};

fn bytes(partition: &PartitionData) -> Bytes {
    match partition.records.clone() {
        Some(Records::Inline(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

async fn fill(server: &Server, client: &mut Client, partition: i32, batches: usize, size: usize) {
    let value = vec![b'v'; size];
    let one = batch(BatchOptions::default(), server.clock.wall_ms(), &[&value]);
    for _ in 0..batches {
        assert_eq!(client.produce(partition, one.clone()).await.error_code, ErrorCode::NONE);
    }
}

#[tokio::test]
async fn large_and_small_ranges_arrive_whole() {
    let server = Server::start(2, &[]).await;
    let mut client = server.connect().await;
    // One range that is sent from the file and one that is sent with the response.
    fill(&server, &mut client, 0, 50, 10_000).await;
    fill(&server, &mut client, 1, 2, 100).await;
    let request = fetch(&[(0, 0), (1, 1), (0, 30)], 1, 0);
    for version in [4, 11, 12, 13, 18] {
        let request = FetchRequest { session_id: 0, ..request.clone() };
        let response = client.ask(version, &request).await;
        let partitions = &response.responses[0].partitions;
        let offsets = |partition: &PartitionData| -> Vec<i64> {
            Batches::new(bytes(partition))
                .map(|batch| {
                    let batch = batch.unwrap();
                    batch.verify().unwrap();
                    batch.header.base_offset
                })
                .collect()
        };
        assert_eq!(offsets(&partitions[0]), (0..50).collect::<Vec<_>>(), "version {version}");
        assert_eq!(offsets(&partitions[1]), [1]);
        assert_eq!(offsets(&partitions[2]), (30..50).collect::<Vec<_>>());
        assert_eq!(partitions[0].high_watermark, 50);
    }
}

#[tokio::test]
async fn the_first_batch_comes_even_if_it_is_larger_than_the_limit() {
    let server = Server::start(2, &[]).await;
    let mut client = server.connect().await;
    fill(&server, &mut client, 0, 2, 5000).await;
    fill(&server, &mut client, 1, 1, 5000).await;
    let request = FetchRequest { max_bytes: 10, ..fetch(&[(0, 0), (1, 0)], 1, 0) };
    let response = client.ask(13, &request).await;
    let partitions = &response.responses[0].partitions;
    assert_eq!(Batches::new(bytes(&partitions[0])).count(), 1);
    assert!(bytes(&partitions[1]).is_empty());
}

#[tokio::test]
async fn a_waiting_fetch_is_answered_by_the_append_that_it_waits_for() {
    let server = Server::start(2, &[]).await;
    let (mut consumer, mut producer) = (server.connect().await, server.connect().await);
    let start = Instant::now();
    let id = consumer.send(13, &fetch(&[(0, 0), (1, 0)], 1, 60_000)).await;
    while server.node.partitions.waiters.len().0 == 0 {
        tokio::task::yield_now().await;
    }
    fill(&server, &mut producer, 1, 1, 10).await;
    let response = consumer.receive::<FetchRequest>(13, id).await;
    assert!(start.elapsed() < Duration::from_secs(30));
    assert!(bytes(&response.responses[0].partitions[0]).is_empty());
    assert_eq!(Batches::new(bytes(&response.responses[0].partitions[1])).count(), 1);
    assert_eq!(server.node.partitions.waiters.len(), (0, 0));
}

#[tokio::test]
async fn a_wait_ends_at_its_deadline() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let start = Instant::now();
    let response = client.ask(13, &fetch(&[(0, 0)], 1, 150)).await;
    assert!(start.elapsed() >= Duration::from_millis(140));
    assert_eq!(response.responses[0].partitions[0].error_code, ErrorCode::NONE);
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_no_waiter() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    client.send(13, &fetch(&[(0, 0)], 1, 600_000)).await;
    while server.node.partitions.waiters.len().0 == 0 {
        tokio::task::yield_now().await;
    }
    client.reset();
    let gone = async {
        while server.node.partitions.waiters.len().0 > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("the wait is given up");
}

#[tokio::test]
async fn offsets_outside_of_the_log_and_wrong_epochs_are_refused() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    fill(&server, &mut client, 0, 1, 10).await;
    let code = |response: barnabas_wire::api::FetchResponse| {
        response.responses[0].partitions[0].error_code
    };
    let beyond = client.ask(13, &fetch(&[(0, 2)], 1, 0)).await;
    assert_eq!(code(beyond), ErrorCode::OFFSET_OUT_OF_RANGE);
    let mut request = fetch(&[(0, 0)], 1, 0);
    request.topics[0].partitions[0].current_leader_epoch = 5;
    assert_eq!(code(client.ask(13, &request).await), ErrorCode::UNKNOWN_LEADER_EPOCH);
    let unknown = client.ask(13, &fetch(&[(9, 0)], 1, 0)).await;
    assert_eq!(code(unknown), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[tokio::test]
async fn a_session_tells_only_news() {
    let server = Server::start(3, &[]).await;
    let mut client = server.connect().await;
    let mut request = fetch(&[(0, 0), (1, 0), (2, 0)], 1, 0);
    request.session_epoch = 0;
    let full = client.ask(13, &request).await;
    assert_ne!(full.session_id, 0);
    assert_eq!(full.responses[0].partitions.len(), 3);
    fill(&server, &mut client, 1, 1, 10).await;
    let next = FetchRequest {
        session_id: full.session_id,
        session_epoch: 1,
        topics: Vec::new(),
        ..request.clone()
    };
    let news = client.ask(13, &next).await;
    assert_eq!(news.responses[0].topic_id, TOPIC_ID);
    let partitions: Vec<_> =
        news.responses[0].partitions.iter().map(|p| p.partition_index).collect();
    assert_eq!(partitions, [1]);
    let repeated = client.ask(13, &next).await;
    assert_eq!(repeated.error_code, ErrorCode::INVALID_FETCH_SESSION_EPOCH);
    let unknown = FetchRequest { session_id: 77, topics: Vec::<FetchTopic>::new(), ..next };
    let unknown = client.ask(13, &unknown).await;
    assert_eq!(unknown.error_code, ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
}

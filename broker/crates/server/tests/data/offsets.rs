//! ListOffsets, OffsetForLeaderEpoch, DeleteRecords.

use barnabas_records::BatchOptions;
use barnabas_server::Clock;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::delete_records::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use barnabas_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use barnabas_wire::api::offset_for_leader_epoch::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition, OffsetForLeaderTopic,
};

use super::support::{Client, Server, TOPIC, batch, fetch};

async fn filled(configs: &[(&str, &str)]) -> (Server, Client, i64) {
    let server = Server::start(1, configs).await;
    let mut client = server.connect().await;
    let start = server.clock.wall_ms() - 1000;
    for index in 0..10 {
        let records = batch(BatchOptions::default(), start + index * 10, &[b"a", b"b"]);
        assert_eq!(client.produce(0, records).await.error_code, ErrorCode::NONE);
    }
    (server, client, start)
}

async fn list(client: &mut Client, version: i16, timestamp: i64) -> (ErrorCode, i64, i64) {
    let partition = ListOffsetsPartition { timestamp, ..ListOffsetsPartition::default() };
    let topic = ListOffsetsTopic { name: TOPIC.into(), partitions: vec![partition] };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    let response = client.ask(version, &request).await;
    let found = &response.topics[0].partitions[0];
    (found.error_code, found.offset, found.timestamp)
}

async fn delete(client: &mut Client, offset: i64) -> (ErrorCode, i64) {
    let partition = DeleteRecordsPartition { partition_index: 0, offset };
    let topic = DeleteRecordsTopic { name: TOPIC.into(), partitions: vec![partition] };
    let request = DeleteRecordsRequest { topics: vec![topic], timeout_ms: 1000 };
    let response = client.ask(2, &request).await;
    let deleted = &response.topics[0].partitions[0];
    (deleted.error_code, deleted.low_watermark)
}

#[tokio::test]
async fn the_ends_of_the_log_and_times_in_between() {
    let (_server, mut client, start) = filled(&[]).await;
    let ok = ErrorCode::NONE;
    assert_eq!(list(&mut client, 7, -1).await, (ok, 20, -1));
    assert_eq!(list(&mut client, 7, -2).await, (ok, 0, -1));
    assert_eq!(list(&mut client, 7, -3).await, (ok, 18, start + 90));
    assert_eq!(list(&mut client, 7, start + 31).await, (ok, 8, start + 40));
    assert_eq!(list(&mut client, 7, start + 91).await, (ok, -1, -1));
    // Before version 7 nobody knows -3.
    assert_eq!(list(&mut client, 6, -3).await.0, ErrorCode::UNSUPPORTED_VERSION);
}

#[tokio::test]
async fn an_epoch_ends_where_the_log_does() {
    let (_server, mut client, _) = filled(&[]).await;
    let partition = OffsetForLeaderPartition { leader_epoch: 0, ..Default::default() };
    let topic = OffsetForLeaderTopic { topic: TOPIC.into(), partitions: vec![partition] };
    let request = OffsetForLeaderEpochRequest { replica_id: -1, topics: vec![topic] };
    let response = client.ask(4, &request).await;
    let end = &response.topics[0].partitions[0];
    assert_eq!((end.error_code, end.leader_epoch, end.end_offset), (ErrorCode::NONE, 0, 20));
}

#[tokio::test]
async fn deleted_records_are_gone_for_good() {
    let (_server, mut client, _) = filled(&[]).await;
    assert_eq!(delete(&mut client, 7).await, (ErrorCode::NONE, 7));
    assert_eq!(list(&mut client, 7, -2).await, (ErrorCode::NONE, 7, -1));
    let below = client.ask(13, &fetch(&[(0, 3)], 1, 0)).await;
    let below = below.responses[0].partitions[0].error_code;
    assert_eq!(below, ErrorCode::OFFSET_OUT_OF_RANGE);
    assert_eq!(delete(&mut client, 21).await, (ErrorCode::OFFSET_OUT_OF_RANGE, -1));
    assert_eq!(delete(&mut client, -5).await, (ErrorCode::OFFSET_OUT_OF_RANGE, -1));
    assert_eq!(delete(&mut client, -1).await, (ErrorCode::NONE, 20));
}

#[tokio::test]
async fn compacted_topics_keep_their_records() {
    let (_server, mut client, _) = filled(&[("cleanup.policy", "compact")]).await;
    assert_eq!(delete(&mut client, 7).await, (ErrorCode::POLICY_VIOLATION, -1));
}

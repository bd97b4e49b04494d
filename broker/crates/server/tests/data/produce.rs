//! Produce.

use barnabas_records::{BatchOptions, Batches, Codec, ProducerFields, TimestampType};
use barnabas_server::Clock;
use barnabas_wire::api::FetchRequest;
use barnabas_wire::api::ProduceRequest;
use barnabas_wire::{ErrorCode, Records};
use bytes::Bytes;

use super::support::{Client, Server, batch, fetch, produce};

fn plain(server: &Server, value: &[u8]) -> Bytes {
    batch(BatchOptions::default(), server.clock.wall_ms(), &[value])
}

async fn stored(client: &mut Client, partition: i32) -> Bytes {
    let response = client.ask::<FetchRequest>(12, &fetch(&[(partition, 0)], 1, 0)).await;
    match response.responses[0].partitions[0].records.clone() {
        Some(Records::Inline(bytes)) => bytes,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn offsets_follow_each_other_and_each_partition_has_its_own() {
    let server = Server::start(2, &[]).await;
    let mut client = server.connect().await;
    let now = server.clock.wall_ms();
    let three = batch(BatchOptions::default(), now, &[b"a", b"b", b"c"]);
    for (partition, expected) in [(0, 0), (0, 3), (1, 0), (0, 6)] {
        let response = client.produce(partition, three.clone()).await;
        assert_eq!(response.error_code, ErrorCode::NONE);
        assert_eq!(response.base_offset, expected);
    }
}

#[tokio::test]
async fn what_is_stored_is_what_was_sent_but_for_offset_and_epoch() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let sent = plain(&server, b"value");
    client.produce(0, sent.clone()).await;
    let stored = stored(&mut client, 0).await;
    assert_eq!(stored[16..], sent[16..]);
    assert_eq!(stored[12..16], [0; 4]);
}

#[tokio::test]
async fn pipelined_batches_of_an_idempotent_producer_are_appended_in_order() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let now = server.clock.wall_ms();
    let mut ids = Vec::new();
    for base_sequence in 0..20 {
        let producer = ProducerFields { id: 7, epoch: 0, base_sequence };
        let options = BatchOptions { producer, ..BatchOptions::default() };
        ids.push(client.send(9, &produce(0, batch(options, now, &[b"x"]))).await);
    }
    for (expected, id) in (0..).zip(ids) {
        let response = client.receive::<ProduceRequest>(9, id).await;
        let partition = &response.responses[0].partition_responses[0];
        assert_eq!((partition.error_code, partition.base_offset), (ErrorCode::NONE, expected));
    }
}

#[tokio::test]
async fn a_repeated_batch_is_answered_as_the_first_time_and_a_gap_is_refused() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let now = server.clock.wall_ms();
    let of = |base_sequence| {
        let producer = ProducerFields { id: 7, epoch: 0, base_sequence };
        batch(BatchOptions { producer, ..BatchOptions::default() }, now, &[b"x"])
    };
    assert_eq!(client.produce(0, of(0)).await.base_offset, 0);
    assert_eq!(client.produce(0, of(1)).await.base_offset, 1);
    let repeated = client.produce(0, of(0)).await;
    assert_eq!((repeated.error_code, repeated.base_offset), (ErrorCode::NONE, 0));
    let gap = client.produce(0, of(3)).await;
    assert_eq!(gap.error_code, ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
}

#[tokio::test]
async fn acks_0_gets_no_answer() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let silent = ProduceRequest { acks: 0, ..produce(0, plain(&server, b"first")) };
    client.send(9, &silent).await;
    // The next answer belongs to the next request.
    assert_eq!(client.produce(0, plain(&server, b"second")).await.base_offset, 1);
    let odd = ProduceRequest { acks: 2, ..produce(0, plain(&server, b"third")) };
    let response = client.ask(9, &odd).await;
    let code = response.responses[0].partition_responses[0].error_code;
    assert_eq!(code, ErrorCode::INVALID_REQUIRED_ACKS);
}

#[tokio::test]
async fn refusals_say_why() {
    let server = Server::start(1, &[("cleanup.policy", "compact")]).await;
    let mut client = server.connect().await;
    let now = server.clock.wall_ms();
    let mut builder = barnabas_records::BatchBuilder::new(BatchOptions::default());
    builder.append(now, Some(b"k"), None);
    builder.append(now, None, Some(b"v"));
    let refused = client.produce(0, builder.build().to_bytes()).await;
    assert_eq!(refused.error_code, ErrorCode::INVALID_RECORD);
    assert_eq!(refused.base_offset, -1);
    assert_eq!(refused.record_errors.len(), 1);
    assert_eq!(refused.record_errors[0].batch_index, 1);
    let mut broken = plain(&server, b"value").to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let corrupt = client.produce(0, broken.into()).await;
    assert_eq!(corrupt.error_code, ErrorCode::CORRUPT_MESSAGE);
    let late = batch(BatchOptions::default(), now + 7_200_000, &[b"from the future"]);
    assert_eq!(client.produce(0, late).await.error_code, ErrorCode::INVALID_TIMESTAMP);
    let unknown = client.produce(5, plain(&server, b"value")).await;
    assert_eq!(unknown.error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[tokio::test]
async fn zstd_needs_produce_version_7() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let options = BatchOptions { codec: Codec::Zstd, ..BatchOptions::default() };
    let request = produce(0, batch(options, server.clock.wall_ms(), &[b"value"]));
    let old = client.ask(6, &request).await.responses[0].partition_responses[0].clone();
    assert_eq!(old.error_code, ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
    let new = client.ask(7, &request).await.responses[0].partition_responses[0].clone();
    assert_eq!(new.error_code, ErrorCode::NONE);
}

#[tokio::test]
async fn the_topic_s_codec_and_clock_win() {
    let configs = [("compression.type", "gzip"), ("message.timestamp.type", "LogAppendTime")];
    let server = Server::start(1, &configs).await;
    let mut client = server.connect().await;
    let before = server.clock.wall_ms();
    let response = client.produce(0, plain(&server, &[b'x'; 1000])).await;
    assert!(response.log_append_time_ms >= before);
    let stored = Batches::new(stored(&mut client, 0).await).next().unwrap().unwrap();
    stored.verify().unwrap();
    assert_eq!(stored.header.codec(), Ok(Codec::Gzip));
    assert_eq!(stored.header.timestamp_type(), TimestampType::LogAppendTime);
    assert_eq!(stored.header.max_timestamp, response.log_append_time_ms);
}

#[tokio::test]
async fn topics_are_named_by_id_from_version_13() {
    let server = Server::start(1, &[]).await;
    let mut client = server.connect().await;
    let mut request = produce(0, plain(&server, b"value"));
    let ok = client.ask(13, &request).await.responses[0].partition_responses[0].clone();
    assert_eq!(ok.error_code, ErrorCode::NONE);
    request.topic_data[0].topic_id = barnabas_wire::Uuid([3; 16]);
    let unknown = client.ask(13, &request).await.responses[0].partition_responses[0].clone();
    assert_eq!(unknown.error_code, ErrorCode::UNKNOWN_TOPIC_ID);
}

#[tokio::test]
async fn flush_messages_1_syncs_before_the_answer() {
    let server = Server::start(1, &[("flush.messages", "1")]).await;
    let mut client = server.connect().await;
    let response = client.produce(0, plain(&server, b"value")).await;
    assert_eq!(response.error_code, ErrorCode::NONE);
    let replica = server.node.partitions.all().pop().unwrap();
    assert_eq!(replica.log.recovery_point(), 1);
}

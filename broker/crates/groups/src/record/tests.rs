use barnabas_wire::Uuid;
use bytes::Bytes;

use super::*;

fn hex(bytes: &Bytes) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn committed() -> CommittedOffset {
    CommittedOffset {
        offset: 258,
        leader_epoch: 3,
        metadata: "m".into(),
        committed_ms: 1_000,
        expires_ms: None,
        topic_id: Uuid::ZERO,
    }
}

#[test]
fn an_offset_is_written_as_kafka_4_3_writes_it() {
    let record = offset("g", "t", 7, Some(&committed())).unwrap();
    assert_eq!(hex(&record.key), "0001000167000174 00000007".replace(' ', ""));
    let value = "0004 0000000000000102 00000003 026d 00000000000003e8 00";
    assert_eq!(hex(&record.value.unwrap()), value.replace(' ', ""));
}

#[test]
fn a_topic_id_is_a_tagged_field() {
    let with_id = CommittedOffset { topic_id: Uuid([0xab; 16]), ..committed() };
    let value = offset("g", "t", 7, Some(&with_id)).unwrap().value.unwrap();
    assert!(hex(&value).ends_with(&format!("010010{}", "ab".repeat(16))));
}

#[test]
fn an_offset_with_a_retention_is_version_1() {
    let expiring = CommittedOffset { expires_ms: Some(2_000), ..committed() };
    let value = offset("g", "t", 7, Some(&expiring)).unwrap().value.unwrap();
    let expected = "0001 0000000000000102 00016d 00000000000003e8 00000000000007d0";
    assert_eq!(hex(&value), expected.replace(' ', ""));
}

#[test]
fn a_group_is_written_as_version_3() {
    let metadata = GroupMetadata {
        protocol_type: "consumer".into(),
        generation: 2,
        protocol: Some("range".into()),
        leader: Some("m".into()),
        current_state_timestamp: 5,
        members: vec![MemberMetadata {
            member_id: "m".into(),
            group_instance_id: None,
            client_id: "c".into(),
            client_host: "/h".into(),
            rebalance_timeout: 6,
            session_timeout: 7,
            subscription: Bytes::from_static(b"s"),
            assignment: Bytes::from_static(b"a"),
        }],
    };
    let record = group("g", Some(&metadata)).unwrap();
    assert_eq!(hex(&record.key), "0002000167");
    let expected = "0003 0008636f6e73756d6572 00000002 000572616e6765 00016d 0000000000000005 \
                    00000001 00016d ffff 000163 00022f68 00000006 00000007 0000000173 0000000161";
    assert_eq!(hex(record.value.as_ref().unwrap()), expected.replace(' ', ""));
    let read = decode(record.key, record.value).unwrap();
    assert_eq!(read, Decoded::Group { group: "g".into(), metadata: Some(metadata) });
}

#[test]
fn what_is_written_is_read() {
    let with_id = CommittedOffset { topic_id: Uuid([1; 16]), ..committed() };
    for value in [Some(&with_id), None] {
        let record = offset("g", "t", 7, value).unwrap();
        let expected = Decoded::Offset {
            group: "g".into(),
            topic: "t".into(),
            partition: 7,
            committed: value.cloned(),
        };
        assert_eq!(decode(record.key, record.value).unwrap(), expected);
    }
}

#[test]
fn offsets_of_kafka_0_8_are_read() {
    let key = Bytes::from_static(&[0, 0, 0, 1, b'g', 0, 1, b't', 0, 0, 0, 7]);
    let mut value = vec![0, 0];
    value.extend(9_i64.to_be_bytes());
    value.extend([0, 1, b'm']);
    value.extend(1_000_i64.to_be_bytes());
    let Decoded::Offset { committed: Some(read), .. } = decode(key, Some(value.into())).unwrap()
    else {
        panic!("an offset");
    };
    assert_eq!((read.offset, read.leader_epoch, read.committed_ms), (9, -1, 1_000));
}

#[test]
fn unknown_types_and_versions_are_told_apart_from_garbage() {
    let consumer_group = Bytes::from_static(&[0, 3, 0, 1, b'g']);
    let read = decode(consumer_group, Some(Bytes::from_static(&[0, 0, 1, 2]))).unwrap();
    assert_eq!(read, Decoded::Unknown { record_type: 3, version: Some(0) });
    let key = offset("g", "t", 7, None).unwrap().key;
    let newer = decode(key.clone(), Some(Bytes::from_static(&[0, 5, 1]))).unwrap();
    assert_eq!(newer, Decoded::Unknown { record_type: 1, version: Some(5) });
    assert!(decode(key, Some(Bytes::from_static(&[0, 4, 1]))).is_err());
    assert!(decode(Bytes::from_static(&[0]), None).is_err());
}

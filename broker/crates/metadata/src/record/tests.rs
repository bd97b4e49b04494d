//! Bytes against Apache Kafka 4.3.1's `MetadataRecordSerde`, and round trips.

use barnabas_wire::{Arbitrary, Source, Uuid};
use bytes::Bytes;
use proptest::prelude::*;

use super::*;

const LATEST: MetadataVersion = MetadataVersion::LATEST_PRODUCTION;

fn id() -> Uuid {
    Uuid([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])
}

fn dir() -> Uuid {
    Uuid([0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2])
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Encodes as Kafka does, and back.
fn check(record: impl Into<MetadataRecord>, kafka: &str) {
    let record = record.into();
    let bytes = record.encode(LATEST).expect("encodes");
    assert_eq!(hex(&bytes), kafka, "{}", record.name());
    assert_eq!(MetadataRecord::decode(bytes), Ok(record));
}

#[test]
fn register_broker_is_kafkas() {
    let record = RegisterBrokerRecord {
        broker_id: 1,
        incarnation_id: id(),
        broker_epoch: 7,
        end_points: vec![BrokerEndpoint {
            name: "PLAINTEXT".to_owned(),
            host: "localhost".to_owned(),
            port: 39_092,
            security_protocol: 0,
        }],
        features: vec![BrokerFeature {
            name: "metadata.version".to_owned(),
            min_supported_version: 7,
            max_supported_version: 30,
        }],
        rack: Some("a".to_owned()),
        log_dirs: vec![dir()],
        cordoned_log_dirs: Some(Vec::new()),
        ..RegisterBrokerRecord::default()
    };
    check(
        record,
        "01000400000001000102030405060708090a0b0c0d0e0f100000000000000007020a504c41494e54455854\
         0a6c6f63616c686f737498b400000002116d657461646174612e76657273696f6e0007001e000261010002\
         00110200000000000000010000000000000002010101",
    );
}

#[test]
fn partition_records_are_kafkas() {
    let record = PartitionRecord {
        partition_id: 3,
        topic_id: id(),
        replicas: vec![1, 2],
        isr: vec![1],
        leader: 1,
        leader_epoch: 4,
        partition_epoch: 5,
        directories: vec![dir(), dir()],
        eligible_leader_replicas: Some(vec![2]),
        ..PartitionRecord::default()
    };
    check(
        record,
        "010302000000030102030405060708090a0b0c0d0e0f10030000000100000002020000000101010000000100\
         000004000000050300000000000000010000000000000002000000000000000100000000000000020101\
         050200000002",
    );
    let change = PartitionChangeRecord {
        partition_id: 3,
        topic_id: id(),
        isr: Some(vec![1, 2]),
        leader: 2,
        directories: Some(vec![dir()]),
        last_known_elr: Some(Vec::new()),
        ..PartitionChangeRecord::default()
    };
    check(
        change,
        "010502000000030102030405060708090a0b0c0d0e0f100400090300000001000000020104000000020701\
         0108110200000000000000010000000000000002",
    );
}

#[test]
fn other_records_are_kafkas() {
    let change = BrokerRegistrationChangeRecord {
        broker_id: 1,
        broker_epoch: 7,
        fenced: -1,
        in_controlled_shutdown: 1,
        cordoned_log_dirs: Some(vec![dir()]),
        ..BrokerRegistrationChangeRecord::default()
    };
    check(
        change,
        "011103000000010000000000000007030001ff01010103110200000000000000010000000000000002",
    );
    let scram = UserScramCredentialRecord {
        name: "u".to_owned(),
        mechanism: 1,
        salt: Bytes::from_static(&[1, 2]),
        stored_key: Bytes::from_static(&[3]),
        server_key: Bytes::new(),
        iterations: 4096,
    };
    check(scram, "010b000275010301020203010000100000");
    let config = ConfigRecord {
        resource_type: 2,
        resource_name: "t".to_owned(),
        name: "retention.ms".to_owned(),
        value: None,
    };
    check(config, "0104000202740d726574656e74696f6e2e6d730000");
    let quota = ClientQuotaRecord {
        entity: vec![EntityData { entity_type: "user".to_owned(), entity_name: None }],
        key: "producer_byte_rate".to_owned(),
        value: 1.5,
        remove: false,
    };
    check(
        quota,
        "010e0002057573657200001370726f64756365725f627974655f726174653ff80000000000000000",
    );
    check(NoOpRecord {}, "01140000");
    let level = FeatureLevelRecord { name: "metadata.version".to_owned(), feature_level: 30 };
    check(level, "010c00116d657461646174612e76657273696f6e001e00");
}

#[test]
fn old_metadata_versions_write_old_record_versions() {
    let versions = |level: i16| {
        let version = MetadataVersion::from_level(level).expect("known");
        let records: [MetadataRecord; 3] = [
            RegisterBrokerRecord::default().into(),
            BrokerRegistrationChangeRecord::default().into(),
            PartitionRecord::default().into(),
        ];
        records.map(|record| record.version(version))
    };
    assert_eq!(versions(7), [1, 1, 0]);
    assert_eq!(versions(16), [2, 1, 0]);
    assert_eq!(versions(17), [3, 2, 1]);
    assert_eq!(versions(23), [3, 2, 2]);
    assert_eq!(versions(30), [4, 3, 2]);
}

#[test]
fn a_field_that_a_version_lacks_is_not_dropped_silently() {
    let record = RegisterBrokerRecord {
        log_dirs: vec![dir()],
        cordoned_log_dirs: Some(vec![dir()]),
        ..RegisterBrokerRecord::default()
    };
    let level29 = MetadataVersion::from_level(29).expect("known");
    assert!(MetadataRecord::from(record).encode(level29).is_err());
}

#[test]
fn foreign_envelopes_are_refused_by_name() {
    let decode = |bytes: &'static [u8]| MetadataRecord::decode(Bytes::from_static(bytes));
    assert_eq!(decode(&[0, 20, 0, 0]), Err(RecordError::UnknownFrame(0)));
    assert_eq!(decode(&[2, 20, 0, 0]), Err(RecordError::UnknownFrame(2)));
    for key in [6, 13, 16, 29] {
        assert_eq!(
            MetadataRecord::decode(Bytes::copy_from_slice(&[1, key, 0, 0])),
            Err(RecordError::UnknownKey(u32::from(key)))
        );
    }
    assert_eq!(
        decode(&[1, 20, 1, 0]),
        Err(RecordError::UnknownVersion { name: "NoOpRecord", version: 1, min: 0, max: 0 })
    );
    assert_eq!(decode(&[1, 20, 0, 0, 7]), Err(RecordError::TrailingBytes(1)));
    assert!(matches!(decode(&[1, 2, 0]), Err(RecordError::Malformed(_))));
}

fn round_trip<R>(source: &mut Source) -> Result<(), TestCaseError>
where
    R: Message + Arbitrary + Into<MetadataRecord>,
{
    let latest = R::VERSIONS.max;
    let record: MetadataRecord = R::arbitrary(source, R::version(latest)).into();
    let bytes = record.encode(LATEST).map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(MetadataRecord::decode(bytes), Ok(record));
    Ok(())
}

proptest! {
    #[test]
    fn every_record_survives_its_envelope(seed: u64) {
        let source = &mut Source::new(seed);
        round_trip::<RegisterBrokerRecord>(source)?;
        round_trip::<UnregisterBrokerRecord>(source)?;
        round_trip::<TopicRecord>(source)?;
        round_trip::<PartitionRecord>(source)?;
        round_trip::<ConfigRecord>(source)?;
        round_trip::<PartitionChangeRecord>(source)?;
        round_trip::<FenceBrokerRecord>(source)?;
        round_trip::<UnfenceBrokerRecord>(source)?;
        round_trip::<RemoveTopicRecord>(source)?;
        round_trip::<DelegationTokenRecord>(source)?;
        round_trip::<UserScramCredentialRecord>(source)?;
        round_trip::<FeatureLevelRecord>(source)?;
        round_trip::<ProducerIdsRecord>(source)?;
        round_trip::<BrokerRegistrationChangeRecord>(source)?;
        round_trip::<AccessControlEntryRecord>(source)?;
        round_trip::<RemoveAccessControlEntryRecord>(source)?;
        round_trip::<NoOpRecord>(source)?;
        round_trip::<ZkMigrationStateRecord>(source)?;
        round_trip::<RemoveUserScramCredentialRecord>(source)?;
        round_trip::<BeginTransactionRecord>(source)?;
        round_trip::<EndTransactionRecord>(source)?;
        round_trip::<AbortTransactionRecord>(source)?;
        round_trip::<RemoveDelegationTokenRecord>(source)?;
        round_trip::<RegisterControllerRecord>(source)?;
        round_trip::<ClearElrRecord>(source)?;
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        let mut framed = vec![1];
        framed.extend_from_slice(&bytes);
        let _ = MetadataRecord::decode(bytes.into());
        let _ = MetadataRecord::decode(framed.into());
    }
}

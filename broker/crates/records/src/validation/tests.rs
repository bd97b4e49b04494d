use super::*;
use crate::batch::RecordBatch;
use crate::builder::{BatchBuilder, BatchOptions, ProducerFields};
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000_000;

fn builder(options: BatchOptions) -> BatchBuilder {
    let mut builder = BatchBuilder::new(options);
    for index in 0..10 {
        builder.append(NOW - index, Some(b"k"), Some(b"value value value"));
    }
    builder
}

fn bytes() -> Bytes {
    builder(BatchOptions::default()).build().to_bytes()
}

/// The batch with a changed header and a right checksum.
fn changed(change: impl FnOnce(&mut BatchHeader)) -> Bytes {
    let batch = builder(BatchOptions::default()).build();
    let mut header = batch.header();
    change(&mut header);
    EncodedBatch::seal(header, Bytes::copy_from_slice(batch.parts()[1])).to_bytes()
}

fn refused(bytes: &Bytes) -> ValidationError {
    validate(bytes, &Rules::default(), NOW).unwrap_err()
}

#[test]
fn good_batch_is_kept_verbatim() {
    let bytes = bytes();
    let validated = validate(&bytes, &Rules::default(), NOW).unwrap();
    assert_eq!(validated.batch.to_bytes(), bytes);
    assert_eq!(validated.batch.parts()[1].as_ptr(), bytes[HEADER_LEN..].as_ptr());
    assert_eq!(validated.max_timestamp, NOW);
    assert_eq!(validated.log_append_time, -1);
    assert!(!validated.rewritten);
}

#[test]
fn wrong_max_timestamp_is_corrected() {
    let bytes = changed(|header| header.max_timestamp = 5);
    let validated = validate(&bytes, &Rules::default(), NOW).unwrap();
    let stored = RecordBatch::parse(&validated.batch.to_bytes()).unwrap();
    stored.verify().unwrap();
    assert_eq!(stored.header.max_timestamp, NOW);
}

#[test]
fn log_append_time_is_set_in_place() {
    let rules = Rules { timestamp_type: TimestampType::LogAppendTime, ..Default::default() };
    for codec in [Codec::None, Codec::Zstd] {
        let bytes = builder(BatchOptions { codec, ..Default::default() }).build().to_bytes();
        let validated = validate(&bytes, &rules, NOW + 77).unwrap();
        let stored = RecordBatch::parse(&validated.batch.to_bytes()).unwrap();
        stored.verify().unwrap();
        assert_eq!(stored.header.timestamp_type(), TimestampType::LogAppendTime);
        assert_eq!(stored.header.max_timestamp, NOW + 77);
        assert_eq!(validated.log_append_time, NOW + 77);
        assert!(!validated.rewritten);
        let payload = stored.decompress(1 << 20).unwrap();
        assert!(stored.records(&payload).all(|r| r.unwrap().timestamp == NOW + 77));
    }
}

#[test]
fn exactly_one_batch_of_magic_two() {
    let one = bytes();
    let mut two = one.to_vec();
    two.extend_from_slice(&one);
    assert!(matches!(refused(&Bytes::from(two)), ValidationError::InvalidBatch(_)));
    assert!(matches!(refused(&Bytes::new()), ValidationError::InvalidBatch(_)));
    let mut old = one.to_vec();
    old[16] = 1;
    assert!(matches!(refused(&Bytes::from(old)), ValidationError::InvalidBatch(_)));
}

#[test]
fn wrong_checksum_is_corrupt() {
    let mut broken = bytes().to_vec();
    *broken.last_mut().unwrap() ^= 1;
    let error = refused(&Bytes::from(broken));
    assert!(matches!(error, ValidationError::Corrupt(BatchError::Crc { .. })));
    let cut = bytes();
    let error = refused(&cut.slice(..cut.len() - 1));
    assert_eq!(error, ValidationError::Corrupt(BatchError::Truncated));
}

#[test]
fn shapes_that_clients_may_not_send() {
    let changes: [fn(&mut BatchHeader); 6] = [
        |header| header.base_offset = 1,
        |header| header.last_offset_delta = 8,
        |header| header.last_offset_delta = -1,
        |header| header.records_count = 0,
        |header| header.attributes |= crate::header::CONTROL_BIT,
        |header| header.producer_id = 3,
    ];
    for change in changes {
        assert!(matches!(refused(&changed(change)), ValidationError::InvalidBatch(_)));
    }
}

#[test]
fn size_is_checked_before_and_after_recompression() {
    let bytes = bytes();
    let rules = Rules { max_message_bytes: bytes.len() - 1, ..Default::default() };
    let error = validate(&bytes, &rules, NOW).unwrap_err();
    assert_eq!(error, ValidationError::TooLarge { size: bytes.len(), max: bytes.len() - 1 });
    let packed = builder(BatchOptions { codec: Codec::Gzip, ..Default::default() }).build();
    let rules = Rules {
        max_message_bytes: packed.size() + 10,
        codec: Some(Codec::None),
        ..Default::default()
    };
    let error = validate(&packed.to_bytes(), &rules, NOW).unwrap_err();
    assert!(matches!(error, ValidationError::TooLarge { .. }));
}

#[test]
fn zstd_needs_a_new_enough_request() {
    let packed = builder(BatchOptions { codec: Codec::Zstd, ..Default::default() }).build();
    let rules = Rules { allow_zstd: false, ..Default::default() };
    let error = validate(&packed.to_bytes(), &rules, NOW).unwrap_err();
    assert_eq!(error, ValidationError::UnsupportedCompression);
}

#[test]
fn compacted_topics_need_keys() {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.append(NOW, Some(b"k"), None);
    builder.append(NOW, None, Some(b"v"));
    let rules = Rules { compacted: true, ..Default::default() };
    let error = validate(&builder.build().to_bytes(), &rules, NOW).unwrap_err();
    assert_eq!(error, ValidationError::Records(vec![(1, RecordFault::MissingKey)]));
}

#[test]
fn timestamps_are_bounded_on_both_sides() {
    let rules = Rules { before_max_ms: 100, after_max_ms: 50, ..Default::default() };
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for timestamp in [NOW - 100, NOW - 101, NOW + 50, NOW + 51, -1] {
        builder.append(timestamp, None, None);
    }
    let error = validate(&builder.build().to_bytes(), &rules, NOW).unwrap_err();
    let out = RecordFault::TimestampOutOfRange;
    assert_eq!(error, ValidationError::Records(vec![(1, out), (3, out)]));
}

#[test]
fn producers_may_not_claim_log_append_time() {
    let bytes = changed(|header| {
        header.attributes |= TIMESTAMP_TYPE_BIT;
        header.max_timestamp = -1;
    });
    match refused(&bytes) {
        ValidationError::Records(faults) => {
            assert_eq!(faults.len(), 10);
            assert_eq!(faults[0], (0, RecordFault::TimestampType));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn holes_in_the_deltas_are_closed() {
    let mut sparse = Vec::new();
    for delta in [3u8, 9] {
        // length 7: attributes, timestamp delta, offset delta, null key, 1-byte value, no headers
        sparse.extend_from_slice(&[14, 0, 0, delta * 2, 1, 2, b'v', 0]);
    }
    let mut header = builder(BatchOptions::default()).build().header();
    header.records_count = 2;
    header.last_offset_delta = 1;
    let bytes = EncodedBatch::seal(header, Bytes::from(sparse)).to_bytes();
    let validated = validate(&bytes, &Rules::default(), NOW).unwrap();
    assert!(validated.rewritten);
    let stored = RecordBatch::parse(&validated.batch.to_bytes()).unwrap();
    let payload = stored.decompress(1000).unwrap();
    let offsets: Vec<_> = stored.records(&payload).map(|r| r.unwrap().offset).collect();
    assert_eq!(offsets, [0, 1]);
}

proptest! {
    #[test]
    fn recompression_keeps_records_and_producer(from in 0..5usize, to in 0..5usize) {
        let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
        let producer = ProducerFields { id: 12, epoch: 3, base_sequence: 40 };
        let options = BatchOptions { codec: codecs[from], producer, ..Default::default() };
        let original = RecordBatch::parse(&builder(options).build().to_bytes()).unwrap();
        let rules = Rules { codec: Some(codecs[to]), ..Default::default() };
        let validated = validate(original.bytes(), &rules, NOW).unwrap();
        prop_assert_eq!(validated.rewritten, from != to);
        let stored = RecordBatch::parse(&validated.batch.to_bytes()).unwrap();
        stored.verify().unwrap();
        prop_assert_eq!(stored.header.codec(), Ok(codecs[to]));
        prop_assert_eq!(stored.header.base_sequence, 40);
        let (a, b) = (original.decompress(9999).unwrap(), stored.decompress(9999).unwrap());
        prop_assert_eq!(a, b);
    }

    #[test]
    fn random_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = validate(&Bytes::from(bytes), &Rules::default(), NOW);
    }

    #[test]
    fn random_records_under_a_right_header_never_panic(
        records in proptest::collection::vec(any::<u8>(), 0..100),
        count in 1..5i32,
        codec in 0..5i16,
    ) {
        let mut header = builder(BatchOptions::default()).build().header();
        header.records_count = count;
        header.last_offset_delta = count - 1;
        header.attributes = codec;
        let bytes = EncodedBatch::seal(header, Bytes::from(records)).to_bytes();
        let _ = validate(&bytes, &Rules::default(), NOW);
    }
}

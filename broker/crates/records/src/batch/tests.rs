use super::*;
use crate::builder::{BatchBuilder, BatchOptions};

fn batch(base_offset: i64, values: &[&str]) -> EncodedBatch {
    let mut builder = BatchBuilder::new(BatchOptions { base_offset, ..Default::default() });
    for value in values {
        builder.append(1000, None, Some(value.as_bytes()));
    }
    builder.build()
}

#[test]
fn run_of_batches_ends_at_the_cut() {
    let mut bytes = BytesMut::new();
    bytes.extend_from_slice(&batch(0, &["a", "b"]).to_bytes());
    bytes.extend_from_slice(&batch(2, &["c"]).to_bytes());
    let whole = bytes.len();
    bytes.extend_from_slice(&batch(3, &["d"]).to_bytes()[..65]);
    let mut batches = Batches::new(bytes.freeze());
    let read: Vec<_> = batches.by_ref().map(Result::unwrap).collect();
    assert_eq!(read.iter().map(|b| b.header.base_offset).collect::<Vec<_>>(), [0, 2]);
    assert_eq!(read.iter().map(|b| b.bytes().len()).sum::<usize>(), whole);
    assert_eq!(batches.rest().len(), 65);
}

#[test]
fn garbage_is_an_error_once() {
    let mut batches = Batches::new(Bytes::from(vec![9; 100]));
    assert_eq!(batches.next(), Some(Err(BatchError::BadMagic(9))));
    assert_eq!(batches.next(), None);
}

#[test]
fn any_flipped_bit_after_the_checksum_is_found() {
    let bytes = batch(5, &["some value"]).to_bytes();
    RecordBatch::parse(&bytes).unwrap().verify().unwrap();
    for at in CRC_COVERED_FROM..bytes.len() {
        let mut broken = bytes.to_vec();
        broken[at] ^= 1;
        let broken = RecordBatch::parse(&Bytes::from(broken)).unwrap();
        assert!(matches!(broken.verify(), Err(BatchError::Crc { .. })), "byte {at}");
    }
}

#[test]
fn patched_offset_and_epoch_keep_the_checksum_valid() {
    let mut encoded = batch(0, &["x", "y"]);
    encoded.set_base_offset(1 << 40);
    encoded.set_partition_leader_epoch(7);
    let read = RecordBatch::parse(&encoded.to_bytes()).unwrap();
    read.verify().unwrap();
    assert_eq!(read.header.base_offset, 1 << 40);
    assert_eq!(read.header.next_offset(), (1 << 40) + 2);
    assert_eq!(read.header.partition_leader_epoch, 7);
    assert_eq!(EncodedBatch::from(&read), encoded);
}

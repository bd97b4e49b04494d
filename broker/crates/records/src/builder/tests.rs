use super::*;
use crate::batch::RecordBatch;
use crate::control::{ControlType, EndTxnMarker};

#[test]
fn control_batch_of_a_transaction() {
    let mut builder = BatchBuilder::new(BatchOptions {
        producer: ProducerFields { id: 9, epoch: 2, base_sequence: -1 },
        transactional: true,
        control: true,
        ..Default::default()
    });
    let marker = EndTxnMarker { coordinator_epoch: 4 };
    builder.append(10, Some(&ControlType::Commit.key()), Some(&marker.encode()));
    let batch = RecordBatch::parse(&builder.build().to_bytes()).unwrap();
    batch.verify().unwrap();
    assert!(batch.header.is_control() && batch.header.is_transactional());
    assert_eq!(batch.header.last_sequence(), -1);
    let payload = batch.decompress(1000).unwrap();
    let record = batch.records(&payload).next().unwrap().unwrap();
    assert_eq!(ControlType::from_key(record.key.unwrap()), Some(ControlType::Commit));
    assert_eq!(EndTxnMarker::decode(record.value.unwrap()), Some(marker));
}

#[test]
fn every_codec_reads_back() {
    for codec in [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd] {
        let mut builder = BatchBuilder::new(BatchOptions { codec, ..Default::default() });
        for index in 0..5000i64 {
            builder.append(index, Some(b"key"), Some(format!("value {index}").as_bytes()));
        }
        let plain = builder.uncompressed_size();
        let batch = RecordBatch::parse(&builder.build().to_bytes()).unwrap();
        batch.verify().unwrap();
        assert_eq!(batch.header.codec(), Ok(codec));
        assert_eq!(batch.header.max_timestamp, 4999);
        let payload = batch.decompress(plain).unwrap();
        assert_eq!(payload.len() + HEADER_LEN, plain);
        assert_eq!(batch.records(&payload).map(Result::unwrap).count(), 5000);
        if codec != Codec::None {
            assert!(batch.bytes().len() < plain, "{codec:?} did not compress");
            assert_eq!(batch.decompress(100), Err(BatchError::TooLarge));
        }
    }
}

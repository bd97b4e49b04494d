//! Record batches: what producers send and segments hold.

use barnabas_records::validation::{Rules, validate};
use barnabas_records::{
    BatchBuilder, BatchHeader, BatchOptions, Batches, Codec, HEADER_LEN, ProducerFields,
    RecordBatch,
};
use barnabas_wire::Source;
use bytes::Bytes;

use crate::memory::bounded;

/// Bytes that the records of a batch may expand to here.
const DECOMPRESSED_MAX: usize = 1 << 20;
/// Headers of batches, iterators and errors.
const SLACK: usize = 64 * 1024;
/// Decompression buffers of the codecs, and the growth of the vector that takes the result.
const DECOMPRESSION_MEMORY: usize = 32 << 20;

/// Reads the bytes as batches; then once more with the size and the checksum of the first put
/// right, so that what lies behind them is reached.
pub fn run(data: &[u8]) {
    let bytes = Bytes::copy_from_slice(data);
    read(&bytes);
    if let Some(sealed) = seal(&bytes) {
        read(&sealed);
        produce(&sealed);
    }
}

fn read(bytes: &Bytes) {
    let batches: Vec<RecordBatch> = bounded(SLACK + bytes.len() * 8, || {
        Batches::new(bytes.clone()).take_while(Result::is_ok).flatten().collect()
    });
    for batch in &batches {
        if batch.verify().is_err() {
            continue;
        }
        let decompressed = bounded(DECOMPRESSION_MEMORY, || batch.decompress(DECOMPRESSED_MAX));
        let Ok(payload) = decompressed else { continue };
        assert!(payload.len() <= DECOMPRESSED_MAX.max(bytes.len()));
        let headers = bounded(SLACK, || {
            let records = batch.records(&payload).take_while(Result::is_ok).flatten();
            records.map(|record| record.headers().count()).sum::<usize>()
        });
        assert!(headers <= payload.len());
    }
}

/// A batch that is accepted from a producer has a right checksum and readable records once stored.
fn produce(bytes: &Bytes) {
    let rules = Rules { codec: Some(Codec::Lz4), ..Rules::default() };
    for rules in [Rules::default(), rules] {
        let Ok(valid) = validate(bytes, &rules, 1_700_000_000_000) else { continue };
        let Ok(stored) = RecordBatch::parse(&valid.batch.to_bytes()) else {
            panic!("an accepted batch does not parse");
        };
        assert_eq!(stored.verify(), Ok(()));
        assert_eq!(stored.header.records_count, valid.records_count);
        let Ok(payload) = stored.decompress(DECOMPRESSED_MAX) else { continue };
        let records: Result<Vec<_>, _> = stored.records(&payload).collect();
        let records = records.unwrap_or_else(|error| panic!("accepted, but {error}"));
        assert_eq!(records.len() as i32, valid.records_count);
    }
}

fn seal(bytes: &Bytes) -> Option<Bytes> {
    let mut bytes = bytes.to_vec();
    if bytes.len() < HEADER_LEN {
        return None;
    }
    // Layout of the header: offset 8, length 4, leader epoch 4, magic 1, checksum 4 of the rest.
    let length = u32::try_from(bytes.len() - 12).ok()?;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    bytes[16] = 2;
    let crc = barnabas_records::crc::crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    BatchHeader::parse(&bytes).ok()?;
    Some(bytes.into())
}

/// One or two batches.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=source.below(2) {
        bytes.extend_from_slice(&batch(source));
    }
    bytes
}

pub(crate) fn batch(source: &mut Source) -> Bytes {
    let codecs = [Codec::None, Codec::Gzip, Codec::Snappy, Codec::Lz4, Codec::Zstd];
    let producer = if source.chance(2) {
        ProducerFields { id: source.below(4) as i64, epoch: 0, base_sequence: 0 }
    } else {
        ProducerFields::NONE
    };
    let mut builder = BatchBuilder::new(BatchOptions {
        codec: codecs[source.below(5) as usize],
        producer,
        transactional: producer.id >= 0 && source.chance(4),
        ..BatchOptions::default()
    });
    for _ in 0..=source.below(4) {
        let (key, value) = (source.bytes(), source.bytes());
        let timestamp = 1_700_000_000_000 + source.below(1000) as i64;
        let key = source.chance(2).then_some(key.as_slice());
        builder.append_with_headers(timestamp, key, Some(&value), &[(b"name", None)]);
    }
    builder.build().to_bytes()
}

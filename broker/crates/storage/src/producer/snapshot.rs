//! `.snapshot` files (`ProducerSnapshot` version 1).

use barnabas_records::crc::crc32c;

use super::entry::{BatchMeta, ProducerEntry};

const VERSION: i16 = 1;
/// Version, checksum, count.
const HEADER: usize = 10;
/// Where the part that the checksum covers begins.
const COVERED_FROM: usize = 6;
const ENTRY: usize = 46;

/// Largest plausible file: bounds what is read at start.
pub(crate) const SNAPSHOT_BYTES_MAX: u64 = 64 << 20;

/// Why a snapshot cannot be used; an older one or the log itself takes its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SnapshotError {
    #[error("checksum does not match")]
    Crc,
    #[error("length does not match the count")]
    Length,
    #[error("version {0} is not supported")]
    Version(i16),
}

/// One entry for each remembered batch, oldest first. Apache Kafka writes the newest only, and of
/// several entries of one producer it keeps the last: it reads such a file as if it were its own.
/// Without the others a producer that sends anew what it sent before a restart is told
/// `OUT_OF_ORDER_SEQUENCE_NUMBER`.
pub(crate) fn encode<'a>(entries: impl Iterator<Item = &'a ProducerEntry>) -> Vec<u8> {
    let mut out = vec![0; HEADER];
    let mut count: u32 = 0;
    for entry in entries {
        let none = BatchMeta { last_sequence: -1, last_offset: -1, ..BatchMeta::default() };
        let (last, older) = entry.batches().split_last().unwrap_or((&none, &[]));
        for batch in older {
            encode_entry(&mut out, entry, batch, batch.timestamp, None);
        }
        encode_entry(&mut out, entry, last, entry.last_timestamp, entry.txn_first_offset);
        count += 1 + u32::try_from(older.len()).unwrap_or(0);
    }
    out[..2].copy_from_slice(&VERSION.to_be_bytes());
    out[COVERED_FROM..HEADER].copy_from_slice(&count.to_be_bytes());
    let crc = crc32c(&out[COVERED_FROM..]);
    out[2..COVERED_FROM].copy_from_slice(&crc.to_be_bytes());
    out
}

fn encode_entry(
    out: &mut Vec<u8>,
    entry: &ProducerEntry,
    batch: &BatchMeta,
    timestamp: i64,
    txn_first_offset: Option<i64>,
) {
    out.extend_from_slice(&entry.producer_id.to_be_bytes());
    out.extend_from_slice(&entry.producer_epoch.to_be_bytes());
    out.extend_from_slice(&batch.last_sequence.to_be_bytes());
    out.extend_from_slice(&batch.last_offset.to_be_bytes());
    out.extend_from_slice(&batch.offset_delta.to_be_bytes());
    out.extend_from_slice(&timestamp.to_be_bytes());
    out.extend_from_slice(&entry.coordinator_epoch.to_be_bytes());
    out.extend_from_slice(&txn_first_offset.unwrap_or(-1).to_be_bytes());
}

pub(crate) fn decode(bytes: &[u8]) -> Result<Vec<ProducerEntry>, SnapshotError> {
    let (head, rest) = bytes.split_first_chunk::<HEADER>().ok_or(SnapshotError::Length)?;
    let version = i16::from_be_bytes([head[0], head[1]]);
    if version != VERSION {
        return Err(SnapshotError::Version(version));
    }
    let crc = u32::from_be_bytes([head[2], head[3], head[4], head[5]]);
    if crc != crc32c(&bytes[COVERED_FROM..]) {
        return Err(SnapshotError::Crc);
    }
    let count = u32::from_be_bytes([head[6], head[7], head[8], head[9]]);
    let (entries, tail) = rest.as_chunks::<ENTRY>();
    if !tail.is_empty() || u32::try_from(entries.len()) != Ok(count) {
        return Err(SnapshotError::Length);
    }
    let mut found: Vec<ProducerEntry> = Vec::new();
    for bytes in entries {
        let id = i64::from_be_bytes(at(bytes, 0));
        match found.last_mut().filter(|last| last.producer_id == id) {
            Some(last) => decode_into(last, bytes),
            None => {
                let mut entry = ProducerEntry::new(id);
                decode_into(&mut entry, bytes);
                found.push(entry);
            }
        }
    }
    Ok(found)
}

/// Adds what an entry of the file says to what those before it said of the same producer.
fn decode_into(entry: &mut ProducerEntry, bytes: &[u8; ENTRY]) {
    entry.coordinator_epoch = i32::from_be_bytes(at(bytes, 34));
    let first = i64::from_be_bytes(at(bytes, 38));
    entry.txn_first_offset = (first >= 0).then_some(first);
    let epoch = i16::from_be_bytes(at(bytes, 8));
    let timestamp = i64::from_be_bytes(at(bytes, 26));
    let batch = BatchMeta {
        last_sequence: i32::from_be_bytes(at(bytes, 10)),
        last_offset: i64::from_be_bytes(at(bytes, 14)),
        offset_delta: i32::from_be_bytes(at(bytes, 22)),
        timestamp,
    };
    if batch.last_offset >= 0 {
        entry.add_batch(epoch, batch);
    } else {
        entry.set_epoch(epoch);
    }
    entry.last_timestamp = timestamp;
}

fn at<const N: usize>(bytes: &[u8; ENTRY], from: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[from..from + N]);
    out
}

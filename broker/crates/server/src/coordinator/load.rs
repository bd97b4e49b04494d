//! Reading a partition of `__consumer_offsets` into the core.

use barnabas_bugs::{Bug, is_seeded};
use barnabas_groups::{Coordinator, Decoded, RecordError};
use barnabas_records::{BatchError, Batches, RecordBatch};
use barnabas_storage::{DiskError, Log, ReadError, ReadRequest};
use bytes::Bytes;

use super::GroupSettings;

/// The largest that a compressed batch may become.
const BATCH_MAX_BYTES: usize = 100 << 20;

/// Why a partition cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error("the log ends at offset {0} before its end")]
    Gap(i64),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("offset {offset}: {error}")]
    Record { offset: i64, error: RecordError },
}

/// A core with everything in it that the log says.
pub(super) fn load(log: &Log, settings: &GroupSettings) -> Result<Coordinator, LoadError> {
    let mut core = Coordinator::new(settings.core.clone());
    let start = log.start_offset();
    let end = log.end_offset();
    let mut offset = start;
    let mut skipped = 0_u64;
    while offset < end {
        let bytes = read(log, offset, end, settings.load_buffer_bytes)?;
        let before = offset;
        for batch in Batches::new(bytes) {
            let batch = batch?;
            offset = batch.header.next_offset();
            let left_out = is_seeded(Bug::LoadOffsetsInPart) && offset == end;
            if !batch.header.is_control() && !left_out {
                skipped += replay(&mut core, &batch, start)?;
            }
        }
        if offset <= before {
            return Err(LoadError::Gap(offset));
        }
    }
    if skipped > 0 {
        tracing::warn!(skipped, "skipped records of unknown types while loading groups");
    }
    Ok(core)
}

fn read(log: &Log, offset: i64, end: i64, max_bytes: usize) -> Result<Bytes, LoadError> {
    let request = ReadRequest { offset, max_bytes, upper: end, min_one: true, aborted: false };
    let range = log.read(&request)?.range.ok_or(LoadError::Gap(offset))?;
    Ok(range.read()?)
}

/// Replays a batch; returns how many records it did not know.
fn replay(core: &mut Coordinator, batch: &RecordBatch, start: i64) -> Result<u64, LoadError> {
    let payload = batch.decompress(BATCH_MAX_BYTES)?;
    let mut skipped = 0;
    for record in batch.records(&payload) {
        let record = record?;
        let Some(key) = record.key.filter(|_| record.offset >= start) else { continue };
        let value = record.value.map(Bytes::copy_from_slice);
        let decoded = core
            .replay(Bytes::copy_from_slice(key), value)
            .map_err(|error| LoadError::Record { offset: record.offset, error })?;
        skipped += u64::from(matches!(decoded, Decoded::Unknown { .. }));
    }
    Ok(skipped)
}

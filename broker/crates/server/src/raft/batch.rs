//! Batches of the metadata log and of snapshots.

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::record::MetadataRecord;
use barnabas_quorum::{ControlRecord, Epoch};
use barnabas_records::{BatchBuilder, BatchOptions, RecordBatch};
use barnabas_wire::EncodeError;
use bytes::Bytes;

use super::MetadataError;

/// What a batch holds.
#[derive(Debug)]
pub(super) enum Content {
    Control(Vec<ControlRecord>),
    Metadata(Vec<MetadataRecord>),
}

/// A batch read back.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) base_offset: i64,
    pub(super) last_offset: i64,
    pub(super) epoch: i32,
    pub(super) timestamp_ms: i64,
    pub(super) bytes: usize,
    pub(super) content: Content,
}

fn options(base_offset: i64, epoch: Epoch, control: bool) -> BatchOptions {
    BatchOptions {
        base_offset,
        partition_leader_epoch: epoch.0,
        control,
        ..BatchOptions::default()
    }
}

pub(super) fn control_batch(
    base_offset: i64,
    epoch: Epoch,
    timestamp_ms: i64,
    records: &[ControlRecord],
) -> Bytes {
    let mut builder = BatchBuilder::new(options(base_offset, epoch, true));
    for record in records {
        builder.append(timestamp_ms, Some(&record.key()), Some(&record.value()));
    }
    builder.build().to_bytes()
}

pub(super) fn metadata_batch(
    base_offset: i64,
    epoch: Epoch,
    timestamp_ms: i64,
    records: &[MetadataRecord],
    version: MetadataVersion,
) -> Result<Bytes, EncodeError> {
    let mut builder = BatchBuilder::new(options(base_offset, epoch, false));
    for record in records {
        builder.append(timestamp_ms, None, Some(&record.encode(version)?));
    }
    Ok(builder.build().to_bytes())
}

/// Reads a batch; `place` names its file in errors.
pub(super) fn decode(batch: &RecordBatch, place: &str) -> Result<Decoded, MetadataError> {
    let damaged = |source| MetadataError::Batch { place: place.to_owned(), source };
    batch.verify().map_err(damaged)?;
    let header = batch.header;
    let payload = batch.decompress(usize::MAX).map_err(damaged)?;
    let mut control = Vec::new();
    let mut metadata = Vec::new();
    for record in batch.records(&payload) {
        let record = record.map_err(damaged)?;
        let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
        if header.is_control() {
            let decoded = ControlRecord::decode(key, value);
            control.push(
                decoded
                    .map_err(|source| MetadataError::Control { place: place.to_owned(), source })?,
            );
        } else {
            let decoded = MetadataRecord::decode(payload.slice_ref(value));
            metadata.push(
                decoded
                    .map_err(|source| MetadataError::Record { place: place.to_owned(), source })?,
            );
        }
    }
    let content =
        if header.is_control() { Content::Control(control) } else { Content::Metadata(metadata) };
    Ok(Decoded {
        base_offset: header.base_offset,
        last_offset: header.last_offset(),
        epoch: header.partition_leader_epoch,
        timestamp_ms: header.max_timestamp,
        bytes: header.size(),
        content,
    })
}

//! Batches that cannot be stored as they came: another codec, or offset deltas with holes.

use std::io::Read;

use bytes::Bytes;

use super::{Rules, ValidationError, too_large};
use crate::batch::EncodedBatch;
use crate::compression::{Codec, compress_into, decompress, decompressor};
use crate::header::{BatchError, BatchHeader};
use crate::record::Records;
use crate::varint::{put_varint, put_varlong, varint_len, varlong_len};

/// Most bytes of decompressed records held when offset deltas must be renumbered.
const MAX_RENUMBERED: usize = 64 << 20;

/// Writes the records of a batch anew, with `target` compression. Timestamps, sequence and
/// transaction fields survive as `stored` has them.
pub(super) fn rewrite(
    header: &BatchHeader,
    mut stored: BatchHeader,
    records: &Bytes,
    target: Codec,
    rules: &Rules,
    deltas_in_order: bool,
) -> Result<EncodedBatch, ValidationError> {
    let codec = header.codec().map_err(ValidationError::Corrupt)?;
    let invalid = ValidationError::InvalidRecords;
    let mut out = Vec::new();
    if deltas_in_order {
        // An honest batch fits; a bomb stops here, before the copy of it grows.
        let most = if target == Codec::None { rules.max_message_bytes as u64 } else { u64::MAX };
        let mut source = decompressor(codec, records).map_err(invalid)?.take(most);
        compress_into(target, rules.levels, &mut out, |writer| {
            std::io::copy(&mut source, writer).map(drop).map_err(|_| BatchError::Decompression)
        })
        .map_err(invalid)?;
        if source.limit() == 0 {
            return Err(too_large(rules.max_message_bytes + 1, rules));
        }
    } else {
        let plain = decompress(codec, records, MAX_RENUMBERED).map_err(invalid)?;
        let renumbered = renumber(header, &plain).map_err(invalid)?;
        compress_into(target, rules.levels, &mut out, |writer| {
            writer.write_all(&renumbered).map_err(|_| BatchError::Decompression)
        })
        .map_err(invalid)?;
    }
    stored.attributes = stored.attributes & !0b111 | target.bits();
    let batch = EncodedBatch::seal(stored, Bytes::from(out));
    if batch.size() > rules.max_message_bytes {
        return Err(too_large(batch.size(), rules));
    }
    Ok(batch)
}

/// The same records with offset deltas 0 to n-1.
fn renumber(header: &BatchHeader, plain: &[u8]) -> Result<Vec<u8>, BatchError> {
    let mut out = Vec::with_capacity(plain.len());
    for (index, record) in (0..).zip(Records::new(*header, plain)) {
        let record = record?;
        let delta = record.timestamp_delta;
        let rest = record.after_deltas();
        let length = 1 + varlong_len(delta) + varint_len(index) + rest.len();
        put_varint(&mut out, length as i32);
        out.push(0);
        put_varlong(&mut out, delta);
        put_varint(&mut out, index);
        out.extend_from_slice(rest);
    }
    Ok(out)
}

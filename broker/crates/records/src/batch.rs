//! Whole batches: one that was read, a run of them, and one that is about to be appended.

use bytes::{Bytes, BytesMut};

use crate::compression::decompress;
use crate::crc::{Crc32c, crc32c};
use crate::header::{
    AT_CRC, AT_LEADER_EPOCH, BatchError, BatchHeader, CRC_COVERED_FROM, HEADER_LEN, put,
};
use crate::record::Records;

/// A batch and its parsed header; the bytes are shared, not copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordBatch {
    /// The parsed header.
    pub header: BatchHeader,
    /// The whole batch, header included. Invariant: `bytes.len() == header.size()`.
    bytes: Bytes,
}

impl RecordBatch {
    /// The batch at the start of `bytes`; what follows it is ignored. The checksum and the
    /// records are not looked at.
    ///
    /// # Errors
    /// As [`BatchHeader::parse`]; `Truncated` if the batch is longer than `bytes`.
    pub fn parse(bytes: &Bytes) -> Result<Self, BatchError> {
        let header = BatchHeader::parse(bytes)?;
        if bytes.len() < header.size() {
            return Err(BatchError::Truncated);
        }
        Ok(Self { header, bytes: bytes.slice(..header.size()) })
    }

    /// The whole batch.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The records as stored, compressed if the header says so.
    #[must_use]
    pub fn payload(&self) -> Bytes {
        self.bytes.slice(HEADER_LEN..)
    }

    /// Checks the CRC.
    ///
    /// # Errors
    /// `Crc`.
    pub fn verify(&self) -> Result<(), BatchError> {
        let computed = crc32c(&self.bytes[CRC_COVERED_FROM..]);
        if computed == self.header.crc {
            Ok(())
        } else {
            Err(BatchError::Crc { computed, stored: self.header.crc })
        }
    }

    /// The records' bytes, decompressed up to `limit` bytes; uncopied if they are not compressed.
    /// Iterate over them with [`RecordBatch::records`].
    ///
    /// # Errors
    /// `UnknownCodec`, `Decompression` or `TooLarge`.
    pub fn decompress(&self, limit: usize) -> Result<Bytes, BatchError> {
        decompress(self.header.codec()?, &self.payload(), limit)
    }

    /// Iterates over what [`RecordBatch::decompress`] returned.
    #[must_use]
    pub fn records<'a>(&self, decompressed: &'a [u8]) -> Records<'a> {
        Records::new(self.header, decompressed)
    }
}

/// Iterates over batches that lie back to back. A batch cut off at the end (fetch responses have
/// them) ends the iteration without an error.
#[derive(Clone, Debug)]
pub struct Batches {
    rest: Bytes,
}

impl Batches {
    /// The batches of `bytes`.
    #[must_use]
    pub fn new(bytes: Bytes) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not iterated over yet; after the end, those of the batch that is cut off.
    #[must_use]
    pub fn rest(&self) -> &Bytes {
        &self.rest
    }
}

impl Iterator for Batches {
    type Item = Result<RecordBatch, BatchError>;

    fn next(&mut self) -> Option<Self::Item> {
        match RecordBatch::parse(&self.rest) {
            Ok(batch) => {
                self.rest = self.rest.slice(batch.header.size()..);
                Some(Ok(batch))
            }
            Err(BatchError::Truncated) => None,
            Err(error) => {
                self.rest = Bytes::new();
                Some(Err(error))
            }
        }
    }
}

/// A batch ready to append. The header is separate from the records, so that what the leader sets
/// can be patched while the records stay a slice of the frame they came in: write both parts with
/// one vectored write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedBatch {
    header: [u8; HEADER_LEN],
    records: Bytes,
}

impl EncodedBatch {
    /// Puts a header before `records`, setting its length and checksum.
    #[must_use]
    pub fn seal(mut header: BatchHeader, records: Bytes) -> Self {
        header.batch_length = (HEADER_LEN - crate::header::LOG_OVERHEAD + records.len()) as i32;
        let mut bytes = header.encode();
        let mut crc = Crc32c::default();
        crc.update(&bytes[CRC_COVERED_FROM..]);
        crc.update(&records);
        put(&mut bytes, AT_CRC, crc.value().to_be_bytes());
        Self { header: bytes, records }
    }

    /// A batch whose header and checksum stay as they are.
    pub(crate) fn verbatim(header: &BatchHeader, records: Bytes) -> Self {
        Self { header: header.encode(), records }
    }

    /// The header, parsed.
    #[must_use]
    pub fn header(&self) -> BatchHeader {
        #[expect(clippy::expect_used, reason = "every constructor encodes a BatchHeader")]
        BatchHeader::parse(&self.header).expect("header was encoded by us")
    }

    /// Size in bytes, header included.
    #[must_use]
    pub fn size(&self) -> usize {
        HEADER_LEN + self.records.len()
    }

    /// Header and records, to be written one after the other.
    #[must_use]
    pub fn parts(&self) -> [&[u8]; 2] {
        [&self.header, &self.records]
    }

    /// Sets the base offset, which the checksum does not cover.
    pub fn set_base_offset(&mut self, offset: i64) {
        put(&mut self.header, 0, offset.to_be_bytes());
    }

    /// Sets the partition leader epoch, which the checksum does not cover.
    pub fn set_partition_leader_epoch(&mut self, epoch: i32) {
        put(&mut self.header, AT_LEADER_EPOCH, epoch.to_be_bytes());
    }

    /// The batch in one piece: copies it.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(self.size());
        out.extend_from_slice(&self.header);
        out.extend_from_slice(&self.records);
        out.freeze()
    }
}

impl From<&RecordBatch> for EncodedBatch {
    /// The same batch, records shared.
    fn from(batch: &RecordBatch) -> Self {
        Self::verbatim(&batch.header, batch.payload())
    }
}

#[cfg(test)]
mod tests;

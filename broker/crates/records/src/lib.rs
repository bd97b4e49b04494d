//! Record batches: view, CRC, varints, compression, validation.
//!
//! Only magic 2 is known: it is the only format that Apache Kafka 4 writes or accepts. Layouts:
//! `DefaultRecordBatch` and `DefaultRecord` of Apache Kafka. Nothing here keeps state, reads a
//! clock or does I/O, and no input makes it panic.

pub mod batch;
pub mod builder;
pub mod compression;
pub mod control;
pub mod crc;
pub mod header;
pub mod record;
pub mod scan;
pub mod validation;
pub mod varint;

pub use batch::{Batches, EncodedBatch, RecordBatch};
pub use builder::{BatchBuilder, BatchOptions, ProducerFields};
pub use compression::{Codec, Levels};
pub use control::{ControlType, EndTxnMarker};
pub use header::{BatchError, BatchHeader, HEADER_LEN, TimestampType};
pub use record::{Record, RecordHeader, Records};
pub use scan::{MAX_SCANNED_BYTES, RecordMeta};
pub use validation::{Rules, Validated, ValidationError};

//! Committed batches in, published images out.

use std::sync::Arc;

use thiserror::Error;

use crate::record::MetadataRecord;

use super::{Changes, Delta, Image, Provenance, ReplayError};

/// Follows the committed metadata log and says when there is a new image to publish.
///
/// A log transaction (KIP-868) is published as a whole when it ends, and never when it is
/// aborted (Kafka: `MetadataLoader`, `MetadataBatchLoader`).
#[derive(Clone, Debug)]
pub struct Loader {
    published: Arc<Image>,
    pending: Option<Delta>,
    transaction: Option<Transaction>,
    provenance: Provenance,
}

/// A new image and what changed since the one before.
#[derive(Clone, Debug)]
pub struct Published {
    /// The image.
    pub image: Arc<Image>,
    /// What changed.
    pub changes: Changes,
}

/// A committed batch that cannot be applied: the log is corrupt.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoadError {
    /// A record does not fit the image.
    #[error("metadata record at offset {offset}: {source}")]
    Replay {
        /// Offset of the record.
        offset: i64,
        /// Why.
        source: ReplayError,
    },
    /// A transaction begins inside another.
    #[error("a metadata transaction begins at offset {offset} inside the one at {open}")]
    NestedTransaction {
        /// Offset of the second beginning.
        offset: i64,
        /// Offset of the open one.
        open: i64,
    },
    /// A transaction ends or aborts that never began.
    #[error("a metadata transaction ends at offset {offset}, none is open")]
    NoTransaction {
        /// Offset of the ending.
        offset: i64,
    },
}

/// A log transaction that has not ended.
#[derive(Clone, Debug)]
struct Transaction {
    /// Where it began.
    offset: i64,
    /// The unpublished state that it began with.
    base: Option<Delta>,
}

impl Default for Loader {
    fn default() -> Self {
        Self::new(Arc::new(Image::default()))
    }
}

impl Loader {
    /// A loader that goes on from an image, for instance that of a snapshot.
    #[must_use]
    pub fn new(image: Arc<Image>) -> Self {
        let provenance = image.provenance;
        Self { published: image, pending: None, transaction: None, provenance }
    }

    /// The image published last.
    #[must_use]
    pub fn image(&self) -> &Arc<Image> {
        &self.published
    }

    /// Applies one committed batch. Nothing comes out while a transaction is open.
    ///
    /// # Errors
    /// [`LoadError`]: fatal, the loader must not be used any more.
    pub fn apply(
        &mut self,
        base_offset: i64,
        epoch: i32,
        timestamp: i64,
        records: &[MetadataRecord],
    ) -> Result<Option<Published>, LoadError> {
        self.load(base_offset, epoch, timestamp, records)?;
        Ok(self.publish())
    }

    /// Applies one committed batch, to be published with those that follow it: what was created
    /// and removed between two publications is never seen.
    ///
    /// # Errors
    /// [`LoadError`]: fatal, the loader must not be used any more.
    pub fn load(
        &mut self,
        base_offset: i64,
        epoch: i32,
        timestamp: i64,
        records: &[MetadataRecord],
    ) -> Result<(), LoadError> {
        for (offset, record) in (base_offset..).zip(records) {
            self.replay(offset, record)?;
            self.provenance = Provenance { offset, epoch, last_contained_log_timestamp: timestamp };
        }
        Ok(())
    }

    /// Notes a batch without metadata records (a control batch): the image moves on to its
    /// offset with the next publication.
    pub fn skip(&mut self, last_offset: i64, epoch: i32, timestamp: i64) -> Option<Published> {
        self.pass(last_offset, epoch, timestamp);
        self.publish()
    }

    /// As [`Loader::skip`], to be published with what follows.
    pub fn pass(&mut self, last_offset: i64, epoch: i32, timestamp: i64) {
        self.provenance =
            Provenance { offset: last_offset, epoch, last_contained_log_timestamp: timestamp };
    }

    /// Whether a transaction is open: its records do not count yet.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.transaction.is_some()
    }

    /// The image with everything loaded so far; none while a transaction is open.
    pub fn publish(&mut self) -> Option<Published> {
        if self.transaction.is_some() {
            return None;
        }
        let delta = self.pending.take().unwrap_or_else(|| Delta::new(&self.published));
        let (image, changes) = delta.finish(self.provenance);
        self.published = Arc::new(image);
        Some(Published { image: Arc::clone(&self.published), changes })
    }

    fn replay(&mut self, offset: i64, record: &MetadataRecord) -> Result<(), LoadError> {
        match record {
            MetadataRecord::BeginTransaction(_) => {
                if let Some(Transaction { offset: open, .. }) = self.transaction {
                    return Err(LoadError::NestedTransaction { offset, open });
                }
                self.transaction = Some(Transaction { offset, base: self.pending.clone() });
            }
            MetadataRecord::EndTransaction(_) => {
                self.close(offset)?;
            }
            MetadataRecord::AbortTransaction(_) => {
                self.pending = self.close(offset)?;
            }
            record => {
                let delta = self.pending.get_or_insert_with(|| Delta::new(&self.published));
                delta.replay(record).map_err(|source| LoadError::Replay { offset, source })?;
            }
        }
        Ok(())
    }

    /// Closes the open transaction and returns the state that it began with.
    fn close(&mut self, offset: i64) -> Result<Option<Delta>, LoadError> {
        let open = self.transaction.take().ok_or(LoadError::NoTransaction { offset })?;
        Ok(open.base)
    }
}

//! Re-validation after an unclean stop (`LogSegment.recover`).

use std::sync::atomic::Ordering;

use barnabas_records::BatchError;

use super::{Largest, Placed, Recent, Segment, State, Walk, WalkError, check_crc};
use crate::disk::{DiskFile, lock};
use crate::index::IndexError;

const OUT_OF_ORDER: BatchError = BatchError::MalformedRecord("offset out of order");

/// What a recovery found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Recovered {
    /// Offset after the last valid batch.
    pub(crate) end_offset: i64,
    /// Bytes cut off the end.
    pub(crate) truncated: u64,
}

/// Sees every batch of the recovered stretch in order.
pub(crate) type Visitor<'a> = dyn FnMut(&dyn DiskFile, &Placed) -> Result<(), WalkError> + 'a;

/// Why a segment cannot be recovered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecoverError {
    #[error(transparent)]
    Walk(#[from] WalkError),
    /// Not a torn tail: the damaged part was synced once, and cutting it off would lose more.
    #[error("damage below the recovery point, after offset {offset}: {reason} at {position}")]
    Damaged { offset: i64, position: u64, reason: BatchError },
}

impl Segment {
    /// Checks every batch that ends at or above the recovery point, rebuilds the indexes from
    /// there and cuts the file at the first batch that is not whole and valid.
    ///
    /// What is below the recovery point was synced. It is trusted, so that a bad sector in the
    /// middle of a log is never taken for its torn end.
    pub(crate) fn recover(
        &self,
        recovery_point: i64,
        index_interval: u64,
        visitor: &mut Visitor<'_>,
    ) -> Result<Recovered, RecoverError> {
        let file = self.file().map_err(WalkError::from)?;
        let file_size = file.size().map_err(WalkError::from)?;
        self.size.store(file_size, Ordering::Release);
        let mut state = lock(&self.state);
        let mut position = state.forget_from(self, recovery_point)?;
        let mut next = self.base;
        // Where the last batch was expected to start.
        let mut before = next;
        loop {
            let step = self.check_next(file.as_ref(), position, next, recovery_point);
            match step {
                Ok(Some(placed)) => {
                    visitor(file.as_ref(), &placed)?;
                    state.note(&self.home, &placed.header, position, index_interval);
                    position = placed.end();
                    before = next;
                    next = placed.header.next_offset();
                }
                Err(WalkError::Disk(error)) => return Err(WalkError::Disk(error).into()),
                Err(WalkError::Invalid { position, reason }) => {
                    // A batch that starts too low tells that its predecessor's offsets are wrong.
                    let offset = if reason == OUT_OF_ORDER { before } else { next };
                    if offset < recovery_point {
                        return Err(RecoverError::Damaged { offset, position, reason });
                    }
                    break;
                }
                Ok(None) => break,
            }
        }
        let truncated = file_size - position;
        if truncated > 0 {
            // Durable at once: bytes that came back after another crash could fit behind new ones.
            file.truncate(position).and_then(|()| file.sync()).map_err(WalkError::from)?;
        }
        state.dirty = true;
        self.size.store(position, Ordering::Release);
        Ok(Recovered { end_offset: next, truncated })
    }

    fn check_next(
        &self,
        file: &dyn DiskFile,
        position: u64,
        next: i64,
        recovery_point: i64,
    ) -> Result<Option<Placed>, WalkError> {
        let Some(placed) = Walk::new(file, position, self.size()).next()? else {
            return Ok(None);
        };
        let header = &placed.header;
        let relative = header.last_offset().saturating_sub(self.base);
        if i32::try_from(relative).is_err() {
            let reason = BatchError::MalformedRecord("offset too far from the segment's base");
            return Err(WalkError::Invalid { position, reason });
        }
        if header.base_offset < next {
            return Err(WalkError::Invalid { position, reason: OUT_OF_ORDER });
        }
        // The last one below is checked, too: a wrong length would end it in the wrong place.
        if header.next_offset() >= recovery_point {
            check_crc(file, &placed)?;
        }
        Ok(Some(placed))
    }
}

impl State {
    /// Drops index entries at or above the offset, and everything after the first entry that
    /// cannot be right. Returns the position of the last batch that still has one.
    fn forget_from(&mut self, segment: &Segment, offset: i64) -> Result<u64, WalkError> {
        let home = &segment.home;
        let kept = self
            .offsets
            .keep_below(home, offset)
            .and_then(|()| self.times.keep_below(home, offset))
            .and_then(|()| self.txns.keep_below(home, offset));
        if let Err(IndexError::Disk(error)) = kept {
            return Err(error.into());
        }
        self.since_entry = 0;
        self.recent = Recent::default();
        let last = self.offsets.last();
        let position = last.map_or(0, |last| u64::from(last.position));
        if position >= segment.size() {
            self.offsets.entries.reset(home)?;
            self.times.entries.reset(home)?;
            self.largest = Largest::Known(None);
            return Ok(0);
        }
        self.largest = Largest::Known(self.times.last());
        Ok(position)
    }
}

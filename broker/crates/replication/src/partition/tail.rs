//! The end of the log: log end offset, high watermark, and how many bytes lie before each.

use std::collections::VecDeque;

use super::LogBounds;

/// Bytes that became readable since the log was opened. Counters only grow while the epoch lasts,
/// so that a waiting fetch can tell how much was added since it looked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes appended: what a follower may read.
    pub log_end_bytes: u64,
    /// Bytes below the high watermark: what a consumer may read.
    pub high_watermark_bytes: u64,
}

/// Invariant: `high_watermark <= end_offset`, and `unreplicated` holds the appends above the high
/// watermark in order.
#[derive(Debug)]
pub(super) struct Tail {
    end_offset: i64,
    high_watermark: i64,
    progress: Progress,
    unreplicated: VecDeque<Append>,
}

#[derive(Debug)]
struct Append {
    end_offset: i64,
    log_end_bytes: u64,
}

impl Tail {
    pub(super) fn new(log: LogBounds) -> Self {
        let end_offset = log.end_offset.max(0);
        let start_offset = log.start_offset.clamp(0, end_offset);
        Self {
            end_offset,
            high_watermark: log.high_watermark.clamp(start_offset, end_offset),
            progress: Progress::default(),
            unreplicated: VecDeque::new(),
        }
    }

    pub(super) fn end_offset(&self) -> i64 {
        self.end_offset
    }

    pub(super) fn high_watermark(&self) -> i64 {
        self.high_watermark
    }

    pub(super) fn progress(&self) -> Progress {
        self.progress
    }

    pub(super) fn append(&mut self, end_offset: i64, bytes: u64) {
        assert!(end_offset >= self.end_offset, "a log only grows at its end");
        self.end_offset = end_offset;
        self.progress.log_end_bytes += bytes;
        self.unreplicated
            .push_back(Append { end_offset, log_end_bytes: self.progress.log_end_bytes });
    }

    pub(super) fn raise(&mut self, offset: i64) -> bool {
        let offset = offset.min(self.end_offset);
        if offset <= self.high_watermark {
            return false;
        }
        self.high_watermark = offset;
        while let Some(append) = self.unreplicated.front() {
            if append.end_offset > offset {
                break;
            }
            self.progress.high_watermark_bytes = append.log_end_bytes;
            self.unreplicated.pop_front();
        }
        true
    }

    pub(super) fn truncate(&mut self, end_offset: i64) {
        self.end_offset = self.end_offset.min(end_offset);
        self.high_watermark = self.high_watermark.min(self.end_offset);
        self.unreplicated.retain(|append| append.end_offset <= end_offset);
    }

    pub(super) fn start_at_least(&mut self, offset: i64) {
        self.end_offset = self.end_offset.max(offset);
        self.raise(offset);
    }
}

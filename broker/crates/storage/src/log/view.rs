//! What a reader sees of a log, cheap to copy.

use std::sync::Arc;

use crate::segment::Segment;

/// Segments in order, never empty, and the bounds of what may be read.
#[derive(Clone, Debug)]
pub(super) struct View {
    pub(super) segments: Arc<Vec<Arc<Segment>>>,
    pub(super) start: i64,
    pub(super) end: i64,
}

impl View {
    /// The segment that takes appends.
    #[expect(clippy::expect_used, reason = "a log has a segment from open to the end")]
    pub(super) fn active(&self) -> &Arc<Segment> {
        self.segments.last().expect("a log has a segment")
    }

    /// Index of the segment that holds the offset: the last one that starts at or below it.
    pub(super) fn floor(&self, offset: i64) -> usize {
        self.segments.partition_point(|segment| segment.base() <= offset).saturating_sub(1)
    }

    /// Offset after the last one of the segment with this index.
    pub(super) fn end_of(&self, index: usize) -> i64 {
        self.segments.get(index + 1).map_or(self.end, |next| next.base())
    }

    /// Adds an active segment.
    pub(super) fn push(&mut self, segment: Arc<Segment>) {
        Arc::make_mut(&mut self.segments).push(segment);
    }
}

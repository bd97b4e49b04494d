//! The next block of producer ids.

use crate::record::{MetadataRecord, ProducerIdsRecord};

/// Who was given the last block of producer ids, and where the next one starts
/// (Kafka: `ProducerIdsImage`).
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerIdsImage {
    /// First id of the next block; ids below were given out. -1 when none was.
    pub next_producer_id: i64,
    last_block: Option<ProducerIdsRecord>,
}

impl Default for ProducerIdsImage {
    fn default() -> Self {
        Self { next_producer_id: -1, last_block: None }
    }
}

impl ProducerIdsImage {
    pub(super) fn replay(&mut self, record: &ProducerIdsRecord) {
        self.next_producer_id = record.next_producer_id;
        self.last_block = Some(record.clone());
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(self.last_block.clone().map(MetadataRecord::ProducerIds));
    }
}

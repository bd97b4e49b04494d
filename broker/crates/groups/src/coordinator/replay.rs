//! Rebuilding the state from the log.

use bytes::Bytes;

use super::{Coordinator, Group};
use crate::classic;
use crate::record::{self, Decoded, RecordError};

impl Coordinator {
    /// Takes over one record of the log. Returns what it said, so that the caller can log what it
    /// does not know; such a record changes nothing.
    ///
    /// # Errors
    /// [`RecordError::Malformed`]; nothing is changed.
    pub fn replay(&mut self, key: Bytes, value: Option<Bytes>) -> Result<Decoded, RecordError> {
        let decoded = record::decode(key, value)?;
        match &decoded {
            Decoded::Offset { group, topic, partition, committed: Some(committed) } => {
                if !self.groups.contains_key(group) {
                    let simple = Group::Classic(classic::Group::new(group));
                    self.groups.insert(group.clone(), simple);
                }
                self.offsets.put(group, topic, *partition, committed.clone());
            }
            Decoded::Offset { group, topic, partition, committed: None } => {
                self.offsets.remove(group, topic, *partition);
            }
            Decoded::Group { group, metadata: Some(metadata) } => {
                let loaded = classic::Group::from_metadata(group, metadata);
                self.groups.insert(group.clone(), Group::Classic(loaded));
            }
            Decoded::Group { group, metadata: None } => {
                self.groups.remove(group);
            }
            Decoded::Unknown { .. } => {}
        }
        Ok(decoded)
    }
}

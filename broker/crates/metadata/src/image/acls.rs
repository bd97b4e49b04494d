//! Access control entries.

use std::sync::Arc;

use barnabas_wire::Uuid;
use imbl::OrdMap;

use crate::record::{AccessControlEntryRecord, MetadataRecord};

use super::ReplayError;

/// Access control entries by id (Kafka: `AclsImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AclsImage {
    entries: OrdMap<[u8; 16], Arc<AccessControlEntryRecord>>,
}

impl AclsImage {
    /// Every entry, in id order.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<AccessControlEntryRecord>> {
        self.entries.values()
    }

    pub(super) fn add(&mut self, record: &AccessControlEntryRecord) {
        self.entries.insert(record.id.0, Arc::new(record.clone()));
    }

    pub(super) fn remove(&mut self, id: Uuid) -> Result<(), ReplayError> {
        self.entries.remove(&id.0).map(|_| ()).ok_or(ReplayError::UnknownAcl(id))
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(self.iter().map(|entry| {
            MetadataRecord::AccessControlEntry(AccessControlEntryRecord::clone(entry))
        }));
    }
}

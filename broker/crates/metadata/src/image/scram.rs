//! SCRAM credentials.

use std::sync::Arc;

use imbl::OrdMap;

use crate::record::{MetadataRecord, RemoveUserScramCredentialRecord, UserScramCredentialRecord};

use super::ReplayError;

/// Credentials by mechanism and user (Kafka: `ScramImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ScramImage {
    credentials: OrdMap<(i8, String), Arc<UserScramCredentialRecord>>,
}

impl ScramImage {
    /// The credential of a user for a mechanism (1 SHA-256, 2 SHA-512).
    #[must_use]
    pub fn get(&self, mechanism: i8, user: &str) -> Option<&UserScramCredentialRecord> {
        self.credentials.get(&(mechanism, user.to_owned())).map(AsRef::as_ref)
    }

    pub(super) fn set(&mut self, record: &UserScramCredentialRecord) {
        let key = (record.mechanism, record.name.clone());
        self.credentials.insert(key, Arc::new(record.clone()));
    }

    pub(super) fn remove(
        &mut self,
        record: &RemoveUserScramCredentialRecord,
    ) -> Result<(), ReplayError> {
        self.credentials
            .remove(&(record.mechanism, record.name.clone()))
            .map(|_| ())
            .ok_or_else(|| ReplayError::UnknownScramCredential(record.name.clone()))
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(self.credentials.values().map(|credential| {
            MetadataRecord::UserScramCredential(UserScramCredentialRecord::clone(credential))
        }));
    }
}

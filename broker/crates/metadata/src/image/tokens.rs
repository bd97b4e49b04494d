//! Delegation tokens.

use std::sync::Arc;

use imbl::OrdMap;

use crate::record::{DelegationTokenRecord, MetadataRecord};

use super::ReplayError;

/// Delegation tokens by id (Kafka: `DelegationTokenImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TokensImage {
    tokens: OrdMap<String, Arc<DelegationTokenRecord>>,
}

impl TokensImage {
    /// A token by its id.
    #[must_use]
    pub fn get(&self, token_id: &str) -> Option<&DelegationTokenRecord> {
        self.tokens.get(token_id).map(AsRef::as_ref)
    }

    pub(super) fn set(&mut self, record: &DelegationTokenRecord) {
        self.tokens.insert(record.token_id.clone(), Arc::new(record.clone()));
    }

    pub(super) fn remove(&mut self, token_id: &str) -> Result<(), ReplayError> {
        self.tokens
            .remove(token_id)
            .map(|_| ())
            .ok_or_else(|| ReplayError::UnknownToken(token_id.to_owned()))
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(
            self.tokens
                .values()
                .map(|token| MetadataRecord::DelegationToken(DelegationTokenRecord::clone(token))),
        );
    }
}

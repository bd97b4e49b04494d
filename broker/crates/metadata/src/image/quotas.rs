//! Client quotas.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use crate::record::{ClientQuotaRecord, EntityData, MetadataRecord};

/// Whom a quota is for: entity type (`user`, `client-id`, `ip`) to name, none = the default.
pub type QuotaEntity = BTreeMap<String, Option<String>>;

/// Quota values by entity and key (Kafka: `ClientQuotasImage`). Never holds an empty set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct QuotasImage {
    entities: OrdMap<QuotaEntity, Arc<BTreeMap<String, f64>>>,
}

impl QuotasImage {
    /// Quotas of one entity.
    #[must_use]
    pub fn get(&self, entity: &QuotaEntity) -> Option<&BTreeMap<String, f64>> {
        self.entities.get(entity).map(AsRef::as_ref)
    }

    /// Every entity that has quotas.
    pub fn iter(&self) -> impl Iterator<Item = (&QuotaEntity, &Arc<BTreeMap<String, f64>>)> {
        self.entities.iter()
    }

    pub(super) fn replay(&mut self, record: &ClientQuotaRecord) {
        let entity: QuotaEntity = record
            .entity
            .iter()
            .map(|part| (part.entity_type.clone(), part.entity_name.clone()))
            .collect();
        let mut quotas = self.entities.get(&entity).cloned().unwrap_or_default();
        let changed = Arc::make_mut(&mut quotas);
        if record.remove {
            changed.remove(&record.key);
        } else {
            changed.insert(record.key.clone(), record.value);
        }
        if quotas.is_empty() {
            self.entities.remove(&entity);
        } else {
            self.entities.insert(entity, quotas);
        }
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        for (entity, quotas) in &self.entities {
            let parts: Vec<EntityData> = entity
                .iter()
                .map(|(entity_type, entity_name)| EntityData {
                    entity_type: entity_type.clone(),
                    entity_name: entity_name.clone(),
                })
                .collect();
            records.extend(quotas.iter().map(|(key, value)| {
                MetadataRecord::ClientQuota(ClientQuotaRecord {
                    entity: parts.clone(),
                    key: key.clone(),
                    value: *value,
                    remove: false,
                })
            }));
        }
    }
}

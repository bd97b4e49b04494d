//! Dynamic configs by resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use imbl::OrdMap;

use crate::record::{ConfigRecord, MetadataRecord};

use super::ReplayError;

/// What a config can be attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigResourceType {
    /// A topic, by name.
    Topic,
    /// A broker by id, or all of them by the empty name.
    Broker,
    /// A client metrics subscription (KIP-714).
    ClientMetrics,
    /// A group, by id.
    Group,
}

/// A thing that has configs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// What it is.
    pub resource_type: ConfigResourceType,
    /// Its name; empty for the default of all brokers.
    pub name: String,
}

/// Overrides of one resource: config name to value as text.
pub type ResourceConfigs = BTreeMap<String, String>;

/// Overrides by resource (Kafka: `ConfigurationsImage`). Never holds an empty set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigsImage {
    resources: OrdMap<ConfigResource, Arc<ResourceConfigs>>,
}

impl ConfigResource {
    /// A topic.
    #[must_use]
    pub fn topic(name: impl Into<String>) -> Self {
        Self { resource_type: ConfigResourceType::Topic, name: name.into() }
    }

    /// One broker.
    #[must_use]
    pub fn broker(id: i32) -> Self {
        Self { resource_type: ConfigResourceType::Broker, name: id.to_string() }
    }

    /// The default of all brokers.
    #[must_use]
    pub fn default_broker() -> Self {
        Self { resource_type: ConfigResourceType::Broker, name: String::new() }
    }

    /// A group.
    #[must_use]
    pub fn group(id: impl Into<String>) -> Self {
        Self { resource_type: ConfigResourceType::Group, name: id.into() }
    }
}

impl ConfigResourceType {
    /// The value in records and requests (Kafka: `ConfigResource.Type`).
    #[must_use]
    pub fn value(self) -> i8 {
        match self {
            Self::Topic => 2,
            Self::Broker => 4,
            Self::ClientMetrics => 16,
            Self::Group => 32,
        }
    }

    /// The type of a value in a record or request. `BROKER_LOGGER` (8) has no stored configs.
    #[must_use]
    pub fn from_value(value: i8) -> Option<Self> {
        match value {
            2 => Some(Self::Topic),
            4 => Some(Self::Broker),
            16 => Some(Self::ClientMetrics),
            32 => Some(Self::Group),
            _ => None,
        }
    }
}

impl ConfigsImage {
    /// Overrides of a resource; none when it has none.
    #[must_use]
    pub fn get(&self, resource: &ConfigResource) -> Option<&Arc<ResourceConfigs>> {
        self.resources.get(resource)
    }

    /// One override of a resource.
    #[must_use]
    pub fn value(&self, resource: &ConfigResource, name: &str) -> Option<&str> {
        self.resources.get(resource)?.get(name).map(String::as_str)
    }

    /// Every resource that has overrides, in order of type and name.
    pub fn iter(&self) -> impl Iterator<Item = (&ConfigResource, &Arc<ResourceConfigs>)> {
        self.resources.iter()
    }

    pub(super) fn replay(&mut self, record: &ConfigRecord) -> Result<ConfigResource, ReplayError> {
        let resource_type =
            ConfigResourceType::from_value(record.resource_type).ok_or_else(|| {
                ReplayError::InvalidField {
                    record: "ConfigRecord",
                    field: "resourceType",
                    value: record.resource_type.to_string(),
                }
            })?;
        let resource = ConfigResource { resource_type, name: record.resource_name.clone() };
        let mut configs = self.resources.get(&resource).cloned().unwrap_or_default();
        let changed = Arc::make_mut(&mut configs);
        match &record.value {
            Some(value) => changed.insert(record.name.clone(), value.clone()),
            None => changed.remove(&record.name),
        };
        if configs.is_empty() {
            self.resources.remove(&resource);
        } else {
            self.resources.insert(resource.clone(), configs);
        }
        Ok(resource)
    }

    /// A removed topic takes its configs with it: no record says so.
    pub(super) fn remove(&mut self, resource: &ConfigResource) {
        self.resources.remove(resource);
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        for (resource, configs) in &self.resources {
            records.extend(configs.iter().map(|(name, value)| {
                MetadataRecord::Config(ConfigRecord {
                    resource_type: resource.resource_type.value(),
                    resource_name: resource.name.clone(),
                    name: name.clone(),
                    value: Some(value.clone()),
                })
            }));
        }
    }
}

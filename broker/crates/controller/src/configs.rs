//! IncrementalAlterConfigs and AlterConfigs, and what the controller itself reads of configs.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use barnabas_metadata::config::{self, AlterOp, Layers, Scope};
use barnabas_metadata::image::{ConfigResource, ConfigResourceType, Image, ResourceConfigs};
use barnabas_metadata::record::{ClearElrRecord, ConfigRecord, MetadataRecord};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_configs::{
    AlterConfigsRequest, AlterConfigsResourceResponse as LegacyResult, AlterConfigsResponse,
};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResourceResponse, IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse,
};

use crate::{ApiError, Controller, Outcome, RECORDS_PER_OPERATION_MAX};

/// The one topic config that leaders and the controller have to agree on.
pub(crate) const MIN_ISR: &str = "min.insync.replicas";
pub(crate) const UNCLEAN: &str = "unclean.leader.election.enable";

/// One change: name, operation, value.
type Operation<'a> = (&'a str, AlterOp, Option<&'a str>);

impl Controller {
    pub(crate) fn incremental_alter_configs(
        &mut self,
        request: &IncrementalAlterConfigsRequest,
    ) -> Outcome<IncrementalAlterConfigsResponse> {
        let mut records = Vec::new();
        let mut seen = BTreeSet::new();
        let mut responses = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let name = &resource.resource_name;
            let result = resource_of(resource.resource_type, name).and_then(|resource_id| {
                if !seen.insert(resource_id.clone()) {
                    return Err(invalid_request("the resource is named twice in the request"));
                }
                let operations = resource.configs.iter().map(|change| {
                    let op = AlterOp::from_value(change.config_operation).ok_or_else(|| {
                        invalid_request(&format!(
                            "operation {} of {} is unknown: 0 sets, 1 deletes, 2 appends, \
                             3 subtracts",
                            change.config_operation, change.name
                        ))
                    })?;
                    Ok((change.name.as_str(), op, change.value.as_deref()))
                });
                let operations = operations.collect::<Result<Vec<_>, ApiError>>()?;
                self.alter_resource(&resource_id, &operations)
            });
            let (error_code, error_message) = take(result, &mut records);
            responses.push(AlterConfigsResourceResponse {
                error_code,
                error_message,
                resource_type: resource.resource_type,
                resource_name: name.clone(),
            });
        }
        let response = IncrementalAlterConfigsResponse { throttle_time_ms: 0, responses };
        finish(records, request.validate_only, response)
    }

    /// The legacy call replaces: what is not named goes back to its default.
    pub(crate) fn alter_configs(
        &mut self,
        request: &AlterConfigsRequest,
    ) -> Outcome<AlterConfigsResponse> {
        let mut records = Vec::new();
        let mut seen = BTreeSet::new();
        let mut responses = Vec::with_capacity(request.resources.len());
        for resource in &request.resources {
            let name = &resource.resource_name;
            let result = resource_of(resource.resource_type, name).and_then(|resource_id| {
                if !seen.insert(resource_id.clone()) {
                    return Err(invalid_request("the resource is named twice in the request"));
                }
                let stored = self.state.configs.get(&resource_id).cloned().unwrap_or_default();
                let named: BTreeSet<&str> =
                    resource.configs.iter().map(|change| change.name.as_str()).collect();
                let gone = stored.keys().map(String::as_str).filter(|key| !named.contains(key));
                let mut operations: Vec<Operation<'_>> = resource
                    .configs
                    .iter()
                    .map(|change| (change.name.as_str(), AlterOp::Set, change.value.as_deref()))
                    .collect();
                operations.extend(gone.map(|name| (name, AlterOp::Delete, None)));
                self.alter_resource(&resource_id, &operations)
            });
            let (error_code, error_message) = take(result, &mut records);
            responses.push(LegacyResult {
                error_code,
                error_message,
                resource_type: resource.resource_type,
                resource_name: name.clone(),
            });
        }
        let response = AlterConfigsResponse { throttle_time_ms: 0, responses };
        finish(records, request.validate_only, response)
    }

    fn alter_resource(
        &self,
        resource: &ConfigResource,
        operations: &[Operation<'_>],
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        self.check_exists(resource)?;
        let stored = self.state.configs.get(resource).cloned().unwrap_or_default();
        let mut after = ResourceConfigs::clone(&stored);
        let mut named = BTreeSet::new();
        let mut records = Vec::with_capacity(operations.len());
        for (name, op, value) in operations {
            if !named.insert(*name) {
                return Err(invalid_request(&format!("{name} is named twice for one resource")));
            }
            let value = self.alter_one(resource, (*name, *op, *value), &stored)?;
            let old = stored.get(*name);
            match &value {
                Some(value) => after.insert((*name).to_owned(), value.clone()),
                None => after.remove(*name),
            };
            // Brokers re-read files (a renewed certificate) on a record that changes nothing.
            let reloads = resource.resource_type == ConfigResourceType::Broker;
            if old != value.as_ref() || (reloads && value.is_some()) {
                records.push(record(resource, name, value));
            }
        }
        if resource.resource_type == ConfigResourceType::Topic {
            config::check_topic(&after, self.layers()).map_err(invalid_config)?;
        }
        if after.get(MIN_ISR) != stored.get(MIN_ISR) {
            records.extend(self.clear_elr(resource));
        }
        Ok(records)
    }

    fn alter_one(
        &self,
        resource: &ConfigResource,
        (name, op, value): Operation<'_>,
        stored: &ResourceConfigs,
    ) -> Result<Option<String>, ApiError> {
        let default_of_all = resource.name.is_empty();
        if resource.resource_type == ConfigResourceType::Broker {
            config::check_dynamic(name, default_of_all).map_err(invalid_config)?;
            self.check_broker_min_isr(name, op, default_of_all)?;
        }
        let current = stored.get(name).map(String::as_str);
        config::alter(scope(resource.resource_type)?, name, op, value, current)
            .map_err(invalid_config)
    }

    /// With ELR every leader has to agree with the controller on the minimum (KIP-966).
    fn check_broker_min_isr(
        &self,
        name: &str,
        op: AlterOp,
        default_of_all: bool,
    ) -> Result<(), ApiError> {
        if name != MIN_ISR || !self.elr_enabled() {
            return Ok(());
        }
        let message = match (default_of_all, op) {
            (false, AlterOp::Delete) => return Ok(()),
            (false, _) => {
                "min.insync.replicas of a single broker cannot be set while eligible \
                           leader replicas are on: set it for the topic or for all brokers"
            }
            (true, AlterOp::Delete) => {
                "min.insync.replicas of all brokers cannot be deleted \
                                        while eligible leader replicas are on: set it instead"
            }
            (true, _) => return Ok(()),
        };
        Err(ApiError::new(ErrorCode::INVALID_CONFIG, message))
    }

    /// Another minimum changes who is eligible: the lists start anew.
    fn clear_elr(&self, resource: &ConfigResource) -> Option<MetadataRecord> {
        let topic_name = match resource.resource_type {
            ConfigResourceType::Topic => resource.name.clone(),
            ConfigResourceType::Broker if resource.name.is_empty() => String::new(),
            _ => return None,
        };
        self.elr_enabled().then(|| ClearElrRecord { topic_name }.into())
    }

    fn check_exists(&self, resource: &ConfigResource) -> Result<(), ApiError> {
        let name = &resource.name;
        match resource.resource_type {
            ConfigResourceType::Topic if self.state.topics.by_name(name).is_none() => {
                let message = format!("topic {name} does not exist");
                Err(ApiError::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message))
            }
            ConfigResourceType::Broker if !name.is_empty() => match name.parse::<i32>() {
                Ok(id) if self.state.cluster.broker(id).is_some() => Ok(()),
                Ok(id) if self.state.cluster.controller(id).is_some() => Ok(()),
                Ok(id) => {
                    let message = format!("no broker or controller is registered with id {id}");
                    Err(ApiError::new(ErrorCode::BROKER_ID_NOT_REGISTERED, message))
                }
                Err(_) => Err(invalid_request(&format!(
                    "{name} is no broker id; the empty name stands for all brokers"
                ))),
            },
            ConfigResourceType::Group if name.is_empty() => {
                Err(invalid_request("group configs need a group id"))
            }
            _ => Ok(()),
        }
    }

    /// Checks the configs of a topic that is being created; the records that store them.
    pub(crate) fn new_topic_configs(
        &self,
        topic: &str,
        configs: &[(&str, Option<&str>)],
    ) -> Result<(ResourceConfigs, Vec<MetadataRecord>), ApiError> {
        let resource = ConfigResource::topic(topic);
        let mut overrides = ResourceConfigs::new();
        for (name, value) in configs {
            let value = if is_own_policy(topic, name, *value) {
                value.map(str::to_owned)
            } else {
                config::alter(Scope::Topic, name, AlterOp::Set, *value, None)
                    .map_err(invalid_config)?
            };
            if overrides.insert((*name).to_owned(), value.unwrap_or_default()).is_some() {
                return Err(invalid_request(&format!("config {name} is given twice")));
            }
        }
        config::check_topic(&overrides, self.layers()).map_err(invalid_config)?;
        let records =
            overrides.iter().map(|(name, value)| record(&resource, name, Some(value.clone())));
        let records = records.collect();
        Ok((overrides, records))
    }

    /// What topics inherit, as this controller sees it.
    pub(crate) fn layers(&self) -> Layers<'_> {
        static NONE: ResourceConfigs = ResourceConfigs::new();
        let default_broker = self.state.configs.get(&ConfigResource::default_broker());
        Layers {
            broker: &NONE,
            default_broker: default_broker.map_or(&NONE, |configs| configs),
            file: &self.config.file,
        }
    }

    /// The effective minimum before it is capped by the number of replicas.
    pub(crate) fn min_isr(&self, image: &Image, topic: &str) -> usize {
        let value = effective(image, topic, MIN_ISR).and_then(|text| text.parse().ok());
        usize::try_from(value.unwrap_or(self.config.min_insync_replicas)).unwrap_or(1)
    }

    pub(crate) fn unclean_election(&self, image: &Image, topic: &str) -> bool {
        effective(image, topic, UNCLEAN)
            .map_or(self.config.unclean_leader_election, |text| text.eq_ignore_ascii_case("true"))
    }
}

/// The broker's own topics keep the last value of each key, whether or not users may have such
/// topics: with retention by time their state would be forgotten.
fn is_own_policy(topic: &str, name: &str, value: Option<&str>) -> bool {
    let own = ["__consumer_offsets", "__share_group_state", "__transaction_state"];
    own.contains(&topic) && name == "cleanup.policy" && value == Some("compact")
}

/// The topic's own value, or else that of all brokers.
fn effective<'a>(image: &'a Image, topic: &str, name: &str) -> Option<&'a str> {
    let own = image.configs.value(&ConfigResource::topic(topic), name);
    own.or_else(|| image.configs.value(&ConfigResource::default_broker(), name))
}

fn resource_of(resource_type: i8, name: &str) -> Result<ConfigResource, ApiError> {
    let resource_type = ConfigResourceType::from_value(resource_type).ok_or_else(|| {
        invalid_request(&format!(
            "resource type {resource_type} has no stored configs: 2 is a topic, 4 a broker, \
             16 client metrics, 32 a group"
        ))
    })?;
    Ok(ConfigResource { resource_type, name: name.to_owned() })
}

fn scope(resource_type: ConfigResourceType) -> Result<Scope, ApiError> {
    match resource_type {
        ConfigResourceType::Topic => Ok(Scope::Topic),
        ConfigResourceType::Broker => Ok(Scope::Broker),
        ConfigResourceType::Group => Ok(Scope::Group),
        ConfigResourceType::ClientMetrics => {
            Err(invalid_request("client metrics subscriptions are not supported"))
        }
    }
}

fn record(resource: &ConfigResource, name: &str, value: Option<String>) -> MetadataRecord {
    ConfigRecord {
        resource_type: resource.resource_type.value(),
        resource_name: resource.name.clone(),
        name: name.to_owned(),
        value,
    }
    .into()
}

/// A resource is changed whole or not at all.
fn take(
    result: Result<Vec<MetadataRecord>, ApiError>,
    records: &mut Vec<MetadataRecord>,
) -> (ErrorCode, Option<String>) {
    match result {
        Ok(new) if records.len() + new.len() > RECORDS_PER_OPERATION_MAX => (
            ErrorCode::POLICY_VIOLATION,
            Some(format!("one request makes at most {RECORDS_PER_OPERATION_MAX} records")),
        ),
        Ok(mut new) => {
            records.append(&mut new);
            (ErrorCode::NONE, None)
        }
        Err(error) => (error.code, Some(error.message)),
    }
}

fn finish<T>(records: Vec<MetadataRecord>, validate_only: bool, response: T) -> Outcome<T> {
    Outcome::new(if validate_only { Vec::new() } else { records }, response)
}

fn invalid_request(message: &str) -> ApiError {
    ApiError::new(ErrorCode::INVALID_REQUEST, message)
}

#[expect(clippy::needless_pass_by_value, reason = "used with map_err")]
fn invalid_config(error: config::ConfigError) -> ApiError {
    ApiError::new(ErrorCode::INVALID_CONFIG, error.to_string())
}

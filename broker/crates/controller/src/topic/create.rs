//! CreateTopics.

use std::collections::{BTreeMap, BTreeSet};

use barnabas_metadata::config::{self, ConfigDef};
use barnabas_metadata::image::ResourceConfigs;
use barnabas_metadata::record::{MetadataRecord, TopicRecord};
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfigs, CreatableTopicResult, CreateTopicsRequest,
    CreateTopicsResponse,
};
use barnabas_wire::{ErrorCode, Uuid};
use rand::RngCore;

use super::name;
use crate::placement::{Load, Loads};
use crate::{ApiError, Controller, Outcome, PARTITIONS_PER_REQUEST_MAX, RECORDS_PER_OPERATION_MAX};

/// The topic of the metadata log, which nobody creates.
const METADATA_TOPIC: &str = "__cluster_metadata";

impl Controller {
    pub(crate) fn create_topics(
        &mut self,
        request: &CreateTopicsRequest,
    ) -> Outcome<CreateTopicsResponse> {
        let twice = repeated(request.topics.iter().map(|topic| topic.name.as_str()));
        let mut records = Vec::new();
        let mut topics = Vec::with_capacity(request.topics.len());
        let mut names = BTreeSet::new();
        let mut normal_names: BTreeMap<String, &str> = BTreeMap::new();
        let mut loads = self.total_loads();
        let mut partitions = 0_usize;
        for topic in &request.topics {
            if !names.insert(topic.name.as_str()) {
                continue;
            }
            let similar = normal_names.insert(topic.name.replace('.', "_"), &topic.name);
            let result = if twice.contains(topic.name.as_str()) {
                Err(invalid_request("the topic is named twice in the request"))
            } else if let Some(other) = similar {
                Err(collision(&topic.name, other))
            } else {
                self.create_topic(topic, &mut loads, &mut partitions, records.len())
            };
            topics.push(match result {
                Ok((mut new, result)) => {
                    records.append(&mut new);
                    result
                }
                Err(error) => refusal(topic, error),
            });
        }
        if request.validate_only {
            records.clear();
            topics.iter_mut().for_each(|topic| topic.topic_id = Uuid::ZERO);
        }
        Outcome::new(records, CreateTopicsResponse { throttle_time_ms: 0, topics })
    }

    fn create_topic(
        &mut self,
        topic: &CreatableTopic,
        loads: &mut BTreeMap<i32, Load>,
        partitions: &mut usize,
        records_before: usize,
    ) -> Result<(Vec<MetadataRecord>, CreatableTopicResult), ApiError> {
        self.check_name(&topic.name)?;
        let configs: Vec<(&str, Option<&str>)> = topic
            .configs
            .iter()
            .map(|config| (config.name.as_str(), config.value.as_deref()))
            .collect();
        let (overrides, config_records) = self.new_topic_configs(&topic.name, &configs)?;
        let topic_id = self.new_topic_id();
        let room = PARTITIONS_PER_REQUEST_MAX.saturating_sub(*partitions);
        let replicas = self.replicas_of(topic, loads, room)?;
        let count = replicas.len();
        if records_before + 1 + config_records.len() + count > RECORDS_PER_OPERATION_MAX {
            return Err(too_many());
        }
        let replication_factor = replicas.first().map_or(0, Vec::len);
        let mut records = Vec::with_capacity(1 + config_records.len() + count);
        records.push(TopicRecord { name: topic.name.clone(), topic_id }.into());
        records.extend(config_records);
        for (id, replicas) in (0..).zip(replicas) {
            Loads::count(loads, &replicas);
            records.push(self.partition_record(topic_id, id, replicas)?.into());
        }
        *partitions += count;
        let result = CreatableTopicResult {
            name: topic.name.clone(),
            topic_id,
            error_code: ErrorCode::NONE,
            error_message: None,
            topic_config_error_code: ErrorCode::NONE,
            num_partitions: i32::try_from(count).unwrap_or(i32::MAX),
            replication_factor: i16::try_from(replication_factor).unwrap_or(i16::MAX),
            configs: Some(self.effective_configs(&overrides)),
        };
        Ok((records, result))
    }

    fn check_name(&self, name: &str) -> Result<(), ApiError> {
        if name == METADATA_TOPIC {
            return Err(invalid_request("__cluster_metadata is the metadata log, not a topic"));
        }
        name::validate(name)?;
        if let Some(existing) = self.state.topics.by_name(name) {
            let message = format!("topic {name} exists already, with id {}", existing.id);
            return Err(ApiError::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        if let Some(other) = name::collision(&self.state.topics, name) {
            return Err(collision(name, &other));
        }
        Ok(())
    }

    fn replicas_of(
        &mut self,
        topic: &CreatableTopic,
        loads: &BTreeMap<i32, Load>,
        room: usize,
    ) -> Result<Vec<Vec<i32>>, ApiError> {
        if !topic.assignments.is_empty() {
            return self.manual_replicas(topic, room);
        }
        let count = match topic.num_partitions {
            -1 => self.config.num_partitions,
            count => count,
        };
        let Some(count) = usize::try_from(count).ok().filter(|count| *count > 0) else {
            let message =
                format!("{count} partitions: there has to be at least 1, or -1 for the default");
            return Err(ApiError::new(ErrorCode::INVALID_PARTITIONS, message));
        };
        let replication_factor = match topic.replication_factor {
            -1 => self.config.default_replication_factor,
            factor => factor,
        };
        if replication_factor <= 0 {
            let message = format!(
                "replication factor {replication_factor}: it has to be at least 1, or -1 for the \
                 default"
            );
            return Err(ApiError::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
        }
        if count > room {
            return Err(too_many());
        }
        self.place(loads, None, count, replication_factor)
    }

    fn manual_replicas(
        &self,
        topic: &CreatableTopic,
        room: usize,
    ) -> Result<Vec<Vec<i32>>, ApiError> {
        if topic.replication_factor != -1 {
            let message = "with replicas assigned by hand the replication factor has to be -1";
            return Err(ApiError::new(ErrorCode::INVALID_REQUEST, message));
        }
        if topic.num_partitions != -1 {
            let message = "with replicas assigned by hand the number of partitions has to be -1";
            return Err(ApiError::new(ErrorCode::INVALID_REQUEST, message));
        }
        if topic.assignments.len() > room {
            return Err(too_many());
        }
        let mut by_id = BTreeMap::new();
        for assignment in &topic.assignments {
            let id = assignment.partition_index;
            if by_id.insert(id, &assignment.broker_ids).is_some() {
                let message = format!("partition {id} is assigned twice");
                return Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
            }
        }
        let mut replicas: Vec<Vec<i32>> = Vec::with_capacity(by_id.len());
        for (n, (id, brokers)) in by_id.into_iter().enumerate() {
            if i32::try_from(n) != Ok(id) {
                let message = "assigned partitions have to be numbered from 0 without a gap";
                return Err(ApiError::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
            }
            self.check_assignment(n, brokers, replicas.first().map(Vec::len))?;
            replicas.push(brokers.clone());
        }
        Ok(replicas)
    }

    /// A random id that Kafka would hand out too.
    fn new_topic_id(&mut self) -> Uuid {
        loop {
            let mut bytes = [0; 16];
            self.random.fill_bytes(&mut bytes);
            if let Some(id) = Uuid::from_random(bytes)
                && self.state.topics.by_id(id).is_none()
            {
                return id;
            }
        }
    }

    fn effective_configs(&self, overrides: &ResourceConfigs) -> Vec<CreatableTopicConfigs> {
        config::describe_topic(overrides, self.layers())
            .into_iter()
            .map(|described| CreatableTopicConfigs {
                name: described.name,
                value: described.value,
                read_only: described.read_only,
                config_source: described.source.wire_value(),
                is_sensitive: described.definition.is_none_or(ConfigDef::is_sensitive),
            })
            .collect()
    }
}

fn collision(name: &str, other: &str) -> ApiError {
    let message =
        format!("topic name {name} collides with topic {other}: metrics cannot tell '.' from '_'");
    ApiError::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message)
}

fn refusal(topic: &CreatableTopic, error: ApiError) -> CreatableTopicResult {
    CreatableTopicResult {
        name: topic.name.clone(),
        error_code: error.code,
        error_message: Some(error.message),
        ..CreatableTopicResult::default()
    }
}

fn repeated<'a>(names: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| !seen.insert(*name)).collect()
}

fn invalid_request(message: &str) -> ApiError {
    ApiError::new(ErrorCode::INVALID_REQUEST, message)
}

fn too_many() -> ApiError {
    let message =
        format!("one request creates at most {PARTITIONS_PER_REQUEST_MAX} partitions: split it");
    ApiError::new(ErrorCode::POLICY_VIOLATION, message)
}

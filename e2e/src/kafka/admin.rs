//! What the scenarios ask of a cluster besides records: topics, configs, offsets of groups.

use std::time::{Duration, Instant};

use barnabas_wire::api::alter_partition_reassignments::{
    AlterPartitionReassignmentsRequest, ReassignablePartition, ReassignableTopic,
};
use barnabas_wire::api::create_topics::{
    CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use barnabas_wire::api::delete_topics::DeleteTopicsRequest;
use barnabas_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use barnabas_wire::api::find_coordinator::FindCoordinatorRequest;
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use barnabas_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use barnabas_wire::api::metadata::{MetadataRequest, MetadataRequestTopic};
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use barnabas_wire::{ErrorCode, Uuid};

use super::{Connection, is_transient};
use crate::failure::{Context, Result};
use crate::{ensure, fail};

const METADATA_VERSION: i16 = 9;
const CREATE_TOPICS_VERSION: i16 = 7;
const DELETE_TOPICS_VERSION: i16 = 5;
const REASSIGN_VERSION: i16 = 0;
const LIST_OFFSETS_VERSION: i16 = 7;
const DESCRIBE_CONFIGS_VERSION: i16 = 4;
const ALTER_CONFIGS_VERSION: i16 = 1;
const FIND_COORDINATOR_VERSION: i16 = 3;
const OFFSET_COMMIT_VERSION: i16 = 8;
const OFFSET_FETCH_VERSION: i16 = 8;

/// `ConfigResource.Type` of a topic.
const TOPIC: i8 = 2;
/// How long a broker that has just started may refuse for want of a leader or coordinator.
const SETTLED_MAX: Duration = Duration::from_secs(30);

/// What was asked for, or the code that refuses it.
type Answer<T> = std::result::Result<T, ErrorCode>;

impl Connection {
    /// The ids of the brokers.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub fn brokers(&mut self) -> Result<Vec<i32>> {
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let response = self.request(&request, METADATA_VERSION)?;
        Ok(response.brokers.iter().map(|broker| broker.node_id).collect())
    }

    /// How many partitions a topic has, if it exists.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn partitions(&mut self, topic: &str) -> Result<Option<usize>> {
        let topics =
            vec![MetadataRequestTopic { topic_id: Uuid::default(), name: Some(topic.to_owned()) }];
        let request = MetadataRequest {
            topics: Some(topics),
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = self.request(&request, METADATA_VERSION)?;
        let answer = response.topics.first().context("no topic is answered")?;
        match answer.error_code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => Ok(None),
            ErrorCode::NONE | ErrorCode::LEADER_NOT_AVAILABLE => Ok(Some(answer.partitions.len())),
            code => fail!("describing {topic}: {code:?}"),
        }
    }

    /// Creates a topic without copies; one that exists already is as good.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn create_topic(
        &mut self,
        name: &str,
        partitions: i32,
        configs: &[(&str, &str)],
    ) -> Result<()> {
        self.create_replicated(name, partitions, 1, configs)
    }

    /// Creates a topic whose partitions have `factor` replicas; one that exists already is as good.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn create_replicated(
        &mut self,
        name: &str,
        partitions: i32,
        factor: i16,
        configs: &[(&str, &str)],
    ) -> Result<()> {
        let configs = configs
            .iter()
            .map(|(name, value)| CreatableTopicConfig {
                name: (*name).to_owned(),
                value: Some((*value).to_owned()),
            })
            .collect();
        let topic = CreatableTopic {
            name: name.to_owned(),
            num_partitions: partitions,
            replication_factor: factor,
            configs,
            ..CreatableTopic::default()
        };
        let request = CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() };
        let response = self.request(&request, CREATE_TOPICS_VERSION)?;
        for topic in response.topics {
            let code = topic.error_code;
            let fine = code == ErrorCode::NONE || code == ErrorCode::TOPIC_ALREADY_EXISTS;
            let why = topic.error_message.unwrap_or_default();
            ensure!(fine, "{name} is not created: {code:?} {why}");
        }
        Ok(())
    }

    /// Moves partitions of a topic to these replicas.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn reassign(&mut self, topic: &str, moves: &[(i32, Vec<i32>)]) -> Result<()> {
        let partition = |(index, replicas): &(i32, Vec<i32>)| ReassignablePartition {
            partition_index: *index,
            replicas: Some(replicas.clone()),
        };
        let partitions = moves.iter().map(partition).collect();
        let request = AlterPartitionReassignmentsRequest {
            topics: vec![ReassignableTopic { name: topic.to_owned(), partitions }],
            ..AlterPartitionReassignmentsRequest::default()
        };
        let response = self.request(&request, REASSIGN_VERSION)?;
        let answers = response.responses.iter().flat_map(|topic| &topic.partitions);
        let codes = answers.map(|partition| partition.error_code);
        for code in std::iter::once(response.error_code).chain(codes) {
            ensure!(code == ErrorCode::NONE, "{topic} is not moved: {code:?}");
        }
        Ok(())
    }

    /// Deletes a topic.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn delete_topic(&mut self, name: &str) -> Result<()> {
        let request = DeleteTopicsRequest {
            topic_names: vec![name.to_owned()],
            timeout_ms: 30_000,
            ..DeleteTopicsRequest::default()
        };
        let response = self.request(&request, DELETE_TOPICS_VERSION)?;
        for topic in response.responses {
            let code = topic.error_code;
            ensure!(code == ErrorCode::NONE, "{name} is not deleted: {code:?}");
        }
        Ok(())
    }

    /// The value of a topic's config.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn topic_config(&mut self, topic: &str, name: &str) -> Result<Option<String>> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: TOPIC,
                resource_name: topic.to_owned(),
                configuration_keys: Some(vec![name.to_owned()]),
            }],
            ..DescribeConfigsRequest::default()
        };
        let response = self.request(&request, DESCRIBE_CONFIGS_VERSION)?;
        let result = response.results.into_iter().next().context("no config is answered")?;
        let code = result.error_code;
        ensure!(code == ErrorCode::NONE, "describing the configs of {topic}: {code:?}");
        let found = result.configs.into_iter().find(|config| config.name == name);
        Ok(found.and_then(|config| config.value))
    }

    /// Sets a config of a topic.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn set_topic_config(&mut self, topic: &str, name: &str, value: &str) -> Result<()> {
        let config = AlterableConfig {
            name: name.to_owned(),
            config_operation: 0,
            value: Some(value.to_owned()),
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: TOPIC,
                resource_name: topic.to_owned(),
                configs: vec![config],
            }],
            validate_only: false,
        };
        let response = self.request(&request, ALTER_CONFIGS_VERSION)?;
        for resource in response.responses {
            let code = resource.error_code;
            ensure!(code == ErrorCode::NONE, "setting {name} of {topic}: {code:?}");
        }
        Ok(())
    }

    /// The end offset of a partition.
    ///
    /// # Errors
    /// When the broker refuses.
    pub fn end_offset(&mut self, topic: &str, partition: i32) -> Result<i64> {
        match self.try_end_offset(topic, partition)? {
            Ok(offset) => Ok(offset),
            Err(code) => fail!("the end of {topic}-{partition}: {code:?}"),
        }
    }

    /// The end offset of a partition, as soon as it has a leader.
    ///
    /// # Errors
    /// When the broker refuses for another reason, or for too long.
    pub fn end_offset_when_led(&mut self, topic: &str, partition: i32) -> Result<i64> {
        settled(|| self.try_end_offset(topic, partition))
    }

    /// Commits an offset of a group that nobody is a member of.
    ///
    /// # Errors
    /// When the broker refuses, or for too long has no coordinator.
    pub fn commit(&mut self, group: &str, topic: &str, partition: i32, offset: i64) -> Result<()> {
        self.find_coordinator(group)?;
        let request = OffsetCommitRequest {
            group_id: group.to_owned(),
            topics: vec![OffsetCommitRequestTopic {
                name: topic.to_owned(),
                partitions: vec![OffsetCommitRequestPartition {
                    partition_index: partition,
                    committed_offset: offset,
                    ..OffsetCommitRequestPartition::default()
                }],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        settled(|| {
            let response = self.request(&request, OFFSET_COMMIT_VERSION)?;
            let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
            let answer = partitions.next().context("no commit is answered")?;
            Ok(unless_refused(answer.error_code, ()))
        })
    }

    /// The committed offset of a group, -1 if there is none.
    ///
    /// # Errors
    /// When the broker refuses, or for too long has no coordinator.
    pub fn committed(&mut self, group: &str, topic: &str, partition: i32) -> Result<i64> {
        self.find_coordinator(group)?;
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: group.to_owned(),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: topic.to_owned(),
                    partition_indexes: vec![partition],
                    ..OffsetFetchRequestTopics::default()
                }]),
                ..OffsetFetchRequestGroup::default()
            }],
            ..OffsetFetchRequest::default()
        };
        settled(|| {
            let response = self.request(&request, OFFSET_FETCH_VERSION)?;
            let group = response.groups.first().context("no group is answered")?;
            if group.error_code != ErrorCode::NONE {
                return Ok(Err(group.error_code));
            }
            let mut partitions = group.topics.iter().flat_map(|topic| &topic.partitions);
            let answer = partitions.next().context("no offset is answered")?;
            Ok(unless_refused(answer.error_code, answer.committed_offset))
        })
    }

    /// Asking for it is what makes a cluster create `__consumer_offsets`.
    fn find_coordinator(&mut self, group: &str) -> Result<()> {
        let request =
            FindCoordinatorRequest { key: group.to_owned(), ..FindCoordinatorRequest::default() };
        settled(|| {
            let response = self.request(&request, FIND_COORDINATOR_VERSION)?;
            Ok(unless_refused(response.error_code, ()))
        })
    }

    fn try_end_offset(&mut self, topic: &str, partition: i32) -> Result<Answer<i64>> {
        let request = ListOffsetsRequest {
            replica_id: -1,
            topics: vec![ListOffsetsTopic {
                name: topic.to_owned(),
                partitions: vec![ListOffsetsPartition {
                    partition_index: partition,
                    timestamp: -1,
                    ..ListOffsetsPartition::default()
                }],
            }],
            ..ListOffsetsRequest::default()
        };
        let response = self.request(&request, LIST_OFFSETS_VERSION)?;
        let mut partitions = response.topics.iter().flat_map(|topic| &topic.partitions);
        let answer = partitions.next().context("no offset is answered")?;
        Ok(unless_refused(answer.error_code, answer.offset))
    }
}

fn unless_refused<T>(code: ErrorCode, answer: T) -> Answer<T> {
    if code == ErrorCode::NONE { Ok(answer) } else { Err(code) }
}

/// Asks until the answer is no longer that somebody has yet to be elected or loaded.
fn settled<T>(mut ask: impl FnMut() -> Result<Answer<T>>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match ask()? {
            Ok(answer) => return Ok(answer),
            Err(code) if !is_transient(code) || begun.elapsed() > SETTLED_MAX => {
                fail!("refused with {code:?}");
            }
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

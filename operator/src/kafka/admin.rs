//! What the operator asks of a cluster. Each call is one request however many topics it names, and
//! answers for each topic by itself.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use barnabas_wire::api::create_partitions::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use barnabas_wire::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use barnabas_wire::api::delete_topics::{DeleteTopicState, DeleteTopicsRequest};
use barnabas_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use barnabas_wire::api::metadata::{MetadataRequest, MetadataRequestTopic, MetadataResponseTopic};
use barnabas_wire::{ApiKey, ErrorCode, Request, Uuid};
use tokio::sync::Mutex;

use super::cluster::partitions_of;
use super::{Connection, Error, Partition, Refusal};

/// The time-out inside requests that change something.
const CHANGE_MAX: Duration = Duration::from_secs(15);
/// Requests that change nothing.
const QUESTIONS: &[ApiKey] = &[
    ApiKey::Metadata,
    ApiKey::DescribeCluster,
    ApiKey::DescribeConfigs,
    ApiKey::DescribeQuorum,
    ApiKey::ListPartitionReassignments,
];
/// `ConfigResource.Type` of a topic.
pub(super) const TOPIC: i8 = 2;
/// `ConfigSource.DYNAMIC_TOPIC_CONFIG`: set on the topic itself.
const SET_ON_TOPIC: i8 = 1;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// The answer for each item, by topic name.
pub type Answers<T> = BTreeMap<String, Result<T, Refusal>>;
/// The configs that are set on a topic itself.
pub type Configs = BTreeMap<String, String>;

/// A topic as the cluster has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicState {
    /// Its id; another one under the same name is another topic.
    pub id: Uuid,
    /// Its partitions, by number.
    pub partitions: Vec<Partition>,
    /// A topic of Kafka's own.
    pub internal: bool,
}

impl TopicState {
    /// How many partitions it has.
    #[must_use]
    pub fn count(&self) -> i32 {
        i32::try_from(self.partitions.len()).unwrap_or(i32::MAX)
    }

    /// How many replicas its first partition has.
    #[must_use]
    pub fn replicas(&self) -> i32 {
        let first = self.partitions.first().map_or(0, |first| first.replicas.len());
        i32::try_from(first).unwrap_or(i32::MAX)
    }

    /// How many partitions match.
    pub fn count_of(&self, matches: impl Fn(&Partition) -> bool) -> i32 {
        let found = self.partitions.iter().filter(|partition| matches(partition)).count();
        i32::try_from(found).unwrap_or(i32::MAX)
    }
}

/// A topic to create.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTopic {
    /// Its name.
    pub name: String,
    /// How many partitions; -1 for the cluster's default.
    pub partitions: i32,
    /// How many replicas; -1 for the cluster's default.
    pub replicas: i16,
    /// Its configs.
    pub configs: Configs,
    /// The replicas of its partitions, by number; empty where the controllers place them.
    pub assignment: Vec<Vec<i32>>,
}

/// Configs of a topic to set (`Some`) or to leave to their defaults (`None`).
pub type ConfigChange = BTreeMap<String, Option<String>>;

/// A client of one cluster. Calls take turns on one connection, which is made when it is needed
/// and again after a failure.
#[derive(Debug)]
pub struct Admin {
    bootstrap: String,
    connection: Mutex<Option<Connection>>,
    /// Which of the brokers is asked first.
    turn: AtomicUsize,
}

impl Admin {
    /// A client of the cluster behind `bootstrap` (`host:port`). Connects later.
    pub fn new(bootstrap: impl Into<String>) -> Self {
        Self {
            bootstrap: bootstrap.into(),
            connection: Mutex::new(None),
            turn: AtomicUsize::new(0),
        }
    }

    /// Asks another broker from now on: what one says may be old.
    pub async fn ask_another(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
        self.connection.lock().await.take();
    }

    /// The cluster's live brokers with their racks.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn brokers(&self) -> Result<BTreeMap<i32, Option<String>>, Error> {
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let response = self.send(&request).await?;
        Ok(response.brokers.into_iter().map(|broker| (broker.node_id, broker.rack)).collect())
    }

    /// The topics of these names (all, if `None`); what does not exist is absent from the answer.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn topics(&self, names: Option<&[String]>) -> Result<Answers<TopicState>, Error> {
        let topics = names.map(|names| {
            let by_name = |name: &String| MetadataRequestTopic {
                name: Some(name.clone()),
                ..MetadataRequestTopic::default()
            };
            names.iter().map(by_name).collect()
        });
        let request = MetadataRequest {
            topics,
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = self.send(&request).await?;
        Ok(response.topics.into_iter().filter_map(topic_state).collect())
    }

    /// The configs that are set on these topics themselves.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn configs(&self, names: &[String]) -> Result<Answers<Configs>, Error> {
        let resource = |name: &String| DescribeConfigsResource {
            resource_type: TOPIC,
            resource_name: name.clone(),
            configuration_keys: None,
        };
        let request = DescribeConfigsRequest {
            resources: names.iter().map(resource).collect(),
            ..DescribeConfigsRequest::default()
        };
        let response = self.send(&request).await?;
        let answer = response.results.into_iter().map(|result| {
            let refused = Refusal::unless_none(result.error_code, result.error_message);
            let configs = result.configs.into_iter().filter(|c| c.config_source == SET_ON_TOPIC);
            let configs = configs.map(|config| (config.name, config.value.unwrap_or_default()));
            (result.resource_name, refused.map(|()| configs.collect()))
        });
        Ok(answer.collect())
    }

    /// Creates topics. Answers with their ids.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn create_topics(&self, topics: &[NewTopic]) -> Result<Answers<Uuid>, Error> {
        let request = CreateTopicsRequest {
            topics: topics.iter().map(creatable).collect(),
            timeout_ms: change_ms(),
            ..CreateTopicsRequest::default()
        };
        let response = self.send(&request).await?;
        let answer = response.topics.into_iter().map(|topic| {
            let refused = Refusal::unless_none(topic.error_code, topic.error_message);
            (topic.name, refused.map(|()| topic.topic_id))
        });
        Ok(answer.collect())
    }

    /// Deletes topics, by name and id: one that was created again in the meantime stays.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn delete_topics(&self, topics: &[(String, Uuid)]) -> Result<Answers<()>, Error> {
        let state = |(_, id): &(String, Uuid)| DeleteTopicState { name: None, topic_id: *id };
        let request = DeleteTopicsRequest {
            topics: topics.iter().map(state).collect(),
            timeout_ms: change_ms(),
            ..DeleteTopicsRequest::default()
        };
        let names: BTreeMap<Uuid, &String> = topics.iter().map(|(name, id)| (*id, name)).collect();
        let response = self.send(&request).await?;
        let answer = response.responses.into_iter().filter_map(|result| {
            let name = names.get(&result.topic_id)?;
            let refused = Refusal::unless_none(result.error_code, result.error_message);
            Some(((*name).clone(), refused))
        });
        Ok(answer.collect())
    }

    /// Gives topics more partitions: the new totals, and the replicas of the new ones of those
    /// topics that the controllers do not place.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn create_partitions(
        &self,
        totals: &BTreeMap<String, i32>,
        placed: &BTreeMap<String, Vec<Vec<i32>>>,
    ) -> Result<Answers<()>, Error> {
        let topic = |(name, count): (&String, &i32)| CreatePartitionsTopic {
            name: name.clone(),
            count: *count,
            assignments: placed
                .get(name)
                .map(|all| all.iter().map(|replicas| assigned(replicas)).collect()),
        };
        let request = CreatePartitionsRequest {
            topics: totals.iter().map(topic).collect(),
            timeout_ms: change_ms(),
            ..CreatePartitionsRequest::default()
        };
        let response = self.send(&request).await?;
        let answer = response.results.into_iter().map(|result| {
            (result.name, Refusal::unless_none(result.error_code, result.error_message))
        });
        Ok(answer.collect())
    }

    /// Changes configs of topics; configs that are not named stay.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn alter_configs(
        &self,
        changes: &BTreeMap<String, ConfigChange>,
    ) -> Result<Answers<()>, Error> {
        let resource = |(name, change): (&String, &ConfigChange)| AlterConfigsResource {
            resource_type: TOPIC,
            resource_name: name.clone(),
            configs: change.iter().map(alterable).collect(),
        };
        let request = IncrementalAlterConfigsRequest {
            resources: changes.iter().map(resource).collect(),
            validate_only: false,
        };
        let response = self.send(&request).await?;
        let answer = response.responses.into_iter().map(|result| {
            let refused = Refusal::unless_none(result.error_code, result.error_message);
            (result.resource_name, refused)
        });
        Ok(answer.collect())
    }

    pub(super) async fn send<R: Request>(&self, request: &R) -> Result<R::Response, Error> {
        let mut held = self.connection.lock().await;
        // Taken out: a future that is dropped half-way leaves no connection in an unknown state.
        if let Some(mut connection) = held.take() {
            match connection.send(request).await {
                Ok(response) => {
                    *held = Some(connection);
                    return Ok(response);
                }
                // The broker went since the last request. What changes nothing is asked of another.
                Err(Error::Io { .. }) if QUESTIONS.contains(&R::KEY) => {}
                Err(error) => return Err(error),
            }
        }
        let mut connection =
            Connection::open(&self.bootstrap, self.turn.load(Ordering::Relaxed)).await?;
        let response = connection.send(request).await?;
        *held = Some(connection);
        Ok(response)
    }
}

fn topic_state(topic: MetadataResponseTopic) -> Option<(String, Result<TopicState, Refusal>)> {
    let name = topic.name?;
    match topic.error_code {
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => return None,
        // Partitions without a leader make an error of the topic; they are counted below.
        ErrorCode::NONE | ErrorCode::LEADER_NOT_AVAILABLE => {}
        code => return Some((name, Err(Refusal { code, message: String::new() }))),
    }
    let (id, internal) = (topic.topic_id, topic.is_internal);
    let mut partitions = partitions_of(&name, topic.partitions);
    partitions.sort_by_key(|partition| partition.index);
    Some((name, Ok(TopicState { id, partitions, internal })))
}

fn creatable(topic: &NewTopic) -> CreatableTopic {
    let config = |(name, value): (&String, &String)| CreatableTopicConfig {
        name: name.clone(),
        value: Some(value.clone()),
    };
    let replicas = |(partition_index, replicas): (i32, &Vec<i32>)| CreatableReplicaAssignment {
        partition_index,
        broker_ids: replicas.clone(),
    };
    CreatableTopic {
        name: topic.name.clone(),
        // Where each partition goes says how many there are.
        num_partitions: if topic.assignment.is_empty() { topic.partitions } else { -1 },
        replication_factor: if topic.assignment.is_empty() { topic.replicas } else { -1 },
        assignments: (0..).zip(&topic.assignment).map(replicas).collect(),
        configs: topic.configs.iter().map(config).collect(),
    }
}

fn assigned(replicas: &[i32]) -> CreatePartitionsAssignment {
    CreatePartitionsAssignment { broker_ids: replicas.to_vec() }
}

pub(super) fn alterable((name, value): (&String, &Option<String>)) -> AlterableConfig {
    AlterableConfig {
        name: name.clone(),
        config_operation: if value.is_some() { SET } else { DELETE },
        value: value.clone(),
    }
}

/// The time-out inside requests that change something, as they carry it.
pub(super) fn change_ms() -> i32 {
    i32::try_from(CHANGE_MAX.as_millis()).unwrap_or(i32::MAX)
}

//! What the operator asks about a cluster as a whole, and does to it.

use std::collections::BTreeMap;

use barnabas_wire::Uuid;
use barnabas_wire::api::describe_cluster::DescribeClusterRequest;
use barnabas_wire::api::describe_configs::{DescribeConfigsRequest, DescribeConfigsResource};
use barnabas_wire::api::describe_quorum::{
    DescribeQuorumRequest, ReplicaState, RequestPartitionData, RequestTopicData,
};
use barnabas_wire::api::elect_leaders::{ElectLeadersRequest, TopicPartitions};
use barnabas_wire::api::metadata::{MetadataRequest, MetadataResponsePartition};
use barnabas_wire::api::remove_raft_voter::RemoveRaftVoterRequest;
use barnabas_wire::api::unregister_broker::UnregisterBrokerRequest;

use super::admin::{TOPIC, change_ms};
use super::{Admin, Error, Refusal};

/// The topic of the metadata, which the voters are of.
const METADATA_TOPIC: &str = "__cluster_metadata";
/// `ElectionType.PREFERRED`.
const PREFERRED: i8 = 0;
/// Most topics whose configs are asked for in one request, which bounds its answer.
const CONFIGS_MAX: usize = 500;
/// A node that had all metadata this long ago, in ms, is behind: it fetches several times a second.
const LAG_MAX: i64 = 4_000;

/// A broker that the controllers know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broker {
    /// Its rack.
    pub rack: Option<String>,
    /// Whether it is kept from serving: it is away, or has not caught up with the metadata.
    pub fenced: bool,
}

/// A partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Name of its topic.
    pub topic: String,
    /// Its number.
    pub index: i32,
    /// Who leads it, if anybody does.
    pub leader: Option<i32>,
    /// Who has it; the first is to lead it.
    pub replicas: Vec<i32>,
    /// Who has all of it.
    pub isr: Vec<i32>,
}

impl Partition {
    /// Whether fewer replicas are in sync than there are.
    #[must_use]
    pub fn under_replicated(&self) -> bool {
        self.isr.len() < self.replicas.len()
    }
}

/// The controllers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quorum {
    /// Who is active, if anybody is.
    pub leader: Option<i32>,
    /// The voters, and whether each has the newest metadata.
    pub voters: BTreeMap<i32, bool>,
    /// The disks of the voters.
    pub directories: BTreeMap<i32, Uuid>,
    /// The brokers that are no voters, and whether each has the newest metadata.
    pub observers: BTreeMap<i32, bool>,
}

impl Quorum {
    /// Whether a node has the newest metadata.
    #[must_use]
    pub fn is_current(&self, id: i32) -> bool {
        self.voters.get(&id).or_else(|| self.observers.get(&id)).copied().unwrap_or(false)
    }
}

impl Admin {
    /// Every registered broker by id.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn registered(&self) -> Result<BTreeMap<i32, Broker>, Error> {
        let request = DescribeClusterRequest {
            include_fenced_brokers: true,
            ..DescribeClusterRequest::default()
        };
        let response = self.send(&request).await?;
        response.error_code.ok().map_err(Error::Refused)?;
        let brokers = response.brokers.into_iter();
        Ok(brokers.map(|b| (b.broker_id, Broker { rack: b.rack, fenced: b.is_fenced })).collect())
    }

    /// Every partition of every topic.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn partitions(&self) -> Result<Vec<Partition>, Error> {
        let request = MetadataRequest {
            topics: None,
            allow_auto_topic_creation: false,
            ..MetadataRequest::default()
        };
        let response = self.send(&request).await?;
        response.error_code.ok().map_err(Error::Refused)?;
        let topics = response.topics.into_iter().filter_map(|t| Some((t.name?, t.partitions)));
        Ok(topics.flat_map(|(name, partitions)| partitions_of(&name, partitions)).collect())
    }

    /// `min.insync.replicas` of topics, as it is in effect.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn min_isr(&self, topics: &[String]) -> Result<BTreeMap<String, usize>, Error> {
        let mut found = BTreeMap::new();
        for names in topics.chunks(CONFIGS_MAX) {
            let resource = |name: &String| DescribeConfigsResource {
                resource_type: TOPIC,
                resource_name: name.clone(),
                configuration_keys: Some(vec!["min.insync.replicas".to_owned()]),
            };
            let request = DescribeConfigsRequest {
                resources: names.iter().map(resource).collect(),
                ..DescribeConfigsRequest::default()
            };
            for result in self.send(&request).await?.results {
                let value = result.configs.into_iter().next().and_then(|config| config.value);
                found.extend(
                    value.and_then(|v| v.parse().ok()).map(|min| (result.resource_name, min)),
                );
            }
        }
        Ok(found)
    }

    /// The controllers as the active one sees them.
    ///
    /// # Errors
    /// When the cluster does not answer, or no controller is active.
    pub async fn quorum(&self) -> Result<Quorum, Error> {
        let partition = RequestPartitionData { partition_index: 0 };
        let topic =
            RequestTopicData { topic_name: METADATA_TOPIC.to_owned(), partitions: vec![partition] };
        let response = self.send(&DescribeQuorumRequest { topics: vec![topic] }).await?;
        response.error_code.ok().map_err(Error::Refused)?;
        let topic = response.topics.into_iter().next();
        let Some(partition) = topic.and_then(|topic| topic.partitions.into_iter().next()) else {
            return Ok(Quorum::default());
        };
        partition.error_code.ok().map_err(Error::Refused)?;
        Ok(quorum_of(partition.leader_id, &partition.current_voters, &partition.observers))
    }

    /// Lets the first replica of each partition lead it again. What is refused (it is not in sync,
    /// or leads already) is left as it is.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn elect_preferred(&self, partitions: &[(String, i32)]) -> Result<(), Error> {
        let mut topics: BTreeMap<&String, Vec<i32>> = BTreeMap::new();
        for (topic, index) in partitions {
            topics.entry(topic).or_default().push(*index);
        }
        let topic = |(topic, partitions): (&String, Vec<i32>)| TopicPartitions {
            topic: topic.clone(),
            partitions,
        };
        let request = ElectLeadersRequest {
            election_type: PREFERRED,
            topic_partitions: Some(topics.into_iter().map(topic).collect()),
            timeout_ms: change_ms(),
        };
        let response = self.send(&request).await?;
        response.error_code.ok().map_err(Error::Refused)
    }

    /// Takes a voter out of the quorum; with another disk, it is another voter.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn remove_voter(
        &self,
        voter_id: i32,
        voter_directory_id: Uuid,
    ) -> Result<Result<(), Refusal>, Error> {
        let request = RemoveRaftVoterRequest { cluster_id: None, voter_id, voter_directory_id };
        let response = self.send(&request).await?;
        Ok(Refusal::unless_none(response.error_code, response.error_message))
    }

    /// Forgets a broker that is gone for good.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub async fn unregister(&self, broker_id: i32) -> Result<Result<(), Refusal>, Error> {
        let response = self.send(&UnregisterBrokerRequest { broker_id }).await?;
        Ok(Refusal::unless_none(response.error_code, response.error_message))
    }
}

/// The partitions of a topic.
pub(super) fn partitions_of(
    topic: &str,
    partitions: Vec<MetadataResponsePartition>,
) -> Vec<Partition> {
    let partition = |partition: MetadataResponsePartition| Partition {
        topic: topic.to_owned(),
        index: partition.partition_index,
        leader: (partition.leader_id >= 0).then_some(partition.leader_id),
        replicas: partition.replica_nodes,
        isr: partition.isr_nodes,
    };
    partitions.into_iter().map(partition).collect()
}

fn quorum_of(leader: i32, voters: &[ReplicaState], observers: &[ReplicaState]) -> Quorum {
    let all = || voters.iter().chain(observers);
    let now = all().map(|node| node.last_caught_up_timestamp).max().unwrap_or(-1);
    let state = |node: &ReplicaState| {
        let caught_up = node.last_caught_up_timestamp;
        let behind = caught_up < 0 || now.saturating_sub(caught_up) > LAG_MAX;
        (node.replica_id, node.replica_id == leader || !behind)
    };
    Quorum {
        leader: (leader >= 0).then_some(leader),
        voters: voters.iter().map(state).collect(),
        directories: voters.iter().map(|v| (v.replica_id, v.replica_directory_id)).collect(),
        observers: observers.iter().map(state).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voter(replica_id: i32, last_caught_up_timestamp: i64) -> ReplicaState {
        ReplicaState { replica_id, last_caught_up_timestamp, ..ReplicaState::default() }
    }

    #[test]
    fn a_voter_that_was_never_or_long_ago_caught_up_is_behind() {
        let voters = [voter(0, 99_000), voter(1, 100_000), voter(2, 90_000), voter(3, -1)];
        let quorum = quorum_of(1, &voters, &[voter(4, 99_500)]);
        assert!(quorum.is_current(0) && quorum.is_current(4));
        assert!(!quorum.is_current(2) && !quorum.is_current(5));
        assert_eq!(quorum.leader, Some(1));
        let caught_up: Vec<bool> = quorum.voters.into_values().collect();
        assert_eq!(caught_up, [true, true, false, false]);
    }

    #[test]
    fn the_leader_of_a_quorum_of_one_has_everything() {
        assert_eq!(quorum_of(5, &[voter(5, -1)], &[]).voters, BTreeMap::from([(5, true)]));
        assert_eq!(quorum_of(-1, &[], &[]).leader, None);
    }
}

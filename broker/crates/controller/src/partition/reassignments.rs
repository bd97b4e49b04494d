//! ListPartitionReassignments: the moves that are not complete.

use barnabas_metadata::image::TopicImage;
use barnabas_wire::api::list_partition_reassignments::{
    ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse,
    OngoingPartitionReassignment, OngoingTopicReassignment,
};

use crate::{Controller, Outcome};

impl Controller {
    pub(crate) fn list_partition_reassignments(
        &self,
        request: &ListPartitionReassignmentsRequest,
    ) -> Outcome<ListPartitionReassignmentsResponse> {
        let topics: Vec<_> = match &request.topics {
            None => self
                .state
                .topics
                .iter()
                .map(|topic| ongoing(topic, topic.partitions.keys()))
                .collect(),
            Some(named) => named
                .iter()
                .filter_map(|named| {
                    let topic = self.state.topics.by_name(&named.name)?;
                    Some(ongoing(topic, &named.partition_indexes))
                })
                .collect(),
        };
        let topics = topics.into_iter().filter(|topic| !topic.partitions.is_empty()).collect();
        Outcome::new(
            Vec::new(),
            ListPartitionReassignmentsResponse { topics, ..Default::default() },
        )
    }
}

fn ongoing<'a>(
    topic: &TopicImage,
    partitions: impl IntoIterator<Item = &'a i32>,
) -> OngoingTopicReassignment {
    let partitions = partitions.into_iter().filter_map(|id| {
        let partition = topic.partition(*id).filter(|partition| partition.is_reassigning())?;
        Some(OngoingPartitionReassignment {
            partition_index: *id,
            replicas: partition.replicas.clone(),
            adding_replicas: partition.adding_replicas.clone(),
            removing_replicas: partition.removing_replicas.clone(),
        })
    });
    OngoingTopicReassignment { name: topic.name.to_string(), partitions: partitions.collect() }
}

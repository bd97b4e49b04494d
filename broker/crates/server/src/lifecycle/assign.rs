//! Tells the controller which log directories hold this broker's replicas (KIP-858).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_wire::api::assign_replicas_to_dirs::{
    AssignReplicasToDirsRequest, AssignReplicasToDirsResponse, RequestDirectoryData,
    RequestPartitionData, RequestTopicData,
};
use barnabas_wire::{ErrorCode, Uuid};
use tokio::sync::watch;

use crate::node::Node;
use crate::partition::{Assignment, PartitionKey};

/// Replicas that come together are told together.
const LINGER: Duration = Duration::from_millis(5);
/// The first pause after an attempt that has to be repeated; doubled each time.
const RETRY_MIN: Duration = Duration::from_millis(100);
/// The longest pause (Kafka: 10 s).
const RETRY_MAX: Duration = Duration::from_secs(10);

type Batch = BTreeMap<PartitionKey, Assignment>;

/// Sends assignments, one request at a time, for as long as metadata is applied.
pub(super) async fn send(node: Arc<Node>, epoch: Arc<AtomicI64>, applied: watch::Receiver<i64>) {
    tokio::select! {
        biased;
        () = send_all(&node, &epoch) => {}
        () = ended(applied) => {}
    }
}

async fn ended(mut applied: watch::Receiver<i64>) {
    while applied.changed().await.is_ok() {}
}

async fn send_all(node: &Node, epoch: &AtomicI64) {
    let assignments = &node.partitions.assignments;
    let mut pause = RETRY_MIN;
    loop {
        let first = assignments.take().await;
        assignments.put_back(first);
        tokio::time::sleep(LINGER).await;
        let batch = assignments.take().await;
        let broker_id = node.identity.node_id;
        let request = request(broker_id, epoch.load(Ordering::Acquire), &batch);
        let answer = node.ask_controller(Request::AssignReplicasToDirs(request)).await;
        let again = match answer {
            Ok(Response::AssignReplicasToDirs(response))
                if response.error_code == ErrorCode::NONE =>
            {
                settle(batch, response)
            }
            Ok(Response::AssignReplicasToDirs(response)) => {
                tracing::warn!(code = ?response.error_code, "log directories were not assigned");
                batch
            }
            Ok(_) | Err(_) => batch,
        };
        if again.is_empty() {
            pause = RETRY_MIN;
            continue;
        }
        assignments.put_back(again);
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(RETRY_MAX);
    }
}

/// Tells whoever waits; returns what has to be sent again.
fn settle(mut batch: Batch, response: AssignReplicasToDirsResponse) -> Batch {
    for topic in response.directories.into_iter().flat_map(|directory| directory.topics) {
        for partition in topic.partitions {
            let key = PartitionKey { topic: topic.topic_id, partition: partition.partition_index };
            match partition.error_code {
                ErrorCode::NONE => {
                    if let Some(assignment) = batch.remove(&key) {
                        assignment.known();
                    }
                }
                // Deleted, or moved to other brokers, since.
                ErrorCode::UNKNOWN_TOPIC_ID
                | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                | ErrorCode::NOT_LEADER_OR_FOLLOWER => {
                    batch.remove(&key);
                }
                code => {
                    tracing::warn!(partition = %key, ?code, "a log directory was not assigned");
                }
            }
        }
    }
    batch
}

fn request(broker_id: i32, broker_epoch: i64, batch: &Batch) -> AssignReplicasToDirsRequest {
    let mut dirs: BTreeMap<Uuid, BTreeMap<Uuid, Vec<RequestPartitionData>>> = BTreeMap::new();
    for (key, assignment) in batch {
        let topics = dirs.entry(assignment.directory).or_default();
        let partition = RequestPartitionData { partition_index: key.partition };
        topics.entry(key.topic).or_default().push(partition);
    }
    let topics = |topics: BTreeMap<Uuid, Vec<RequestPartitionData>>| {
        let of = |(topic_id, partitions)| RequestTopicData { topic_id, partitions };
        topics.into_iter().map(of).collect()
    };
    let directories = dirs.into_iter();
    let directories =
        directories.map(|(id, held)| RequestDirectoryData { id, topics: topics(held) });
    AssignReplicasToDirsRequest { broker_id, broker_epoch, directories: directories.collect() }
}

#[cfg(test)]
mod tests {
    use barnabas_wire::api::assign_replicas_to_dirs::{
        ResponseDirectoryData, ResponsePartitionData, ResponseTopicData,
    };

    use super::*;
    use crate::partition::Assignments;

    const A: Uuid = Uuid([5; 16]);
    const B: Uuid = Uuid([6; 16]);

    fn key(topic: u8, partition: i32) -> PartitionKey {
        PartitionKey { topic: Uuid([topic; 16]), partition }
    }

    async fn batch() -> Batch {
        let assignments = Assignments::default();
        for (key, dir) in [(key(1, 0), A), (key(1, 1), B), (key(1, 2), A), (key(2, 0), A)] {
            assignments.note(key, dir);
        }
        assignments.take().await
    }

    #[tokio::test]
    async fn a_request_is_ordered_by_directory_and_topic() {
        let request = request(3, 9, &batch().await);
        assert_eq!((request.broker_id, request.broker_epoch), (3, 9));
        let shape: Vec<_> = request
            .directories
            .iter()
            .map(|dir| (dir.id, dir.topics.iter().map(|t| t.partitions.len()).collect()))
            .collect();
        assert_eq!(shape, [(A, vec![2, 1]), (B, vec![1])]);
    }

    #[tokio::test]
    async fn only_what_may_succeed_later_is_sent_again() {
        let answer =
            |partition_index, error_code| ResponsePartitionData { partition_index, error_code };
        let topics = vec![ResponseTopicData {
            topic_id: Uuid([1; 16]),
            partitions: vec![
                answer(0, ErrorCode::NONE),
                answer(1, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
                answer(2, ErrorCode::UNKNOWN_SERVER_ERROR),
            ],
        }];
        let response = AssignReplicasToDirsResponse {
            directories: vec![ResponseDirectoryData { id: A, topics }],
            ..AssignReplicasToDirsResponse::default()
        };
        let again = settle(batch().await, response);
        assert_eq!(again.keys().copied().collect::<Vec<_>>(), [key(1, 2), key(2, 0)]);
    }
}

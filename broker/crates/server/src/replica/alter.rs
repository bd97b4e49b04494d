//! Changes of the ISR on their way to the controller (`kafka.server.AlterPartitionManager`).

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_replication::{
    AlterPartition, AlterPartitionAnswer, AlteredPartition, LeaderEpoch, NodeId, PartitionEpoch,
    RecoveryState,
};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
    ResponsePartitionData,
};
use tokio::sync::Notify;

use super::ImageBrokers;
use crate::node::Node;
use crate::partition::PartitionKey;

/// The first pause after an attempt that has to be repeated; doubled each time.
const RETRY_MIN: Duration = Duration::from_millis(20);
/// The longest pause.
const RETRY_MAX: Duration = Duration::from_secs(1);

type Batch = BTreeMap<PartitionKey, AlterPartition>;

/// What leaders of this broker want changed: the latest of each partition.
#[derive(Debug, Default)]
pub struct IsrChanges {
    waiting: Mutex<Batch>,
    wake: Notify,
}

impl IsrChanges {
    /// Has a change sent, with others that come together.
    pub fn submit(&self, key: PartitionKey, change: AlterPartition) {
        self.waiting().insert(key, change);
        self.wake.notify_one();
    }

    fn waiting(&self) -> MutexGuard<'_, Batch> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends changes, one request at a time, for as long as the broker runs.
pub(super) async fn send(node: &Node) {
    let changes = &node.partitions.isr_changes;
    let mut pause = RETRY_MIN;
    loop {
        changes.wake.notified().await;
        let batch = std::mem::take(&mut *changes.waiting());
        if batch.is_empty() {
            continue;
        }
        let broker_epoch = *node.broker_epoch.borrow();
        let request = request(node.identity.node_id, broker_epoch, &batch);
        let answers = match node.ask_controller(Request::AlterPartition(request)).await {
            Ok(Response::AlterPartition(response)) if response.error_code == ErrorCode::NONE => {
                let topics = response.topics.into_iter();
                let answers = topics.flat_map(|topic| {
                    let id = topic.topic_id;
                    topic.partitions.into_iter().map(move |data| {
                        let key = PartitionKey { topic: id, partition: data.partition_index };
                        (key, answer(&data))
                    })
                });
                answers.collect()
            }
            Ok(Response::AlterPartition(response)) => {
                tracing::warn!(code = ?response.error_code, "a change of the ISR was refused");
                BTreeMap::new()
            }
            Ok(_) | Err(_) => BTreeMap::new(),
        };
        let again = report(node, &batch, answers);
        if again {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(RETRY_MAX);
        } else {
            pause = RETRY_MIN;
        }
    }
}

/// Tells the partitions; returns whether one of them has to ask the same again.
fn report(
    node: &Node,
    batch: &Batch,
    mut answers: BTreeMap<PartitionKey, AlterPartitionAnswer>,
) -> bool {
    let image = node.image.load_full();
    let brokers = ImageBrokers(&image);
    let mut again = false;
    for (key, sent) in batch {
        let Some(replica) = node.partitions.get(key) else { continue };
        let answer = answers.remove(key).unwrap_or(AlterPartitionAnswer::Retry);
        again |= answer == AlterPartitionAnswer::Retry;
        let failed = !matches!(answer, AlterPartitionAnswer::Committed(_));
        if failed {
            tracing::debug!(partition = %key, ?answer, "a change of the ISR was not made");
            node.metrics.replicas.failed_isr_updates.inc();
        }
        node.partitions.alter_answered(&replica, sent, answer, &brokers);
    }
    again
}

fn request(broker_id: i32, broker_epoch: i64, batch: &Batch) -> AlterPartitionRequest {
    let mut topics: Vec<RequestTopicData> = Vec::new();
    for (key, change) in batch {
        if topics.last().is_none_or(|topic| topic.topic_id != key.topic) {
            topics.push(RequestTopicData { topic_id: key.topic, partitions: Vec::new() });
        }
        let new_isr = change
            .new_isr
            .iter()
            .map(|(node, epoch)| BrokerState { broker_id: node.0, broker_epoch: epoch.0 });
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(RequestPartitionData {
                partition_index: key.partition,
                leader_epoch: change.leader_epoch.0,
                new_isr: Vec::new(),
                new_isr_with_epochs: new_isr.collect(),
                leader_recovery_state: i8::from(change.recovery_state == RecoveryState::Recovering),
                partition_epoch: change.partition_epoch.0,
            });
        }
    }
    AlterPartitionRequest { broker_id, broker_epoch, topics }
}

fn answer(data: &ResponsePartitionData) -> AlterPartitionAnswer {
    match data.error_code {
        ErrorCode::NONE => AlterPartitionAnswer::Committed(AlteredPartition {
            leader_epoch: LeaderEpoch(data.leader_epoch),
            partition_epoch: PartitionEpoch(data.partition_epoch),
            isr: data.isr.iter().copied().map(NodeId).collect(),
            recovery_state: match data.leader_recovery_state {
                0 => RecoveryState::Recovered,
                _ => RecoveryState::Recovering,
            },
        }),
        ErrorCode::INELIGIBLE_REPLICA | ErrorCode::OPERATION_NOT_ATTEMPTED => {
            AlterPartitionAnswer::Refused
        }
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
        | ErrorCode::UNKNOWN_TOPIC_ID
        | ErrorCode::FENCED_LEADER_EPOCH
        | ErrorCode::INVALID_UPDATE_VERSION
        | ErrorCode::INVALID_REQUEST
        | ErrorCode::NEW_LEADER_ELECTED => AlterPartitionAnswer::AwaitMetadata,
        _ => AlterPartitionAnswer::Retry,
    }
}

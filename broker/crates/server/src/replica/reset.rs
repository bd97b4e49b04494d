//! Logs that end elsewhere than their leaders': they are cut, or started anew.

use std::sync::Arc;
use std::time::Duration;

use barnabas_replication::{FetchPosition, Fit, LeaderEpoch};
use barnabas_storage::EpochEnd;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};

use super::fetch::failed;
use super::fetchers::Source;
use crate::machine;
use crate::node::Node;
use crate::partition::{Fault, Replica};
use crate::peer::PeerAddress;

/// `ListOffsetsRequest.LATEST_TIMESTAMP`.
const LATEST: i64 = -1;
/// `ListOffsetsRequest.EARLIEST_LOCAL_TIMESTAMP`.
const EARLIEST_LOCAL: i64 = -4;
/// How long a leader may take to tell the bounds of its log.
const ANSWER_MAX: Duration = Duration::from_secs(5);

/// Cuts the log as its leader's answer asks for.
pub(super) fn truncate(
    node: &Arc<Node>,
    source: &Arc<Source>,
    replica: Arc<Replica>,
    leader_epoch: LeaderEpoch,
    leader_end: EpochEnd,
) {
    let clock = Arc::clone(&node.clock);
    let cut = move |replica: &Replica| replica.agree_with(leader_epoch, leader_end, clock.as_ref());
    let (node, source) = (Arc::clone(node), Arc::clone(source));
    machine::spawn(async move {
        change(&node, &source, replica, leader_epoch, cut).await;
    });
}

/// Finds out where the leader's log begins and ends, and makes the follower's fit.
pub(super) fn reset(
    node: &Arc<Node>,
    source: &Arc<Source>,
    replica: Arc<Replica>,
    asked: FetchPosition,
) {
    let (node, source) = (Arc::clone(node), Arc::clone(source));
    machine::spawn(async move {
        let FetchPosition { leader_epoch, offset, .. } = asked;
        let end = ask(&node, &source, &replica, leader_epoch, LATEST).await;
        let start = ask(&node, &source, &replica, leader_epoch, EARLIEST_LOCAL).await;
        let (Some(end), Some(start)) = (end, start) else {
            source.core().delay(replica.key, leader_epoch, node.clock.monotonic_ms());
            return source.changed.notify_one();
        };
        let fit = Fit::new(offset, start, end);
        let clock = Arc::clone(&node.clock);
        let fitting = move |replica: &Replica| replica.fit(leader_epoch, fit, clock.as_ref());
        change(&node, &source, replica, leader_epoch, fitting).await;
    });
}

/// Changes the log on a disk thread and lets the fetcher go on.
async fn change<F>(
    node: &Node,
    source: &Source,
    replica: Arc<Replica>,
    leader_epoch: LeaderEpoch,
    change: F,
) where
    F: FnOnce(&Replica) -> Result<FetchPosition, Fault> + Send + 'static,
{
    let threads = replica.dir().threads.clone();
    let changing = Arc::clone(&replica);
    match threads.run(move || change(&changing)).await {
        Ok(Ok(position)) => source.core().moved(replica.key, position),
        Ok(Err(fault)) => failed(node, source, &replica, leader_epoch, &fault),
        Err(_) => source.core().delay(replica.key, leader_epoch, node.clock.monotonic_ms()),
    }
    source.changed.notify_one();
}

/// An offset of the leader's log; `None` if it does not tell.
async fn ask(
    node: &Node,
    source: &Source,
    replica: &Replica,
    leader_epoch: LeaderEpoch,
    timestamp: i64,
) -> Option<i64> {
    let image = node.image.load_full();
    let broker = image.cluster.broker(source.broker)?;
    let endpoint = node.replication.endpoint(broker)?;
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    let to = PeerAddress { id: source.broker, host, port };
    let request = ListOffsetsRequest {
        replica_id: node.identity.node_id,
        topics: vec![ListOffsetsTopic {
            name: replica.topic().to_owned(),
            partitions: vec![ListOffsetsPartition {
                partition_index: replica.key.partition,
                current_leader_epoch: leader_epoch.0,
                timestamp,
            }],
        }],
        ..ListOffsetsRequest::default()
    };
    let response = node.peers.call(&to, request, ANSWER_MAX).await;
    let response = response.inspect_err(|error| {
        tracing::debug!(broker = source.broker, %error, "cannot ask a leader for its offsets");
    });
    let topic = response.ok()?.topics.pop()?;
    let found = topic.partitions.first()?;
    (found.error_code == ErrorCode::NONE && found.offset >= 0).then_some(found.offset)
}

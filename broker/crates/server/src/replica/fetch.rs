//! One fetcher: asks a leader, and does what the core decides about the answers.

use std::sync::Arc;
use std::time::Duration;

use barnabas_replication::{
    FetchAnswer, FetchFailure, FetchPosition, FetchTask, FetcherRequest, LeaderEpoch,
    SessionFailure,
};
use barnabas_storage::{AppendError, EpochEnd};
use barnabas_wire::api::fetch::{
    FetchPartition, FetchRequest, FetchResponse, FetchTopic, ForgottenTopic, PartitionData,
    ReplicaState,
};
use barnabas_wire::{ErrorCode, Records, VersionRange};

use super::fetchers::Source;
use super::reset;
use crate::node::Node;
use crate::partition::{Fault, PartitionKey, Replica, Replicated};
use crate::peer::{PeerAddress, PeerConnection, PeerError};

/// Versions with topic ids, broker epochs and diverging epochs: what a follower relies on.
const VERSIONS: VersionRange = VersionRange { min: 15, max: 18 };
/// The longest that an answer may take beyond the wait that it was asked for. Shorter than
/// `replica.socket.timeout.ms`: a leader whose machine is gone does not reset the connection, and
/// must not keep its followers from those that took over its address.
const ANSWER_MAX: Duration = Duration::from_secs(5);
/// Largest response in bytes, beyond `replica.fetch.response.max.bytes`: one batch may exceed it.
const FRAME_MARGIN: usize = 100 << 20;

/// The connection in use.
struct Line {
    address: PeerAddress,
    /// The registration that was met at that address.
    epoch: i64,
    connection: PeerConnection,
}

/// How a request ended.
enum Sent {
    Answered(FetchResponse),
    Failed(Option<PeerError>),
    /// Given up for partitions that came in the meantime.
    Superseded,
}

/// Fetches for as long as it is polled.
pub(super) async fn run(node: Arc<Node>, source: Arc<Source>) {
    let mut line = None;
    loop {
        let now_ms = node.clock.monotonic_ms();
        let planned = source.core().request(now_ms);
        let Some(planned) = planned else {
            wait(&node, &source).await;
            continue;
        };
        let request = request(&node, &planned);
        match send(&node, &source, &mut line, request).await {
            Sent::Answered(response) => answered(&node, &source, response),
            Sent::Superseded => line = None,
            Sent::Failed(error) => {
                if let Some(error) = error {
                    tracing::debug!(broker = source.broker, %error, "cannot fetch");
                }
                line = None;
                let now_ms = node.clock.monotonic_ms();
                source.core().session_failed(SessionFailure::Unreachable, now_ms);
            }
        }
    }
}

async fn wait(node: &Node, source: &Source) {
    let deadline = source.core().next_deadline();
    let Some(deadline) = deadline else { return source.changed.notified().await };
    let left_ms = deadline.saturating_sub(node.clock.monotonic_ms());
    let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
    tokio::select! {
        biased;
        () = source.changed.notified() => {}
        () = tokio::time::sleep(left) => {}
    }
}

async fn send(
    node: &Node,
    source: &Source,
    line: &mut Option<Line>,
    request: FetchRequest,
) -> Sent {
    if !connect(node, source, line) {
        return Sent::Failed(None);
    }
    let Some(Line { connection, epoch, .. }) = line else { return Sent::Failed(None) };
    let settings = &node.replication;
    let held_back = Duration::from_millis(settings.fetch_wait_max_ms.unsigned_abs().into());
    let limit = held_back + settings.socket_timeout.min(ANSWER_MAX);
    let mut call = std::pin::pin!(connection.call_in(VERSIONS, request, limit));
    loop {
        tokio::select! {
            biased;
            answer = &mut call => {
                return answer.map_or_else(|error| Sent::Failed(Some(error)), Sent::Answered);
            }
            () = source.changed.notified() => {
                let image = node.image.load();
                let registered = image.cluster.broker(source.broker);
                let is_same = registered.is_some_and(|broker| broker.epoch == *epoch);
                let mut core = source.core();
                if !is_same || core.has_new() {
                    core.supersede();
                    return Sent::Superseded;
                }
            }
        }
    }
}

/// Makes sure that the line leads to the broker as it is registered now.
fn connect(node: &Node, source: &Source, line: &mut Option<Line>) -> bool {
    let image = node.image.load();
    let Some(broker) = image.cluster.broker(source.broker) else { return false };
    let Some(endpoint) = node.replication.endpoint(broker) else { return false };
    let (id, host, port) = (source.broker, endpoint.host.clone(), endpoint.port);
    let address = PeerAddress { id, host, port };
    if line.as_ref().is_none_or(|line| line.epoch != broker.epoch || line.address != address) {
        let client_id = format!("broker-{}-fetcher", node.identity.node_id);
        let most = node.replication.response_max_bytes.unsigned_abs() as usize;
        let dialer = Arc::clone(&node.dialer);
        let to = address.clone();
        let connection = PeerConnection::new(dialer, to, client_id, most + FRAME_MARGIN);
        *line = Some(Line { address, epoch: broker.epoch, connection });
    }
    true
}

fn request(node: &Node, planned: &FetcherRequest<PartitionKey>) -> FetchRequest {
    let settings = &node.replication;
    let mut topics: Vec<FetchTopic> = Vec::new();
    for (key, position) in &planned.partitions {
        if topics.last().is_none_or(|topic| topic.topic_id != key.topic) {
            topics.push(FetchTopic { topic_id: key.topic, ..FetchTopic::default() });
        }
        if let Some(topic) = topics.last_mut() {
            topic.partitions.push(FetchPartition {
                partition: key.partition,
                current_leader_epoch: position.leader_epoch.0,
                fetch_offset: position.offset,
                last_fetched_epoch: position.last_epoch.0,
                log_start_offset: position.log_start_offset,
                high_watermark: position.high_watermark,
                partition_max_bytes: settings.fetch_max_bytes,
                ..FetchPartition::default()
            });
        }
    }
    let mut forgotten: Vec<ForgottenTopic> = Vec::new();
    for key in &planned.forgotten {
        if forgotten.last().is_none_or(|topic| topic.topic_id != key.topic) {
            forgotten.push(ForgottenTopic { topic_id: key.topic, ..ForgottenTopic::default() });
        }
        if let Some(topic) = forgotten.last_mut() {
            topic.partitions.push(key.partition);
        }
    }
    FetchRequest {
        replica_state: ReplicaState {
            replica_id: node.identity.node_id,
            replica_epoch: *node.broker_epoch.borrow(),
        },
        max_wait_ms: settings.fetch_wait_max_ms,
        min_bytes: settings.fetch_min_bytes,
        max_bytes: settings.response_max_bytes,
        session_id: planned.session_id,
        session_epoch: planned.session_epoch,
        topics,
        forgotten_topics_data: forgotten,
        ..FetchRequest::default()
    }
}

fn answered(node: &Arc<Node>, source: &Arc<Source>, response: FetchResponse) {
    let now_ms = node.clock.monotonic_ms();
    match response.error_code {
        ErrorCode::NONE => source.core().session_answered(response.session_id),
        ErrorCode::FETCH_SESSION_ID_NOT_FOUND => {
            return source.core().session_failed(SessionFailure::NotFound, now_ms);
        }
        code => {
            tracing::debug!(broker = source.broker, ?code, "a fetch was refused");
            return source.core().session_failed(SessionFailure::Refused, now_ms);
        }
    }
    for topic in response.responses {
        for data in topic.partitions {
            let key = PartitionKey { topic: topic.topic_id, partition: data.partition_index };
            let answer = answer(&key, &data);
            let decided = source.core().answered(key, answer, now_ms);
            if let Some((asked, task)) = decided
                && let Some(replica) = node.partitions.get(&key)
            {
                carry_out(node, source, &replica, asked, (task, data));
            }
        }
    }
}

fn carry_out(
    node: &Arc<Node>,
    source: &Arc<Source>,
    replica: &Arc<Replica>,
    asked: FetchPosition,
    (task, data): (FetchTask, PartitionData),
) {
    let leader_epoch = asked.leader_epoch;
    match task {
        FetchTask::Store => store(node, source, replica, asked, data),
        FetchTask::Truncate(epoch, end_offset) => {
            let end = EpochEnd { epoch: epoch.0, end_offset };
            reset::truncate(node, source, Arc::clone(replica), leader_epoch, end);
        }
        FetchTask::Reset => reset::reset(node, source, Arc::clone(replica), asked),
        FetchTask::Nothing => {}
    }
}

fn store(
    node: &Node,
    source: &Source,
    replica: &Arc<Replica>,
    asked: FetchPosition,
    data: PartitionData,
) {
    let leader_epoch = asked.leader_epoch;
    let records = match data.records {
        Some(Records::Inline(bytes)) => bytes,
        Some(Records::External { .. }) | None => bytes::Bytes::new(),
    };
    let sent = Replicated {
        leader_epoch,
        offset: asked.offset,
        records,
        high_watermark: data.high_watermark,
        log_start_offset: data.log_start_offset,
    };
    match replica.append_replicated(&sent, node.clock.as_ref(), &node.partitions.waiters) {
        Ok((position, bytes)) => {
            node.metrics.replicas.bytes_in.inc_by(bytes);
            let mut core = source.core();
            core.moved(replica.key, position);
            if is_throttled(node, replica)
                && let Some(until_ms) = node.throttles.taken(bytes)
            {
                core.hold(replica.key, leader_epoch, until_ms);
            }
        }
        Err(Fault::Append(AppendError::OffsetOutOfOrder { end, .. })) if end != asked.offset => {
            // Another fetcher had the partition, and had not done with it.
            if let Some((_, position)) = replica.following() {
                source.core().moved(replica.key, position);
            }
        }
        Err(fault) => failed(node, source, replica, leader_epoch, &fault),
    }
}

/// Whether `follower.replication.throttled.rate` counts the replica: not where it is in sync.
fn is_throttled(node: &Node, replica: &Replica) -> bool {
    let me = node.identity.node_id;
    let key = replica.key;
    if !replica.settings().follower_throttled.contains(key.partition, me) {
        return false;
    }
    let image = node.image.load();
    let topic = image.topics.by_id(key.topic);
    let partition = topic.and_then(|topic| topic.partition(key.partition));
    partition.is_some_and(|partition| !partition.isr.contains(&me))
}

/// What a follower does about a log that did not do what it should.
pub(super) fn failed(
    node: &Node,
    source: &Source,
    replica: &Replica,
    leader_epoch: LeaderEpoch,
    fault: &Fault,
) {
    let (topic, partition) = (replica.topic(), replica.key.partition);
    match fault {
        // Metadata moved on.
        Fault::NotLeader => {}
        Fault::Offline
        | Fault::Append(AppendError::Offline | AppendError::OffsetOutOfOrder { .. }) => {
            tracing::error!(topic, partition, error = %fault, "gave up following a leader");
            source.core().fail(replica.key, leader_epoch);
        }
        // Told once, by the log directory. The leader takes a follower for stopped that it does not
        // hear of for so long, and goes on without it.
        fault if fault.is_for_space() => {
            let until_ms = node.clock.monotonic_ms() + 2 * node.replication.silence_max_ms();
            source.core().suspend(replica.key, leader_epoch, until_ms);
        }
        _ => {
            tracing::warn!(topic, partition, error = %fault, "cannot follow a leader");
            source.core().delay(replica.key, leader_epoch, node.clock.monotonic_ms());
        }
    }
}

fn answer(key: &PartitionKey, data: &PartitionData) -> FetchAnswer {
    let failure = match data.error_code {
        ErrorCode::NONE if data.diverging_epoch.end_offset >= 0 => {
            let end = &data.diverging_epoch;
            return FetchAnswer::Diverging(LeaderEpoch(end.epoch), end.end_offset);
        }
        ErrorCode::NONE => return FetchAnswer::Fetched,
        ErrorCode::OFFSET_OUT_OF_RANGE => FetchFailure::OutOfRange,
        ErrorCode::FENCED_LEADER_EPOCH => FetchFailure::Fenced,
        _ => FetchFailure::Later,
    };
    tracing::debug!(partition = %key, code = ?data.error_code, "a leader refused a fetch");
    FetchAnswer::Failed(failure)
}

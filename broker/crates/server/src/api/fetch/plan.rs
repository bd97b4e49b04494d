//! From a request to what a session makes of it.

use std::sync::Arc;

use barnabas_replication::{BrokerEpoch, FetchPartition, NodeId, SessionId, SessionRequest};
use barnabas_wire::Uuid;
use barnabas_wire::api::fetch::FetchRequest;

use crate::api::RequestContext;

/// From this version on, topics are named by id.
const TOPIC_IDS_SINCE: i16 = 13;

/// A topic as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TopicRef {
    /// By id, from Fetch version 13 on.
    Id(Uuid),
    /// By name.
    Name(Arc<str>),
}

/// A partition as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionKey {
    /// The topic.
    pub topic: TopicRef,
    /// Partition number.
    pub partition: i32,
}

/// The replica that fetches, with its broker epoch (-1 before version 15); none for a consumer.
pub(super) fn follower(request: &FetchRequest) -> Option<(NodeId, BrokerEpoch)> {
    let state = &request.replica_state;
    if state.replica_id >= 0 {
        return Some((NodeId(state.replica_id), BrokerEpoch(state.replica_epoch)));
    }
    (request.replica_id >= 0).then_some((NodeId(request.replica_id), BrokerEpoch(-1)))
}

/// What a request says of sessions and partitions.
pub(super) fn session_request(
    ctx: &RequestContext,
    request: FetchRequest,
) -> SessionRequest<SessionKey> {
    let uses_topic_ids = ctx.version >= TOPIC_IDS_SINCE;
    let topic_ref = |name: String, id: Uuid| {
        if uses_topic_ids { TopicRef::Id(id) } else { TopicRef::Name(Arc::from(name)) }
    };
    let follower = follower(&request).is_some();
    let mut partitions = Vec::new();
    for topic in request.topics {
        let named = topic_ref(topic.topic, topic.topic_id);
        partitions.extend(topic.partitions.into_iter().map(|partition| {
            let key = SessionKey { topic: named.clone(), partition: partition.partition };
            let asked = FetchPartition {
                fetch_offset: partition.fetch_offset,
                max_bytes: partition.partition_max_bytes,
                current_leader_epoch: partition.current_leader_epoch,
                last_fetched_epoch: partition.last_fetched_epoch,
                log_start_offset: partition.log_start_offset,
                high_watermark: partition.high_watermark,
            };
            (key, asked)
        }));
    }
    let mut forgotten = Vec::new();
    for topic in request.forgotten_topics_data {
        let named = topic_ref(topic.topic, topic.topic_id);
        let keys = topic.partitions.into_iter();
        forgotten.extend(keys.map(|partition| SessionKey { topic: named.clone(), partition }));
    }
    SessionRequest {
        id: SessionId(request.session_id),
        epoch: request.session_epoch,
        follower,
        uses_topic_ids,
        partitions,
        forgotten,
    }
}

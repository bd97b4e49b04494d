//! ListOffsets: offsets by timestamp, and the ends of logs.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::list_offsets::{
    ListOffsetsPartition, ListOffsetsPartitionResponse, ListOffsetsRequest, ListOffsetsResponse,
    ListOffsetsTopicResponse,
};

use super::{RequestContext, lookup};
use crate::access::Operation;
use crate::node::Node;
use crate::partition::{Fault, FoundOffset, ReadKind, Replica};

/// `ListOffsetsRequest`'s special timestamps, each with the version that brought it.
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: (i64, i16) = (-3, 7);
const EARLIEST_LOCAL: (i64, i16) = (-4, 8);
const LATEST_TIERED: (i64, i16) = (-5, 9);
const EARLIEST_PENDING_UPLOAD: (i64, i16) = (-6, 11);

/// From this version on, answers carry the leader epoch (KIP-320).
const LEADER_EPOCH_SINCE: i16 = 4;
/// From this version on, OFFSET_NOT_AVAILABLE is known (KIP-207).
const NOT_AVAILABLE_SINCE: i16 = 5;

/// Serves the API.
pub async fn handle(
    node: &Arc<Node>,
    ctx: &RequestContext,
    request: ListOffsetsRequest,
) -> ListOffsetsResponse {
    let kind = match (request.replica_id, request.isolation_level) {
        (0.., _) => ReadKind::Replica,
        (_, 1) => ReadKind::Committed,
        _ => ReadKind::Uncommitted,
    };
    let image = node.image.load_full();
    let mut topics = Vec::with_capacity(request.topics.len());
    for topic in request.topics {
        let mut partitions = Vec::with_capacity(topic.partitions.len());
        for partition in topic.partitions {
            let index = partition.partition_index;
            let asked = Asked { node, ctx, image: &image, topic: &topic.name, kind };
            let found = asked.find(&partition).await;
            partitions.push(respond(ctx.version, index, found));
        }
        topics.push(ListOffsetsTopicResponse { name: topic.name, partitions });
    }
    ListOffsetsResponse { throttle_time_ms: 0, topics }
}

struct Asked<'a> {
    node: &'a Arc<Node>,
    ctx: &'a RequestContext,
    image: &'a Image,
    topic: &'a str,
    kind: ReadKind,
}

impl Asked<'_> {
    async fn find(&self, asked: &ListOffsetsPartition) -> Result<FoundOffset, ErrorCode> {
        let named = (self.topic, asked.partition_index);
        let replica = lookup::replica(self.node, self.ctx, self.image, Operation::Describe, named)?;
        replica.check_leader(asked.current_leader_epoch).map_err(|fault| fault.code())?;
        let is = |(timestamp, since): (i64, i16)| {
            asked.timestamp == timestamp && self.ctx.version >= since
        };
        let kind = self.kind;
        let known = self.ctx.version >= NOT_AVAILABLE_SINCE;
        let unavailable =
            if known { ErrorCode::OFFSET_NOT_AVAILABLE } else { ErrorCode::LEADER_NOT_AVAILABLE };
        if asked.timestamp == LATEST {
            replica.latest(kind).ok_or(unavailable)
        } else if asked.timestamp == EARLIEST || is(EARLIEST_LOCAL) || is(EARLIEST_PENDING_UPLOAD) {
            Ok(replica.earliest())
        } else if is(LATEST_TIERED) {
            Ok(FoundOffset::NONE)
        } else if is(MAX_TIMESTAMP) {
            let found =
                self.on_disk_thread(replica, move |replica| replica.at_max_timestamp(kind)).await?;
            found.ok_or(unavailable)
        } else if asked.timestamp >= 0 {
            let timestamp = asked.timestamp;
            let search = move |replica: &Replica| replica.at_timestamp(timestamp, kind);
            self.on_disk_thread(replica, search).await?.ok_or(unavailable)
        } else {
            Err(ErrorCode::UNSUPPORTED_VERSION)
        }
    }

    /// Searches by time read the log, perhaps from the medium.
    async fn on_disk_thread<F>(
        &self,
        replica: Arc<Replica>,
        search: F,
    ) -> Result<Option<FoundOffset>, ErrorCode>
    where
        F: FnOnce(&Replica) -> Result<Option<FoundOffset>, Fault> + Send + 'static,
    {
        let threads = replica.dir().threads.clone();
        match threads.run(move || search(&replica)).await {
            Ok(found) => found.map_err(|fault| fault.code()),
            // Retriable: the threads have too much to do.
            Err(_) => Err(ErrorCode::REQUEST_TIMED_OUT),
        }
    }
}

fn respond(
    version: i16,
    partition_index: i32,
    found: Result<FoundOffset, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    let (error_code, found) = match found {
        Ok(found) => (ErrorCode::NONE, found),
        Err(code) => (code, FoundOffset::NONE),
    };
    ListOffsetsPartitionResponse {
        partition_index,
        error_code,
        timestamp: found.timestamp,
        offset: found.offset,
        leader_epoch: if version >= LEADER_EPOCH_SINCE { found.leader_epoch } else { -1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_clients_are_not_told_the_leader_epoch() {
        let found = FoundOffset { timestamp: 1, offset: 2, leader_epoch: 3 };
        assert_eq!(respond(3, 0, Ok(found)).leader_epoch, -1);
        assert_eq!(respond(4, 0, Ok(found)).leader_epoch, 3);
    }
}

//! One look at all partitions of a fetch.

use std::sync::Arc;

use barnabas_metadata::Image;
use barnabas_replication::{
    Answered, Bound, BrokerEpoch, FetchPartition, FetchPlan, FollowerFetch, FollowerFetchError,
    NodeId, WaitingFetch,
};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::fetch::{FetchRequest, FetchResponse};

use super::plan::{self, SessionKey, TopicRef};
use crate::access::{Operation, Resource};
use crate::api::RequestContext;
use crate::metrics::TopicCounters;
use crate::node::Node;
use crate::partition::{PartitionKey, Read, ReadKind, Replica, Wanted};
use crate::replica::ImageBrokers;

/// From this version on, consumers may fetch from followers (KIP-392).
const ANY_REPLICA_SINCE: i16 = 11;

/// What a request says besides its partitions.
pub(super) struct Fetch<'a> {
    node: &'a Node,
    ctx: &'a RequestContext,
    kind: ReadKind,
    max_bytes: usize,
    follower: Option<(NodeId, BrokerEpoch)>,
    /// Whether the leader has learnt where the follower is.
    told: bool,
    rack: String,
    may_wait: bool,
    pub(super) min_bytes: u64,
    pub(super) deadline_ms: i64,
}

/// What was found for one partition.
pub(super) struct Outcome {
    pub(super) key: Option<PartitionKey>,
    pub(super) result: Result<Read, ErrorCode>,
    pub(super) counters: Option<Arc<TopicCounters>>,
    /// Nothing is sent this time, whatever there is.
    pub(super) held_back: bool,
    /// The high watermark that a follower knows, if it wants to hear when it moves.
    known_high_watermark: i64,
}

impl<'a> Fetch<'a> {
    pub(super) fn new(
        node: &'a Arc<Node>,
        ctx: &'a RequestContext,
        request: &FetchRequest,
    ) -> Self {
        let max_wait_ms = request.max_wait_ms.max(0);
        let follower = plan::follower(request);
        let limit = if follower.is_some() { usize::MAX } else { node.bounds.fetch_max_bytes };
        Self {
            node,
            ctx,
            kind: match (follower, request.isolation_level) {
                (Some(_), _) => ReadKind::Replica,
                (None, 1) => ReadKind::Committed,
                (None, _) => ReadKind::Uncommitted,
            },
            max_bytes: (request.max_bytes.max(0) as usize).min(limit),
            follower,
            told: false,
            rack: request.rack_id.clone(),
            may_wait: max_wait_ms > 0 && request.min_bytes > 0,
            min_bytes: u64::from(request.min_bytes.max(0).unsigned_abs()),
            deadline_ms: ctx.received_ms + i64::from(max_wait_ms),
        }
    }

    /// The leader knows from now on where the follower is.
    pub(super) fn told(&mut self) {
        self.told = true;
    }

    /// Whether followers must not answer (before KIP-392).
    pub(super) fn leader_only(&self) -> bool {
        self.follower.is_some() || self.ctx.version < ANY_REPLICA_SINCE
    }

    /// Counts what a follower is sent.
    pub(super) fn sent(&self, response: Option<&FetchResponse>) {
        if let (Some(_), Some(response)) = (self.follower, response) {
            let partitions = response.responses.iter().flat_map(|topic| &topic.partitions);
            let bytes = partitions.filter_map(|data| data.records.as_ref()).map(|r| r.len() as u64);
            self.node.metrics.replicas.bytes_out.inc_by(bytes.sum());
        }
    }

    /// Finds records for the partitions in order, until the response is full.
    pub(super) fn read(&self, plan: &FetchPlan<SessionKey>) -> Vec<Outcome> {
        let image = self.node.image.load();
        let mut left = self.max_bytes;
        let mut found_any = false;
        plan.partitions
            .iter()
            .map(|(key, asked)| {
                let outcome = self.read_one(&image, key, asked, left, !found_any);
                left = left.saturating_sub(outcome.bytes());
                found_any |= outcome.bytes() > 0;
                outcome
            })
            .collect()
    }

    /// The same after a wait: only partitions where something happened are looked at again. A
    /// follower's session may have hundreds that nothing happens to.
    pub(super) fn read_again(
        &self,
        plan: &FetchPlan<SessionKey>,
        round: Vec<Outcome>,
    ) -> Vec<Outcome> {
        let image = self.node.image.load();
        let mut left = self.max_bytes;
        let mut found_any = false;
        let before = plan.partitions.iter().zip(round);
        before
            .map(|((key, asked), outcome)| {
                if self.is_unchanged(&outcome) {
                    return outcome;
                }
                let outcome = self.read_one(&image, key, asked, left, !found_any);
                left = left.saturating_sub(outcome.bytes());
                found_any |= outcome.bytes() > 0;
                outcome
            })
            .collect()
    }

    fn is_unchanged(&self, outcome: &Outcome) -> bool {
        let (Some(key), Ok(read)) = (&outcome.key, &outcome.result) else { return false };
        let Some(replica) = self.node.partitions.get(key) else { return false };
        let is_same = replica.inspect(|core| {
            (core.is_leader() || !self.leader_only())
                && core.leader_epoch() == read.leader_epoch
                && core.progress() == read.progress
                && (core.end_offset(), core.high_watermark())
                    == (read.end_offset, read.high_watermark)
        });
        read.range.is_none() && is_same && replica.log.start_offset() == read.log_start_offset
    }

    /// What to wait for; `None` if the answer is ready.
    pub(super) fn wait_for(&self, round: &[Outcome]) -> Option<Vec<WaitingFetch<PartitionKey>>> {
        let bytes: usize = round.iter().map(Outcome::bytes).sum();
        if !self.may_wait || round.is_empty() || bytes as u64 >= self.min_bytes {
            return None;
        }
        round
            .iter()
            .filter(|outcome| !outcome.held_back)
            .map(|outcome| {
                let read = outcome.result.as_ref().ok()?;
                let is_news = read.high_watermark > outcome.known_high_watermark;
                if is_news || read.diverging.is_some() || read.preferred.is_some() {
                    return None;
                }
                Some(WaitingFetch {
                    partition: outcome.key?,
                    bound: match self.kind {
                        ReadKind::Replica if outcome.known_high_watermark < i64::MAX => Bound::Both,
                        ReadKind::Replica => Bound::LogEnd,
                        ReadKind::Committed | ReadKind::Uncommitted => Bound::HighWatermark,
                    },
                    available: outcome.bytes() as u64,
                    max_bytes: self.max_bytes as u64,
                    seen: read.progress,
                })
            })
            .collect()
    }

    fn read_one(
        &self,
        image: &Image,
        key: &SessionKey,
        asked: &FetchPartition,
        left: usize,
        min_one: bool,
    ) -> Outcome {
        let found = self.find(image, key);
        let mut counters = None;
        let mut held_back = false;
        let result = found.and_then(|found| {
            let replica = self.node.partitions.get(&found);
            let replica = replica.ok_or(ErrorCode::NOT_LEADER_OR_FOLLOWER)?;
            if self.follower.is_none() {
                counters = Some(Arc::clone(&replica.counters));
            }
            if let Some(preferred) = self.preferred(image, &replica, asked) {
                return Ok(replica.redirected(preferred));
            }
            let throttled = self.is_throttled(&replica);
            held_back = throttled && !self.node.throttles.may_send();
            let most = if held_back { 0 } else { (asked.max_bytes.max(0) as usize).min(left) };
            let wanted = Wanted {
                offset: asked.fetch_offset,
                max_bytes: most,
                min_one: min_one && !held_back,
                kind: self.kind,
                leader_only: self.leader_only(),
                current_leader_epoch: asked.current_leader_epoch,
                last_fetched_epoch: asked.last_fetched_epoch,
            };
            let mut read = replica.read(&wanted).map_err(|fault| {
                if fault.is_internal() {
                    tracing::error!(partition = %found, error = %fault, "cannot read");
                }
                fault.code()
            })?;
            if read.diverging.is_none() && !self.told {
                self.tell(image, &replica, asked, &mut read)?;
            }
            if throttled {
                let bytes = read.range.as_ref().map_or(0, barnabas_storage::FileRange::len);
                self.node.throttles.sent(bytes as u64);
            }
            Ok(read)
        });
        let known_high_watermark = match self.follower {
            Some(_) => asked.high_watermark,
            None => i64::MAX,
        };
        Outcome { key: found.ok(), result, counters, held_back, known_high_watermark }
    }

    /// Whether `leader.replication.throttled.rate` counts what the follower is sent: not where it
    /// is in sync.
    fn is_throttled(&self, replica: &Replica) -> bool {
        let Some((node, _)) = self.follower else { return false };
        let me = self.node.identity.node_id;
        replica.settings().leader_throttled.contains(replica.key.partition, me)
            && replica.inspect(|core| !core.isr().contains(&node))
    }

    /// Tells the leader where the follower is; the follower learns what came of it.
    fn tell(
        &self,
        image: &Image,
        replica: &Arc<Replica>,
        asked: &FetchPartition,
        read: &mut Read,
    ) -> Result<(), ErrorCode> {
        let Some((node, broker_epoch)) = self.follower else { return Ok(()) };
        let fetch = FollowerFetch {
            replica: node,
            broker_epoch,
            has_leader_epoch: asked.current_leader_epoch >= 0,
            leader_epoch: read.leader_epoch,
            fetch_offset: asked.fetch_offset,
            log_start_offset: asked.log_start_offset,
            leader_end_offset: read.end_offset,
        };
        let brokers = ImageBrokers(image);
        let told = self.node.partitions.follower_fetched(replica, &fetch, &brokers);
        read.high_watermark = told.map_err(|error| match error {
            FollowerFetchError::UnknownReplicaWithEpoch => ErrorCode::UNKNOWN_LEADER_EPOCH,
            _ => ErrorCode::NOT_LEADER_OR_FOLLOWER,
        })?;
        Ok(())
    }

    /// The replica that a consumer should fetch from instead of this leader (KIP-392).
    fn preferred(
        &self,
        image: &Image,
        replica: &Replica,
        asked: &FetchPartition,
    ) -> Option<NodeId> {
        let asks = self.follower.is_none() && !self.rack.is_empty();
        if !asks || !self.node.replication.rack_aware {
            return None;
        }
        let listener = &self.ctx.connection.listener;
        let rack_of = |node: NodeId| {
            let broker = image.cluster.broker(node.0).filter(|broker| !broker.fenced)?;
            broker.endpoint(listener)?;
            broker.rack.as_deref()
        };
        replica.inspect(|core| core.preferred_read_replica(asked.fetch_offset, &self.rack, rack_of))
    }

    fn find(&self, image: &Image, key: &SessionKey) -> Result<PartitionKey, ErrorCode> {
        let (topic, unknown) = match &key.topic {
            TopicRef::Id(id) => (image.topics.by_id(*id), ErrorCode::UNKNOWN_TOPIC_ID),
            TopicRef::Name(name) => {
                (image.topics.by_name(name), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
            }
        };
        let name = match (&topic, &key.topic) {
            (Some(topic), _) => &*topic.name,
            (None, TopicRef::Name(name)) => name,
            (None, TopicRef::Id(_)) => return Err(unknown),
        };
        let allowed = if self.follower.is_some() {
            self.ctx.allows(self.node, Operation::ClusterAction, Resource::Cluster)
        } else {
            self.ctx.allows(self.node, Operation::Read, Resource::Topic(name))
        };
        if !allowed {
            return Err(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
        }
        let topic = topic.ok_or(unknown)?;
        if topic.partition(key.partition).is_none() {
            return Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        }
        Ok(PartitionKey { topic: topic.id, partition: key.partition })
    }
}

impl Outcome {
    pub(super) fn bytes(&self) -> usize {
        let read = self.result.as_ref().ok();
        read.and_then(|read| read.range.as_ref()).map_or(0, barnabas_storage::FileRange::len)
    }

    pub(super) fn answered(&self) -> Answered {
        match &self.result {
            Ok(read) => Answered {
                high_watermark: read.high_watermark,
                log_start_offset: read.log_start_offset,
                has_records: self.bytes() > 0,
                has_error: false,
                redirects: read.diverging.is_some() || read.preferred.is_some(),
            },
            Err(_) => Answered {
                high_watermark: -1,
                log_start_offset: -1,
                has_records: false,
                has_error: true,
                redirects: false,
            },
        }
    }
}

//! A controller in another process.

use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Request, Response};
use barnabas_quorum::QuorumView;
use barnabas_wire::api::describe_quorum::{
    DescribeQuorumRequest, RequestPartitionData, RequestTopicData,
};

use super::{forward, quorum_view};
use crate::peer::{Dialer, PeerAddress, PeerError, Peers};
use crate::raft::METADATA_TOPIC;

/// What became of an attempt.
pub(super) enum Verdict {
    Answered(Response),
    /// It is not the active controller any more, or the connection broke: it may have acted on the
    /// request.
    Unknown,
    /// It cannot be reached.
    Unheard,
}

/// Connections to controllers. A broker's heartbeats do not wait behind what takes longer.
#[derive(Debug)]
pub(super) struct Remote {
    heartbeats: Peers,
    alterations: Peers,
    pub(super) others: Peers,
}

impl Remote {
    pub(super) fn new(dialer: &Arc<dyn Dialer>, node: i32) -> Self {
        let peers =
            |purpose: &str| Peers::new(Arc::clone(dialer), format!("broker-{node}-{purpose}"));
        Self {
            heartbeats: peers("heartbeat"),
            alterations: peers("alter-partition"),
            others: peers("forwarding"),
        }
    }

    pub(super) async fn ask(&self, to: &PeerAddress, request: Request, limit: Duration) -> Verdict {
        let peers = match request {
            Request::BrokerHeartbeat(_) | Request::BrokerRegistration(_) => &self.heartbeats,
            Request::AlterPartition(_) => &self.alterations,
            _ => &self.others,
        };
        match forward::send(peers, to, request, limit).await {
            Ok(response) if forward::is_refusal(&response) => Verdict::Unknown,
            Ok(response) => Verdict::Answered(response),
            Err(error) => {
                tracing::debug!(controller = %to, %error, "no answer from the controller");
                match error {
                    PeerError::Unreachable(_) => Verdict::Unheard,
                    _ => Verdict::Unknown,
                }
            }
        }
    }

    pub(super) fn effect_is_seen(request: &Request) -> bool {
        forward::effect_is_seen(request)
    }

    /// How far the replicas are, if the controller leads.
    pub(super) async fn describe_quorum(
        &self,
        to: &PeerAddress,
        limit: Duration,
    ) -> Option<QuorumView> {
        let topic = RequestTopicData {
            topic_name: METADATA_TOPIC.to_owned(),
            partitions: vec![RequestPartitionData { partition_index: 0 }],
        };
        let request = DescribeQuorumRequest { topics: vec![topic] };
        quorum_view::from_wire(self.others.call(to, request, limit).await.ok()?)
    }
}

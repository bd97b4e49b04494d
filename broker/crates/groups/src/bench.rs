//! A coordinator with a log and a clock, for tests.

use std::collections::BTreeMap;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::heartbeat::HeartbeatRequest;
use barnabas_wire::api::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use barnabas_wire::api::leave_group::{LeaveGroupRequest, LeaveGroupResponse, MemberIdentity};
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::sync_group::{
    SyncGroupRequest, SyncGroupRequestAssignment, SyncGroupResponse,
};
use barnabas_wire::consumer_protocol::ConsumerProtocolSubscription;
use barnabas_wire::{Encoder, Message};
use bytes::Bytes;

use crate::{Client, Config, Coordinator, Randomness, Record, Reply, Step, Ticket};

pub(crate) const GROUP: &str = "g";
pub(crate) const SESSION_MS: i32 = 10_000;
pub(crate) const REBALANCE_MS: i32 = 60_000;

pub(crate) struct Bench {
    pub(crate) coordinator: Coordinator,
    pub(crate) now_ms: i64,
    pub(crate) log: Vec<Record>,
    replies: BTreeMap<Ticket, Reply>,
    next_ticket: u64,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(config: Config) -> Self {
        let mut coordinator = Coordinator::new(config);
        let mut step = Step::default();
        coordinator.loaded(0, &mut step);
        Self { coordinator, now_ms: 0, log: vec![], replies: BTreeMap::new(), next_ticket: 0 }
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// Keeps what a step brought about; every ticket may be answered only once.
    pub(crate) fn take(&mut self, step: Step) {
        self.log.extend(step.records);
        for (ticket, reply) in step.replies {
            assert!(self.replies.insert(ticket, reply).is_none(), "{ticket:?} answered twice");
        }
    }

    pub(crate) fn wait(&mut self, ms: i64) {
        let until = self.now_ms + ms;
        while let Some(deadline) = self.coordinator.next_deadline().filter(|d| *d <= until) {
            self.now_ms = self.now_ms.max(deadline);
            let mut step = Step::default();
            self.coordinator.expire(self.now_ms, &mut step);
            self.take(step);
        }
        self.now_ms = until;
    }

    pub(crate) fn send_join(&mut self, request: &JoinGroupRequest, version: i16) -> Ticket {
        let ticket = self.ticket();
        let client = Client { id: "app".into(), host: "/127.0.0.1".into(), version };
        let mut random = [0; 16];
        random[..8].copy_from_slice(&ticket.0.to_be_bytes());
        let mut step = Step::default();
        let now_ms = self.now_ms;
        self.coordinator.join(request, &client, ticket, Randomness(random), now_ms, &mut step);
        self.take(step);
        ticket
    }

    pub(crate) fn joined(&mut self, ticket: Ticket) -> Option<JoinGroupResponse> {
        match self.replies.remove(&ticket)? {
            Reply::Join(response) => Some(response),
            Reply::Sync(_) => panic!("a join was answered as a sync"),
        }
    }

    pub(crate) fn join_now(&mut self, request: &JoinGroupRequest) -> JoinGroupResponse {
        let ticket = self.send_join(request, 9);
        self.joined(ticket).expect("an answer at once")
    }

    pub(crate) fn send_sync(&mut self, request: &SyncGroupRequest) -> Ticket {
        let ticket = self.ticket();
        let mut step = Step::default();
        self.coordinator.sync(request, ticket, self.now_ms, &mut step);
        self.take(step);
        ticket
    }

    pub(crate) fn synced(&mut self, ticket: Ticket) -> Option<SyncGroupResponse> {
        match self.replies.remove(&ticket)? {
            Reply::Sync(response) => Some(response),
            Reply::Join(_) => panic!("a sync was answered as a join"),
        }
    }

    pub(crate) fn sync_now(&mut self, request: &SyncGroupRequest) -> SyncGroupResponse {
        let ticket = self.send_sync(request);
        self.synced(ticket).expect("an answer at once")
    }

    pub(crate) fn heartbeat(&mut self, member: &str, generation_id: i32) -> ErrorCode {
        let request = HeartbeatRequest {
            group_id: GROUP.into(),
            generation_id,
            member_id: member.into(),
            ..HeartbeatRequest::default()
        };
        self.coordinator.heartbeat(&request, self.now_ms).error_code
    }

    pub(crate) fn leave(&mut self, members: &[(&str, Option<&str>)]) -> LeaveGroupResponse {
        let members = members.iter().map(|(member, instance)| MemberIdentity {
            member_id: (*member).into(),
            group_instance_id: instance.map(Into::into),
            reason: None,
        });
        let request = LeaveGroupRequest {
            group_id: GROUP.into(),
            members: members.collect(),
            ..LeaveGroupRequest::default()
        };
        let mut step = Step::default();
        let response = self.coordinator.leave(&request, 5, self.now_ms, &mut step);
        self.take(step);
        response
    }

    pub(crate) fn commit(&mut self, member: &str, generation: i32, offset: i64) -> ErrorCode {
        self.commit_in(&commit(member, generation, offset), 8)
    }

    pub(crate) fn commit_in(&mut self, request: &OffsetCommitRequest, version: i16) -> ErrorCode {
        let mut step = Step::default();
        let client = Client { version, ..Client::default() };
        let response = self.coordinator.commit_offsets(request, &client, self.now_ms, &mut step);
        self.take(step);
        response.topics[0].partitions[0].error_code
    }

    /// A dynamic member that has done both halves of KIP-394 and waits for the group.
    pub(crate) fn start_member(&mut self) -> (String, Ticket) {
        let response = self.join_now(&join(""));
        assert_eq!(response.error_code, ErrorCode::MEMBER_ID_REQUIRED);
        let ticket = self.send_join(&join(&response.member_id), 9);
        (response.member_id, ticket)
    }

    /// A stable group of `count` dynamic members; the first leads.
    pub(crate) fn stable(&mut self, count: usize) -> Vec<String> {
        let started: Vec<_> = (0..count).map(|_| self.start_member()).collect();
        self.wait(10_000);
        let joined: Vec<_> =
            started.iter().map(|(_, ticket)| self.joined(*ticket).expect("joined")).collect();
        let leader = joined[0].leader.clone();
        let members: Vec<_> = started.into_iter().map(|(member, _)| member).collect();
        let waiting: Vec<_> = members
            .iter()
            .filter(|member| **member != leader)
            .map(|member| self.send_sync(&sync(member, joined[0].generation_id, &[])))
            .collect();
        let answer = self.sync_now(&sync(&leader, joined[0].generation_id, &members));
        assert_eq!(answer.error_code, ErrorCode::NONE);
        for ticket in waiting {
            assert_eq!(self.synced(ticket).expect("synced").error_code, ErrorCode::NONE);
        }
        let mut members = members;
        members.sort_by_key(|member| *member != leader);
        members
    }

    pub(crate) fn state(&self) -> String {
        self.coordinator.describe_group(GROUP, 5).group_state
    }

    /// A coordinator built from the log alone.
    pub(crate) fn replayed(&self) -> Coordinator {
        let mut coordinator = Coordinator::new(Config::default());
        for record in &self.log {
            coordinator.replay(record.key.clone(), record.value.clone()).expect("readable");
        }
        coordinator
    }
}

pub(crate) fn join(member: &str) -> JoinGroupRequest {
    join_with(member, &[("range", &["t"])])
}

pub(crate) fn join_with(member: &str, protocols: &[(&str, &[&str])]) -> JoinGroupRequest {
    JoinGroupRequest {
        group_id: GROUP.into(),
        session_timeout_ms: SESSION_MS,
        rebalance_timeout_ms: REBALANCE_MS,
        member_id: member.into(),
        protocol_type: "consumer".into(),
        protocols: protocols
            .iter()
            .map(|(name, topics)| JoinGroupRequestProtocol {
                name: (*name).into(),
                metadata: subscription(topics),
            })
            .collect(),
        ..JoinGroupRequest::default()
    }
}

pub(crate) fn join_static(member: &str, instance: &str) -> JoinGroupRequest {
    JoinGroupRequest { group_instance_id: Some(instance.into()), ..join(member) }
}

pub(crate) fn subscription(topics: &[&str]) -> Bytes {
    let subscription = ConsumerProtocolSubscription {
        topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
        ..ConsumerProtocolSubscription::default()
    };
    let mut encoder = Encoder::new();
    encoder.put(&3_i16.to_be_bytes());
    subscription.encode(&mut encoder, 3).expect("encodable");
    encoder.into_bytes()
}

/// A SyncGroup that gives each of `assigned` its own name.
pub(crate) fn sync(member: &str, generation_id: i32, assigned: &[String]) -> SyncGroupRequest {
    SyncGroupRequest {
        group_id: GROUP.into(),
        generation_id,
        member_id: member.into(),
        assignments: assigned
            .iter()
            .map(|member| SyncGroupRequestAssignment {
                member_id: member.clone(),
                assignment: Bytes::from(format!("{generation_id}:{member}")),
            })
            .collect(),
        ..SyncGroupRequest::default()
    }
}

pub(crate) fn commit(member: &str, generation: i32, offset: i64) -> OffsetCommitRequest {
    OffsetCommitRequest {
        group_id: GROUP.into(),
        generation_id_or_member_epoch: generation,
        member_id: member.into(),
        topics: vec![OffsetCommitRequestTopic {
            name: "t".into(),
            partitions: vec![OffsetCommitRequestPartition {
                partition_index: 0,
                committed_offset: offset,
                ..OffsetCommitRequestPartition::default()
            }],
            ..OffsetCommitRequestTopic::default()
        }],
        ..OffsetCommitRequest::default()
    }
}

//! A member of a group, which shares partitions with others and commits for those that it has.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use barnabas_wire::api::heartbeat::HeartbeatRequest;
use barnabas_wire::api::join_group::{
    JoinGroupRequest, JoinGroupRequestProtocol, JoinGroupResponse,
};
use barnabas_wire::api::leave_group::{LeaveGroupRequest, MemberIdentity};
use barnabas_wire::api::sync_group::{SyncGroupRequest, SyncGroupRequestAssignment};
use barnabas_wire::{ErrorCode, Request};
use bytes::Bytes;
use tokio::sync::watch;

use super::offsets::{Committing, commit, committed};
use super::{Lost, Router};
use crate::history::{History, Kind, Partition};

const JOIN_VERSION: i16 = 9;
const SYNC_VERSION: i16 = 5;
const HEARTBEAT_VERSION: i16 = 4;
const LEAVE_VERSION: i16 = 5;
const BACKOFF: Duration = Duration::from_millis(100);
const REQUEST: Duration = Duration::from_secs(10);
const SESSION_MS: i32 = 6_000;
const REBALANCE_MS: i32 = 4_000;
const PROTOCOL: &str = "share-alike";

/// Who was given a partition of a group in a generation.
pub type Owners = Arc<Mutex<BTreeMap<(String, i32, i32), String>>>;

/// Joins, commits ever higher offsets for what it is given, leaves or dies, and joins again.
#[derive(Debug)]
pub struct Member {
    /// The way to the brokers.
    pub router: Router,
    /// Where it writes down what it was told.
    pub history: Arc<History>,
    /// The group.
    pub group: String,
    /// The partitions that the group shares: all of one topic.
    pub partitions: Vec<Partition>,
    /// Of all members of all groups.
    pub owners: Owners,
    /// Mean pause between two commits, ms.
    pub pause_ms: u64,
    /// Says when to stop.
    pub stop: watch::Receiver<bool>,
    /// As the coordinator knows it.
    pub id: String,
}

struct Turn {
    by: Committing,
    /// The next offset of each partition that it has.
    next: BTreeMap<Partition, i64>,
}

impl Member {
    /// Runs until stopped.
    pub async fn run(mut self) {
        while !*self.stop.borrow() {
            let Some(mut turn) = self.join().await else {
                tokio::time::sleep(BACKOFF).await;
                continue;
            };
            while !*self.stop.borrow() && self.work(&mut turn).await {}
        }
        self.leave().await;
    }

    async fn join(&mut self) -> Option<Turn> {
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: SESSION_MS,
            rebalance_timeout_ms: REBALANCE_MS,
            member_id: self.id.clone(),
            protocol_type: "consumer".to_owned(),
            protocols: vec![JoinGroupRequestProtocol {
                name: PROTOCOL.to_owned(),
                metadata: Bytes::new(),
            }],
            ..JoinGroupRequest::default()
        };
        let joined = self.ask(JOIN_VERSION, &request).await.ok()?;
        match self.judge(joined.error_code) {
            ErrorCode::NONE => self.sync(joined).await,
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.id = joined.member_id;
                None
            }
            _ => None,
        }
    }

    async fn sync(&mut self, joined: JoinGroupResponse) -> Option<Turn> {
        self.id.clone_from(&joined.member_id);
        let members: Vec<_> = joined.members.iter().map(|member| &member.member_id).collect();
        let assignment = |(index, member): (usize, &&String)| SyncGroupRequestAssignment {
            member_id: (*member).clone(),
            assignment: self.share(index, members.len()),
        };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: joined.generation_id,
            member_id: self.id.clone(),
            protocol_type: joined.protocol_type.clone(),
            protocol_name: joined.protocol_name.clone(),
            assignments: members.iter().enumerate().map(assignment).collect(),
            ..SyncGroupRequest::default()
        };
        let synced = self.ask(SYNC_VERSION, &request).await.ok()?;
        if self.judge(synced.error_code) != ErrorCode::NONE {
            return None;
        }
        let by = Committing { member: self.id.clone(), generation: joined.generation_id };
        let mut turn = Turn { by, next: BTreeMap::new() };
        for number in &synced.assignment {
            let partition = self.partitions.get(usize::from(*number))?.clone();
            self.own(&partition, &turn.by);
            let found = committed(&mut self.router, &self.group, &partition).await;
            let Ok(Ok(offset)) = found else {
                self.router.forget_coordinator(&self.group);
                return None;
            };
            self.history.fetched_commit(&self.group, &partition, offset);
            turn.next.insert(partition, offset.max(0) + 1);
        }
        Some(turn)
    }

    /// Indexes of the partitions that a member gets.
    fn share(&self, index: usize, of: usize) -> Bytes {
        let numbers = 0..u8::try_from(self.partitions.len()).unwrap_or(u8::MAX);
        numbers.filter(|number| usize::from(*number) % of == index).collect()
    }

    /// A partition has one owner in a generation.
    fn own(&self, partition: &Partition, by: &Committing) {
        let key = (self.group.clone(), by.generation, partition.number);
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        let first = owners.entry(key).or_insert_with(|| by.member.clone());
        if *first != by.member && self.history.promise().durable {
            let text = format!(
                "{}: {partition} belongs to {first} and {} in generation {}",
                self.group, by.member, by.generation
            );
            self.history.violation(Kind::TwoOwners, text);
        }
    }

    /// One round; false: it has to join again.
    async fn work(&mut self, turn: &mut Turn) -> bool {
        let pause = self.router.random().millis(0..self.pause_ms * 2 + 1);
        tokio::time::sleep(pause).await;
        let heartbeat = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: turn.by.generation,
            member_id: turn.by.member.clone(),
            ..HeartbeatRequest::default()
        };
        let Ok(answer) = self.ask(HEARTBEAT_VERSION, &heartbeat).await else { return true };
        if !self.may_go_on(answer.error_code) {
            return false;
        }
        for (partition, next) in &mut turn.next {
            self.history.committing(&self.group, partition, *next);
            let code = commit(&mut self.router, &self.group, &turn.by, partition, *next).await;
            match code {
                Ok(ErrorCode::NONE) => {
                    self.history.committed(&self.group, partition, *next);
                    *next += 1;
                }
                Ok(code) => return self.may_go_on(code),
                Err(Lost) => self.router.forget_coordinator(&self.group),
            }
        }
        if self.router.random().chance(0.01) {
            self.leave().await;
            return false;
        }
        if self.router.random().chance(0.01) {
            // It died, and another one comes.
            self.id.clear();
            return false;
        }
        true
    }

    /// Whether a member keeps what it was given after such an answer.
    fn may_go_on(&mut self, code: ErrorCode) -> bool {
        let code = self.judge(code);
        ![
            ErrorCode::REBALANCE_IN_PROGRESS,
            ErrorCode::ILLEGAL_GENERATION,
            ErrorCode::UNKNOWN_MEMBER_ID,
        ]
        .contains(&code)
    }

    fn judge(&mut self, code: ErrorCode) -> ErrorCode {
        match code {
            ErrorCode::UNKNOWN_MEMBER_ID => self.id.clear(),
            ErrorCode::NONE
            | ErrorCode::MEMBER_ID_REQUIRED
            | ErrorCode::REBALANCE_IN_PROGRESS
            | ErrorCode::ILLEGAL_GENERATION => {}
            _ => self.router.forget_coordinator(&self.group),
        }
        code
    }

    async fn leave(&mut self) {
        if self.id.is_empty() {
            return;
        }
        let members = vec![MemberIdentity {
            member_id: std::mem::take(&mut self.id),
            ..MemberIdentity::default()
        }];
        let request = LeaveGroupRequest {
            group_id: self.group.clone(),
            members,
            ..LeaveGroupRequest::default()
        };
        let _ = self.ask(LEAVE_VERSION, &request).await;
    }

    async fn ask<R: Request>(&mut self, version: i16, request: &R) -> Result<R::Response, Lost> {
        let connection = self.router.coordinator(&self.group).await?;
        let answer = connection.call(version, request, REQUEST).await;
        answer.inspect_err(|Lost| self.router.forget_coordinator(&self.group))
    }
}

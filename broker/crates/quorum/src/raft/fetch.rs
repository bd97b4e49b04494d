//! Fetch, the leader's side: what a replica gets, and when (A5).

use barnabas_wire::ErrorCode;
use bytes::Bytes;

use super::Raft;
use crate::role::{ParkedFetch, Role};
use crate::{
    Action, FetchBody, FetchRead, FetchRequest, FetchResponse, LogPosition, LogView, ReplicaKey,
    Response, Token,
};

impl Raft {
    pub(super) fn on_fetch(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        token: Token,
        request: &FetchRequest,
    ) {
        if let Some(error) = self.fetch_error(request) {
            return self.respond_fetch(token, error, log, FetchBody::Records(Bytes::new()));
        }
        if let Some(body) = redirect(log, request) {
            return self.respond_fetch(token, ErrorCode::NONE, log, body);
        }
        self.note_fetch(now_ms, log, request.replica, request.fetch_offset);
        let max_bytes = request.max_bytes.max(0).cast_unsigned();
        let max_bytes = max_bytes.min(self.config.limits.fetch_max_bytes);
        let behind = request
            .high_watermark
            .is_some_and(|theirs| self.high_watermark.is_some_and(|own| own > theirs));
        let has_records = log.end().offset > request.fetch_offset;
        let Role::Leader(leader) = &mut self.role else { return };
        let full = leader.parked.len() >= self.config.limits.parked_fetches_max;
        if has_records || behind || request.max_wait_ms == 0 || full {
            self.read_for(token, log, request.fetch_offset, max_bytes);
        } else {
            leader.parked.push(ParkedFetch {
                token,
                offset: request.fetch_offset,
                max_bytes,
                expires_at_ms: now_ms + u64::from(request.max_wait_ms.cast_unsigned()),
            });
        }
    }

    fn fetch_error(&self, request: &FetchRequest) -> Option<ErrorCode> {
        if let Some(error) = self.cluster_mismatch(request.cluster_id.as_ref()) {
            return Some(error);
        }
        if request.max_wait_ms < 0
            || request.fetch_offset < 0
            || request.last_fetched_epoch.0 < 0
            || request.epoch.0 < 0
            || request.last_fetched_epoch > request.epoch
        {
            return Some(ErrorCode::INVALID_REQUEST);
        }
        self.leader_error(request.epoch)
    }

    fn respond_fetch(
        &mut self,
        token: Token,
        error: ErrorCode,
        log: &impl LogView,
        body: FetchBody,
    ) {
        let response = FetchResponse {
            error,
            leadership: self.leadership(),
            high_watermark: self.high_watermark.unwrap_or(-1),
            log_start_offset: log.start_offset(),
            body,
        };
        self.respond(token, Response::Fetch(response));
    }

    fn read_for(&mut self, token: Token, log: &impl LogView, offset: i64, max_bytes: u32) {
        let read = FetchRead {
            leadership: self.leadership(),
            offset,
            max_bytes,
            high_watermark: self.high_watermark.unwrap_or(-1),
            log_start_offset: log.start_offset(),
        };
        self.out.push(Action::RespondFetch { token, read });
    }

    /// A replica that fetches from an offset holds everything below it durably.
    pub(super) fn note_fetch(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        replica: Option<ReplicaKey>,
        offset: i64,
    ) {
        let Some(key) = replica.filter(|key| key.id != self.config.node) else { return };
        let leader_end = log.end().offset;
        let voter = self.history.voters().contains(&key);
        let Role::Leader(leader) = &mut self.role else { return };
        let room = leader.progress.len() < self.config.limits.observers_max;
        leader.progress.fetched(key, (now_ms, offset, leader_end), voter || room);
        self.heard_from(now_ms, key);
        self.advance_high_watermark(log);
    }

    /// Records were appended, or the high watermark moved.
    pub(super) fn complete_parked(&mut self, log: &impl LogView, all: bool) {
        let end = log.end().offset;
        let Role::Leader(leader) = &mut self.role else { return };
        let parked = std::mem::take(&mut leader.parked);
        let (ready, waiting) = parked.into_iter().partition(|fetch| all || end > fetch.offset);
        leader.parked = waiting;
        self.answer_parked(log, ready);
    }

    pub(super) fn expire_parked(&mut self, now_ms: u64, log: &impl LogView) {
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.parked.iter().all(|fetch| fetch.expires_at_ms > now_ms) {
            return;
        }
        let parked = std::mem::take(&mut leader.parked);
        let (ready, waiting) = parked.into_iter().partition(|fetch| fetch.expires_at_ms <= now_ms);
        leader.parked = waiting;
        self.answer_parked(log, ready);
    }

    fn answer_parked(&mut self, log: &impl LogView, fetches: Vec<ParkedFetch>) {
        for fetch in fetches {
            self.read_for(fetch.token, log, fetch.offset, fetch.max_bytes);
        }
    }

    /// This node does not lead any longer.
    pub(super) fn fail_parked(&mut self, fetches: Vec<ParkedFetch>) {
        for fetch in fetches {
            let response = FetchResponse {
                error: ErrorCode::NOT_LEADER_OR_FOLLOWER,
                leadership: self.leadership(),
                high_watermark: -1,
                log_start_offset: -1,
                body: FetchBody::Records(Bytes::new()),
            };
            self.respond(fetch.token, Response::Fetch(response));
        }
    }
}

/// What a follower must do before it can have records from where it stands: truncate, or fetch a
/// snapshot.
fn redirect(log: &impl LogView, request: &FetchRequest) -> Option<FetchBody> {
    let offset = request.fetch_offset;
    let last_epoch = request.last_fetched_epoch;
    let latest = log.latest_snapshot();
    if let (0, Some(latest)) = (offset, latest) {
        return Some(FetchBody::Snapshot(latest));
    }
    let start = log.start_offset();
    if offset == 0 && start == 0 {
        return None;
    }
    let oldest = log.earliest_snapshot();
    let snapshot_needed = offset < start
        || oldest.is_some_and(|oldest| {
            (offset == start && offset == oldest.offset && last_epoch != oldest.epoch)
                || last_epoch < oldest.epoch
        });
    if let (true, Some(latest)) = (snapshot_needed, latest) {
        return Some(FetchBody::Snapshot(latest));
    }
    let end: LogPosition = log.end_for_epoch(last_epoch);
    (end.epoch != last_epoch || end.offset < offset).then_some(FetchBody::Diverging(end))
}

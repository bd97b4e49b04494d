//! FetchSnapshot: both sides (A6).

use barnabas_wire::ErrorCode;
use bytes::Bytes;

use super::Raft;
use crate::role::{Role, SnapshotFetch};
use crate::{
    Action, ControlRecord, FetchSnapshotRequest, FetchSnapshotResponse, LogPosition, LogView,
    Response, SnapshotRead, Token,
};

impl Raft {
    pub(super) fn on_fetch_snapshot(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        token: Token,
        request: &FetchSnapshotRequest,
    ) {
        match self.snapshot_to_read(log, request) {
            Ok(read) => {
                if let Some(key) = request.replica {
                    self.heard_from(now_ms, key);
                }
                self.out.push(Action::RespondSnapshot { token, read });
            }
            Err(error) => {
                let response = FetchSnapshotResponse {
                    error,
                    leadership: self.leadership(),
                    snapshot: request.snapshot,
                    size: 0,
                    position: 0,
                    bytes: Bytes::new(),
                };
                self.respond(token, Response::FetchSnapshot(response));
            }
        }
    }

    fn snapshot_to_read(
        &self,
        log: &impl LogView,
        request: &FetchSnapshotRequest,
    ) -> Result<SnapshotRead, ErrorCode> {
        if let Some(error) = self.cluster_mismatch(request.cluster_id.as_ref()) {
            return Err(error);
        }
        if let Some(error) = self.leader_error(request.epoch) {
            return Err(error);
        }
        let id = request.snapshot;
        if id == LogPosition::BOOTSTRAP {
            return Err(ErrorCode::SNAPSHOT_NOT_FOUND);
        }
        let size = log.snapshot_size(id).ok_or(ErrorCode::SNAPSHOT_NOT_FOUND)?;
        let position = u64::try_from(request.position)
            .ok()
            .filter(|position| *position < size)
            .ok_or(ErrorCode::POSITION_OUT_OF_RANGE)?;
        let max_bytes = request.max_bytes.max(0).cast_unsigned();
        let max_bytes = max_bytes.min(self.config.limits.snapshot_chunk_max_bytes);
        Ok(SnapshotRead { leadership: self.leadership(), id, size, position, max_bytes })
    }

    pub(super) fn on_fetch_snapshot_response(
        &mut self,
        now_ms: u64,
        response: FetchSnapshotResponse,
    ) {
        let fetch_ms = self.fetch_timeout_ms();
        let Role::Follower(role) = &mut self.role else { return };
        role.fetch_timeout_at_ms = now_ms + fetch_ms;
        let Some(fetch) = &mut role.snapshot else { return };
        if response.snapshot != fetch.id || response.position != fetch.position {
            role.snapshot = None;
            return;
        }
        let SnapshotFetch { id, position } = *fetch;
        fetch.position += response.bytes.len() as u64;
        let complete = fetch.position >= response.size;
        self.out.push(Action::WriteSnapshot { id, position, bytes: response.bytes });
        if complete {
            role.snapshot = None;
            role.log_busy = true;
            self.out.push(Action::InstallSnapshot { id });
        }
    }

    /// The leader does not have that snapshot any longer: its next answer names another.
    pub(super) fn forget_snapshot(&mut self) {
        if let Role::Follower(role) = &mut self.role {
            role.snapshot = None;
        }
    }

    pub(super) fn on_snapshot_installed(&mut self, log: &impl LogView, control: &[ControlRecord]) {
        let end_offset = log.end().offset;
        self.history.truncate(0);
        for record in control {
            self.history.apply(end_offset - 1, record);
        }
        self.flushed_end_offset = end_offset;
        self.high_watermark = Some(end_offset);
        self.out.push(Action::HighWatermark { offset: end_offset });
        if let Role::Follower(role) = &mut self.role {
            role.log_busy = false;
        }
    }
}

//! Fetch, the follower's side: append, truncate, commit (A5).

use super::Raft;
use crate::connection::Peer;
use crate::role::{Role, SnapshotFetch};
use crate::{
    Action, Endpoint, Fault, FetchBody, FetchRequest, FetchResponse, FetchSnapshotRequest,
    LogPosition, LogView, NodeId, Request,
};

impl Raft {
    pub(super) fn on_fetch_response(
        &mut self,
        now_ms: u64,
        log: &impl LogView,
        response: FetchResponse,
    ) {
        let fetch_ms = self.fetch_timeout_ms();
        let epoch = self.epoch;
        let Role::Follower(role) = &mut self.role else { return };
        role.fetch_timeout_at_ms = now_ms + fetch_ms;
        role.has_fetched = true;
        match response.body {
            FetchBody::Records(records) if records.is_empty() => {
                self.follow_high_watermark(log, response.high_watermark);
            }
            FetchBody::Records(records) => {
                role.log_busy = true;
                self.out.push(Action::AppendFetched { epoch, records });
                self.flush_if_voter();
                self.note_leader_high_watermark(response.high_watermark);
            }
            FetchBody::Diverging(end) => self.truncate_to(log, end),
            FetchBody::Snapshot(id) => {
                role.snapshot = Some(SnapshotFetch { id, position: 0 });
            }
        }
    }

    /// Cuts what the leader does not have: at most up to where the leader's epoch ends here.
    fn truncate_to(&mut self, log: &impl LogView, end: LogPosition) {
        let own = log.end_for_epoch(end.epoch);
        let end_offset =
            if own.epoch == end.epoch { own.offset.min(end.offset) } else { own.offset };
        if let Some(high_watermark) = self.high_watermark
            && end_offset < high_watermark
        {
            return self.fail(Fault::DivergedBelowHighWatermark { end_offset, high_watermark });
        }
        if end_offset >= log.end().offset {
            return;
        }
        self.history.truncate(end_offset);
        if let Role::Follower(role) = &mut self.role {
            role.log_busy = true;
        }
        self.out.push(Action::Truncate { end_offset });
    }

    /// What a voter acknowledges by its next Fetch must be durable.
    fn flush_if_voter(&mut self) {
        if self.config.is_controller {
            self.out.push(Action::Flush);
        }
    }

    pub(super) fn follow_log_change(&mut self, log: &impl LogView) {
        if let Some(leader) = self.leader_high_watermark {
            self.follow_high_watermark(log, leader);
        }
    }

    pub(super) fn follow_flushed(&mut self, _now_ms: u64, log: &impl LogView) {
        self.follow_log_change(log);
    }

    fn note_leader_high_watermark(&mut self, high_watermark: i64) {
        self.leader_high_watermark = (high_watermark >= 0).then_some(high_watermark);
    }

    fn follow_high_watermark(&mut self, log: &impl LogView, leader: i64) {
        self.note_leader_high_watermark(leader);
        let offset = leader.min(log.end().offset);
        if offset >= 0 && self.high_watermark.is_none_or(|known| offset > known) {
            self.high_watermark = Some(offset);
            self.out.push(Action::HighWatermark { offset });
        }
    }

    /// Sends the next Fetch or FetchSnapshot, to the leader or, while it does not answer, to
    /// somebody who may know a newer one.
    pub(super) fn poll_fetch(&mut self, now_ms: u64, log: &impl LogView) {
        if self.log_is_behind_flush(log) {
            return;
        }
        match &self.role {
            Role::Follower(role) => {
                if role.log_busy {
                    return;
                }
                let leader = Peer::Node(role.leader);
                let endpoint = role.endpoint.clone();
                if self.connections.is_ready(leader, now_ms) {
                    let due = role.membership_at_ms <= now_ms && role.snapshot.is_none();
                    let membership = due.then(|| self.membership_request(now_ms)).flatten();
                    let request = match (membership, role.snapshot) {
                        (Some(request), _) => request,
                        (None, Some(fetch)) => self.snapshot_request(fetch),
                        (None, None) => self.fetch_request(log),
                    };
                    let next_ms = now_ms + self.config.timeouts.fetch_ms;
                    if let Role::Follower(role) = &mut self.role
                        && due
                    {
                        role.membership_at_ms = next_ms;
                    }
                    self.send(now_ms, leader, endpoint, request);
                } else if self.connections.is_backing_off(leader, now_ms) {
                    self.ask_around(now_ms, log, Some(role.leader));
                }
            }
            Role::Unattached(_) => self.ask_around(now_ms, log, None),
            _ => {}
        }
    }

    /// A voter's next Fetch acknowledges its whole log, which must be durable by then.
    fn log_is_behind_flush(&self, log: &impl LogView) -> bool {
        self.config.is_controller && self.flushed_end_offset < log.end().offset
    }

    fn fetch_request(&self, log: &impl LogView) -> Request {
        let end = log.end();
        Request::Fetch(FetchRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            replica: Some(self.key()),
            epoch: self.epoch,
            fetch_offset: end.offset,
            last_fetched_epoch: end.epoch,
            max_wait_ms: i32::try_from(self.config.timeouts.fetch_max_wait_ms).unwrap_or(i32::MAX),
            max_bytes: i32::try_from(self.config.limits.fetch_max_bytes).unwrap_or(i32::MAX),
            high_watermark: Some(self.high_watermark.unwrap_or(-1)),
        })
    }

    fn snapshot_request(&self, fetch: SnapshotFetch) -> Request {
        Request::FetchSnapshot(FetchSnapshotRequest {
            cluster_id: Some(self.config.cluster_id.clone()),
            replica: Some(self.key()),
            epoch: self.epoch,
            snapshot: fetch.id,
            position: fetch.position.cast_signed(),
            max_bytes: i32::try_from(self.config.limits.snapshot_chunk_max_bytes)
                .unwrap_or(i32::MAX),
        })
    }

    /// Fetches from a random node, whose answer tells who leads.
    fn ask_around(&mut self, now_ms: u64, log: &impl LogView, besides: Option<NodeId>) {
        let candidates = self.others_to_ask(besides);
        let asked =
            self.connections.any_in_flight(|peer| besides.is_none_or(|n| peer != Peer::Node(n)));
        if asked || candidates.is_empty() {
            return;
        }
        let ready: Vec<_> = candidates
            .into_iter()
            .filter(|(peer, _)| self.connections.is_ready(*peer, now_ms))
            .collect();
        let pick = self.random.below(ready.len() as u64) as usize;
        if let Some((peer, endpoint)) = ready.into_iter().nth(pick) {
            let request = self.fetch_request(log);
            self.send(now_ms, peer, endpoint, request);
        }
    }

    fn others_to_ask(&self, besides: Option<NodeId>) -> Vec<(Peer, Endpoint)> {
        let own = self.config.own_endpoint();
        let voters = self.history.voters().iter().filter_map(|voter| {
            let id = voter.key.id;
            let endpoint = voter.endpoint(&self.config.listener)?.clone();
            (id != self.config.node && Some(id) != besides).then_some((Peer::Node(id), endpoint))
        });
        let bootstrap = self.config.bootstrap.iter().enumerate().filter(|(_, endpoint)| {
            own.is_none_or(|own| (&own.host, own.port) != (&endpoint.host, endpoint.port))
        });
        let bootstrap = bootstrap.map(|(n, endpoint)| (Peer::Bootstrap(n), endpoint.clone()));
        voters.chain(bootstrap).collect()
    }
}

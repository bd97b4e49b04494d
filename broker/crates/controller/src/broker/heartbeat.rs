//! BrokerHeartbeat: fencing, unfencing, controlled shutdown (`quorum.md`, B3).

use std::collections::BTreeSet;

use barnabas_metadata::image::BrokerImage;
use barnabas_metadata::record::{BrokerRegistrationChangeRecord, MetadataRecord};
use barnabas_wire::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};

use super::registration_change;
use crate::error::Fault;
use crate::partition::Departure;
use crate::{Controller, Outcome};

/// What a broker may do after a heartbeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Fenced,
    Unfenced,
    ControlledShutdown,
    ShutdownNow,
}

impl Controller {
    pub(crate) fn broker_heartbeat(
        &mut self,
        now_ms: u64,
        request: &BrokerHeartbeatRequest,
    ) -> Result<Outcome<BrokerHeartbeatResponse>, Fault> {
        let id = request.broker_id;
        if let Err(error) = self.check_broker_epoch(id, request.broker_epoch) {
            let response = BrokerHeartbeatResponse { error_code: error.code, ..Default::default() };
            return Ok(Outcome::new(Vec::new(), response));
        }
        let Some(broker) = self.state.cluster.broker(id).cloned() else {
            return Ok(Outcome::new(Vec::new(), BrokerHeartbeatResponse::default()));
        };
        self.sessions.touch(id, broker.epoch, now_ms);
        self.sessions.set_metadata_offset(id, request.current_metadata_offset);
        let next = self.next_state(&broker, request);
        let mut records = self.directory_records(&broker, request)?;
        records.extend(self.transition_records(&broker, next, &records)?);
        match next {
            // Who has applied the last of these records knows the new leaders.
            Next::ControlledShutdown => {
                self.sessions.begin_shutdown(id, self.next_offset + records.len() as i64 - 1);
            }
            // The next process with this id need not wait.
            Next::ShutdownNow => self.sessions.end(id),
            Next::Fenced | Next::Unfenced => {}
        }
        let response = BrokerHeartbeatResponse {
            is_caught_up: self.is_caught_up(&broker, request),
            is_fenced: matches!(next, Next::Fenced | Next::ShutdownNow),
            should_shut_down: next == Next::ShutdownNow,
            ..Default::default()
        };
        Ok(Outcome::new(records, response))
    }

    fn next_state(&self, broker: &BrokerImage, request: &BrokerHeartbeatRequest) -> Next {
        if broker.in_controlled_shutdown && !broker.fenced {
            return if self.may_stop(broker) {
                Next::ShutdownNow
            } else {
                Next::ControlledShutdown
            };
        }
        let caught_up = self.is_caught_up(broker, request);
        match (broker.fenced, request.want_fence) {
            (false, false) if request.want_shut_down && self.leads_any(broker.id) => {
                Next::ControlledShutdown
            }
            _ if request.want_shut_down => Next::ShutdownNow,
            (fenced, false) if caught_up || !fenced => Next::Unfenced,
            _ => Next::Fenced,
        }
    }

    /// Whether the broker has applied its own registration.
    fn is_caught_up(&self, broker: &BrokerImage, request: &BrokerHeartbeatRequest) -> bool {
        let registered = self.sessions.registration_offset(broker.id).unwrap_or(broker.epoch);
        request.current_metadata_offset >= registered
    }

    /// Everybody who is active must have seen that the leaders moved.
    fn may_stop(&self, broker: &BrokerImage) -> bool {
        let Some(offset) = self.sessions.shutdown_offset(broker.id) else { return false };
        let active = self.state.cluster.brokers().filter(|other| other.is_active());
        let lowest = active.map(|other| self.sessions.metadata_offset(other.id)).min();
        !self.leads_any(broker.id) && lowest.is_none_or(|lowest| offset <= lowest)
    }

    fn transition_records(
        &self,
        broker: &BrokerImage,
        next: Next,
        before: &[MetadataRecord],
    ) -> Result<Vec<MetadataRecord>, Fault> {
        let change = registration_change(broker.id, broker.epoch);
        match next {
            Next::Unfenced if broker.fenced => {
                let record = BrokerRegistrationChangeRecord { fenced: -1, ..change };
                let mut all = before.to_vec();
                all.push(record.clone().into());
                let mut records = vec![record.into()];
                records.extend(self.arrival(&self.preview(&all)?, broker.id));
                Ok(records)
            }
            Next::Fenced | Next::ShutdownNow if !broker.fenced => {
                Ok(self.fence_records(&self.preview(before)?, broker.id, broker.epoch))
            }
            Next::ControlledShutdown => {
                let image = self.preview(before)?;
                let mut records = self.departure(&image, broker.id, Departure::Clean);
                if !broker.in_controlled_shutdown {
                    let record =
                        BrokerRegistrationChangeRecord { in_controlled_shutdown: 1, ..change };
                    records.push(record.into());
                }
                Ok(records)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Directories that failed, and those that shall get no new replica.
    fn directory_records(
        &self,
        broker: &BrokerImage,
        request: &BrokerHeartbeatRequest,
    ) -> Result<Vec<MetadataRecord>, Fault> {
        let version = self.metadata_version();
        let mut change = registration_change(broker.id, broker.epoch);
        let offline: BTreeSet<_> = request
            .offline_log_dirs
            .iter()
            .copied()
            .filter(|dir| broker.log_dirs.contains(dir))
            .collect();
        if !offline.is_empty() {
            let online = broker.log_dirs.iter().copied().filter(|dir| !offline.contains(dir));
            change.log_dirs = online.collect();
        }
        if version.supports_cordoned_log_dirs()
            && request.cordoned_log_dirs.is_some()
            && request.cordoned_log_dirs.as_deref().unwrap_or_default()
                != broker.cordoned_log_dirs.as_deref().unwrap_or_default()
        {
            change.cordoned_log_dirs.clone_from(&request.cordoned_log_dirs);
        }
        if change == registration_change(broker.id, broker.epoch) {
            return Ok(Vec::new());
        }
        let mut records = vec![MetadataRecord::from(change)];
        let image = self.preview(&records)?;
        records.extend(self.directory_failure(&image, broker.id, &offline));
        Ok(records)
    }
}

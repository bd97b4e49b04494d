//! BrokerRegistration and ControllerRegistration.

use barnabas_metadata::feature::{KRAFT_VERSION, METADATA_VERSION};
use barnabas_metadata::record::{
    BrokerEndpoint, BrokerFeature, ControllerEndpoint, ControllerFeature, RegisterBrokerRecord,
    RegisterControllerRecord,
};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse,
};
use barnabas_wire::api::controller_registration::{
    ControllerRegistrationRequest, ControllerRegistrationResponse,
};

use crate::error::Fault;
use crate::partition::Departure;
use crate::{ApiError, Controller, Outcome};

impl Controller {
    pub(crate) fn register_broker(
        &mut self,
        now_ms: u64,
        request: &BrokerRegistrationRequest,
    ) -> Result<Outcome<BrokerRegistrationResponse>, Fault> {
        if let Err(error) = self.check_registration(now_ms, request) {
            let response =
                BrokerRegistrationResponse { error_code: error.code, ..Default::default() };
            return Ok(Outcome::new(Vec::new(), response));
        }
        let id = request.broker_id;
        let existing = self.state.cluster.broker(id).cloned();
        let same = existing.as_ref().filter(|old| old.incarnation_id == request.incarnation_id);
        let mut records = Vec::new();
        if let (Some(old), None) = (&existing, same) {
            // Clean only if the process that ended is the one that wrote the clean-shutdown file,
            // and what it had is still there.
            let complete = old.log_dirs.iter().all(|dir| request.log_dirs.contains(dir));
            let clean = complete && request.previous_broker_epoch == old.epoch;
            let unclean = !clean && self.elr_enabled();
            let departure = if unclean { Departure::Unclean } else { Departure::Clean };
            records = self.departure(&self.state, id, departure);
        }
        let epoch = same.map_or(self.next_offset + records.len() as i64, |old| old.epoch);
        let record = RegisterBrokerRecord {
            broker_id: id,
            is_migrating_zk_broker: false,
            incarnation_id: request.incarnation_id,
            broker_epoch: epoch,
            end_points: endpoints(request),
            features: features(request),
            rack: request.rack.clone(),
            fenced: same.is_none_or(|old| old.fenced),
            in_controlled_shutdown: same.is_some_and(|old| old.in_controlled_shutdown),
            log_dirs: self.log_dirs(request),
            cordoned_log_dirs: same.and_then(|old| old.cordoned_log_dirs.clone()),
        };
        let offset = self.next_offset + records.len() as i64;
        records.push(record.into());
        self.sessions.touch(id, epoch, now_ms);
        self.sessions.set_registration_offset(id, offset);
        let response = BrokerRegistrationResponse { broker_epoch: epoch, ..Default::default() };
        Ok(Outcome::new(records, response))
    }

    pub(crate) fn register_controller(
        &mut self,
        request: &ControllerRegistrationRequest,
    ) -> Outcome<ControllerRegistrationResponse> {
        let mut response = ControllerRegistrationResponse::default();
        if !self.metadata_version().supports_controller_registration() {
            response.error_code = ErrorCode::UNSUPPORTED_VERSION;
            response.error_message =
                Some("controllers register from metadata.version 3.7-IV0 on".to_owned());
            return Outcome::new(Vec::new(), response);
        }
        let end_points = request.listeners.iter().map(|listener| ControllerEndpoint {
            name: listener.name.clone(),
            host: listener.host.clone(),
            port: listener.port,
            security_protocol: listener.security_protocol,
        });
        let features = request.features.iter().map(|feature| ControllerFeature {
            name: feature.name.clone(),
            min_supported_version: feature.min_supported_version,
            max_supported_version: feature.max_supported_version,
        });
        let record = RegisterControllerRecord {
            controller_id: request.controller_id,
            incarnation_id: request.incarnation_id,
            zk_migration_ready: false,
            end_points: end_points.collect(),
            features: features.collect(),
        };
        Outcome::new(vec![record.into()], response)
    }

    fn check_registration(
        &self,
        now_ms: u64,
        request: &BrokerRegistrationRequest,
    ) -> Result<(), ApiError> {
        let refuse = |code, message: String| Err(ApiError::new(code, message));
        if request.cluster_id != self.config.cluster_id {
            let message = format!(
                "the broker belongs to cluster {}, this is {}",
                request.cluster_id, self.config.cluster_id
            );
            return refuse(ErrorCode::INCONSISTENT_CLUSTER_ID, message);
        }
        let id = request.broker_id;
        if let Some(old) = self.state.cluster.broker(id)
            && old.incarnation_id != request.incarnation_id
            && !old.in_controlled_shutdown
            // Who holds the same directories has locked them: the process before ended, and as it
            // is fenced, nothing relies on it. Of a broker in use that has to be seen first.
            && !(old.fenced && !old.log_dirs.is_empty() && old.log_dirs == self.log_dirs(request))
            && self.sessions.is_live(id, old.epoch, now_ms, self.config.session_timeout_ms)
        {
            let message = format!("another live process is registered as broker {id}");
            return refuse(ErrorCode::DUPLICATE_BROKER_REGISTRATION, message);
        }
        if request.is_migrating_zk_broker {
            let message = "brokers of ZooKeeper clusters cannot register".to_owned();
            return refuse(ErrorCode::BROKER_ID_NOT_REGISTERED, message);
        }
        self.check_log_dirs(request)?;
        self.check_features(request)
    }

    fn check_log_dirs(&self, request: &BrokerRegistrationRequest) -> Result<(), ApiError> {
        let refuse = |message: String| Err(ApiError::new(ErrorCode::INVALID_REGISTRATION, message));
        if !self.metadata_version().supports_directory_assignment() {
            return Ok(());
        }
        let dirs = &request.log_dirs;
        if dirs.is_empty() {
            return refuse("a broker needs at least one log directory".to_owned());
        }
        for (n, dir) in dirs.iter().enumerate() {
            if dir.is_reserved_dir() {
                return refuse(format!("log directory id {dir} is reserved"));
            }
            if dirs[..n].contains(dir) {
                return refuse(format!("log directory id {dir} is given twice"));
            }
            let owner = self
                .state
                .cluster
                .brokers()
                .find(|other| other.id != request.broker_id && other.log_dirs.contains(dir));
            if let Some(owner) = owner {
                return refuse(format!("log directory {dir} belongs to broker {}", owner.id));
            }
        }
        Ok(())
    }

    /// A broker has to run at every finalized level; a feature that it does not name is at 0.
    fn check_features(&self, request: &BrokerRegistrationRequest) -> Result<(), ApiError> {
        let range = |name: &str| {
            let feature = request.features.iter().find(|feature| feature.name == name);
            feature.map(|feature| (feature.min_supported_version, feature.max_supported_version))
        };
        if range(METADATA_VERSION).is_none() {
            let message = "the broker does not say which metadata.version it supports";
            return Err(ApiError::new(ErrorCode::INVALID_REGISTRATION, message));
        }
        let kraft = std::iter::once((KRAFT_VERSION, self.config.kraft_version));
        for (name, level) in self.state.features.iter().chain(kraft) {
            let (min, max) = range(name).unwrap_or((0, 0));
            if !(min..=max).contains(&level) {
                let message =
                    format!("{name} is finalized at {level}, the broker supports {min} to {max}");
                return Err(ApiError::new(ErrorCode::UNSUPPORTED_VERSION, message));
            }
        }
        Ok(())
    }

    fn log_dirs(&self, request: &BrokerRegistrationRequest) -> Vec<barnabas_wire::Uuid> {
        if !self.metadata_version().supports_directory_assignment() {
            return Vec::new();
        }
        let mut dirs = request.log_dirs.clone();
        dirs.sort_unstable();
        dirs
    }
}

fn endpoints(request: &BrokerRegistrationRequest) -> Vec<BrokerEndpoint> {
    let endpoint = |listener: &barnabas_wire::api::broker_registration::Listener| BrokerEndpoint {
        name: listener.name.clone(),
        host: listener.host.clone(),
        port: listener.port,
        security_protocol: listener.security_protocol,
    };
    request.listeners.iter().map(endpoint).collect()
}

fn features(request: &BrokerRegistrationRequest) -> Vec<BrokerFeature> {
    let feature = |feature: &barnabas_wire::api::broker_registration::Feature| BrokerFeature {
        name: feature.name.clone(),
        min_supported_version: feature.min_supported_version,
        max_supported_version: feature.max_supported_version,
    };
    request.features.iter().map(feature).collect()
}

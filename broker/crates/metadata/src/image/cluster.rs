//! Registered brokers and controllers.

use std::sync::Arc;

use barnabas_wire::Uuid;
use imbl::OrdMap;

use crate::record::{
    BrokerEndpoint, BrokerFeature, BrokerRegistrationChangeRecord, MetadataRecord,
    RegisterBrokerRecord, RegisterControllerRecord, UnregisterBrokerRecord,
};

use super::ReplayError;

/// Brokers and controllers by id (Kafka: `ClusterImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClusterImage {
    brokers: OrdMap<i32, Arc<BrokerImage>>,
    controllers: OrdMap<i32, Arc<ControllerImage>>,
}

/// A broker's registration (Kafka: `BrokerRegistration`).
#[derive(Clone, Debug, PartialEq)]
pub struct BrokerImage {
    /// Broker id, >= 0.
    pub id: i32,
    /// Broker epoch: the offset of the registration record.
    pub epoch: i64,
    /// Chosen by the broker process when it started.
    pub incarnation_id: Uuid,
    /// Advertised listeners.
    pub endpoints: Vec<BrokerEndpoint>,
    /// Feature levels the broker can run at.
    pub features: Vec<BrokerFeature>,
    /// `broker.rack`.
    pub rack: Option<String>,
    /// A fenced broker serves no client and leads nothing.
    pub fenced: bool,
    /// The broker is moving its leaders away before it stops.
    pub in_controlled_shutdown: bool,
    /// Only in logs that were migrated from ZooKeeper.
    pub is_migrating_zk_broker: bool,
    /// Ids of the online log directories.
    pub log_dirs: Vec<Uuid>,
    /// Log directories that get no new replica (KIP-1066); none when never reported.
    pub cordoned_log_dirs: Option<Vec<Uuid>>,
}

/// A controller's registration (Kafka: `ControllerRegistration`).
#[derive(Clone, Debug, PartialEq)]
pub struct ControllerImage {
    /// The record as written: nothing in it changes later.
    pub registration: RegisterControllerRecord,
}

impl ClusterImage {
    /// A registered broker.
    #[must_use]
    pub fn broker(&self, id: i32) -> Option<&Arc<BrokerImage>> {
        self.brokers.get(&id)
    }

    /// Registered brokers in id order, fenced ones included.
    pub fn brokers(&self) -> impl Iterator<Item = &Arc<BrokerImage>> {
        self.brokers.values()
    }

    /// Number of registered brokers.
    #[must_use]
    pub fn broker_count(&self) -> usize {
        self.brokers.len()
    }

    /// A registered controller.
    #[must_use]
    pub fn controller(&self, id: i32) -> Option<&Arc<ControllerImage>> {
        self.controllers.get(&id)
    }

    /// Registered controllers in id order.
    pub fn controllers(&self) -> impl Iterator<Item = &Arc<ControllerImage>> {
        self.controllers.values()
    }

    pub(super) fn register(&mut self, record: &RegisterBrokerRecord) {
        self.brokers.insert(record.broker_id, Arc::new(BrokerImage::from(record)));
    }

    pub(super) fn unregister(
        &mut self,
        record: &UnregisterBrokerRecord,
    ) -> Result<(), ReplayError> {
        let name = "UnregisterBrokerRecord";
        self.checked(name, record.broker_id, record.broker_epoch)?;
        self.brokers.remove(&record.broker_id);
        Ok(())
    }

    pub(super) fn change(
        &mut self,
        record: &BrokerRegistrationChangeRecord,
    ) -> Result<(), ReplayError> {
        let name = "BrokerRegistrationChangeRecord";
        let old = self.checked(name, record.broker_id, record.broker_epoch)?;
        let mut new = BrokerImage::clone(old);
        new.fenced = match record.fenced {
            0 => new.fenced,
            1 => true,
            -1 => false,
            other => return Err(invalid(name, "fenced", other)),
        };
        new.in_controlled_shutdown = match record.in_controlled_shutdown {
            0 => new.in_controlled_shutdown,
            1 => true,
            other => return Err(invalid(name, "inControlledShutdown", other)),
        };
        if !record.log_dirs.is_empty() {
            new.log_dirs.clone_from(&record.log_dirs);
        }
        if record.cordoned_log_dirs.is_some() {
            new.cordoned_log_dirs.clone_from(&record.cordoned_log_dirs);
        }
        self.brokers.insert(record.broker_id, Arc::new(new));
        Ok(())
    }

    pub(super) fn set_fenced(
        &mut self,
        record: &'static str,
        id: i32,
        epoch: i64,
        fenced: bool,
    ) -> Result<(), ReplayError> {
        let old = self.checked(record, id, epoch)?;
        let new = BrokerImage { fenced, ..BrokerImage::clone(old) };
        self.brokers.insert(id, Arc::new(new));
        Ok(())
    }

    pub(super) fn register_controller(&mut self, record: &RegisterControllerRecord) {
        let image = ControllerImage { registration: record.clone() };
        self.controllers.insert(record.controller_id, Arc::new(image));
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(
            self.brokers.values().map(|broker| MetadataRecord::RegisterBroker(broker.record())),
        );
        records.extend(
            self.controllers.values().map(|controller| {
                MetadataRecord::RegisterController(controller.registration.clone())
            }),
        );
    }

    fn checked(
        &self,
        record: &'static str,
        broker_id: i32,
        epoch: i64,
    ) -> Result<&BrokerImage, ReplayError> {
        let broker =
            self.brokers.get(&broker_id).ok_or(ReplayError::UnknownBroker { record, broker_id })?;
        if broker.epoch == epoch {
            return Ok(broker);
        }
        Err(ReplayError::BrokerEpoch { record, broker_id, expected: broker.epoch, found: epoch })
    }
}

impl BrokerImage {
    /// Unfenced and not shutting down: may lead, and may join an ISR.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !self.fenced && !self.in_controlled_shutdown
    }

    /// Whether replicas in a log directory are online as far as that goes: not in one that was
    /// lost or that the broker did not register (KIP-858).
    #[must_use]
    pub fn has_online_dir(&self, directory: Uuid) -> bool {
        if directory.is_reserved_dir() {
            return directory != Uuid::LOST_DIR;
        }
        self.log_dirs.is_empty() || self.log_dirs.contains(&directory)
    }

    /// Advertised address on a listener, matched without regard to case as Kafka does.
    #[must_use]
    pub fn endpoint(&self, listener: &str) -> Option<&BrokerEndpoint> {
        self.endpoints.iter().find(|endpoint| endpoint.name.eq_ignore_ascii_case(listener))
    }

    /// The record that registers the broker in this state.
    #[must_use]
    pub fn record(&self) -> RegisterBrokerRecord {
        RegisterBrokerRecord {
            broker_id: self.id,
            is_migrating_zk_broker: self.is_migrating_zk_broker,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch,
            end_points: self.endpoints.clone(),
            features: self.features.clone(),
            rack: self.rack.clone(),
            fenced: self.fenced,
            in_controlled_shutdown: self.in_controlled_shutdown,
            log_dirs: self.log_dirs.clone(),
            cordoned_log_dirs: self.cordoned_log_dirs.clone(),
        }
    }
}

impl From<&RegisterBrokerRecord> for BrokerImage {
    fn from(record: &RegisterBrokerRecord) -> Self {
        Self {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            endpoints: record.end_points.clone(),
            features: record.features.clone(),
            rack: record.rack.clone(),
            fenced: record.fenced,
            in_controlled_shutdown: record.in_controlled_shutdown,
            is_migrating_zk_broker: record.is_migrating_zk_broker,
            log_dirs: record.log_dirs.clone(),
            cordoned_log_dirs: record.cordoned_log_dirs.clone(),
        }
    }
}

fn invalid(record: &'static str, field: &'static str, value: i8) -> ReplayError {
    ReplayError::InvalidField { record, field, value: value.to_string() }
}

//! The active controller: one request at a time.

use barnabas_metadata::image::{Delta, Image};
use barnabas_metadata::record::MetadataRecord;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::broker::Sessions;
use crate::configs::UNCLEAN;
use crate::error::Fault;
use crate::periodic::Periodic;
use crate::{ControllerConfig, Request, Response};

/// The active controller.
///
/// Its state is the metadata with everything that it wrote applied, committed or not.
#[derive(Debug)]
pub struct Controller {
    pub(crate) config: ControllerConfig,
    pub(crate) state: Image,
    pub(crate) sessions: Sessions,
    pub(crate) periodic: Periodic,
    pub(crate) random: StdRng,
    /// The offset of the next record.
    pub(crate) next_offset: i64,
}

/// What one event leads to: records to append as one batch, and the answer to give when they are
/// committed (at once if there are none and nothing before is pending).
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome<T> {
    /// In order; empty when nothing changes.
    pub records: Vec<MetadataRecord>,
    /// The answer.
    pub response: T,
}

impl<T> Outcome<T> {
    pub(crate) fn new(records: Vec<MetadataRecord>, response: T) -> Self {
        Self { records, response }
    }

    fn map<U>(self, wrap: impl FnOnce(T) -> U) -> Outcome<U> {
        Outcome { records: self.records, response: wrap(self.response) }
    }
}

impl Controller {
    /// A controller that takes over at `now_ms`, when everything before its epoch is committed
    /// and in `state`. Every unfenced broker gets a full session from now, except `ended`: a
    /// broker whose earlier process certainly ended, because this process holds its directories.
    #[must_use]
    pub fn new(
        config: ControllerConfig,
        state: Image,
        next_offset: i64,
        now_ms: u64,
        ended: Option<i32>,
    ) -> Self {
        let mut sessions = Sessions::default();
        for broker in state.cluster.brokers() {
            if !broker.fenced && Some(broker.id) != ended {
                sessions.touch(broker.id, broker.epoch, now_ms);
            }
        }
        let random = StdRng::seed_from_u64(config.seed);
        let periodic = Periodic::new(&config, now_ms);
        Self { config, state, sessions, periodic, random, next_offset }
    }

    /// The records that a new active controller writes first: those of the bootstrap checkpoint
    /// when the log holds none yet, or else what an earlier controller did not get to.
    ///
    /// # Errors
    /// [`Fault`] when the bootstrap records do not fit together.
    pub fn activate(&mut self) -> Result<Vec<MetadataRecord>, Fault> {
        let mut records = self.activation_records();
        if records.is_empty() {
            records = self.repair();
        }
        self.apply(&records)?;
        Ok(records)
    }

    /// Handles one request. The records in the outcome are part of the state already.
    ///
    /// # Errors
    /// [`Fault`] when this controller must resign.
    pub fn handle(&mut self, now_ms: u64, request: &Request) -> Result<Outcome<Response>, Fault> {
        let outcome = self.decide(now_ms, request)?;
        self.apply(&outcome.records)?;
        self.periodic.wrote(now_ms, !outcome.records.is_empty());
        if outcome.records.iter().any(allows_unclean) {
            self.periodic.elect_unclean_soon(now_ms);
        }
        Ok(outcome)
    }

    fn decide(&mut self, now_ms: u64, request: &Request) -> Result<Outcome<Response>, Fault> {
        Ok(match request {
            Request::AllocateProducerIds(request) => {
                self.allocate_producer_ids(request).map(Response::AllocateProducerIds)
            }
            Request::AlterConfigs(request) => {
                self.alter_configs(request).map(Response::AlterConfigs)
            }
            Request::AlterPartition(request) => {
                self.alter_partition(request).map(Response::AlterPartition)
            }
            Request::AlterPartitionReassignments(request) => self
                .alter_partition_reassignments(request)
                .map(Response::AlterPartitionReassignments),
            Request::AssignReplicasToDirs(request) => {
                self.assign_replicas_to_dirs(request).map(Response::AssignReplicasToDirs)
            }
            Request::BrokerHeartbeat(request) => {
                self.broker_heartbeat(now_ms, request)?.map(Response::BrokerHeartbeat)
            }
            Request::BrokerRegistration(request) => {
                self.register_broker(now_ms, request)?.map(Response::BrokerRegistration)
            }
            Request::BrokerUnreachable { broker_id, broker_epoch } => self
                .broker_unreachable(now_ms, *broker_id, *broker_epoch)
                .map(Response::BrokerUnreachable),
            Request::ControllerRegistration(request) => {
                self.register_controller(request).map(Response::ControllerRegistration)
            }
            Request::CreatePartitions(request) => {
                self.create_partitions(request).map(Response::CreatePartitions)
            }
            Request::CreateTopics(request) => {
                self.create_topics(request).map(Response::CreateTopics)
            }
            Request::DeleteTopics(request) => {
                self.delete_topics(request).map(Response::DeleteTopics)
            }
            Request::ElectLeaders(request) => {
                self.elect_leaders(request).map(Response::ElectLeaders)
            }
            Request::IncrementalAlterConfigs(request) => {
                self.incremental_alter_configs(request).map(Response::IncrementalAlterConfigs)
            }
            Request::ListPartitionReassignments(request) => {
                self.list_partition_reassignments(request).map(Response::ListPartitionReassignments)
            }
            Request::UnregisterBroker(request) => {
                self.unregister_broker(request).map(Response::UnregisterBroker)
            }
            Request::UpdateFeatures(request) => {
                self.update_features(request).map(Response::UpdateFeatures)
            }
        })
    }

    /// Tells where the next record goes, which others than the controller may have moved: voters
    /// are records of the same log.
    pub fn set_next_offset(&mut self, offset: i64) {
        self.next_offset = offset;
    }

    /// The metadata with everything written so far.
    #[must_use]
    pub fn state(&self) -> &Image {
        &self.state
    }

    pub(crate) fn apply(&mut self, records: &[MetadataRecord]) -> Result<(), Fault> {
        if records.is_empty() {
            return Ok(());
        }
        let mut delta = Delta::new(&self.state);
        for record in records {
            delta.replay(record)?;
        }
        self.next_offset += records.len() as i64;
        let provenance = self.state.provenance;
        self.state = delta.finish(provenance).0;
        Ok(())
    }

    /// The state as it would be with records that are not written yet.
    pub(crate) fn preview(&self, records: &[MetadataRecord]) -> Result<Image, Fault> {
        let mut delta = Delta::new(&self.state);
        for record in records {
            delta.replay(record)?;
        }
        Ok(delta.finish(self.state.provenance).0)
    }
}

fn allows_unclean(record: &MetadataRecord) -> bool {
    matches!(record, MetadataRecord::Config(config) if config.name == UNCLEAN)
}

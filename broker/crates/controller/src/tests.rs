//! A small cluster for the tests of all modules.

mod chaos;

use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::image::{BrokerImage, PartitionImage};
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::api::alter_partition::{
    AlterPartitionRequest, BrokerState, RequestPartitionData, RequestTopicData,
};
use barnabas_wire::api::broker_heartbeat::{BrokerHeartbeatRequest, BrokerHeartbeatResponse};
use barnabas_wire::api::broker_registration::{
    BrokerRegistrationRequest, BrokerRegistrationResponse, Feature, Listener,
};
use barnabas_wire::api::create_topics::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicResult, CreateTopicsRequest,
};
use barnabas_wire::api::elect_leaders::ElectLeadersRequest;
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};
use barnabas_wire::{ErrorCode, Uuid};

use crate::{Controller, ControllerConfig, Request, Response, bootstrap_records};

pub(crate) struct Cluster {
    pub(crate) controller: Controller,
    pub(crate) now: u64,
    pub(crate) records: Vec<MetadataRecord>,
}

impl Cluster {
    /// A cluster with unfenced brokers 0 to n-1, each in a rack of its own.
    pub(crate) fn new(brokers: i32) -> Self {
        let config = ControllerConfig {
            cluster_id: "cluster".to_owned(),
            bootstrap: bootstrap_records(MetadataVersion::LATEST_PRODUCTION),
            kraft_version: 1,
            ..ControllerConfig::default()
        };
        let mut controller = Controller::new(config, Default::default(), 1, 0, None);
        controller.activate().unwrap();
        let mut cluster = Self { controller, now: 0, records: Vec::new() };
        for id in 0..brokers {
            let epoch = cluster.register(id, 1).broker_epoch;
            let response = cluster.heartbeat(heartbeat(id, epoch));
            assert!(!response.is_fenced);
        }
        cluster
    }

    pub(crate) fn ask(&mut self, request: &Request) -> Response {
        let outcome = self.controller.handle(self.now, request).unwrap();
        self.records = outcome.records;
        outcome.response
    }

    pub(crate) fn register(&mut self, id: i32, incarnation: u8) -> BrokerRegistrationResponse {
        self.register_with(registration(id, incarnation))
    }

    pub(crate) fn register_with(
        &mut self,
        request: BrokerRegistrationRequest,
    ) -> BrokerRegistrationResponse {
        match self.ask(&Request::BrokerRegistration(request)) {
            Response::BrokerRegistration(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn heartbeat(&mut self, request: BrokerHeartbeatRequest) -> BrokerHeartbeatResponse {
        match self.ask(&Request::BrokerHeartbeat(request)) {
            Response::BrokerHeartbeat(response) => response,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn create(&mut self, topic: CreatableTopic) -> CreatableTopicResult {
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: 0, validate_only: false };
        match self.ask(&Request::CreateTopics(request)) {
            Response::CreateTopics(response) => response.topics[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    /// A topic of one partition with these replicas.
    pub(crate) fn create_on(&mut self, name: &str, replicas: &[i32]) -> Uuid {
        let result = self.create(CreatableTopic {
            assignments: vec![CreatableReplicaAssignment {
                partition_index: 0,
                broker_ids: replicas.to_vec(),
            }],
            ..topic(name, -1, -1)
        });
        assert_eq!(result.error_message, None);
        result.topic_id
    }

    /// Sets or deletes a config.
    pub(crate) fn configure(
        &mut self,
        resource_type: i8,
        of: &str,
        name: &str,
        value: Option<&str>,
    ) {
        let config = AlterableConfig {
            name: name.to_owned(),
            config_operation: i8::from(value.is_none()),
            value: value.map(str::to_owned),
        };
        let resource = AlterConfigsResource {
            resource_type,
            resource_name: of.to_owned(),
            configs: vec![config],
        };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource], validate_only: false };
        match self.ask(&Request::IncrementalAlterConfigs(request)) {
            Response::IncrementalAlterConfigs(response) => {
                assert_eq!(response.responses[0].error_message, None);
            }
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn broker(&self, id: i32) -> &BrokerImage {
        self.controller.state().cluster.broker(id).unwrap()
    }

    pub(crate) fn partition(&self, topic: &str) -> &PartitionImage {
        self.controller.state().topics.by_name(topic).unwrap().partition(0).unwrap()
    }

    /// The leader of the only partition of a topic asks for this ISR.
    pub(crate) fn alter_isr(&mut self, topic: &str, isr: &[i32]) -> ErrorCode {
        let partition = self.partition(topic);
        let broker_id = partition.leader;
        let data = RequestPartitionData {
            leader_epoch: partition.leader_epoch,
            partition_epoch: partition.partition_epoch,
            new_isr_with_epochs: isr
                .iter()
                .map(|id| BrokerState { broker_id: *id, broker_epoch: -1 })
                .collect(),
            ..RequestPartitionData::default()
        };
        let topic_id = self.controller.state().topics.by_name(topic).unwrap().id;
        let request = AlterPartitionRequest {
            broker_id,
            broker_epoch: self.broker(broker_id).epoch,
            topics: vec![RequestTopicData { topic_id, partitions: vec![data] }],
        };
        match self.ask(&Request::AlterPartition(request)) {
            Response::AlterPartition(response) => response.topics[0].partitions[0].error_code,
            other => panic!("{other:?}"),
        }
    }

    /// Elects preferred leaders; who leads topic "t" then.
    pub(crate) fn elect_preferred(&mut self) -> i32 {
        let request = ElectLeadersRequest { topic_partitions: None, ..Default::default() };
        self.ask(&Request::ElectLeaders(request));
        self.partition("t").leader
    }

    /// Lets a broker's session expire while the others go on.
    pub(crate) fn lose(&mut self, id: i32) {
        for _ in 0..10 {
            self.now += 2_000;
            let others: Vec<_> = self
                .controller
                .state()
                .cluster
                .brokers()
                .filter(|broker| broker.id != id && !broker.fenced)
                .map(|broker| heartbeat(broker.id, broker.epoch))
                .collect();
            for request in others {
                self.heartbeat(request);
            }
            self.controller.tick(self.now).unwrap();
        }
        assert!(self.broker(id).fenced);
    }

    /// The process comes back, cleanly stopped or not.
    pub(crate) fn come_back(&mut self, id: i32, clean: bool) {
        let incarnation = self.broker(id).incarnation_id.0[0] + 1;
        let previous_broker_epoch = if clean { self.broker(id).epoch } else { -1 };
        let request =
            BrokerRegistrationRequest { previous_broker_epoch, ..registration(id, incarnation) };
        let epoch = self.register_with(request).broker_epoch;
        self.heartbeat(heartbeat(id, epoch));
        assert!(!self.broker(id).fenced);
    }
}

pub(crate) fn topic(name: &str, partitions: i32, replication_factor: i16) -> CreatableTopic {
    CreatableTopic {
        name: name.to_owned(),
        num_partitions: partitions,
        replication_factor,
        assignments: Vec::new(),
        configs: Vec::new(),
    }
}

pub(crate) fn heartbeat(id: i32, epoch: i64) -> BrokerHeartbeatRequest {
    BrokerHeartbeatRequest {
        broker_id: id,
        broker_epoch: epoch,
        current_metadata_offset: 1_000_000,
        ..BrokerHeartbeatRequest::default()
    }
}

pub(crate) fn registration(id: i32, incarnation: u8) -> BrokerRegistrationRequest {
    let feature = |name: &str, max_supported_version| Feature {
        name: name.to_owned(),
        min_supported_version: if name == "metadata.version" { 7 } else { 0 },
        max_supported_version,
    };
    BrokerRegistrationRequest {
        broker_id: id,
        cluster_id: "cluster".to_owned(),
        incarnation_id: Uuid([incarnation; 16]),
        listeners: vec![Listener {
            name: "PLAINTEXT".to_owned(),
            host: "localhost".to_owned(),
            port: 9092,
            security_protocol: 0,
        }],
        features: vec![
            feature("metadata.version", 30),
            feature("kraft.version", 1),
            feature("eligible.leader.replicas.version", 1),
            feature("group.version", 1),
            feature("share.version", 1),
            feature("streams.version", 1),
            feature("transaction.version", 2),
        ],
        rack: Some(format!("rack-{id}")),
        is_migrating_zk_broker: false,
        log_dirs: vec![Uuid([100 + id as u8; 16])],
        previous_broker_epoch: -1,
    }
}

#[test]
fn a_new_cluster_writes_its_bootstrap_records_once_as_a_transaction() {
    let config = ControllerConfig {
        bootstrap: bootstrap_records(MetadataVersion::LATEST_PRODUCTION),
        ..ControllerConfig::default()
    };
    let mut controller = Controller::new(config, Default::default(), 1, 0, None);
    let records = controller.activate().unwrap();
    assert!(matches!(records.first(), Some(MetadataRecord::BeginTransaction(_))));
    assert!(matches!(records.last(), Some(MetadataRecord::EndTransaction(_))));
    assert!(matches!(&records[1], MetadataRecord::FeatureLevel(feature)
        if feature.name == "metadata.version" && feature.feature_level == 30));
    assert!(records.iter().any(|record| matches!(record, MetadataRecord::Config(config)
        if config.name == "min.insync.replicas" && config.resource_name.is_empty())));
    assert_eq!(controller.activate().unwrap(), []);
}

#[test]
fn an_idle_controller_writes_nothing_but_a_no_op_per_interval() {
    let mut cluster = Cluster::new(1);
    assert_eq!(cluster.controller.deadline(), Some(500));
    assert_eq!(cluster.controller.tick(499).unwrap(), Vec::<Vec<MetadataRecord>>::new());
    let batches = cluster.controller.tick(500).unwrap();
    assert!(matches!(batches[0][..], [MetadataRecord::NoOp(_)]));
    assert_eq!(cluster.controller.deadline(), Some(1_000));
}

#[test]
fn producer_ids_come_in_blocks_to_registered_brokers() {
    use barnabas_wire::api::allocate_producer_ids::AllocateProducerIdsRequest;
    let mut cluster = Cluster::new(1);
    let broker_epoch = cluster.broker(0).epoch;
    let mut allocate = |broker_epoch| {
        let request = AllocateProducerIdsRequest { broker_id: 0, broker_epoch };
        match cluster.ask(&Request::AllocateProducerIds(request)) {
            Response::AllocateProducerIds(response) => response,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(allocate(broker_epoch).producer_id_start, 0);
    let second = allocate(broker_epoch);
    assert_eq!((second.producer_id_start, second.producer_id_len), (1_000, 1_000));
    assert_eq!(allocate(broker_epoch + 1).error_code, ErrorCode::STALE_BROKER_EPOCH);
}

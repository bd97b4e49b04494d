use barnabas_metadata::image::ConfigResource;
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::alter_configs as legacy;
use barnabas_wire::api::incremental_alter_configs::{
    AlterConfigsResource, AlterableConfig, IncrementalAlterConfigsRequest,
};

use crate::tests::{Cluster, topic};
use crate::{Request, Response};

const TOPIC: i8 = 2;
const BROKER: i8 = 4;

fn alter(
    cluster: &mut Cluster,
    (resource_type, resource_name): (i8, &str),
    (name, config_operation, value): (&str, i8, Option<&str>),
) -> (ErrorCode, String) {
    let configs = vec![AlterableConfig {
        name: name.to_owned(),
        config_operation,
        value: value.map(str::to_owned),
    }];
    let resource_name = resource_name.to_owned();
    let resources = vec![AlterConfigsResource { resource_type, resource_name, configs }];
    let request = IncrementalAlterConfigsRequest { resources, validate_only: false };
    match cluster.ask(&Request::IncrementalAlterConfigs(request)) {
        Response::IncrementalAlterConfigs(response) => {
            let result = response.responses[0].clone();
            (result.error_code, result.error_message.unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn with_topic() -> Cluster {
    let mut cluster = Cluster::new(1);
    cluster.create(topic("t", 1, 1));
    cluster
}

fn value(cluster: &Cluster, name: &str) -> Option<String> {
    let configs = &cluster.controller.state().configs;
    configs.value(&ConfigResource::topic("t"), name).map(str::to_owned)
}

#[test]
fn configs_are_set_extended_and_deleted() {
    let mut cluster = with_topic();
    let t = (TOPIC, "t");
    assert_eq!(alter(&mut cluster, t, ("retention.ms", 0, Some("5"))).0, ErrorCode::NONE);
    assert_eq!(value(&cluster, "retention.ms").as_deref(), Some("5"));
    alter(&mut cluster, t, ("retention.ms", 0, Some("5")));
    assert_eq!(cluster.records, [], "nothing changes");
    alter(&mut cluster, t, ("cleanup.policy", 3, Some("delete")));
    assert_eq!(value(&cluster, "cleanup.policy").as_deref(), Some(""), "the default is a list too");
    alter(&mut cluster, t, ("cleanup.policy", 2, Some("delete")));
    assert_eq!(value(&cluster, "cleanup.policy").as_deref(), Some("delete"));
    alter(&mut cluster, t, ("cleanup.policy", 1, None));
    assert_eq!(value(&cluster, "cleanup.policy"), None);
}

#[test]
fn refusals_say_what_to_do() {
    let mut cluster = with_topic();
    let t = (TOPIC, "t");
    let (code, message) = alter(&mut cluster, t, ("retention.mz", 0, Some("5")));
    assert_eq!(code, ErrorCode::INVALID_CONFIG);
    assert!(message.contains("retention.ms"), "{message}");
    let cases = [
        (t, ("retention.ms", 2, Some("5")), ErrorCode::INVALID_CONFIG),
        (t, ("retention.ms", 9, Some("5")), ErrorCode::INVALID_REQUEST),
        ((TOPIC, "u"), ("retention.ms", 0, Some("5")), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
        ((BROKER, "7"), ("log.retention.ms", 0, Some("5")), ErrorCode::BROKER_ID_NOT_REGISTERED),
        ((BROKER, "x"), ("log.retention.ms", 0, Some("5")), ErrorCode::INVALID_REQUEST),
        ((BROKER, ""), ("node.id", 0, Some("5")), ErrorCode::INVALID_CONFIG),
        ((3, ""), ("node.id", 0, Some("5")), ErrorCode::INVALID_REQUEST),
        ((BROKER, "0"), ("min.insync.replicas", 0, Some("2")), ErrorCode::INVALID_CONFIG),
        ((BROKER, ""), ("min.insync.replicas", 1, None), ErrorCode::INVALID_CONFIG),
        ((BROKER, ""), ("min.insync.replicas", 0, Some("2")), ErrorCode::NONE),
    ];
    for (resource, change, code) in cases {
        assert_eq!(alter(&mut cluster, resource, change).0, code, "{resource:?} {change:?}");
    }
}

#[test]
fn another_minimum_clears_the_eligible_leaders() {
    let mut cluster = with_topic();
    alter(&mut cluster, (TOPIC, "t"), ("min.insync.replicas", 0, Some("2")));
    assert!(
        matches!(&cluster.records[..], [MetadataRecord::Config(_), MetadataRecord::ClearElr(r)]
        if r.topic_name == "t")
    );
}

#[test]
fn the_legacy_call_replaces_everything() {
    let mut cluster = with_topic();
    alter(&mut cluster, (TOPIC, "t"), ("retention.ms", 0, Some("5")));
    let resources = vec![legacy::AlterConfigsResource {
        resource_type: TOPIC,
        resource_name: "t".to_owned(),
        configs: vec![legacy::AlterableConfig {
            name: "segment.ms".to_owned(),
            value: Some("1000000".to_owned()),
        }],
    }];
    let request = legacy::AlterConfigsRequest { resources, validate_only: false };
    cluster.ask(&Request::AlterConfigs(request));
    assert_eq!(value(&cluster, "retention.ms"), None);
    assert_eq!(value(&cluster, "segment.ms").as_deref(), Some("1000000"));
}

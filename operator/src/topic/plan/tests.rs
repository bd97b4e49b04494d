use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_crds::KafkaTopic;
use barnabas_wire::{ErrorCode, Uuid};
use serde_json::{Value, json};

use super::super::observe::Observed;
use super::super::validate::{Topic, losers, validate};
use super::{Requests, Step, gather, plan, refused};
use crate::kafka::{Refusal, TopicState};

pub fn resource(spec: &Value) -> Arc<KafkaTopic> {
    Arc::new(
        serde_json::from_value(json!({
            "apiVersion": "kafka.barnabas.dev/v1alpha1",
            "kind": "KafkaTopic",
            "metadata": {"name": "orders", "namespace": "kafka", "uid": "1", "generation": 1},
            "spec": spec.clone(),
        }))
        .unwrap(),
    )
}

fn topic(spec: &Value) -> Topic {
    validate(&resource(spec))
}

pub fn observed(partitions: i32, configs: &[(&str, &str)]) -> Observed {
    let state =
        TopicState { id: Uuid([7; 16]), partitions, replicas: 1, offline: 0, internal: false };
    let configs =
        configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Observed {
        topics: BTreeMap::from([("orders".to_owned(), Ok(state))]),
        configs: BTreeMap::from([("orders".to_owned(), Ok(configs))]),
    }
}

fn spec() -> Value {
    json!({"clusterRef": {"name": "events"}, "partitions": 3, "config": {"retention.ms": 1000}})
}

#[test]
fn a_topic_that_is_not_there_is_created() {
    let Step::Create(new) = plan(&topic(&spec()), &Observed::default()) else { panic!() };
    assert_eq!((new.name.as_str(), new.partitions, new.replicas), ("orders", 3, -1));
    assert_eq!(new.configs["retention.ms"], "1000");
}

#[test]
fn a_topic_as_the_spec_says_is_left_alone() {
    assert_eq!(plan(&topic(&spec()), &observed(3, &[("retention.ms", "1000")])), Step::Nothing);
}

#[test]
fn drift_of_configs_is_set_back_and_partitions_grow() {
    let found = observed(2, &[("retention.ms", "5"), ("segment.ms", "9")]);
    let expected = Step::Change {
        partitions: Some(3),
        configs: BTreeMap::from([
            ("retention.ms".to_owned(), Some("1000".to_owned())),
            ("segment.ms".to_owned(), None),
        ]),
    };
    assert_eq!(plan(&topic(&spec()), &found), expected);
}

#[test]
fn partitions_that_are_not_in_the_spec_are_not_managed() {
    let any = topic(&json!({"clusterRef": {"name": "events"}}));
    assert_eq!(plan(&any, &observed(17, &[])), Step::Nothing);
}

#[test]
fn what_kafka_cannot_do_stalls_with_the_way_out() {
    let Step::Stall { reason, message } = plan(&topic(&spec()), &observed(4, &[])) else {
        panic!()
    };
    assert_eq!(reason, "PartitionsCannotDecrease");
    assert!(message.contains("set partitions: 4"), "{message}");
}

#[test]
fn a_refusal_names_kafkas_error() {
    let refusal = Refusal {
        code: ErrorCode::INVALID_CONFIG,
        message: "retention.ms is too small".to_owned(),
    };
    let Step::Stall { reason, message } = refused(&refusal) else { panic!() };
    assert_eq!(reason, "InvalidConfig");
    assert!(message.contains("retention.ms is too small"), "{message}");
}

#[test]
fn only_deletion_policy_delete_deletes() {
    let deleted = |policy: &str| {
        let mut spec = spec();
        spec["deletionPolicy"] = json!(policy);
        let mut raw = (*resource(&spec)).clone();
        raw.metadata.deletion_timestamp =
            Some(serde_json::from_value(json!("2026-11-21T12:00:00Z")).unwrap());
        validate(&Arc::new(raw))
    };
    let found = observed(3, &[]);
    assert_eq!(plan(&deleted("Retain"), &found), Step::Release);
    assert_eq!(plan(&deleted("Delete"), &found), Step::Delete(Uuid([7; 16])));
    assert_eq!(plan(&deleted("Delete"), &Observed::default()), Step::Release);
}

#[test]
fn the_finalizer_is_there_exactly_while_deletion_has_work() {
    let wanted = |policy: &str, finalizers: Value| {
        let mut spec = spec();
        spec["deletionPolicy"] = json!(policy);
        let mut raw = (*resource(&spec)).clone();
        raw.metadata.finalizers = serde_json::from_value(finalizers).unwrap();
        validate(&Arc::new(raw)).finalizer_change()
    };
    assert_eq!(wanted("Retain", json!([])), None);
    assert_eq!(wanted("Delete", json!([])), Some(true));
    assert_eq!(wanted("Delete", json!(["kafka.barnabas.dev/topic"])), None);
    assert_eq!(wanted("Retain", json!(["kafka.barnabas.dev/topic"])), Some(false));
}

#[test]
fn the_oldest_of_two_resources_has_the_topic() {
    let made = |name: &str, uid: &str, at: &str| {
        let spec = json!({"clusterRef": {"name": "events"}, "topicName": "t"});
        let mut raw = (*resource(&spec)).clone();
        raw.metadata.name = Some(name.to_owned());
        raw.metadata.uid = Some(uid.to_owned());
        raw.metadata.creation_timestamp = Some(serde_json::from_value(json!(at)).unwrap());
        Arc::new(raw)
    };
    let all = [made("b", "2", "2026-11-21T12:00:00Z"), made("a", "1", "2026-11-21T13:00:00Z")];
    assert_eq!(losers(&all), BTreeMap::from([("1".to_owned(), "b".to_owned())]));
}

#[test]
fn many_steps_make_one_request_of_each_kind() {
    let steps = BTreeMap::from([
        ("a".to_owned(), Step::Delete(Uuid([1; 16]))),
        ("b".to_owned(), Step::Change { partitions: Some(2), configs: BTreeMap::new() }),
        ("c".to_owned(), Step::Change { partitions: Some(5), configs: BTreeMap::new() }),
        ("d".to_owned(), Step::Nothing),
    ]);
    let expected = Requests {
        delete: vec![("a".to_owned(), Uuid([1; 16]))],
        partitions: BTreeMap::from([("b".to_owned(), 2), ("c".to_owned(), 5)]),
        ..Requests::default()
    };
    assert_eq!(gather(&steps), expected);
}

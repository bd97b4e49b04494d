use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use super::super::observe::Observed;
use super::super::plan::Step;
use super::super::plan::tests::{observed, resource};
use super::super::validate::validate;
use super::status;

#[test]
fn a_topic_in_sync_is_ready_with_what_kafka_has() {
    let topic = validate(&resource(&json!({"clusterRef": {"name": "events"}})));
    let status = status(&topic, &observed(3, &[]), &Step::Nothing, Timestamp::UNIX_EPOCH);
    assert_eq!((status.partitions, status.replicas), (Some(3), Some(1)));
    assert_eq!(status.topic_name.as_deref(), Some("orders"));
    assert!(status.topic_id.is_some());
    assert_eq!(status.observed_generation, Some(1));
    let types: Vec<&str> = status.conditions.iter().map(|c| c.type_.as_str()).collect();
    assert_eq!(types, ["Ready"]);
    assert_eq!(status.conditions[0].status, "True");
}

#[test]
fn offline_partitions_keep_a_topic_from_being_ready() {
    let topic = validate(&resource(&json!({"clusterRef": {"name": "events"}})));
    let mut observed = observed(3, &[]);
    if let Some(Ok(state)) = observed.topics.get_mut("orders") {
        state.partitions[0].leader = None;
        state.partitions[2].leader = None;
    }
    let status = status(&topic, &observed, &Step::Nothing, Timestamp::UNIX_EPOCH);
    assert_eq!(status.conditions[0].status, "False");
    assert_eq!(status.conditions[0].message, "2 of 3 partitions have no leader");
}

#[test]
fn replicas_out_of_sync_are_counted_and_keep_nobody_from_using_the_topic() {
    let topic = validate(&resource(&json!({"clusterRef": {"name": "events"}, "replicas": 2})));
    let mut observed = observed(3, &[]);
    if let Some(Ok(state)) = observed.topics.get_mut("orders") {
        state.partitions[1].replicas = vec![1, 2];
    }
    let status_of =
        |observed: &Observed| status(&topic, observed, &Step::Nothing, Timestamp::UNIX_EPOCH);
    let status = status_of(&observed);
    assert_eq!(status.under_replicated, Some(1));
    assert_eq!(status.conditions[0].status, "True");
    assert_eq!(status.conditions[0].message, "1 of 3 partitions have replicas out of sync");
    // The same, because one is on its way there.
    observed.moves = BTreeMap::from([("orders".to_owned(), [(1, vec![1, 2])].into())]);
    let status = status_of(&observed);
    assert_eq!(status.conditions[0].status, "True");
    assert_eq!(status.conditions[1].reason, "MovingReplicas");
}

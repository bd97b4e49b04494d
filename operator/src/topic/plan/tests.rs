use std::collections::BTreeMap;
use std::sync::Arc;

use barnabas_crds::KafkaTopic;
use barnabas_wire::{ErrorCode, Uuid};
use serde_json::{Value, json};

use super::super::observe::Observed;
use super::super::validate::{Topic, losers, validate};
use super::{Requests, Step, THROTTLED, gather, only_throttles, plan, refused};
use crate::kafka::{Assignment, ConfigChange, Partition, Refusal, TopicState};

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

/// Three brokers in three racks, and a topic with one replica of each partition.
pub fn observed(partitions: i32, configs: &[(&str, &str)]) -> Observed {
    let partition = |index: i32| Partition {
        topic: "orders".to_owned(),
        index,
        leader: Some(index % 3),
        replicas: vec![index % 3],
        isr: vec![index % 3],
    };
    let partitions = (0..partitions).map(partition).collect();
    let state = TopicState { id: Uuid([7; 16]), partitions, internal: false };
    let configs =
        configs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Observed {
        topics: BTreeMap::from([("orders".to_owned(), Ok(state))]),
        configs: BTreeMap::from([("orders".to_owned(), Ok(configs))]),
        brokers: (0..3).map(|id| (id, Some(format!("zone-{id}")))).collect(),
        brokers_wanted: 3,
        ..Observed::default()
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
        placed: Vec::new(),
        configs: BTreeMap::from([
            ("retention.ms".to_owned(), Some("1000".to_owned())),
            ("segment.ms".to_owned(), None),
        ]),
        replicas: Assignment::new(),
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
    let Step::Stall { reason, message } = refused(&refusal, &observed(1, &[])) else { panic!() };
    assert_eq!(reason, "InvalidConfig");
    assert!(message.contains("retention.ms is too small"), "{message}");
}

#[test]
fn a_refusal_that_passes_by_itself_is_waited_for() {
    let refused_with =
        |code, observed: &Observed| refused(&Refusal { code, message: String::new() }, observed);
    let mut observed = observed(1, &[]);
    for code in [
        ErrorCode::NOT_CONTROLLER,
        ErrorCode::REQUEST_TIMED_OUT,
        // What was planned for has changed meanwhile: a broker went, or somebody was faster.
        ErrorCode::INVALID_REPLICA_ASSIGNMENT,
        ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ErrorCode::UNKNOWN_TOPIC_ID,
    ] {
        assert!(matches!(refused_with(code, &observed), Step::Wait { .. }), "{code}");
    }
    // The default of three replicas is too many only until the third broker is there.
    let few = ErrorCode::INVALID_REPLICATION_FACTOR;
    assert!(matches!(refused_with(few, &observed), Step::Stall { .. }));
    observed.brokers.pop_last();
    assert!(matches!(refused_with(few, &observed), Step::Wait { .. }));
}

fn with_replicas(replicas: i32) -> Topic {
    topic(&json!({"clusterRef": {"name": "events"}, "replicas": replicas}))
}

#[test]
fn replicas_are_added_and_taken_away_where_they_differ() {
    let Step::Change { replicas, .. } = plan(&with_replicas(3), &observed(2, &[])) else {
        panic!()
    };
    assert_eq!(replicas, Assignment::from([(0, vec![0, 2, 1]), (1, vec![1, 2, 0])]));
    let mut larger = observed(2, &[]);
    if let Some(Ok(state)) = larger.topics.get_mut("orders") {
        state.partitions[0].replicas = vec![0, 1];
        state.partitions[0].isr = vec![0, 1];
    }
    let Step::Change { replicas, .. } = plan(&with_replicas(1), &larger) else { panic!() };
    assert_eq!(replicas, Assignment::from([(0, vec![0])]));
    assert_eq!(plan(&topic(&spec()), &observed(3, &[("retention.ms", "1000")])), Step::Nothing);
}

#[test]
fn replicas_that_are_being_moved_count_as_they_will_be() {
    let mut moving = observed(1, &[]);
    if let Some(Ok(state)) = moving.topics.get_mut("orders") {
        // From broker 0 to broker 1, by somebody's hand.
        state.partitions[0].replicas = vec![1, 0];
    }
    moving.moves = BTreeMap::from([("orders".to_owned(), Assignment::from([(0, vec![1])]))]);
    assert_eq!(plan(&with_replicas(1), &moving), Step::Nothing);
}

#[test]
fn more_replicas_than_brokers_wait_for_those_that_start_or_stall() {
    let mut absent = observed(1, &[]);
    absent.topics.clear();
    absent.brokers.pop_last();
    assert!(matches!(plan(&with_replicas(3), &absent), Step::Wait { .. }));
    let Step::Stall { reason, message } = plan(&with_replicas(4), &absent) else { panic!() };
    assert_eq!(reason, "NotEnoughBrokers");
    assert!(message.contains("lower replicas, or add brokers"), "{message}");
    assert!(matches!(plan(&with_replicas(4), &observed(1, &[])), Step::Stall { .. }));
}

#[test]
fn min_isr_is_raised_only_after_the_replicas_are_there() {
    let wanted = topic(&json!({
        "clusterRef": {"name": "events"}, "replicas": 3, "config": {"min.insync.replicas": 2},
    }));
    let mut found = observed(1, &[]);
    let Step::Change { configs, replicas, .. } = plan(&wanted, &found) else { panic!() };
    assert!(configs.is_empty() && !replicas.is_empty());
    let set = |found: &mut Observed, isr: &[i32]| {
        if let Some(Ok(state)) = found.topics.get_mut("orders") {
            state.partitions[0].replicas = vec![0, 1, 2];
            state.partitions[0].isr = isr.to_vec();
        }
    };
    set(&mut found, &[0]);
    assert!(matches!(plan(&wanted, &found), Step::Wait { reason: "MovingReplicas", .. }));
    set(&mut found, &[0, 1]);
    let Step::Change { configs, .. } = plan(&wanted, &found) else { panic!() };
    assert_eq!(configs["min.insync.replicas"].as_deref(), Some("2"));
}

/// Three partitions with two replicas on brokers of the pool `large`, 10 to 12, in racks a, b, b.
fn placed(change: impl FnOnce(&mut Value)) -> Topic {
    let mut spec = json!({
        "clusterRef": {"name": "events"}, "partitions": 3, "replicas": 2,
        "placement": {"pools": ["large"]},
    });
    change(&mut spec);
    topic(&spec)
}

fn two_pools(partitions: i32, configs: &[(&str, &str)]) -> Observed {
    let mut observed = observed(partitions, configs);
    let rack = |id: i32| Some(if id == 10 { "a" } else { "b" }.to_owned());
    observed.brokers.extend((10..13).map(|id| (id, rack(id))));
    observed.brokers_wanted = 6;
    observed.layout.pools = BTreeMap::from([
        ("small".to_owned(), (0..3).collect()),
        ("large".to_owned(), (10..13).collect()),
    ]);
    observed
}

#[test]
fn a_topic_with_a_place_is_created_there_and_grows_there() {
    let mut absent = two_pools(0, &[]);
    absent.topics.clear();
    let Step::Create(new) = plan(&placed(|_| {}), &absent) else { panic!() };
    assert_eq!(new.assignment, [[10, 11], [12, 10], [11, 10]]);
    let mut larger = two_pools(1, &[]);
    if let Some(Ok(state)) = larger.topics.get_mut("orders") {
        state.partitions[0].replicas = vec![10, 11];
        state.partitions[0].isr = vec![10, 11];
    }
    let Step::Change { partitions, placed, replicas, .. } = plan(&placed(|_| {}), &larger) else {
        panic!()
    };
    assert_eq!((partitions, placed.len(), replicas.len()), (Some(3), 2, 0));
    assert!(placed.iter().flatten().all(|id| *id >= 10), "{placed:?}");
    // Without a place, the controllers decide.
    let Step::Create(new) = plan(&with_replicas(3), &absent) else { panic!() };
    assert_eq!(new.assignment, Vec::<Vec<i32>>::new());
}

#[test]
fn replicas_move_to_their_place_throttled_and_the_throttle_ends_with_them() {
    let mut found = two_pools(3, &[]);
    found.layout.throttled = true;
    let Step::Change { configs, replicas, .. } = plan(&placed(|_| {}), &found) else { panic!() };
    assert_eq!(
        replicas,
        Assignment::from([(0, vec![10, 11]), (1, vec![12, 10]), (2, vec![11, 10])])
    );
    let all = Some("*".to_owned());
    assert_eq!(
        configs,
        THROTTLED.iter().map(|name| ((*name).to_owned(), all.clone())).collect::<ConfigChange>()
    );
    // On their way, and there.
    found = two_pools(3, &THROTTLED.map(|name| (name, "*")));
    found.layout.throttled = true;
    found.moves = BTreeMap::from([("orders".to_owned(), replicas.clone())]);
    assert_eq!(plan(&placed(|_| {}), &found), Step::Nothing);
    found.moves.clear();
    if let Some(Ok(state)) = found.topics.get_mut("orders") {
        for partition in &mut state.partitions {
            partition.replicas = replicas[&partition.index].clone();
            partition.isr = partition.replicas.clone();
        }
    }
    let end = plan(&placed(|_| {}), &found);
    assert!(only_throttles(&end), "{end:?}");
    let Step::Change { configs, .. } = end else { panic!() };
    assert_eq!(
        configs,
        THROTTLED.iter().map(|name| ((*name).to_owned(), None)).collect::<ConfigChange>()
    );
}

#[test]
fn replicas_that_somebody_else_throttles_are_no_drift() {
    let by_hand = [(THROTTLED[0], "0:1,1:2"), ("retention.ms", "1000")];
    assert_eq!(plan(&topic(&spec()), &observed(3, &by_hand)), Step::Nothing);
}

#[test]
fn racks_restrict_the_brokers_of_a_place() {
    let in_b = placed(|spec| spec["placement"] = json!({"pools": ["large"], "racks": ["b"]}));
    let Step::Change { replicas, .. } = plan(&in_b, &two_pools(3, &[])) else { panic!() };
    let mut used: Vec<i32> = replicas.into_values().flatten().collect();
    used.sort_unstable();
    used.dedup();
    assert_eq!(used, [11, 12]);
}

#[test]
fn a_place_that_is_none_stalls() {
    let stalled = |topic: &Topic| match plan(topic, &two_pools(3, &[])) {
        Step::Stall { reason, message } => (reason, message),
        other => panic!("{other:?}"),
    };
    let (reason, message) = stalled(&placed(|spec| spec["placement"]["pools"] = json!(["huge"])));
    assert_eq!(reason, "UnknownPool");
    assert!(message.ends_with("correct placement.pools, it has large, small"), "{message}");
    let (reason, message) = stalled(&placed(|spec| spec["replicas"] = json!(4)));
    assert_eq!(reason, "NotEnoughBrokers");
    assert!(message.contains("4 replicas and its placement has 3 brokers"), "{message}");
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
    let grown = |partitions: i32| Step::Change {
        partitions: Some(partitions),
        placed: Vec::new(),
        configs: BTreeMap::new(),
        replicas: Assignment::new(),
    };
    let steps = BTreeMap::from([
        ("a".to_owned(), Step::Delete(Uuid([1; 16]))),
        ("b".to_owned(), grown(2)),
        ("c".to_owned(), grown(5)),
        ("d".to_owned(), Step::Nothing),
    ]);
    let expected = Requests {
        delete: vec![("a".to_owned(), Uuid([1; 16]))],
        partitions: BTreeMap::from([("b".to_owned(), 2), ("c".to_owned(), 5)]),
        ..Requests::default()
    };
    assert_eq!(gather(&steps), expected);
}

use serde_json::json;

use super::super::fixtures::cluster;
use super::super::plan::tests::running;
use super::{health, status};
use crate::cluster::dereference::Observed;
use crate::cluster::plan::Action;
use crate::condition::Health;

fn with_container(state: &serde_json::Value) -> (Observed, Health) {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let mut pod = serde_json::to_value(&observed.pods["events-brokers-0"]).unwrap();
    pod["status"] = json!({"containerStatuses": [{
        "name": "broker", "image": "i", "imageID": "i", "ready": false, "restartCount": 1,
        "state": state["state"], "lastState": state["lastState"],
    }]});
    observed.pods.insert("events-brokers-0".to_owned(), serde_json::from_value(pod).unwrap());
    let health = health(&cluster, &observed, &[]);
    (observed, health)
}

#[test]
fn a_running_cluster_is_ready_and_says_where_to_connect() {
    let cluster = cluster(|_| {});
    let observed = running(&cluster);
    assert_eq!(
        health(&cluster, &observed, &[]),
        Health::ready("BrokersReady", "all brokers serve")
    );
    let status = status(&cluster, &observed);
    assert_eq!(status.brokers.as_deref(), Some("1/1"));
    assert_eq!(status.listeners[0].bootstrap_servers, "events-bootstrap.kafka.svc:9092");
    let pool = &status.node_pools[0];
    assert_eq!((pool.replicas, pool.ready_replicas, pool.updated_replicas), (1, 1, 1));
    assert_eq!(pool.node_ids, [0]);
}

#[test]
fn a_broker_that_cannot_start_stalls_the_cluster_with_its_last_words() {
    let (_, health) = with_container(&json!({
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}},
        "lastState": {"terminated": {"exitCode": 1, "message": "unknown config nun.partitions\n"}},
    }));
    assert_eq!(health.stalled.as_deref(), Some("CrashLoopBackOff"));
    let expected = "broker 0 does not start (CrashLoopBackOff): unknown config nun.partitions";
    assert_eq!(health.message, expected);
    assert!(!health.ready.0);
}

#[test]
fn an_image_that_is_not_there_stalls_the_cluster() {
    let (_, health) = with_container(&json!({
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}},
        "lastState": {},
    }));
    assert_eq!(health.stalled.as_deref(), Some("ImagePullBackOff"));
}

#[test]
fn a_starting_broker_is_waited_for() {
    let (_, health) = with_container(&json!({
        "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {},
    }));
    assert_eq!(health, Health::reconciling("Starting", "broker 0 is starting"));
}

#[test]
fn a_restart_is_told_while_the_broker_still_serves() {
    let cluster = cluster(|_| {});
    let restart = Action::Restart {
        pod: "events-brokers-0".to_owned(),
        uid: String::new(),
        why: "its image changed",
    };
    let health = health(&cluster, &running(&cluster), &[restart]);
    assert!(health.ready.0);
    assert_eq!(health.reconciling, Some("RollingUpdate"));
    assert_eq!(health.message, "restarting events-brokers-0: its image changed");
}

#[test]
fn a_disk_that_has_not_grown_yet_is_waited_for() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let claim = json!({
        "metadata": {"name": "data-events-brokers-0"},
        "spec": {"resources": {"requests": {"storage": "2Gi"}}},
        "status": {"capacity": {"storage": "1Gi"}},
    });
    let claim = serde_json::from_value(claim).unwrap();
    observed.claims.insert("data-events-brokers-0".to_owned(), claim);
    let health = health(&cluster, &observed, &[]);
    assert_eq!((health.ready.0, health.reconciling), (true, Some("GrowingStorage")));
}

use serde_json::json;

use super::super::dereference::Observed;
use super::super::fixtures::{cluster, three};
use super::super::live::Live;
use super::super::nodes::nodes;
use super::super::plan::tests::running;
use super::super::roll::Next;
use super::super::roll::tests::well;
use super::super::validate::Cluster;
use super::{Seen, health, status};
use crate::condition::Health;

fn health_of(cluster: &Cluster, observed: &Observed, live: Option<&Live>, next: &Next) -> Health {
    let nodes = nodes(cluster, observed);
    health(cluster, &Seen { observed, nodes: &nodes, live }, &[], next)
}

fn with_container(state: &serde_json::Value) -> (Observed, Health) {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let mut pod = serde_json::to_value(&observed.pods["events-brokers-0"]).unwrap();
    pod["status"] = json!({"containerStatuses": [{
        "name": "broker", "image": "i", "imageID": "i", "ready": false, "restartCount": 1,
        "state": state["state"], "lastState": state["lastState"],
    }]});
    observed.pods.insert("events-brokers-0".to_owned(), serde_json::from_value(pod).unwrap());
    let health = health_of(&cluster, &observed, None, &Next::Done);
    (observed, health)
}

#[test]
fn a_running_cluster_is_ready_and_says_where_to_connect() {
    let cluster = cluster(|_| {});
    let observed = running(&cluster);
    assert_eq!(
        health_of(&cluster, &observed, None, &Next::Done),
        Health::ready("BrokersReady", "all brokers serve")
    );
    let nodes = nodes(&cluster, &observed);
    let status = status(&cluster, &Seen { observed: &observed, nodes: &nodes, live: None });
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
    let restart = Next::Restart {
        pod: "events-brokers-0".to_owned(),
        uid: String::new(),
        why: "its image changed",
        exposed: 0,
    };
    let health = health_of(&cluster, &running(&cluster), None, &restart);
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
    let health = health_of(&cluster, &observed, None, &Next::Done);
    assert_eq!((health.ready.0, health.reconciling), (true, Some("GrowingStorage")));
}

#[test]
fn a_cluster_that_spares_a_broker_stays_ready_without_it() {
    let mut cluster = three();
    cluster.quorum_formed = true;
    let mut observed = running(&cluster);
    observed.pods.remove("events-brokers-1");
    let mut live = well();
    live.partitions[0].isr.retain(|id| *id != 1);
    live.min_isr.insert("t".to_owned(), 2);
    let health = health_of(&cluster, &observed, Some(&live), &Next::Done);
    assert_eq!((health.ready, health.reconciling), ((true, "Degraded"), Some("Starting")));
    assert_eq!(health.message, "clients are served, but broker 1 is being created");
    let nodes = nodes(&cluster, &observed);
    let seen = Seen { observed: &observed, nodes: &nodes, live: Some(&live) };
    let status = status(&cluster, &seen);
    assert_eq!(status.brokers.as_deref(), Some("2/3"));
    let partitions = status.partitions.unwrap();
    assert_eq!((partitions.total, partitions.under_replicated), (3, 1));
    assert_eq!((partitions.offline, partitions.under_min_isr), (0, 0));
    assert_eq!(status.quorum.unwrap().voters, [0, 1, 2]);
    let states: Vec<String> = status.nodes.iter().map(|n| format!("{:?}", n.state)).collect();
    assert_eq!(states, ["Running", "Missing", "Running"]);
    assert_eq!(status.nodes[0].rack.as_deref(), Some("zone-0"));
}

#[test]
fn partitions_that_nobody_can_use_make_a_cluster_not_ready() {
    let mut cluster = three();
    cluster.quorum_formed = true;
    let observed = running(&cluster);
    let health_of = |live: Option<&Live>| health_of(&cluster, &observed, live, &Next::Done);
    assert_eq!(health_of(Some(&well())), Health::ready("BrokersReady", "all brokers serve"));
    let mut live = well();
    live.partitions[2].leader = None;
    let health = health_of(Some(&live));
    assert_eq!(health.ready, (false, "PartitionsOffline"));
    assert_eq!(health.message, "1 of 3 partitions have no leader");
    let mut live = well();
    live.min_isr.insert("t".to_owned(), 2);
    live.partitions[1].isr = vec![1];
    assert_eq!(health_of(Some(&live)).ready, (false, "PartitionsUnderMinIsr"));
    let mut live = well();
    live.quorum.leader = None;
    let health = health_of(Some(&live));
    assert_eq!((health.ready.0, health.reconciling), (true, Some("NoController")));
    let mut live = well();
    live.quorum.voters.insert(2, false);
    let health = health_of(Some(&live));
    assert_eq!((health.ready.0, health.reconciling), (true, Some("CatchingUp")));
    assert_eq!(health.message, "all brokers serve, node 2 catches up with the metadata");
    assert_eq!(health_of(None).ready, (false, "Unreachable"));
}

#[test]
fn the_quorum_is_formed_once_all_nodes_serve_and_one_leads() {
    let cluster = three();
    let mut observed = running(&cluster);
    let formed = |observed: &Observed, live: Option<&Live>| {
        let nodes = nodes(&cluster, observed);
        status(&cluster, &Seen { observed, nodes: &nodes, live }).quorum_formed
    };
    assert!(!formed(&observed, None));
    assert!(formed(&observed, Some(&well())));
    observed.pods.remove("events-brokers-2");
    assert!(!formed(&observed, Some(&well())));
}

#[test]
fn a_roll_that_a_broken_spec_halts_is_stalled_with_the_reason() {
    let mut cluster = three();
    cluster.quorum_formed = true;
    let mut observed = running(&cluster);
    let mut pod = serde_json::to_value(&observed.pods["events-brokers-1"]).unwrap();
    pod["status"] = json!({"containerStatuses": [{
        "name": "broker", "image": "i", "imageID": "i", "ready": false, "restartCount": 1,
        "state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}},
    }]});
    observed.pods.insert("events-brokers-1".to_owned(), serde_json::from_value(pod).unwrap());
    let paused = Next::Pause("node 1 does not come up".to_owned());
    let health = health_of(&cluster, &observed, Some(&well()), &paused);
    assert_eq!((health.ready.0, health.reconciling), (true, None));
    assert_eq!(health.stalled.as_deref(), Some("ImagePullBackOff"));
    let expected = "clients are served, but broker 1 does not start (ImagePullBackOff): not found; \
                    no other node is restarted before it does";
    assert_eq!(health.message, expected);
}

use barnabas_crds::KafkaCluster;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::json;

use super::super::build::{Rendered, build};
use super::super::decide::decide;
use super::super::dereference::Observed;
use super::super::fixtures::{cluster, separate};
use super::super::nodes::nodes;
use super::super::racks;
use super::super::validate::Cluster;
use super::{Action, Conflict, plan};

/// What the API server has once `cluster` runs.
pub fn running(cluster: &Cluster) -> Observed {
    let mut observed = Observed::default();
    for rendered in build(cluster) {
        let mut value = rendered.value.clone();
        if rendered.api.kind == "StatefulSet" {
            let mut set: StatefulSet = serde_json::from_value(value.clone()).unwrap();
            set.metadata.generation = Some(1);
            set.metadata.uid = Some("set".to_owned());
            set.status = Some(StatefulSetStatus {
                observed_generation: Some(1),
                update_revision: Some("one".to_owned()),
                ..StatefulSetStatus::default()
            });
            value = serde_json::to_value(&set).unwrap();
            observed.stateful_sets.insert(rendered.name.clone(), set);
        }
        // Fields that the API server adds are nobody's difference.
        value["metadata"]["resourceVersion"] = json!("1");
        observed.objects.insert((rendered.api.kind.clone(), rendered.name.clone()), value);
    }
    for (id, pool) in cluster.nodes() {
        observed.pods.insert(pool.pod(id), pod(&pool.pod(id), "one"));
    }
    observed.claims.insert("data-events-brokers-0".to_owned(), claim("1Gi"));
    observed
}

/// A pod that serves, made from a revision of its StatefulSet.
pub fn pod(name: &str, revision: &str) -> Pod {
    serde_json::from_value(json!({
        "metadata": {
            "name": name,
            "uid": "pod",
            "labels": {"controller-revision-hash": revision},
        },
        "spec": {"containers": [{"name": "broker", "image": "barnabas/broker:test"}]},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }))
    .unwrap()
}

fn claim(size: &str) -> PersistentVolumeClaim {
    serde_json::from_value(json!({
        "metadata": {"name": "data-events-brokers-0"},
        "spec": {"resources": {"requests": {"storage": size}}},
        "status": {"capacity": {"storage": size}},
    }))
    .unwrap()
}

fn steps(cluster: &Cluster, observed: &Observed) -> Vec<Action> {
    let nodes = nodes(cluster, observed);
    decide(cluster, &build(cluster), observed, (&nodes, None), false).unwrap().0
}

fn applied(actions: &[Action]) -> Vec<String> {
    let title = |action: &Action| match action {
        Action::Apply(rendered) => Some(rendered.title()),
        _ => None,
    };
    actions.iter().filter_map(title).collect()
}

#[test]
fn everything_is_applied_where_nothing_is_and_the_stateful_set_last() {
    let cluster = cluster(|_| {});
    let titles = applied(&steps(&cluster, &Observed::default()));
    assert_eq!(titles.len(), 7);
    assert_eq!(titles.last().unwrap(), "StatefulSet events-brokers");
}

#[test]
fn nothing_is_done_where_everything_is() {
    let cluster = cluster(|_| {});
    assert_eq!(steps(&cluster, &running(&cluster)), []);
    let cluster = separate();
    assert_eq!(steps(&cluster, &running(&cluster)), []);
}

#[test]
fn a_pod_is_told_its_rack_once_its_node_is_known() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let name = "events-brokers-0".to_owned();
    let pod = observed.pods.get_mut(&name).unwrap();
    pod.spec.as_mut().unwrap().node_name = Some("node-1".to_owned());
    assert_eq!(steps(&cluster, &observed), []);
    observed.racks.insert("node-1".to_owned(), Some("zone-a".to_owned()));
    let told = |rack: &str| {
        let rack = rack.to_owned();
        Action::SetRack { pod: name.clone(), uid: "pod".to_owned(), rack }
    };
    assert_eq!(steps(&cluster, &observed), [told("zone-a")]);
    // Without a right to see nodes, what Kubernetes wrote on the pod has to do.
    observed.racks.insert("node-1".to_owned(), None);
    assert_eq!(steps(&cluster, &observed), [told("")]);
    let labels = observed.pods.get_mut(&name).unwrap().metadata.labels.as_mut().unwrap();
    labels.insert("topology.kubernetes.io/zone".to_owned(), "zone-b".to_owned());
    assert_eq!(steps(&cluster, &observed), [told("zone-b")]);
    racks::written(&mut observed, &[told("zone-b")]);
    assert_eq!(steps(&cluster, &observed), []);
}

#[test]
fn what_somebody_changed_is_applied_again() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let key = ("Service".to_owned(), "events-bootstrap".to_owned());
    observed.objects.get_mut(&key).unwrap()["spec"]["ports"][0]["port"] = json!(1);
    assert_eq!(applied(&steps(&cluster, &observed)), ["Service events-bootstrap"]);
}

#[test]
fn a_field_that_is_no_longer_wanted_is_noticed() {
    let rack = |raw: &mut KafkaCluster| {
        let selector = [("disk".to_owned(), "nvme".to_owned())].into();
        raw.spec.node_pools[0].template.get_or_insert_default().node_selector = selector;
    };
    let observed = running(&cluster(rack));
    assert_eq!(applied(&steps(&cluster(|_| {}), &observed)), ["StatefulSet events-brokers"]);
}

#[test]
fn a_pod_of_an_older_revision_is_restarted_once() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    observed.pods.insert("events-brokers-0".to_owned(), pod("events-brokers-0", "older"));
    let restart = Action::Restart {
        pod: "events-brokers-0".to_owned(),
        uid: "pod".to_owned(),
        why: "its configuration changed",
        exposed: 0,
    };
    assert_eq!(steps(&cluster, &observed), [restart]);
    let mut leaving = pod("events-brokers-0", "older");
    leaving.metadata.deletion_timestamp =
        Some(serde_json::from_value(json!("2026-11-21T12:00:00Z")).unwrap());
    observed.pods.insert("events-brokers-0".to_owned(), leaving);
    assert_eq!(steps(&cluster, &observed), []);
}

#[test]
fn a_restart_for_nothing_but_a_newer_operator_says_so() {
    let reason = |cluster: &Cluster, image: &str| {
        let mut observed = running(cluster);
        let set = observed.stateful_sets["events-brokers"].spec.clone().unwrap();
        let mut old = pod("events-brokers-0", "older");
        old.metadata.annotations = set.template.metadata.unwrap().annotations;
        old.spec.as_mut().unwrap().containers[0].image = Some(image.to_owned());
        observed.pods.insert("events-brokers-0".to_owned(), old);
        match steps(cluster, &observed).as_slice() {
            [Action::Restart { why, .. }] => *why,
            other => panic!("{other:?}"),
        }
    };
    let (new, old) = ("barnabas/broker:test", "barnabas/broker:older");
    assert_eq!(reason(&cluster(|_| {}), new), "the operator was upgraded");
    let both = "the operator was upgraded, and its image with it";
    assert_eq!(reason(&cluster(|_| {}), old), both);
    let given = cluster(|raw| raw.spec.image = Some(new.to_owned()));
    assert_eq!(reason(&given, old), "its image changed");
}

#[test]
fn no_pod_is_restarted_before_the_stateful_set_has_been_seen() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    observed.pods.insert("events-brokers-0".to_owned(), pod("events-brokers-0", "older"));
    let set = observed.stateful_sets.get_mut("events-brokers").unwrap();
    set.metadata.generation = Some(2);
    assert_eq!(steps(&cluster, &observed), []);
}

#[test]
fn a_larger_disk_grows_the_claim_and_replaces_the_stateful_set_without_its_pods() {
    let observed = running(&cluster(|_| {}));
    let larger = cluster(|raw| raw.spec.node_pools[0].storage.size = Quantity("2Gi".to_owned()));
    let actions = steps(&larger, &observed);
    assert_eq!(
        actions,
        [
            Action::GrowClaim {
                name: "data-events-brokers-0".to_owned(),
                size: Quantity("2Gi".to_owned()),
            },
            Action::Replace { name: "events-brokers".to_owned(), uid: "set".to_owned() },
        ]
    );
}

#[test]
fn an_object_of_somebody_else_is_left_alone() {
    let cluster = cluster(|_| {});
    let mut observed = running(&cluster);
    let key = ("ConfigMap".to_owned(), "events-brokers".to_owned());
    observed.objects.get_mut(&key).unwrap()["metadata"]["ownerReferences"] = json!([]);
    let wanted: Vec<Rendered> = build(&cluster);
    let conflict = plan(&cluster, &wanted, &observed);
    assert_eq!(conflict, Err(Conflict::Foreign("ConfigMap events-brokers".to_owned())));
}

use k8s_openapi::api::core::v1::PersistentVolumeClaim;
use serde_json::json;

use super::super::fixtures::three;
use super::super::nodes::nodes;
use super::super::plan::tests::running;
use super::super::roll::tests::well;
use super::super::validate::Cluster;
use super::{Action, Observed, formed_before, lost, marks};

fn claim(id: i32, marked: bool) -> (String, PersistentVolumeClaim) {
    let name = format!("data-events-brokers-{id}");
    let mark = if marked { json!({"kafka.barnabas.dev/quorum-formed": "true"}) } else { json!({}) };
    let claim = json!({"metadata": {"name": name, "annotations": mark}});
    (name, serde_json::from_value(claim).unwrap())
}

fn formed(marked: &[i32]) -> (Cluster, Observed) {
    let mut cluster = three();
    cluster.quorum_formed = true;
    let mut observed = running(&cluster);
    observed.claims = (0..3).map(|id| claim(id, marked.contains(&id))).collect();
    (cluster, observed)
}

fn stopped(observed: &mut Observed, ids: &[i32]) {
    for id in ids {
        observed.pods.get_mut(&format!("events-brokers-{id}")).unwrap().status = None;
    }
}

#[test]
fn disks_of_voters_are_marked_once() {
    let (mut cluster, observed) = formed(&[0]);
    let mut live = well();
    live.quorum.voters.insert(2, false);
    let mark = Action::MarkClaim { name: "data-events-brokers-1".to_owned() };
    assert_eq!(marks(&cluster, &observed, Some(&live)), [mark]);
    live.quorum.leader = None;
    assert_eq!(marks(&cluster, &observed, Some(&live)), []);
    assert_eq!(marks(&cluster, &observed, None), []);
    cluster.quorum_formed = false;
    assert_eq!(marks(&cluster, &observed, Some(&well())), []);
}

#[test]
fn a_marked_disk_tells_of_an_earlier_quorum() {
    assert!(formed_before(&formed(&[2]).1));
    assert!(!formed_before(&formed(&[]).1));
}

#[test]
fn metadata_is_lost_with_a_majority_of_disks_and_not_before() {
    let of = |marked: &[i32], away: &[i32]| {
        let (cluster, mut observed) = formed(marked);
        stopped(&mut observed, away);
        lost(&cluster, &observed, &nodes(&cluster, &observed), None)
    };
    assert_eq!(of(&[0, 1, 2], &[0, 1, 2]), None);
    assert_eq!(of(&[0, 1], &[0, 1, 2]), None);
    let message = of(&[0], &[0, 1, 2]).unwrap();
    assert!(message.starts_with("controllers 1, 2 of 3 have new, empty disks"), "{message}");
    // A quorum that leads has not lost anything.
    let (cluster, observed) = formed(&[]);
    let nodes = nodes(&cluster, &observed);
    assert_eq!(lost(&cluster, &observed, &nodes, Some(&well())), None);
}

use std::collections::BTreeSet;

use barnabas_crds::cluster::Role;
use barnabas_wire::Uuid;

use super::super::build::build;
use super::super::dereference::Observed;
use super::super::fixtures::cluster;
use super::super::live::Live;
use super::super::nodes::nodes;
use super::super::plan::tests::running;
use super::super::roll::tests::well;
use super::super::validate::Cluster;
use super::{Change, hold, next};

/// Controllers from id 0 on, and a broker with id 10.
fn with_controllers(controllers: i32) -> Cluster {
    let mut cluster = cluster(|raw| {
        let pools = &mut raw.spec.node_pools;
        pools.push(pools[0].clone());
        (pools[0].name, pools[0].replicas) = ("control".to_owned(), controllers);
        pools[0].roles = vec![Role::Controller];
        pools[1].first_node_id = 10;
        pools[1].roles = vec![Role::Broker];
    });
    cluster.quorum_formed = true;
    cluster
}

/// A quorum of these controllers, of which some are behind.
fn quorum(leader: i32, voters: &[i32], behind: &[i32]) -> Live {
    let mut live = well();
    live.quorum.leader = Some(leader);
    live.quorum.voters = voters.iter().map(|id| (*id, !behind.contains(id))).collect();
    live.quorum.directories = voters.iter().map(|id| (*id, directory(*id))).collect();
    live
}

fn directory(id: i32) -> Uuid {
    Uuid([u8::try_from(id).unwrap() + 1; 16])
}

/// What happens when a cluster that ran as `before` is to be as `after`.
fn change(before: &Cluster, after: &Cluster, live: &Live) -> (i32, Change) {
    let observed = running(before);
    let mut held = after.clone();
    hold(&mut held, &observed, Some(live));
    let nodes = nodes(&held, &observed);
    (held.pools[0].replicas, next(&held, &nodes, Some(live)))
}

#[test]
fn voters_leave_one_at_a_time_and_the_active_one_last() {
    let (five, three) = (with_controllers(5), with_controllers(3));
    let of = |leader: i32, voters: &[i32]| change(&five, &three, &quorum(leader, voters, &[]));
    let remove = |id: i32| Change::Remove { id, directory: directory(id) };
    assert_eq!(of(0, &[0, 1, 2, 3, 4]), (5, remove(4)));
    assert_eq!(of(0, &[0, 1, 2, 3]), (4, remove(3)));
    assert_eq!(of(0, &[0, 1, 2]), (3, Change::Nothing));
    // The active one keeps its pod, and with it those below, until the others have left.
    assert_eq!(of(4, &[0, 1, 2, 3, 4]), (5, remove(3)));
    assert_eq!(of(4, &[0, 1, 2, 4]), (5, remove(4)));
}

#[test]
fn a_quorum_shrinks_to_one() {
    let (three, one) = (with_controllers(3), with_controllers(1));
    assert_eq!(
        change(&three, &one, &quorum(2, &[0, 1, 2], &[])),
        (3, Change::Remove { id: 1, directory: directory(1) })
    );
    assert_eq!(
        change(&three, &one, &quorum(2, &[0, 2], &[])),
        (3, Change::Remove { id: 2, directory: directory(2) })
    );
    assert_eq!(change(&three, &one, &quorum(0, &[0], &[])), (1, Change::Nothing));
}

#[test]
fn voters_that_are_behind_leave_first_and_never_leave_half_behind() {
    let (five, three, one) = (with_controllers(5), with_controllers(3), with_controllers(1));
    let (_, first) = change(&five, &three, &quorum(0, &[0, 1, 2, 3, 4], &[3]));
    assert_eq!(first, Change::Remove { id: 3, directory: directory(3) });
    // Two of three lead on with node 2; without it, node 0 alone would be half of two.
    let (kept, first) = change(&three, &one, &quorum(0, &[0, 1, 2], &[1]));
    assert_eq!((kept, first), (3, Change::Remove { id: 1, directory: directory(1) }));
    let (_, stuck) = change(&five, &one, &quorum(0, &[0, 1, 2, 3], &[1, 2, 3]));
    assert!(matches!(stuck, Change::Wait(_)), "{stuck:?}");
}

#[test]
fn nobody_leaves_before_those_who_stay_take_part() {
    let (five, three) = (with_controllers(5), with_controllers(3));
    let (kept, waits) = change(&five, &three, &quorum(0, &[0, 1, 2, 3, 4], &[1]));
    let message = "controllers 3, 4 leave the quorum once controller 1 takes part in it";
    assert_eq!((kept, waits), (5, Change::Wait(message.to_owned())));
    let (_, waits) = change(&five, &three, &quorum(0, &[0, 2, 3, 4], &[]));
    assert!(matches!(waits, Change::Wait(_)), "{waits:?}");
}

#[test]
fn nodes_stay_while_nobody_can_say_who_votes() {
    let (five, three) = (with_controllers(5), with_controllers(3));
    let mut without = quorum(0, &[], &[]);
    without.quorum.leader = None;
    assert_eq!(change(&five, &three, &without), (5, Change::Nothing));
    let mut held = three.clone();
    hold(&mut held, &running(&five), None);
    assert_eq!(held.pools[0].replicas, 5);
}

#[test]
fn controllers_that_come_join_by_themselves() {
    let (one, three) = (with_controllers(1), with_controllers(3));
    assert_eq!(change(&one, &three, &quorum(0, &[0], &[])), (3, Change::Nothing));
}

#[test]
fn a_voter_without_a_node_leaves() {
    let three = with_controllers(3);
    let (_, stray) = change(&three, &three, &quorum(0, &[0, 1, 2, 7], &[7]));
    assert_eq!(stray, Change::Remove { id: 7, directory: directory(7) });
}

#[test]
fn the_first_voters_stay_as_they_were_told_to_be_until_they_are_a_quorum() {
    let first = |controllers: i32| {
        let mut cluster = with_controllers(controllers);
        cluster.quorum_formed = false;
        cluster
    };
    for (told, wanted) in [(1, 3), (3, 1), (3, 5)] {
        let mut held = first(wanted);
        hold(&mut held, &running(&first(told)), None);
        assert_eq!(held.pools[0].replicas, told);
        assert_eq!(next(&held, &[], Some(&quorum(0, &[0, 1, 2, 3, 4], &[]))), Change::Nothing);
    }
    // An operator that was killed between two pools makes the second.
    let wanted = first(3);
    let mut half = Observed::default();
    let map = build(&wanted).into_iter().find(|object| object.api.kind == "ConfigMap").unwrap();
    half.objects.insert(("ConfigMap".to_owned(), map.name.clone()), map.value);
    let mut held = wanted.clone();
    hold(&mut held, &half, None);
    assert_eq!(held, wanted);
    let mut fresh = wanted.clone();
    hold(&mut fresh, &Observed::default(), None);
    assert_eq!(fresh, wanted);
    assert_eq!(wanted.voters, BTreeSet::from([0, 1, 2]));
}

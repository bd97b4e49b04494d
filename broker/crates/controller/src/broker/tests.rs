use barnabas_metadata::image::Delta;
use barnabas_metadata::record::MetadataRecord;
use barnabas_wire::api::broker_registration::BrokerRegistrationRequest;
use barnabas_wire::api::unregister_broker::UnregisterBrokerRequest;
use barnabas_wire::{ErrorCode, Uuid};

use crate::tests::{Cluster, heartbeat, registration};
use crate::{Controller, Request, Response};

#[test]
fn a_registration_gets_the_offset_of_its_record_as_epoch() {
    let mut cluster = Cluster::new(1);
    let next = cluster.controller.next_offset;
    assert_eq!(cluster.register(5, 1).broker_epoch, next);
    assert!(cluster.broker(5).fenced);
}

#[test]
fn bad_registrations_are_refused() {
    let mut cluster = Cluster::new(2);
    let mut refused = |change: fn(&mut BrokerRegistrationRequest)| {
        let mut request = registration(7, 1);
        change(&mut request);
        cluster.register_with(request).error_code
    };
    assert_eq!(refused(|r| r.cluster_id = "x".into()), ErrorCode::INCONSISTENT_CLUSTER_ID);
    assert_eq!(refused(|r| r.log_dirs.clear()), ErrorCode::INVALID_REGISTRATION);
    assert_eq!(refused(|r| r.log_dirs = vec![Uuid::LOST_DIR]), ErrorCode::INVALID_REGISTRATION);
    assert_eq!(refused(|r| r.log_dirs = vec![Uuid([100; 16])]), ErrorCode::INVALID_REGISTRATION);
    assert_eq!(refused(|r| r.log_dirs.push(r.log_dirs[0])), ErrorCode::INVALID_REGISTRATION);
    assert_eq!(refused(|r| r.features.clear()), ErrorCode::INVALID_REGISTRATION);
    assert_eq!(refused(|r| r.features.truncate(2)), ErrorCode::UNSUPPORTED_VERSION);
    assert_eq!(refused(|r| r.is_migrating_zk_broker = true), ErrorCode::BROKER_ID_NOT_REGISTERED);
    assert_eq!(
        refused(|r| (r.broker_id, r.incarnation_id) = (1, Uuid([9; 16]))),
        ErrorCode::DUPLICATE_BROKER_REGISTRATION
    );
    assert_eq!(refused(|_| {}), ErrorCode::NONE);
}

#[test]
fn the_same_process_registers_again_and_keeps_its_epoch() {
    let mut cluster = Cluster::new(1);
    let epoch = cluster.broker(0).epoch;
    assert_eq!(cluster.register(0, 1).broker_epoch, epoch);
    assert!(!cluster.broker(0).fenced);
}

#[test]
fn a_process_that_ended_before_it_was_unfenced_is_replaced_at_once() {
    let mut cluster = Cluster::new(1);
    cluster.register(5, 1);
    let mut again = registration(5, 2);
    again.log_dirs = vec![Uuid([130; 16])];
    let refused = cluster.register_with(again).error_code;
    assert_eq!(refused, ErrorCode::DUPLICATE_BROKER_REGISTRATION, "it has other directories");
    let epoch = cluster.register_with(registration(5, 2)).broker_epoch;
    assert_eq!(cluster.broker(5).epoch, epoch);
    assert!(!cluster.heartbeat(heartbeat(5, epoch)).is_fenced);
    let refused = cluster.register_with(registration(5, 3)).error_code;
    assert_eq!(refused, ErrorCode::DUPLICATE_BROKER_REGISTRATION, "it is in use");
}

#[test]
fn a_broker_is_unfenced_when_it_has_seen_its_registration() {
    let mut cluster = Cluster::new(0);
    let epoch = cluster.register(0, 1).broker_epoch;
    let mut request = heartbeat(0, epoch);
    request.current_metadata_offset = epoch - 1;
    assert!(cluster.heartbeat(request.clone()).is_fenced);
    request.current_metadata_offset = epoch;
    request.want_fence = true;
    let response = cluster.heartbeat(request.clone());
    assert!(response.is_fenced && response.is_caught_up);
    request.want_fence = false;
    assert!(!cluster.heartbeat(request.clone()).is_fenced);
    assert!(!cluster.broker(0).fenced);
    request.broker_epoch += 1;
    assert_eq!(cluster.heartbeat(request).error_code, ErrorCode::STALE_BROKER_EPOCH);
}

#[test]
fn a_silent_broker_is_fenced_and_leads_nothing() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    cluster.lose(0);
    assert_eq!(cluster.partition("t").leader, 1);
    assert_eq!(cluster.partition("t").isr, [1]);
    assert_eq!(cluster.partition("t").leader_epoch, 1);
    assert!(!cluster.broker(1).fenced);
}

#[test]
fn a_controlled_shutdown_waits_until_the_others_know() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    let epoch = cluster.broker(0).epoch;
    let behind = |offset| {
        let mut request = heartbeat(1, 0);
        request.current_metadata_offset = offset;
        request
    };
    let other = cluster.broker(1).epoch;
    let mut lagging = behind(0);
    lagging.broker_epoch = other;
    cluster.heartbeat(lagging.clone());
    let mut stop = heartbeat(0, epoch);
    stop.want_shut_down = true;
    let response = cluster.heartbeat(stop.clone());
    assert!(!response.should_shut_down && !response.is_fenced);
    assert_eq!((cluster.partition("t").leader, &cluster.partition("t").isr[..]), (1, &[1][..]));
    assert!(!cluster.heartbeat(stop.clone()).should_shut_down, "broker 1 does not know yet");
    lagging.current_metadata_offset = 1_000_000;
    cluster.heartbeat(lagging);
    let response = cluster.heartbeat(stop);
    assert!(response.should_shut_down && cluster.broker(0).fenced);
}

#[test]
fn the_only_broker_may_stop_and_leads_again_when_it_is_back() {
    let mut cluster = Cluster::new(1);
    cluster.create_on("t", &[0]);
    let mut stop = heartbeat(0, cluster.broker(0).epoch);
    stop.want_shut_down = true;
    assert!(!cluster.heartbeat(stop.clone()).should_shut_down);
    assert_eq!(cluster.partition("t").leader, -1);
    assert!(cluster.heartbeat(stop).should_shut_down);
    cluster.now += 1;
    cluster.controller.sessions = Default::default();
    cluster.come_back(0, true);
    assert_eq!(cluster.partition("t").leader, 0);
    assert_eq!(cluster.partition("t").isr, [0]);
    assert_eq!(cluster.partition("t").leader_recovery_state.value(), 0);
}

#[test]
fn a_failed_directory_takes_only_its_partitions_along() {
    let mut cluster = Cluster::new(1);
    let mut request = registration(1, 1);
    request.log_dirs = vec![Uuid([120; 16]), Uuid([121; 16])];
    let epoch = cluster.register_with(request).broker_epoch;
    cluster.heartbeat(heartbeat(1, epoch));
    cluster.create_on("t", &[1, 0]);
    let mut failing = heartbeat(1, epoch);
    failing.offline_log_dirs = vec![Uuid([120; 16])];
    cluster.heartbeat(failing);
    assert_eq!(cluster.broker(1).log_dirs, [Uuid([121; 16])]);
    assert_eq!(cluster.partition("t").leader, 1, "its replica is not in the failed directory");
}

#[test]
fn a_broker_that_stopped_cleanly_is_back_at_once() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    for (id, leads) in [(0, true), (1, false)] {
        let mut stop = heartbeat(id, cluster.broker(id).epoch);
        stop.want_shut_down = true;
        assert_eq!(cluster.heartbeat(stop.clone()).should_shut_down, !leads);
        if leads {
            assert!(cluster.heartbeat(stop).should_shut_down);
        }
        cluster.come_back(id, true);
        assert_eq!(cluster.alter_isr("t", &[0, 1]), ErrorCode::NONE);
        cluster.elect_preferred();
    }
}

#[test]
fn a_shutdown_waits_for_its_own_records_only() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    let mut stop = heartbeat(0, cluster.broker(0).epoch);
    stop.want_shut_down = true;
    assert!(!cluster.heartbeat(stop.clone()).should_shut_down);
    let last = cluster.controller.next_offset - 1;
    let mut other = heartbeat(1, cluster.broker(1).epoch);
    other.current_metadata_offset = last - 1;
    cluster.heartbeat(other.clone());
    assert!(!cluster.heartbeat(stop.clone()).should_shut_down);
    other.current_metadata_offset = last;
    cluster.heartbeat(other);
    assert!(cluster.heartbeat(stop).should_shut_down);
}

#[test]
fn the_last_record_of_a_fencing_is_that_the_broker_is_fenced() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    let broker_epoch = cluster.broker(0).epoch;
    cluster.ask(&Request::BrokerUnreachable { broker_id: 0, broker_epoch });
    let [MetadataRecord::PartitionChange(_), MetadataRecord::BrokerRegistrationChange(last)] =
        &cluster.records[..]
    else {
        panic!("{:?}", cluster.records);
    };
    assert_eq!(last.fenced, 1);
}

#[test]
fn an_unreachable_broker_is_fenced_at_once_but_not_again_and_again() {
    let mut cluster = Cluster::new(2);
    cluster.create_on("t", &[0, 1]);
    let epoch = cluster.broker(0).epoch;
    let gone = |cluster: &mut Cluster, broker_epoch| match cluster
        .ask(&Request::BrokerUnreachable { broker_id: 0, broker_epoch })
    {
        Response::BrokerUnreachable(fenced) => fenced,
        other => panic!("{other:?}"),
    };
    assert!(!gone(&mut cluster, epoch - 1), "another process");
    assert!(gone(&mut cluster, epoch));
    assert_eq!((cluster.partition("t").leader, cluster.broker(0).fenced), (1, true));
    assert!(!gone(&mut cluster, epoch), "it is fenced already");
    // It lives all the same.
    assert!(!cluster.heartbeat(heartbeat(0, epoch)).is_fenced);
    cluster.now += 5_000;
    assert!(!gone(&mut cluster, epoch), "who was wrong once is not believed");
    cluster.heartbeat(heartbeat(0, epoch));
    cluster.now += 5_000;
    assert!(gone(&mut cluster, epoch));
    // Its next process need not wait for the session to expire.
    cluster.come_back(0, false);
}

#[test]
fn a_session_ends_when_its_time_is_over_and_not_before() {
    let mut cluster = Cluster::new(1);
    let timeout_ms = cluster.controller.config.session_timeout_ms;
    cluster.controller.tick(timeout_ms - 1).unwrap();
    assert!(!cluster.broker(0).fenced);
    assert_eq!(cluster.controller.deadline(), Some(timeout_ms));
    cluster.controller.tick(timeout_ms).unwrap();
    assert!(cluster.broker(0).fenced);
}

#[test]
fn an_unregistered_broker_is_nowhere_in_sync() {
    let mut cluster = Cluster::new(3);
    cluster.create_on("t", &[0, 1]);
    cluster.configure(2, "t", "min.insync.replicas", Some("2"));
    let mut unregister = |broker_id| match cluster
        .ask(&Request::UnregisterBroker(UnregisterBrokerRequest { broker_id }))
    {
        Response::UnregisterBroker(response) => response.error_code,
        other => panic!("{other:?}"),
    };
    assert_eq!(unregister(7), ErrorCode::BROKER_ID_NOT_REGISTERED);
    assert_eq!(unregister(0), ErrorCode::NONE);
    assert_eq!(unregister(0), ErrorCode::BROKER_ID_NOT_REGISTERED);
    let partition = cluster.partition("t");
    assert_eq!((partition.leader, &partition.isr[..], &partition.elr[..]), (1, &[1][..], &[][..]));
    assert_eq!(cluster.heartbeat(heartbeat(0, 1)).error_code, ErrorCode::STALE_BROKER_EPOCH);
}

#[test]
fn a_controller_finishes_what_the_one_before_began() {
    let mut cluster = Cluster::new(3);
    for name in ["t", "u"] {
        cluster.create_on(name, &[0, 1, 2]);
    }
    let mut image = cluster.controller.state().clone();
    let broker_epoch = cluster.broker(0).epoch;
    cluster.ask(&Request::BrokerUnreachable { broker_id: 0, broker_epoch });
    // Only the first partition and the last record were written.
    let mut delta = Delta::new(&image);
    delta.replay(cluster.records.first().unwrap()).unwrap();
    delta.replay(cluster.records.last().unwrap()).unwrap();
    image = delta.finish(image.provenance).0;
    let config = cluster.controller.config.clone();
    cluster.controller = Controller::new(config, image, 1_000, cluster.now, None);
    assert_eq!(cluster.partition("u").leader, 0);
    cluster.controller.activate().unwrap();
    assert_eq!((cluster.partition("u").leader, &cluster.partition("u").isr[..]), (1, &[1, 2][..]));
    assert_eq!(cluster.partition("t").leader_epoch, 1);
}

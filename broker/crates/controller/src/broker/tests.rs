use barnabas_wire::api::broker_registration::BrokerRegistrationRequest;
use barnabas_wire::{ErrorCode, Uuid};

use crate::tests::{Cluster, heartbeat, registration};

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

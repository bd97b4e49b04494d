use barnabas_metadata::image::ConfigResource;
use barnabas_wire::ErrorCode;
use barnabas_wire::api::update_features::{FeatureUpdateKey, UpdateFeaturesRequest};

use super::ELR_VERSION;
use crate::tests::{Cluster, registration};
use crate::{Request, Response};

const UPGRADE: i8 = 1;
const SAFE: i8 = 2;
const UNSAFE: i8 = 3;

fn update(cluster: &mut Cluster, updates: &[(&str, i16, i8)], validate_only: bool) -> ErrorCode {
    let feature_updates = updates.iter().map(|(feature, level, upgrade_type)| FeatureUpdateKey {
        feature: (*feature).to_owned(),
        max_version_level: *level,
        allow_downgrade: false,
        upgrade_type: *upgrade_type,
    });
    let feature_updates = feature_updates.collect();
    let request = UpdateFeaturesRequest { feature_updates, validate_only, timeout_ms: 0 };
    match cluster.ask(&Request::UpdateFeatures(request)) {
        Response::UpdateFeatures(response) => response.error_code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn levels_change_as_the_upgrade_type_says() {
    let refused = ErrorCode::INVALID_UPDATE_VERSION;
    let mut cluster = Cluster::new(2);
    let cases = [
        (("group.version", 0, UPGRADE), refused),
        (("group.version", 0, UNSAFE + 1), refused),
        (("group.version", 0, SAFE), ErrorCode::NONE),
        (("group.version", 1, SAFE), refused),
        (("group.version", 2, UPGRADE), refused),
        (("group.version", -1, SAFE), refused),
        (("group.version", 1, UPGRADE), ErrorCode::NONE),
        (("group.version", 1, UPGRADE), ErrorCode::NONE),
        (("no.such.version", 1, UPGRADE), refused),
        (("kraft.version", 1, UPGRADE), ErrorCode::NONE),
        (("kraft.version", 0, UNSAFE), refused),
        (("metadata.version", 31, UPGRADE), refused),
        (("metadata.version", 29, SAFE), refused),
        (("metadata.version", 29, UNSAFE), refused),
        (("metadata.version", 30, UPGRADE), ErrorCode::NONE),
    ];
    for (case, error) in cases {
        assert_eq!(update(&mut cluster, &[case], false), error, "{case:?}");
    }
    assert_eq!(cluster.controller.state().features.level("group.version"), 1);
}

#[test]
fn all_levels_change_or_none() {
    let mut cluster = Cluster::new(1);
    let updates = [("group.version", 0, SAFE), ("share.version", 7, UPGRADE)];
    assert_eq!(update(&mut cluster, &updates, false), ErrorCode::INVALID_UPDATE_VERSION);
    assert_eq!(cluster.records, []);
    assert_eq!(update(&mut cluster, &updates[..1], true), ErrorCode::NONE);
    assert_eq!(cluster.records, [], "only validated");
}

#[test]
fn every_broker_and_every_voter_has_to_support_a_level() {
    let mut cluster = Cluster::new(1);
    assert_eq!(update(&mut cluster, &[("group.version", 0, SAFE)], false), ErrorCode::NONE);
    let mut old = registration(1, 1);
    old.features.retain(|feature| feature.name != "group.version");
    assert_eq!(cluster.register_with(old).error_code, ErrorCode::NONE);
    let raise = [("group.version", 1, UPGRADE)];
    assert_eq!(update(&mut cluster, &raise, false), ErrorCode::INVALID_UPDATE_VERSION);
    cluster.now += 100_000;
    assert_eq!(cluster.register(1, 2).error_code, ErrorCode::NONE);
    assert_eq!(update(&mut cluster, &raise, true), ErrorCode::NONE);
    cluster.controller.config.voters = vec![0, 9];
    assert_eq!(update(&mut cluster, &raise, false), ErrorCode::INVALID_UPDATE_VERSION);
}

#[test]
fn eligible_leader_replicas_bring_one_minimum_for_all() {
    let mut cluster = Cluster::new(1);
    assert_eq!(update(&mut cluster, &[(ELR_VERSION, 0, SAFE)], false), ErrorCode::NONE);
    cluster.configure(4, "0", "min.insync.replicas", Some("2"));
    cluster.configure(4, "", "min.insync.replicas", None);
    assert_eq!(update(&mut cluster, &[(ELR_VERSION, 1, UPGRADE)], false), ErrorCode::NONE);
    let configs = &cluster.controller.state().configs;
    assert_eq!(configs.value(&ConfigResource::default_broker(), "min.insync.replicas"), Some("1"));
    assert_eq!(configs.value(&ConfigResource::broker(0), "min.insync.replicas"), None);
}

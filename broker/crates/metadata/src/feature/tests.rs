use super::*;

#[test]
fn levels_have_the_names_of_kafka_4_3() {
    let names = [
        (7, "3.3-IV3"),
        (8, "3.4-IV0"),
        (12, "3.6-IV0"),
        (19, "3.7-IV4"),
        (21, "3.9-IV0"),
        (22, "4.0-IV0"),
        (25, "4.0-IV3"),
        (27, "4.1-IV1"),
        (30, "4.3-IV0"),
    ];
    for (level, name) in names {
        let version = MetadataVersion::from_level(level).expect(name);
        assert_eq!(version.name(), name);
        assert_eq!(MetadataVersion::from_name(name), Some(version));
    }
    assert_eq!(MetadataVersion::from_level(6), None);
    assert_eq!(MetadataVersion::from_level(31), None);
}

#[test]
fn a_release_means_its_last_level() {
    assert_eq!(MetadataVersion::from_name("4.0").map(MetadataVersion::level), Some(25));
    assert_eq!(MetadataVersion::from_name("4.3").map(MetadataVersion::level), Some(30));
    assert_eq!(MetadataVersion::from_name("2.8"), None);
}

#[test]
fn a_fresh_cluster_gets_every_feature_at_its_default() {
    let levels: Vec<_> = FEATURES
        .iter()
        .map(|feature| (feature.name, feature.default_level(MetadataVersion::LATEST_PRODUCTION)))
        .collect();
    assert_eq!(
        levels,
        [
            ("eligible.leader.replicas.version", 1),
            ("group.version", 1),
            ("share.version", 1),
            ("streams.version", 1),
            ("transaction.version", 2),
        ]
    );
    assert_eq!(
        feature("share.version").map(|f| f.default_level(MetadataVersion::V4_1_IV0)),
        Some(0)
    );
}

#[test]
fn elr_needs_its_metadata_version() {
    let elr = feature("eligible.leader.replicas.version").expect("known");
    assert!(!elr.allows(1, MetadataVersion::V4_0_IV0));
    assert!(elr.allows(0, MetadataVersion::V4_0_IV0));
    assert!(elr.allows(1, MetadataVersion::V4_0_IV1));
    assert!(!elr.allows(2, MetadataVersion::LATEST_PRODUCTION));
}

#[test]
fn downgrades_across_record_changes_lose_metadata() {
    let level = |level| MetadataVersion::from_level(level).expect("known");
    assert!(level(30).loses_metadata_below(level(29)));
    assert!(!level(29).loses_metadata_below(level(24)));
    assert!(level(24).loses_metadata_below(level(22)));
    assert!(!level(26).loses_metadata_below(level(26)));
}

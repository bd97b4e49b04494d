//! Feature levels: what a cluster has agreed to use.

mod gates;
mod version;

#[cfg(test)]
mod tests;

pub use version::MetadataVersion;

/// Name of the feature that versions the metadata log.
pub const METADATA_VERSION: &str = "metadata.version";

/// Name of the feature that versions the quorum. It lives in control records, never in a
/// `FeatureLevelRecord`.
pub const KRAFT_VERSION: &str = "kraft.version";

/// A feature: its levels and when it is on by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Name in records and requests.
    pub name: &'static str,
    /// Lowest level.
    pub min_level: i16,
    /// Highest level of Apache Kafka 4.3.
    pub max_level: i16,
    /// Level that a fresh cluster starts with, and the `metadata.version` from which it does.
    pub default_level: i16,
    /// See `default_level`; below, the default is level 0.
    pub default_since: MetadataVersion,
    /// Lowest `metadata.version` under which a level above 0 may be finalized.
    pub requires: MetadataVersion,
}

/// Every feature of Apache Kafka 4.3 that `FeatureLevelRecord`s may finalize, except
/// `metadata.version`, by name.
pub const FEATURES: &[Feature] = &[
    Feature {
        name: "eligible.leader.replicas.version",
        min_level: 0,
        max_level: 1,
        default_level: 1,
        default_since: MetadataVersion::V4_1_IV0,
        requires: MetadataVersion::V4_0_IV1,
    },
    Feature {
        name: "group.version",
        min_level: 0,
        max_level: 1,
        default_level: 1,
        default_since: MetadataVersion::V4_0_IV0,
        requires: MetadataVersion::OLDEST,
    },
    Feature {
        name: "share.version",
        min_level: 0,
        max_level: 1,
        default_level: 1,
        default_since: MetadataVersion::V4_2_IV0,
        requires: MetadataVersion::OLDEST,
    },
    Feature {
        name: "streams.version",
        min_level: 0,
        max_level: 1,
        default_level: 1,
        default_since: MetadataVersion::V4_2_IV1,
        requires: MetadataVersion::OLDEST,
    },
    Feature {
        name: "transaction.version",
        min_level: 0,
        max_level: 2,
        default_level: 2,
        default_since: MetadataVersion::V4_0_IV2,
        requires: MetadataVersion::OLDEST,
    },
];

/// A feature by its name; none for an unknown one and for `metadata.version`.
#[must_use]
pub fn feature(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|feature| feature.name == name)
}

impl Feature {
    /// Level that a fresh cluster starts with under a `metadata.version`; 0 = not finalized.
    #[must_use]
    pub fn default_level(&self, version: MetadataVersion) -> i16 {
        if version >= self.default_since { self.default_level } else { 0 }
    }

    /// Whether a level exists and is allowed under a `metadata.version`.
    #[must_use]
    pub fn allows(&self, level: i16, version: MetadataVersion) -> bool {
        (self.min_level..=self.max_level).contains(&level)
            && (level == 0 || version >= self.requires)
    }
}

//! `metadata.version`: the format of the metadata log.

use std::fmt;

/// A level of `metadata.version` (Kafka: `MetadataVersion`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MetadataVersion(i16);

/// Names of the levels from [`MetadataVersion::OLDEST`] on.
const NAMES: [&str; 25] = [
    "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1", "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2",
    "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0", "3.9-IV0", "4.0-IV0",
    "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
    "4.4-IV0",
];

/// Levels whose records differ from the level below, so that a downgrade would lose metadata.
const CHANGES_METADATA: [i16; 9] = [7, 8, 11, 13, 14, 15, 17, 23, 30];

impl MetadataVersion {
    /// 3.3-IV3, the oldest that Apache Kafka 4.3 reads.
    pub const OLDEST: Self = Self(7);
    /// 4.0-IV0.
    pub const V4_0_IV0: Self = Self(22);
    /// 4.0-IV1.
    pub const V4_0_IV1: Self = Self(23);
    /// 4.0-IV2.
    pub const V4_0_IV2: Self = Self(24);
    /// 4.1-IV0.
    pub const V4_1_IV0: Self = Self(26);
    /// 4.2-IV0.
    pub const V4_2_IV0: Self = Self(28);
    /// 4.2-IV1.
    pub const V4_2_IV1: Self = Self(29);
    /// 4.3-IV0, the latest for production and what a fresh cluster gets.
    pub const LATEST_PRODUCTION: Self = Self(30);

    /// The version of a level, from 7 (3.3-IV3) to 30 (4.3-IV0). Level 31 is unstable in
    /// Apache Kafka 4.3 and not offered.
    #[must_use]
    pub fn from_level(level: i16) -> Option<Self> {
        (Self::OLDEST.0..=Self::LATEST_PRODUCTION.0).contains(&level).then_some(Self(level))
    }

    /// The level in records and requests.
    #[must_use]
    pub fn level(self) -> i16 {
        self.0
    }

    /// The name, for instance `4.3-IV0`.
    #[must_use]
    pub fn name(self) -> &'static str {
        usize::try_from(self.0 - Self::OLDEST.0)
            .ok()
            .and_then(|index| NAMES.get(index))
            .copied()
            .unwrap_or("unknown")
    }

    /// The version of a name such as `4.3-IV0`; a release such as `4.3` means its last level.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let prefix = format!("{name}-IV");
        (Self::OLDEST.0..=Self::LATEST_PRODUCTION.0)
            .rev()
            .map(Self)
            .find(|version| version.name() == name || version.name().starts_with(&prefix))
    }

    /// Whether going from here down to `lower` would cross a level that changed the records.
    #[must_use]
    pub fn loses_metadata_below(self, lower: Self) -> bool {
        CHANGES_METADATA.iter().any(|level| *level > lower.0 && *level <= self.0)
    }
}

impl fmt::Display for MetadataVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

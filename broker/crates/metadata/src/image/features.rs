//! Finalized feature levels.

use imbl::OrdMap;

use crate::feature::{METADATA_VERSION, MetadataVersion};
use crate::record::{FeatureLevelRecord, MetadataRecord};

use super::ReplayError;

/// Finalized levels by feature name, `metadata.version` apart (Kafka: `FeaturesImage`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeaturesImage {
    metadata_version: Option<MetadataVersion>,
    levels: OrdMap<String, i16>,
}

impl FeaturesImage {
    /// The finalized `metadata.version`; none before the bootstrap records were read.
    #[must_use]
    pub fn metadata_version(&self) -> Option<MetadataVersion> {
        self.metadata_version
    }

    /// The finalized `metadata.version`, or the oldest that a log may have.
    #[must_use]
    pub fn metadata_version_or_oldest(&self) -> MetadataVersion {
        self.metadata_version.unwrap_or(MetadataVersion::OLDEST)
    }

    /// Level of a feature; 0 when it is not finalized.
    #[must_use]
    pub fn level(&self, name: &str) -> i16 {
        if name == METADATA_VERSION {
            return self.metadata_version.map_or(0, MetadataVersion::level);
        }
        self.levels.get(name).copied().unwrap_or(0)
    }

    /// Every finalized feature and its level, `metadata.version` first, then by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, i16)> {
        self.metadata_version
            .map(|version| (METADATA_VERSION, version.level()))
            .into_iter()
            .chain(self.levels.iter().map(|(name, level)| (name.as_str(), *level)))
    }

    pub(super) fn replay(&mut self, record: &FeatureLevelRecord) -> Result<(), ReplayError> {
        if record.name == METADATA_VERSION {
            let version = MetadataVersion::from_level(record.feature_level).ok_or_else(|| {
                ReplayError::InvalidField {
                    record: "FeatureLevelRecord",
                    field: "metadata.version",
                    value: record.feature_level.to_string(),
                }
            })?;
            self.metadata_version = Some(version);
        } else if record.name == crate::feature::KRAFT_VERSION {
            // kraft.version lives in control records; one found here is ignored, as in Kafka.
        } else if record.feature_level == 0 {
            self.levels.remove(&record.name);
        } else {
            self.levels.insert(record.name.clone(), record.feature_level);
        }
        Ok(())
    }

    pub(super) fn write(&self, records: &mut Vec<MetadataRecord>) {
        records.extend(self.iter().map(|(name, feature_level)| {
            MetadataRecord::FeatureLevel(FeatureLevelRecord {
                name: name.to_owned(),
                feature_level,
            })
        }));
    }
}

//! The first records of a cluster.

use barnabas_metadata::feature::{FEATURES, METADATA_VERSION, MetadataVersion};
use barnabas_metadata::record::{
    AbortTransactionRecord, BeginTransactionRecord, ConfigRecord, EndTransactionRecord,
    FeatureLevelRecord, MetadataRecord,
};

use crate::Controller;
use crate::feature::ELR_VERSION;

/// Kafka's name of the transaction around the bootstrap records.
const TRANSACTION_NAME: &str = "Bootstrap records";

/// What `format` writes to `bootstrap.checkpoint`: metadata.version, then the other features by
/// name, at their defaults (kraft.version is never among them).
#[must_use]
pub fn bootstrap_records(version: MetadataVersion) -> Vec<MetadataRecord> {
    let features = FEATURES.iter().map(|feature| (feature.name, feature.default_level(version)));
    let features = features.filter(|(_, level)| *level > 0);
    std::iter::once((METADATA_VERSION, version.level()))
        .chain(features)
        .map(|(name, feature_level)| {
            FeatureLevelRecord { name: name.to_owned(), feature_level }.into()
        })
        .collect()
}

impl Controller {
    pub(crate) fn activation_records(&self) -> Vec<MetadataRecord> {
        if self.state.features.metadata_version().is_some() {
            return Vec::new();
        }
        let mut bootstrap = self.config.bootstrap.clone();
        if bootstrap.is_empty() {
            bootstrap = vec![
                FeatureLevelRecord {
                    name: METADATA_VERSION.to_owned(),
                    feature_level: MetadataVersion::LATEST_PRODUCTION.level(),
                }
                .into(),
            ];
        }
        let elr = bootstrap.iter().any(|record| {
            matches!(record, MetadataRecord::FeatureLevel(feature)
                if feature.name == ELR_VERSION && feature.feature_level > 0)
        });
        let mut records = Vec::with_capacity(bootstrap.len() + 3);
        let name = Some(TRANSACTION_NAME.to_owned());
        records.push(BeginTransactionRecord { name }.into());
        records.append(&mut bootstrap);
        if elr {
            // With ELR the cluster-wide value decides, never one of a single broker (KIP-966).
            records.push(
                ConfigRecord {
                    resource_type: 4,
                    resource_name: String::new(),
                    name: "min.insync.replicas".to_owned(),
                    value: Some(self.config.min_insync_replicas.to_string()),
                }
                .into(),
            );
        }
        records.push(EndTransactionRecord {}.into());
        records
    }

    /// What ends a transaction that an earlier controller left open: its records never count.
    #[must_use]
    pub fn abort_record() -> MetadataRecord {
        AbortTransactionRecord { reason: Some("the controller changed".to_owned()) }.into()
    }
}

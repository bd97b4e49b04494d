//! UpdateFeatures: the cluster agrees on other levels (KIP-584; Kafka: `FeatureControlManager`).

use std::collections::BTreeMap;

use barnabas_metadata::feature::{
    FEATURES, KRAFT_VERSION, METADATA_VERSION, MetadataVersion, feature,
};
use barnabas_metadata::image::{ConfigResource, ConfigResourceType};
use barnabas_metadata::record::{ClearElrRecord, ConfigRecord, FeatureLevelRecord, MetadataRecord};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::update_features::{
    FeatureUpdateKey, UpdatableFeatureResult, UpdateFeaturesRequest, UpdateFeaturesResponse,
};

use super::ELR_VERSION;
use crate::configs::MIN_ISR;
use crate::{ApiError, Controller, Outcome};

/// Highest kraft.version.
const KRAFT_VERSION_MAX: i16 = 1;

/// Kafka's `FeatureUpdate.UpgradeType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UpgradeType {
    Upgrade,
    SafeDowngrade,
    UnsafeDowngrade,
}

impl Controller {
    /// All levels change, or none.
    pub(crate) fn update_features(
        &self,
        request: &UpdateFeaturesRequest,
    ) -> Outcome<UpdateFeaturesResponse> {
        let mut records = match self.feature_records(&request.feature_updates) {
            Ok(records) => records,
            Err(error) => {
                let response = UpdateFeaturesResponse {
                    error_code: error.code,
                    error_message: Some(format!(
                        "no feature was updated, because one of them cannot be: {}",
                        error.message
                    )),
                    ..UpdateFeaturesResponse::default()
                };
                return Outcome::new(Vec::new(), response);
            }
        };
        if request.validate_only {
            records.clear();
        }
        let results = request.feature_updates.iter().map(|update| UpdatableFeatureResult {
            feature: update.feature.clone(),
            ..UpdatableFeatureResult::default()
        });
        let results = results.collect();
        Outcome::new(records, UpdateFeaturesResponse { results, ..Default::default() })
    }

    fn feature_records(
        &self,
        updates: &[FeatureUpdateKey],
    ) -> Result<Vec<MetadataRecord>, ApiError> {
        let mut levels: BTreeMap<&str, i16> = self.state.features.iter().collect();
        levels.extend(updates.iter().map(|u| (u.feature.as_str(), u.max_version_level)));
        let version = levels.get(METADATA_VERSION).copied().and_then(MetadataVersion::from_level);
        let version = version.unwrap_or_else(|| self.metadata_version());
        let mut records = Vec::with_capacity(updates.len());
        for update in updates {
            let changed =
                self.check_update(update, version).map_err(|reason| invalid(update, &reason))?;
            if changed {
                let (name, feature_level) = (update.feature.clone(), update.max_version_level);
                records.push(FeatureLevelRecord { name, feature_level }.into());
            }
        }
        // A lower metadata.version must still carry the features that stay.
        for (name, level) in &levels {
            if let Some(feature) = feature(name)
                && !feature.allows(*level, version)
            {
                let message = format!(
                    "{name} cannot be at {level} while metadata.version is at {version}: it needs \
                     {}",
                    feature.requires
                );
                return Err(ApiError::new(ErrorCode::INVALID_UPDATE_VERSION, message));
            }
        }
        if !self.elr_enabled() && levels.get(ELR_VERSION).is_some_and(|level| *level > 0) {
            records.extend(self.settle_min_isr());
            // Nobody kept the lists while the feature was off: those of before may lack records.
            records.push(ClearElrRecord { topic_name: String::new() }.into());
        }
        Ok(records)
    }

    /// Whether the level changes, or why it cannot.
    fn check_update(
        &self,
        update: &FeatureUpdateKey,
        version: MetadataVersion,
    ) -> Result<bool, String> {
        let (name, level) = (update.feature.as_str(), update.max_version_level);
        let upgrade_type = upgrade_type(update).ok_or("the upgrade type is unknown")?;
        let current = match name {
            KRAFT_VERSION => self.config.kraft_version,
            _ => self.state.features.level(name),
        };
        if level < 0 {
            return Err("a level is at least 0".to_owned());
        }
        self.check_supported(name, level)?;
        if level < current && upgrade_type == UpgradeType::Upgrade {
            return Err(format!(
                "it is at {current}, and a lower level needs the upgrade type of a safe or \
                 unsafe downgrade"
            ));
        }
        if level > current && upgrade_type != UpgradeType::Upgrade {
            return Err(format!("it is at {current}, and a downgrade does not raise a level"));
        }
        if name == KRAFT_VERSION {
            return if level == current {
                Ok(false)
            } else {
                Err(format!("it is at {current} and stays there"))
            };
        }
        if name == METADATA_VERSION
            && level < current
            && self.metadata_version().loses_metadata_below(version)
        {
            return Err("a downgrade so far would lose metadata, and is not supported".to_owned());
        }
        Ok(level != current)
    }

    /// Every node has to be able to run at the level.
    fn check_supported(&self, name: &str, level: i16) -> Result<(), String> {
        let check = |who: &str, range: Option<(i16, i16)>| {
            let (min, max) = range.unwrap_or((0, 0));
            if (min..=max).contains(&level) {
                return Ok(());
            }
            Err(match range {
                Some(_) => format!("{who} only supports levels {min} to {max}"),
                None => format!("{who} does not support this feature"),
            })
        };
        let own = own_range(name);
        check(&format!("controller {}", self.config.node_id), own)?;
        if own.is_none() {
            return Err("there is no such feature".to_owned());
        }
        for broker in self.state.cluster.brokers() {
            let range = broker.features.iter().find(|feature| feature.name == name);
            let range = range.map(|f| (f.min_supported_version, f.max_supported_version));
            check(&format!("broker {}", broker.id), range)?;
        }
        if !self.metadata_version().supports_controller_registration() {
            return Ok(());
        }
        for id in self.config.voters.iter().filter(|id| **id != self.config.node_id) {
            let Some(controller) = self.state.cluster.controller(*id) else {
                return Err(format!(
                    "controller {id} has not registered, and may not support this feature"
                ));
            };
            let features = &controller.registration.features;
            let range = features.iter().find(|feature| feature.name == name);
            let range = range.map(|f| (f.min_supported_version, f.max_supported_version));
            check(&format!("controller {id}"), range)?;
        }
        Ok(())
    }

    /// With ELR one minimum holds for the whole cluster, and no broker has its own (KIP-966).
    fn settle_min_isr(&self) -> Vec<MetadataRecord> {
        let record = |resource: &ConfigResource, value: Option<String>| ConfigRecord {
            resource_type: resource.resource_type.value(),
            resource_name: resource.name.clone(),
            name: MIN_ISR.to_owned(),
            value,
        };
        let all = ConfigResource::default_broker();
        let mut records = Vec::new();
        if self.state.configs.value(&all, MIN_ISR).is_none() {
            let value = self.config.min_insync_replicas.to_string();
            records.push(record(&all, Some(value)).into());
        }
        let own = self.state.configs.iter().filter(|(resource, configs)| {
            resource.resource_type == ConfigResourceType::Broker
                && !resource.name.is_empty()
                && configs.contains_key(MIN_ISR)
        });
        records.extend(own.map(|(resource, _)| record(resource, None).into()));
        records
    }
}

fn upgrade_type(update: &FeatureUpdateKey) -> Option<UpgradeType> {
    match update.upgrade_type {
        // Version 0 has a flag instead.
        _ if update.allow_downgrade => Some(UpgradeType::SafeDowngrade),
        1 => Some(UpgradeType::Upgrade),
        2 => Some(UpgradeType::SafeDowngrade),
        3 => Some(UpgradeType::UnsafeDowngrade),
        _ => None,
    }
}

/// The levels that this node can run at.
fn own_range(name: &str) -> Option<(i16, i16)> {
    match name {
        METADATA_VERSION => {
            Some((MetadataVersion::OLDEST.level(), MetadataVersion::LATEST_PRODUCTION.level()))
        }
        KRAFT_VERSION => Some((0, KRAFT_VERSION_MAX)),
        _ => FEATURES
            .iter()
            .find(|feature| feature.name == name)
            .map(|feature| (feature.min_level, feature.max_level)),
    }
}

fn invalid(update: &FeatureUpdateKey, reason: &str) -> ApiError {
    let (name, level) = (&update.feature, update.max_version_level);
    let message = format!("invalid level {level} for feature {name}: {reason}");
    ApiError::new(ErrorCode::INVALID_UPDATE_VERSION, message)
}

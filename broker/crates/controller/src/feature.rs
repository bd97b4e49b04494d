//! Feature levels as the controller uses them.

mod update;

#[cfg(test)]
mod tests;

use barnabas_metadata::feature::MetadataVersion;

use crate::Controller;

/// Eligible leader replicas (KIP-966).
pub(crate) const ELR_VERSION: &str = "eligible.leader.replicas.version";

impl Controller {
    pub(crate) fn metadata_version(&self) -> MetadataVersion {
        self.state.features.metadata_version_or_oldest()
    }

    pub(crate) fn elr_enabled(&self) -> bool {
        self.state.features.level(ELR_VERSION) > 0
    }
}

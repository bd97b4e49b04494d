//! The metadata image: what the cluster looks like at one offset of the metadata log.
//!
//! An image is immutable once published. Its maps are persistent trees, so that cloning one is
//! a few reference counts and changing one topic copies a path of the tree, not the tree
//! (Kafka: `org.apache.kafka.image.MetadataImage`, which copies whole maps).

mod acls;
mod cluster;
mod configs;
mod delta;
mod error;
mod features;
mod loader;
mod partition;
mod producer_ids;
mod quotas;
mod scram;
mod snapshot;
mod tokens;
mod topics;

#[cfg(test)]
mod tests;

pub use acls::AclsImage;
pub use cluster::{BrokerImage, ClusterImage, ControllerImage};
pub use configs::{ConfigResource, ConfigResourceType, ConfigsImage, ResourceConfigs};
pub use delta::{Changes, Delta, TopicChange};
pub use error::ReplayError;
pub use features::FeaturesImage;
pub use loader::{LoadError, Loader, Published};
pub use partition::{LeaderRecoveryState, NO_LEADER, PartitionImage};
pub use producer_ids::ProducerIdsImage;
pub use quotas::{QuotaEntity, QuotasImage};
pub use scram::ScramImage;
pub use tokens::TokensImage;
pub use topics::{TopicImage, TopicsImage};

/// The metadata of the whole cluster at one offset.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    /// Where in the metadata log this image ends.
    pub provenance: Provenance,
    /// Finalized feature levels.
    pub features: FeaturesImage,
    /// Registered brokers and controllers.
    pub cluster: ClusterImage,
    /// Topics and their partitions.
    pub topics: TopicsImage,
    /// Dynamic configs of every resource.
    pub configs: ConfigsImage,
    /// Client quotas.
    pub quotas: QuotasImage,
    /// The next block of producer ids.
    pub producer_ids: ProducerIdsImage,
    /// Access control entries.
    pub acls: AclsImage,
    /// SCRAM credentials.
    pub scram: ScramImage,
    /// Delegation tokens.
    pub tokens: TokensImage,
}

/// The last batch of the metadata log that an image contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// Offset of the last record, -1 when nothing was read.
    pub offset: i64,
    /// Leader epoch of the last record, -1 when nothing was read.
    pub epoch: i32,
    /// Append time of the last batch in milliseconds, -1 when nothing was read.
    pub last_contained_log_timestamp: i64,
}

impl Default for Provenance {
    fn default() -> Self {
        Self { offset: -1, epoch: -1, last_contained_log_timestamp: -1 }
    }
}

impl Provenance {
    /// The offset after the last one contained: a snapshot of this image is named by it.
    #[must_use]
    pub fn end_offset(&self) -> i64 {
        self.offset + 1
    }
}

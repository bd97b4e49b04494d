//! Files of a log directory (one of `log.dirs`) and names of the directories in it.

pub mod checkpoint;
mod clean_shutdown;
mod lock;
mod meta_properties;
mod name;
mod offsets;
mod partition_metadata;

pub use self::clean_shutdown::CleanShutdown;
pub use self::lock::{LockError, lock_directory};
pub use self::meta_properties::{MetaProperties, MetaPropertiesError, new_directory_id};
pub use self::name::{DirectoryName, TopicPartition};
pub use self::offsets::{OffsetCheckpoint, Offsets};
pub(crate) use self::partition_metadata::FILE as PARTITION_METADATA_FILE;
pub use self::partition_metadata::PartitionMetadata;

#[cfg(test)]
mod tests;

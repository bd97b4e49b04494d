//! The records of the metadata log: one file each, and the envelope around them.

mod abort_transaction;
mod access_control_entry;
mod begin_transaction;
mod broker_registration_change;
mod clear_elr;
mod client_quota;
mod config;
mod delegation_token;
mod end_transaction;
mod envelope;
mod feature_level;
mod fence_broker;
mod no_op;
mod partition;
mod partition_change;
mod producer_ids;
mod register_broker;
mod register_controller;
mod remove_access_control_entry;
mod remove_delegation_token;
mod remove_topic;
mod remove_user_scram_credential;
mod topic;
mod unfence_broker;
mod unregister_broker;
mod user_scram_credential;
mod zk_migration_state;

#[cfg(test)]
mod tests;

pub use abort_transaction::AbortTransactionRecord;
pub use access_control_entry::AccessControlEntryRecord;
pub use begin_transaction::BeginTransactionRecord;
pub use broker_registration_change::BrokerRegistrationChangeRecord;
pub use clear_elr::ClearElrRecord;
pub use client_quota::{ClientQuotaRecord, EntityData};
pub use config::ConfigRecord;
pub use delegation_token::DelegationTokenRecord;
pub use end_transaction::EndTransactionRecord;
pub use envelope::{FRAME_VERSION, RecordError};
pub use feature_level::FeatureLevelRecord;
pub use fence_broker::FenceBrokerRecord;
pub use no_op::NoOpRecord;
pub use partition::PartitionRecord;
pub use partition_change::PartitionChangeRecord;
pub use producer_ids::ProducerIdsRecord;
pub use register_broker::{BrokerEndpoint, BrokerFeature, RegisterBrokerRecord};
pub use register_controller::{ControllerEndpoint, ControllerFeature, RegisterControllerRecord};
pub use remove_access_control_entry::RemoveAccessControlEntryRecord;
pub use remove_delegation_token::RemoveDelegationTokenRecord;
pub use remove_topic::RemoveTopicRecord;
pub use remove_user_scram_credential::RemoveUserScramCredentialRecord;
pub use topic::TopicRecord;
pub use unfence_broker::UnfenceBrokerRecord;
pub use unregister_broker::UnregisterBrokerRecord;
pub use user_scram_credential::UserScramCredentialRecord;
pub use zk_migration_state::ZkMigrationStateRecord;

use barnabas_wire::{Decoder, EncodeError, Encoder, Message};

use crate::feature::MetadataVersion;

/// Defines [`MetadataRecord`] from `key => variant(struct)`.
macro_rules! metadata_records {
    ($($(#[$doc:meta])* $key:literal => $variant:ident($record:ident),)*) => {
        /// A record of the metadata log.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MetadataRecord {
            $($(#[$doc])* $variant($record),)*
        }

        impl MetadataRecord {
            /// Key of the record type in the envelope.
            #[must_use]
            pub fn key(&self) -> u32 {
                match self {
                    $(Self::$variant(_) => $key,)*
                }
            }

            /// Kafka's name of the record type.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => stringify!($record),)*
                }
            }

            fn decode_body(
                key: u32,
                version: i16,
                decoder: &mut Decoder,
            ) -> Result<Self, RecordError> {
                match key {
                    $($key => {
                        envelope::check_version::<$record>(version)?;
                        Ok(Self::$variant($record::decode(decoder, version)?))
                    })*
                    _ => Err(RecordError::UnknownKey(key)),
                }
            }

            fn encode_body(
                &self,
                version: i16,
                encoder: &mut Encoder,
            ) -> Result<(), EncodeError> {
                match self {
                    $(Self::$variant(record) => record.encode(encoder, version),)*
                }
            }
        }

        $(impl From<$record> for MetadataRecord {
            fn from(record: $record) -> Self {
                Self::$variant(record)
            }
        })*
    };
}

metadata_records! {
    /// See [`RegisterBrokerRecord`].
    0 => RegisterBroker(RegisterBrokerRecord),
    /// See [`UnregisterBrokerRecord`].
    1 => UnregisterBroker(UnregisterBrokerRecord),
    /// See [`TopicRecord`].
    2 => Topic(TopicRecord),
    /// See [`PartitionRecord`].
    3 => Partition(PartitionRecord),
    /// See [`ConfigRecord`].
    4 => Config(ConfigRecord),
    /// See [`PartitionChangeRecord`].
    5 => PartitionChange(PartitionChangeRecord),
    /// See [`FenceBrokerRecord`].
    7 => FenceBroker(FenceBrokerRecord),
    /// See [`UnfenceBrokerRecord`].
    8 => UnfenceBroker(UnfenceBrokerRecord),
    /// See [`RemoveTopicRecord`].
    9 => RemoveTopic(RemoveTopicRecord),
    /// See [`DelegationTokenRecord`].
    10 => DelegationToken(DelegationTokenRecord),
    /// See [`UserScramCredentialRecord`].
    11 => UserScramCredential(UserScramCredentialRecord),
    /// See [`FeatureLevelRecord`].
    12 => FeatureLevel(FeatureLevelRecord),
    /// See [`ClientQuotaRecord`].
    14 => ClientQuota(ClientQuotaRecord),
    /// See [`ProducerIdsRecord`].
    15 => ProducerIds(ProducerIdsRecord),
    /// See [`BrokerRegistrationChangeRecord`].
    17 => BrokerRegistrationChange(BrokerRegistrationChangeRecord),
    /// See [`AccessControlEntryRecord`].
    18 => AccessControlEntry(AccessControlEntryRecord),
    /// See [`RemoveAccessControlEntryRecord`].
    19 => RemoveAccessControlEntry(RemoveAccessControlEntryRecord),
    /// See [`NoOpRecord`].
    20 => NoOp(NoOpRecord),
    /// See [`ZkMigrationStateRecord`].
    21 => ZkMigrationState(ZkMigrationStateRecord),
    /// See [`RemoveUserScramCredentialRecord`].
    22 => RemoveUserScramCredential(RemoveUserScramCredentialRecord),
    /// See [`BeginTransactionRecord`].
    23 => BeginTransaction(BeginTransactionRecord),
    /// See [`EndTransactionRecord`].
    24 => EndTransaction(EndTransactionRecord),
    /// See [`AbortTransactionRecord`].
    25 => AbortTransaction(AbortTransactionRecord),
    /// See [`RemoveDelegationTokenRecord`].
    26 => RemoveDelegationToken(RemoveDelegationTokenRecord),
    /// See [`RegisterControllerRecord`].
    27 => RegisterController(RegisterControllerRecord),
    /// See [`ClearElrRecord`].
    28 => ClearElr(ClearElrRecord),
}

impl MetadataRecord {
    /// The version in which this record is written under a `metadata.version`.
    #[must_use]
    pub fn version(&self, metadata_version: MetadataVersion) -> i16 {
        match self {
            Self::RegisterBroker(_) => metadata_version.register_broker_record_version(),
            Self::BrokerRegistrationChange(_) => {
                metadata_version.broker_registration_change_record_version()
            }
            Self::Partition(_) | Self::PartitionChange(_) => {
                metadata_version.partition_record_version()
            }
            _ => 0,
        }
    }
}

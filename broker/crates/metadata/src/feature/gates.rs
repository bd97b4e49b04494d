//! What a `metadata.version` allows.

use super::MetadataVersion;

impl MetadataVersion {
    /// SCRAM credentials in the metadata log.
    #[must_use]
    pub fn supports_scram(self) -> bool {
        self.level() >= 11
    }

    /// Whether an ISR that only shrinks bumps the leader epoch (it did before 3.6-IV0).
    #[must_use]
    pub fn bumps_leader_epoch_on_isr_shrink(self) -> bool {
        self.level() < 12
    }

    /// Begin, end and abort of log transactions (KIP-868).
    #[must_use]
    pub fn supports_log_transactions(self) -> bool {
        self.level() >= 13
    }

    /// Delegation tokens in the metadata log.
    #[must_use]
    pub fn supports_delegation_tokens(self) -> bool {
        self.level() >= 14
    }

    /// Controllers register.
    #[must_use]
    pub fn supports_controller_registration(self) -> bool {
        self.level() >= 15
    }

    /// Replicas are assigned to log directories (KIP-858).
    #[must_use]
    pub fn supports_directory_assignment(self) -> bool {
        self.level() >= 17
    }

    /// Eligible leader replicas (KIP-966).
    #[must_use]
    pub fn supports_elr(self) -> bool {
        self.level() >= 23
    }

    /// Cordoned log directories (KIP-1066).
    #[must_use]
    pub fn supports_cordoned_log_dirs(self) -> bool {
        self.level() >= 30
    }

    /// Version of `RegisterBrokerRecord`.
    #[must_use]
    pub fn register_broker_record_version(self) -> i16 {
        match self.level() {
            30.. => 4,
            17..=29 => 3,
            8..=16 => 2,
            _ => 1,
        }
    }

    /// Version of `BrokerRegistrationChangeRecord`.
    #[must_use]
    pub fn broker_registration_change_record_version(self) -> i16 {
        match self.level() {
            30.. => 3,
            17..=29 => 2,
            _ => 1,
        }
    }

    /// Version of `PartitionRecord` and of `PartitionChangeRecord`.
    #[must_use]
    pub fn partition_record_version(self) -> i16 {
        match self.level() {
            23.. => 2,
            17..=22 => 1,
            _ => 0,
        }
    }

    /// Fetch version that brokers use among themselves.
    #[must_use]
    pub fn fetch_version(self) -> i16 {
        match self.level() {
            27.. => 18,
            21..=26 => 17,
            19..=20 => 16,
            10..=18 => 15,
            9 => 14,
            _ => 13,
        }
    }

    /// ListOffsets version that brokers use among themselves.
    #[must_use]
    pub fn list_offsets_version(self) -> i16 {
        match self.level() {
            29.. => 11,
            25..=28 => 10,
            21..=24 => 9,
            9..=20 => 8,
            _ => 7,
        }
    }
}

//! The APIs: keys, versions and listeners of Apache Kafka 4.3.

use std::fmt;

use crate::VersionRange;

/// Which listeners of a node serve an API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listeners {
    /// Those that clients and other brokers connect to.
    Broker,
    /// Those of controllers.
    Controller,
    /// Both.
    Both,
}

/// No API has this key (any more).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown API key {0}")]
pub struct UnknownApiKey(pub i16);

/// `Name = key, versions, latest stable version, first flexible version, listeners;`
macro_rules! apis {
    ($($name:ident = $key:literal, $min:literal..=$max:literal, $stable:literal, $flexible:expr,
       $listeners:ident;)*) => {
        /// An API (`org.apache.kafka.common.protocol.ApiKeys`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        #[allow(missing_docs, reason = "the names say it; `api` has a module for each")]
        pub enum ApiKey { $($name = $key,)* }

        impl ApiKey {
            /// Every API, by ascending key.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Kafka's name of the API.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The versions that have a definition, unstable ones included.
            pub fn versions(self) -> VersionRange {
                let (min, max) = match self { $(Self::$name => ($min, $max),)* };
                VersionRange { min, max }
            }

            /// The highest version that a broker may advertise.
            pub fn latest_stable_version(self) -> i16 {
                match self { $(Self::$name => $stable,)* }
            }

            /// The first version with compact lengths and tagged fields, if any has.
            pub fn first_flexible_version(self) -> Option<i16> {
                match self { $(Self::$name => $flexible,)* }
            }

            /// Which listeners serve the API.
            pub fn listeners(self) -> Listeners {
                match self { $(Self::$name => Listeners::$listeners,)* }
            }
        }

        impl TryFrom<i16> for ApiKey {
            type Error = UnknownApiKey;

            fn try_from(key: i16) -> Result<Self, UnknownApiKey> {
                match key {
                    $($key => Ok(Self::$name),)*
                    _ => Err(UnknownApiKey(key)),
                }
            }
        }
    };
}

apis! {
    Produce = 0, 3..=13, 13, Some(9), Broker;
    Fetch = 1, 4..=18, 18, Some(12), Both;
    ListOffsets = 2, 1..=11, 11, Some(6), Broker;
    Metadata = 3, 0..=13, 13, Some(9), Broker;
    OffsetCommit = 8, 2..=10, 10, Some(8), Broker;
    OffsetFetch = 9, 1..=10, 10, Some(6), Broker;
    FindCoordinator = 10, 0..=6, 6, Some(3), Broker;
    JoinGroup = 11, 0..=9, 9, Some(6), Broker;
    Heartbeat = 12, 0..=4, 4, Some(4), Broker;
    LeaveGroup = 13, 0..=5, 5, Some(4), Broker;
    SyncGroup = 14, 0..=5, 5, Some(4), Broker;
    DescribeGroups = 15, 0..=6, 6, Some(5), Broker;
    ListGroups = 16, 0..=5, 5, Some(3), Broker;
    SaslHandshake = 17, 0..=1, 1, None, Both;
    ApiVersions = 18, 0..=4, 4, Some(3), Both;
    CreateTopics = 19, 2..=7, 7, Some(5), Both;
    DeleteTopics = 20, 1..=6, 6, Some(4), Both;
    DeleteRecords = 21, 0..=2, 2, Some(2), Broker;
    InitProducerId = 22, 0..=6, 5, Some(2), Broker;
    OffsetForLeaderEpoch = 23, 2..=4, 4, Some(4), Broker;
    AddPartitionsToTxn = 24, 0..=5, 5, Some(3), Broker;
    AddOffsetsToTxn = 25, 0..=4, 4, Some(3), Broker;
    EndTxn = 26, 0..=5, 5, Some(3), Broker;
    WriteTxnMarkers = 27, 1..=2, 2, Some(1), Broker;
    TxnOffsetCommit = 28, 0..=5, 5, Some(3), Broker;
    DescribeAcls = 29, 1..=3, 3, Some(2), Both;
    CreateAcls = 30, 1..=3, 3, Some(2), Both;
    DeleteAcls = 31, 1..=3, 3, Some(2), Both;
    DescribeConfigs = 32, 1..=4, 4, Some(4), Both;
    AlterConfigs = 33, 0..=2, 2, Some(2), Both;
    AlterReplicaLogDirs = 34, 1..=2, 2, Some(2), Broker;
    DescribeLogDirs = 35, 1..=5, 5, Some(2), Broker;
    SaslAuthenticate = 36, 0..=2, 2, Some(2), Both;
    CreatePartitions = 37, 0..=3, 3, Some(2), Both;
    CreateDelegationToken = 38, 1..=3, 3, Some(2), Both;
    RenewDelegationToken = 39, 1..=2, 2, Some(2), Both;
    ExpireDelegationToken = 40, 1..=2, 2, Some(2), Both;
    DescribeDelegationToken = 41, 1..=3, 3, Some(2), Both;
    DeleteGroups = 42, 0..=2, 2, Some(2), Broker;
    ElectLeaders = 43, 0..=2, 2, Some(2), Both;
    IncrementalAlterConfigs = 44, 0..=1, 1, Some(1), Both;
    AlterPartitionReassignments = 45, 0..=1, 1, Some(0), Both;
    ListPartitionReassignments = 46, 0..=0, 0, Some(0), Both;
    OffsetDelete = 47, 0..=0, 0, None, Broker;
    DescribeClientQuotas = 48, 0..=1, 1, Some(1), Broker;
    AlterClientQuotas = 49, 0..=1, 1, Some(1), Both;
    DescribeUserScramCredentials = 50, 0..=0, 0, Some(0), Both;
    AlterUserScramCredentials = 51, 0..=0, 0, Some(0), Both;
    Vote = 52, 0..=2, 2, Some(0), Controller;
    BeginQuorumEpoch = 53, 0..=1, 1, Some(1), Controller;
    EndQuorumEpoch = 54, 0..=1, 1, Some(1), Controller;
    DescribeQuorum = 55, 0..=2, 2, Some(0), Both;
    AlterPartition = 56, 2..=3, 3, Some(0), Controller;
    UpdateFeatures = 57, 0..=2, 2, Some(0), Both;
    Envelope = 58, 0..=0, 0, Some(0), Controller;
    FetchSnapshot = 59, 0..=1, 1, Some(0), Controller;
    DescribeCluster = 60, 0..=2, 2, Some(0), Both;
    DescribeProducers = 61, 0..=0, 0, Some(0), Broker;
    BrokerRegistration = 62, 0..=4, 4, Some(0), Controller;
    BrokerHeartbeat = 63, 0..=2, 2, Some(0), Controller;
    UnregisterBroker = 64, 0..=0, 0, Some(0), Both;
    DescribeTransactions = 65, 0..=0, 0, Some(0), Broker;
    ListTransactions = 66, 0..=2, 2, Some(0), Broker;
    AllocateProducerIds = 67, 0..=0, 0, Some(0), Controller;
    ConsumerGroupHeartbeat = 68, 0..=1, 1, Some(0), Broker;
    ConsumerGroupDescribe = 69, 0..=1, 1, Some(0), Broker;
    ControllerRegistration = 70, 0..=0, 0, Some(0), Controller;
    GetTelemetrySubscriptions = 71, 0..=0, 0, Some(0), Broker;
    PushTelemetry = 72, 0..=0, 0, Some(0), Broker;
    AssignReplicasToDirs = 73, 0..=0, 0, Some(0), Controller;
    ListConfigResources = 74, 0..=1, 1, Some(0), Broker;
    DescribeTopicPartitions = 75, 0..=0, 0, Some(0), Broker;
    ShareGroupHeartbeat = 76, 1..=1, 1, Some(0), Broker;
    ShareGroupDescribe = 77, 1..=1, 1, Some(0), Broker;
    ShareFetch = 78, 1..=2, 2, Some(0), Broker;
    ShareAcknowledge = 79, 1..=2, 2, Some(0), Broker;
    AddRaftVoter = 80, 0..=1, 1, Some(0), Both;
    RemoveRaftVoter = 81, 0..=0, 0, Some(0), Both;
    UpdateRaftVoter = 82, 0..=0, 0, Some(0), Controller;
    InitializeShareGroupState = 83, 0..=0, 0, Some(0), Broker;
    ReadShareGroupState = 84, 0..=0, 0, Some(0), Broker;
    WriteShareGroupState = 85, 0..=1, 1, Some(0), Broker;
    DeleteShareGroupState = 86, 0..=0, 0, Some(0), Broker;
    ReadShareGroupStateSummary = 87, 0..=1, 1, Some(0), Broker;
    StreamsGroupHeartbeat = 88, 0..=0, 0, Some(0), Broker;
    StreamsGroupDescribe = 89, 0..=0, 0, Some(0), Broker;
    DescribeShareGroupOffsets = 90, 0..=1, 1, Some(0), Broker;
    AlterShareGroupOffsets = 91, 0..=0, 0, Some(0), Broker;
    DeleteShareGroupOffsets = 92, 0..=0, 0, Some(0), Broker;
}

impl ApiKey {
    /// Whether `version`, which need not be a valid one, is encoded with compact lengths and
    /// tagged fields (KIP-482).
    pub fn is_flexible(self, version: i16) -> bool {
        self.first_flexible_version().is_some_and(|first| version >= first)
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

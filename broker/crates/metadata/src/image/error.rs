//! Why a metadata record cannot be applied.

use barnabas_wire::Uuid;
use thiserror::Error;

/// A record that does not fit the image it is applied to.
///
/// The log is written by the active controller, which checks before it writes: any of these
/// means a corrupt log or a bug, and is fatal to whoever replays it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplayError {
    /// A change of a broker that is not registered.
    #[error("{record} refers to broker {broker_id}, which is not registered")]
    UnknownBroker {
        /// Record type.
        record: &'static str,
        /// The broker that is missing.
        broker_id: i32,
    },
    /// A change of a broker under another epoch than the registered one.
    #[error("{record} of broker {broker_id} has epoch {found}, registered is {expected}")]
    BrokerEpoch {
        /// Record type.
        record: &'static str,
        /// The broker.
        broker_id: i32,
        /// Epoch of the registration.
        expected: i64,
        /// Epoch in the record.
        found: i64,
    },
    /// A change of a topic id that does not exist.
    #[error("{record} refers to topic id {topic_id}, which does not exist")]
    UnknownTopicId {
        /// Record type.
        record: &'static str,
        /// The id that is missing.
        topic_id: Uuid,
    },
    /// A change of a topic name that does not exist.
    #[error("{record} refers to topic {name}, which does not exist")]
    UnknownTopicName {
        /// Record type.
        record: &'static str,
        /// The name that is missing.
        name: String,
    },
    /// A topic created twice.
    #[error("topic {name} exists already with id {existing}")]
    DuplicateTopic {
        /// Its name.
        name: String,
        /// Id of the topic that exists.
        existing: Uuid,
    },
    /// A change of a partition that does not exist.
    #[error("partition {partition} of topic id {topic_id} does not exist")]
    UnknownPartition {
        /// The topic.
        topic_id: Uuid,
        /// The partition that is missing.
        partition: i32,
    },
    /// A value that its field does not allow.
    #[error("{record} has an invalid {field}: {value}")]
    InvalidField {
        /// Record type.
        record: &'static str,
        /// Field name.
        field: &'static str,
        /// What was found.
        value: String,
    },
    /// Directories that do not pair with the replicas.
    #[error(
        "partition {partition} of topic id {topic_id} has {replicas} replicas \
         but {directories} directories"
    )]
    DirectoryCount {
        /// The topic.
        topic_id: Uuid,
        /// The partition.
        partition: i32,
        /// Number of replicas.
        replicas: usize,
        /// Number of directories.
        directories: usize,
    },
    /// An access control entry removed that does not exist.
    #[error("access control entry {0} does not exist")]
    UnknownAcl(Uuid),
    /// A delegation token removed that does not exist.
    #[error("delegation token {0} does not exist")]
    UnknownToken(String),
    /// A SCRAM credential removed that does not exist.
    #[error("user {0} has no such SCRAM credential")]
    UnknownScramCredential(String),
}

//! A partition replica's state: log end, high watermark, ISR, waiting requests, fetch sessions.
//!
//! Nothing here reads a log, a clock or a socket. The shell owns a [`Partition`] beside each log
//! and tells it what happened (appended, fetched, new metadata, an answer of the controller, time
//! passed); it keeps one [`ProducePurgatory`] and one [`FetchPurgatory`] for the requests that have
//! to wait, and one [`SessionCache`] for incremental fetches. All times are milliseconds on any
//! clock that does not go back.

mod deadlines;
mod fetcher;
mod ids;
mod partition;
mod purgatory;
mod session;
mod throttle;

pub use deadlines::Deadlines;
pub use fetcher::{
    Backoff, FetchAnswer, FetchFailure, FetchPosition, FetchTask, Fetcher, FetcherRequest,
    SessionFailure,
};
pub use ids::{BrokerEpoch, LeaderEpoch, NodeId, PartitionEpoch};
pub use partition::{
    Ack, AlterPartition, AlterPartitionAnswer, AlteredPartition, Brokers, Config, Effects,
    EpochError, Fit, FollowerFetch, FollowerFetchError, IsrChange, LogBounds, LogEpochs, Metadata,
    NotEnoughReplicas, Partition, Progress, RecoveryState, RoleChange, truncation,
};
pub use purgatory::{
    AckOutcome, Bound, FetchPurgatory, FetchWait, ProducePurgatory, ProduceWait, WaitId,
    WaitingFetch, WaitingProduce,
};
pub use session::{
    Answer, Answered, FetchPartition, FetchPlan, SessionCache, SessionError, SessionId,
    SessionRequest,
};
pub use throttle::Throttle;

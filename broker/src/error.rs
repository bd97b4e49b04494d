//! Why the broker does not start or stops: each says the cause and the next step.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use barnabas_server::config::SettingsError;
use barnabas_server::lifecycle::LifecycleError;
use barnabas_server::partition::{Loss, OpenDirError};
use barnabas_server::raft::MetadataError;
use barnabas_storage::directory::MetaPropertiesError;
use barnabas_storage::{DiskError, LogError};
use thiserror::Error;

/// Why a node does not start or stop.
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "the messages say it")]
pub enum StartError {
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    MetaProperties(#[from] MetaPropertiesError),
    #[error(transparent)]
    Disk(#[from] DiskError),
    #[error(transparent)]
    LogDir(#[from] OpenDirError),
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    #[error("the metadata log failed, nothing can be decided any more: {0}")]
    MetadataFailed(Arc<MetadataError>),
    #[error("none of the log directories can be used")]
    NoLogDir,
    #[error(transparent)]
    LogDirs(#[from] Loss),
    #[error("a log could not be closed, it will be recovered at the next start: {0}")]
    Close(LogError),
    #[error(
        "{0:?} is not a cluster id: expected letters, digits, - and _, at most 64; \
         by custom 22 characters of base64"
    )]
    ClusterId(String),
    #[error(
        "{} is not formatted: run `barnabas-broker format --cluster-id ID --config FILE` once, \
         or start with --cluster-id ID",
        .0.display()
    )]
    NotFormatted(PathBuf),
    #[error(
        "{} is formatted already: add --ignore-formatted to leave it as it is, \
         or remove its data first",
        .0.display()
    )]
    AlreadyFormatted(PathBuf),
    #[error("the voters of the metadata quorum: {0}")]
    Voters(String),
    #[error("log filter {0:?}: {1}")]
    LogFilter(String, String),
    #[error("no randomness for ids: {0}")]
    Random(io::Error),
    #[error("cannot listen on {address} ({name}): {source}")]
    Listen { name: String, address: String, source: io::Error },
    #[error("cannot serve HTTP on {address}: {source}")]
    Http { address: SocketAddr, source: io::Error },
    #[error("cannot start the runtime: {0}")]
    Runtime(io::Error),
}

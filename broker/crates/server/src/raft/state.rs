//! `quorum-state`: epoch, leader and vote (`FileQuorumStateStore`).

use std::path::{Path, PathBuf};

use barnabas_quorum::{Election, Epoch, NodeId, ReplicaKey};
use barnabas_storage::disk::{Disk, read_file, write_atomically};
use barnabas_wire::Uuid;
use serde::{Deserialize, Serialize};

use super::MetadataError;

const FILE: &str = "quorum-state";
const BYTES_MAX: u64 = 1 << 20;

/// Version 1; version 0 has no directory, and fields that say nothing.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version1 {
    leader_id: i32,
    leader_epoch: i32,
    voted_id: i32,
    #[serde(default)]
    voted_directory_id: Option<String>,
    #[serde(rename = "data_version")]
    data_version: i16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Version0 {
    cluster_id: &'static str,
    leader_id: i32,
    leader_epoch: i32,
    voted_id: i32,
    applied_offset: i64,
    current_voters: Vec<Version0Voter>,
    #[serde(rename = "data_version")]
    data_version: i16,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Version0Voter {
    voter_id: i32,
}

/// Reads the file of a metadata directory; nothing known when there is none.
pub(super) fn load(disk: &dyn Disk, dir: &Path) -> Result<Election, MetadataError> {
    let Some(content) = read_file(disk, &path(dir), BYTES_MAX)? else {
        return Ok(Election::default());
    };
    let malformed =
        |reason: String| MetadataError::QuorumState { dir: dir.display().to_string(), reason };
    let stored: Version1 =
        serde_json::from_slice(&content).map_err(|error| malformed(error.to_string()))?;
    if !(0..=1).contains(&stored.data_version) {
        return Err(malformed(format!("data_version {} is unknown", stored.data_version)));
    }
    let directory: Uuid = match &stored.voted_directory_id {
        Some(text) => text.parse().map_err(|_| malformed(format!("{text} is no directory id")))?,
        None => Uuid::ZERO,
    };
    let directory = (!directory.is_zero()).then_some(directory);
    let voted =
        (stored.voted_id >= 0).then_some(ReplicaKey { id: NodeId(stored.voted_id), directory });
    let leader = (stored.leader_id >= 0).then_some(NodeId(stored.leader_id));
    Ok(Election { epoch: Epoch(stored.leader_epoch), leader, voted })
}

/// Writes the file; durable on return.
pub(super) fn store(
    disk: &dyn Disk,
    dir: &Path,
    election: &Election,
    kraft_version: i16,
    voters: impl Iterator<Item = NodeId>,
) -> Result<(), MetadataError> {
    let leader_id = election.leader.map_or(-1, |leader| leader.0);
    let voted_id = election.voted.map_or(-1, |voted| voted.id.0);
    let leader_epoch = election.epoch.0;
    let content = if kraft_version == 0 {
        serde_json::to_vec(&Version0 {
            cluster_id: "",
            leader_id,
            leader_epoch,
            voted_id,
            applied_offset: 0,
            current_voters: voters.map(|id| Version0Voter { voter_id: id.0 }).collect(),
            data_version: 0,
        })
    } else {
        let directory = election.voted.and_then(|voted| voted.directory).unwrap_or_default();
        serde_json::to_vec(&Version1 {
            leader_id,
            leader_epoch,
            voted_id,
            voted_directory_id: Some(directory.to_string()),
            data_version: 1,
        })
    };
    let content = content.map_err(|error| MetadataError::QuorumState {
        dir: dir.display().to_string(),
        reason: error.to_string(),
    })?;
    write_atomically(disk, &path(dir), &content, true)?;
    Ok(())
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

//! The only committer of a group, as a consumer without members.

use std::sync::Arc;
use std::time::Duration;

use barnabas_wire::ErrorCode;
use barnabas_wire::api::offset_commit::{
    OffsetCommitRequest, OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use barnabas_wire::api::offset_fetch::{
    OffsetFetchRequest, OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use tokio::sync::watch;

use super::{Lost, Router};
use crate::history::{History, Partition};

const COMMIT_VERSION: i16 = 8;
const FETCH_VERSION: i16 = 8;
const BACKOFF: Duration = Duration::from_millis(100);
const REQUEST: Duration = Duration::from_secs(10);

/// Commits ever higher offsets, and asks for them.
#[derive(Debug)]
pub struct Committer {
    /// The way to the brokers.
    pub router: Router,
    /// Where it writes down what it was told.
    pub history: Arc<History>,
    /// The group.
    pub group: String,
    /// The partition.
    pub partition: Partition,
    /// Mean pause between two commits, ms.
    pub pause_ms: u64,
    /// Says when to stop.
    pub stop: watch::Receiver<bool>,
}

impl Committer {
    /// Runs until stopped, then checks the last commit: returns whether that was possible.
    pub async fn run(mut self) -> Self {
        let mut offset = 0;
        while !*self.stop.borrow() {
            offset += 1;
            self.history.committing(&self.group, &self.partition, offset);
            match self.commit(offset).await {
                Ok(ErrorCode::NONE) => {
                    self.history.committed(&self.group, &self.partition, offset);
                }
                Ok(_) | Err(Lost) => self.router.forget_coordinator(&self.group),
            }
            if self.router.random().chance(0.3) {
                self.check().await;
            }
            let pause = self.router.random().millis(0..self.pause_ms * 2 + 1);
            tokio::time::sleep(pause).await;
        }
        self
    }

    /// Asks for the committed offset once everything is well again.
    pub async fn check_finally(mut self, patience: Duration) {
        let asked = async {
            while !self.check().await {
                tokio::time::sleep(BACKOFF).await;
            }
        };
        if tokio::time::timeout(patience, asked).await.is_err() {
            self.history.unavailable(&format!("offsets of {}", self.group));
        }
    }

    async fn commit(&mut self, offset: i64) -> Result<ErrorCode, Lost> {
        let connection = self.router.coordinator(&self.group).await?;
        let partition = OffsetCommitRequestPartition {
            partition_index: self.partition.number,
            committed_offset: offset,
            ..OffsetCommitRequestPartition::default()
        };
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: -1,
            topics: vec![OffsetCommitRequestTopic {
                name: self.partition.topic.to_string(),
                partitions: vec![partition],
                ..OffsetCommitRequestTopic::default()
            }],
            ..OffsetCommitRequest::default()
        };
        let response = connection.call(COMMIT_VERSION, &request, REQUEST).await?;
        let answer = response.topics.first().and_then(|topic| topic.partitions.first());
        Ok(answer.ok_or(Lost)?.error_code)
    }

    async fn check(&mut self) -> bool {
        match self.fetch().await {
            Ok(Ok(offset)) => {
                self.history.fetched_commit(&self.group, &self.partition, offset);
                true
            }
            Ok(Err(_)) | Err(Lost) => {
                self.router.forget_coordinator(&self.group);
                false
            }
        }
    }

    async fn fetch(&mut self) -> Result<Result<i64, ErrorCode>, Lost> {
        let connection = self.router.coordinator(&self.group).await?;
        let request = OffsetFetchRequest {
            groups: vec![OffsetFetchRequestGroup {
                group_id: self.group.clone(),
                topics: Some(vec![OffsetFetchRequestTopics {
                    name: self.partition.topic.to_string(),
                    partition_indexes: vec![self.partition.number],
                    ..OffsetFetchRequestTopics::default()
                }]),
                ..OffsetFetchRequestGroup::default()
            }],
            require_stable: true,
            ..OffsetFetchRequest::default()
        };
        let response = connection.call(FETCH_VERSION, &request, REQUEST).await?;
        let group = response.groups.first().ok_or(Lost)?;
        if group.error_code != ErrorCode::NONE {
            return Ok(Err(group.error_code));
        }
        let topic = group.topics.first();
        let found = topic.and_then(|topic| topic.partitions.first()).ok_or(Lost)?;
        if found.error_code != ErrorCode::NONE {
            return Ok(Err(found.error_code));
        }
        Ok(Ok(found.committed_offset))
    }
}

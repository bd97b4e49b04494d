//! The only committer of a group, as a consumer without members.

use std::sync::Arc;
use std::time::Duration;

use barnabas_wire::ErrorCode;
use tokio::sync::watch;

use super::offsets::{Committing, commit, committed};
use super::{Lost, Router};
use crate::history::{History, Partition};

const BACKOFF: Duration = Duration::from_millis(100);

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
        let alone = Committing::without_members();
        while !*self.stop.borrow() {
            offset += 1;
            self.history.committing(&self.group, &self.partition, offset);
            match commit(&mut self.router, &self.group, &alone, &self.partition, offset).await {
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

    async fn check(&mut self) -> bool {
        match committed(&mut self.router, &self.group, &self.partition).await {
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
}

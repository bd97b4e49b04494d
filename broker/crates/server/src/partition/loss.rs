//! When the failure of log directories ends the broker (`LogManager.handleLogDirFailure`,
//! KIP-858).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

use super::{LogDir, Partitions};

/// Why the broker cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Loss {
    /// No log directory is left.
    #[error("all log directories have failed")]
    All,
    /// The metadata log is in it.
    #[error("the log directory {} has failed, which holds the metadata log", .0.display())]
    Metadata(PathBuf),
    /// Nobody else knows, so its partitions stay without a leader.
    #[error(
        "the controller could not be told in time that {} has failed (log.dir.failure.timeout.ms)",
        .0.display()
    )]
    Unreported(PathBuf),
}

impl Partitions {
    /// Waits until failed log directories make it impossible to go on. `timeout` is
    /// `log.dir.failure.timeout.ms`.
    pub async fn lost(&self, metadata_dir: &Path, timeout: Duration) -> Loss {
        let watch = |dir: &Arc<LogDir>| {
            let dir = Arc::clone(dir);
            async move {
                dir.offline().await;
                dir
            }
        };
        let mut failing: FuturesUnordered<_> = self.dirs().iter().map(watch).collect();
        let mut reporting = FuturesUnordered::new();
        loop {
            if self.dirs().iter().all(|dir| dir.is_offline()) {
                return Loss::All;
            }
            tokio::select! {
                biased;
                Some(dir) = failing.next(), if !failing.is_empty() => {
                    if dir.path == metadata_dir {
                        return Loss::Metadata(dir.path.clone());
                    }
                    reporting.push(async move {
                        let told = tokio::time::timeout(timeout, dir.reported()).await;
                        told.is_err().then(|| dir.path.clone())
                    });
                }
                Some(unreported) = reporting.next(), if !reporting.is_empty() => {
                    if let Some(path) = unreported {
                        return Loss::Unreported(path);
                    }
                }
            }
        }
    }

    /// Waits until more than `known` log directories have failed.
    pub async fn more_offline(&self, known: usize) {
        let online: Vec<_> = self.dirs().iter().filter(|dir| !dir.is_offline()).collect();
        if self.dirs().len() - online.len() > known {
            return;
        }
        let mut failing: FuturesUnordered<_> =
            online.into_iter().map(|dir| dir.offline()).collect();
        if failing.next().await.is_none() {
            std::future::pending::<()>().await;
        }
    }

    /// Log directories that failed, those included that could not be opened at the start.
    #[must_use]
    pub fn offline_dir_count(&self) -> usize {
        self.absent.len() + self.offline_dirs().count()
    }

    /// The log directories that failed since the start.
    pub fn offline_dirs(&self) -> impl Iterator<Item = &Arc<LogDir>> {
        self.dirs().iter().filter(|dir| dir.is_offline())
    }
}

//! The controller of this process, as handlers see it.

use std::time::Duration;

use barnabas_controller::{Request, Response};
use futures::future::BoxFuture;
use tokio::sync::watch;

use barnabas_quorum::QuorumView;

use crate::controller_link::{ControllerLink, ControllerUnavailable};
use crate::raft::MetadataLink;

/// How long an answer waits until the broker has applied what it says. Longer only when a disk is
/// stuck; the client then sees the effect a little later.
const APPLY_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Debug)]
pub(super) struct LocalController {
    link: MetadataLink,
    applied: watch::Receiver<i64>,
}

impl LocalController {
    pub(super) fn new(link: MetadataLink, applied: watch::Receiver<i64>) -> Self {
        Self { link, applied }
    }
}

impl ControllerLink for LocalController {
    fn ask(&self, request: Request) -> BoxFuture<'_, Result<Response, ControllerUnavailable>> {
        Box::pin(async move {
            let answer = self.link.ask(request).await.map_err(|_| ControllerUnavailable)?;
            let mut applied = self.applied.clone();
            let visible = applied.wait_for(|applied| *applied >= answer.end_offset);
            if tokio::time::timeout(APPLY_TIMEOUT, visible).await.is_err() {
                tracing::warn!(offset = answer.end_offset, "metadata is applied slowly");
            }
            Ok(answer.response)
        })
    }

    fn describe_quorum(&self) -> BoxFuture<'_, Result<QuorumView, ControllerUnavailable>> {
        Box::pin(
            async move { self.link.describe_quorum().await.map_err(|_| ControllerUnavailable) },
        )
    }

    fn peer(
        &self,
        request: barnabas_quorum::Request,
    ) -> BoxFuture<'_, Result<barnabas_quorum::Response, ControllerUnavailable>> {
        Box::pin(async move { self.link.peer(request).await.map_err(|_| ControllerUnavailable) })
    }
}

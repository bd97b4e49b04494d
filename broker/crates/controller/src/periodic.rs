//! What the active controller does by itself (`quorum.md`, B2).

use barnabas_metadata::record::{MetadataRecord, NoOpRecord};

use crate::error::Fault;
use crate::partition::Election;
use crate::{Controller, ControllerConfig};

/// Elections of one run at most.
const ELECTIONS_PER_RUN_MAX: usize = 1_000;

/// How soon a run that was cut short goes on.
const CONTINUE_MS: u64 = 10;

/// When each task is due, in milliseconds; absent when it is off.
#[derive(Debug)]
pub(crate) struct Periodic {
    no_op_ms: Option<u64>,
    /// When a session may be found to have ended, at the earliest.
    fence_ms: u64,
    preferred_ms: Option<u64>,
    unclean_ms: Option<u64>,
    idle_interval_ms: u64,
}

impl Periodic {
    pub(crate) fn new(config: &ControllerConfig, now_ms: u64) -> Self {
        let due = |period_ms: u64| (period_ms > 0).then_some(now_ms + period_ms);
        Self {
            no_op_ms: due(config.max_idle_interval_ms),
            fence_ms: now_ms,
            preferred_ms: due(config.leader_imbalance_check_ms),
            unclean_ms: due(config.unclean_election_interval_ms),
            idle_interval_ms: config.max_idle_interval_ms,
        }
    }

    /// Any record tells followers that the controller is there; a NoOp is for idle times only.
    pub(crate) fn wrote(&mut self, now_ms: u64, any: bool) {
        if any && self.no_op_ms.is_some() {
            self.no_op_ms = Some(now_ms + self.idle_interval_ms);
        }
    }
}

impl Periodic {
    /// Topics may have become open to unclean elections.
    pub(crate) fn elect_unclean_soon(&mut self, now_ms: u64) {
        self.unclean_ms = Some(now_ms);
    }
}

impl Controller {
    /// When to call [`Controller::tick`] next.
    #[must_use]
    pub fn deadline(&self) -> Option<u64> {
        let periodic = &self.periodic;
        let fence = self.next_expiry_ms().map(|expiry_ms| expiry_ms.max(periodic.fence_ms));
        [periodic.no_op_ms, fence, periodic.preferred_ms, periodic.unclean_ms]
            .into_iter()
            .flatten()
            .min()
    }

    /// Runs the tasks that are due. The records of each are one batch; they are part of the state
    /// already.
    ///
    /// # Errors
    /// [`Fault`] when this controller must resign.
    pub fn tick(&mut self, now_ms: u64) -> Result<Vec<Vec<MetadataRecord>>, Fault> {
        let mut batches = Vec::new();
        let due = |at: Option<u64>| at.is_some_and(|at| at <= now_ms);
        if self.periodic.fence_ms <= now_ms
            && let Some(records) = self.fence_stale_broker(now_ms)
        {
            self.periodic.fence_ms = now_ms + CONTINUE_MS;
            self.take(&mut batches, now_ms, records)?;
        }
        if due(self.periodic.preferred_ms) {
            let records = self.elect_preferred();
            let period_ms = self.config.leader_imbalance_check_ms;
            self.periodic.preferred_ms = Some(now_ms + next_run(&records, period_ms));
            self.take(&mut batches, now_ms, records)?;
        }
        if due(self.periodic.unclean_ms) {
            let records = self.elect_unclean();
            let period_ms = self.config.unclean_election_interval_ms;
            self.periodic.unclean_ms = Some(now_ms + next_run(&records, period_ms));
            self.take(&mut batches, now_ms, records)?;
        }
        if due(self.periodic.no_op_ms) {
            self.take(&mut batches, now_ms, vec![NoOpRecord {}.into()])?;
        }
        Ok(batches)
    }

    fn take(
        &mut self,
        batches: &mut Vec<Vec<MetadataRecord>>,
        now_ms: u64,
        records: Vec<MetadataRecord>,
    ) -> Result<(), Fault> {
        self.apply(&records)?;
        self.periodic.wrote(now_ms, !records.is_empty());
        if !records.is_empty() {
            batches.push(records);
        }
        Ok(())
    }

    /// When the next session ends if nothing is heard of its broker.
    fn next_expiry_ms(&self) -> Option<u64> {
        let timeout_ms = self.config.session_timeout_ms;
        let unfenced = self.state.cluster.brokers().filter(|broker| !broker.fenced);
        unfenced.map(|broker| self.sessions.expiry_ms(broker.id, broker.epoch, timeout_ms)).min()
    }

    /// One broker per run, so that others have a chance to be heard before their turn.
    fn fence_stale_broker(&self, now_ms: u64) -> Option<Vec<MetadataRecord>> {
        let timeout_ms = self.config.session_timeout_ms;
        let stale = self.state.cluster.brokers().find(|broker| {
            !broker.fenced && !self.sessions.is_live(broker.id, broker.epoch, now_ms, timeout_ms)
        })?;
        Some(self.fence_records(&self.state, stale.id, stale.epoch))
    }

    fn elect_preferred(&self) -> Vec<MetadataRecord> {
        let mut records = self.changes(
            &self.state,
            |partition| partition.replicas.first() != Some(&partition.leader),
            |_, _, change, _| change.election(Election::Preferred).build(),
            None,
        );
        records.truncate(ELECTIONS_PER_RUN_MAX);
        records
    }

    fn elect_unclean(&self) -> Vec<MetadataRecord> {
        let mut records = self.changes(
            &self.state,
            |partition| !partition.has_leader(),
            |controller, topic, change, _| {
                let unclean = controller.unclean_election(&controller.state, topic);
                unclean.then(|| change.election(Election::Unclean).build()).flatten()
            },
            None,
        );
        records.truncate(ELECTIONS_PER_RUN_MAX);
        records
    }
}

fn next_run(records: &[MetadataRecord], period_ms: u64) -> u64 {
    if records.len() >= ELECTIONS_PER_RUN_MAX { CONTINUE_MS } else { period_ms }
}

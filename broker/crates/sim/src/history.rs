//! What clients were told, and whether that can be true.
//!
//! Checked while it is written down where one event alone shows the contradiction, and at the end
//! when everything was read once more.

mod commits;
mod log;
mod promise;
#[cfg(test)]
mod tests;
mod value;
mod violation;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use barnabas_wire::ErrorCode;

use crate::trace::Trace;
use commits::Commits;
use log::PartitionHistory;
pub use promise::{Guarantee, Promise};
pub use value::{Partition, Read, Value};
pub use violation::{Kind, Violation};

/// Violations that are kept of one simulation: the first ones tell most.
const VIOLATIONS_MAX: usize = 20;

/// The history of one simulation.
#[derive(Debug)]
pub struct History {
    trace: Trace,
    promise: Promise,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    partitions: BTreeMap<Partition, PartitionHistory>,
    commits: Commits,
    producer_ids: BTreeMap<(i64, i16), u64>,
    violations: Vec<Violation>,
    counts: Counts,
}

/// How much happened.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Counts {
    /// Values sent.
    pub sent: u64,
    /// Values acknowledged.
    pub acked: u64,
    /// Values that were given up.
    pub given_up: u64,
    /// Records read.
    pub read: u64,
    /// Offsets committed.
    pub committed: u64,
}

impl History {
    /// An empty history of a cluster that keeps a promise.
    #[must_use]
    pub fn new(trace: Trace, promise: Promise) -> Self {
        Self { trace, promise, state: Mutex::default() }
    }

    /// What the cluster promises.
    #[must_use]
    pub fn promise(&self) -> Promise {
        self.promise
    }

    /// Everything that is wrong so far.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        self.state().violations.clone()
    }

    /// How much happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.state().counts
    }

    /// Something is wrong.
    pub fn violation(&self, kind: Kind, text: String) {
        let mut state = self.state();
        self.trace.event(|| format!("violation {kind:?}: {text}"));
        state.accuse(kind, text);
    }

    /// Something that ought to work again does not.
    pub fn unavailable(&self, what: &str) {
        self.violation(Kind::Unavailable, format!("{what}: no answer after everything was healed"));
    }

    /// A request was refused, for a time.
    pub fn refused(&self, what: &str, code: ErrorCode) {
        self.trace.event(|| format!("refused {what}: {code:?}"));
    }

    /// A producer id was given out.
    pub fn producer_id(&self, id: i64, epoch: i16) {
        let mut state = self.state();
        self.trace.event(|| format!("producer id {id} epoch {epoch}"));
        let given = state.producer_ids.entry((id, epoch)).or_default();
        *given += 1;
        if *given > 1 {
            state.accuse(Kind::ProducerId, format!("producer id {id} was given out twice"));
        }
    }

    /// A value is about to be sent for the first time.
    pub fn sent(&self, partition: &Partition, value: Value, guarantee: Guarantee) {
        let mut state = self.state();
        state.counts.sent += 1;
        state.of(partition).sent(value, guarantee);
    }

    /// A batch was acknowledged, with the offset of the first value if that was said.
    pub fn acked(&self, partition: &Partition, values: &[Value], offset: Option<i64>) {
        let mut state = self.state();
        self.trace.event(|| format!("{partition} acked {values:?} at {offset:?}"));
        state.counts.acked += values.len() as u64;
        let promise = self.promise;
        state.check(partition, |log| log.acked(values, offset, promise));
    }

    /// A batch was given up; `uncertain`: it may be there all the same.
    pub fn gave_up(&self, partition: &Partition, values: &[Value], uncertain: bool) {
        let mut state = self.state();
        self.trace.event(|| format!("{partition} gave up {values:?}, uncertain: {uncertain}"));
        state.counts.given_up += values.len() as u64;
        state.of(partition).gave_up(values, uncertain);
    }

    /// A broker refused the next batch in sequence of a producer whose others were acknowledged.
    pub fn sequence_lost(&self, partition: &Partition, code: ErrorCode, guarantee: Guarantee) {
        let mut state = self.state();
        self.trace.event(|| format!("{partition} lost a sequence: {code:?}"));
        if self.promise.keeps(guarantee) {
            let text = format!("{partition}: {code:?} for the next batch in sequence");
            state.accuse(Kind::SequenceLost, text);
        }
    }

    /// A fetch from an offset yielded these.
    pub fn read(&self, partition: &Partition, from: i64, reads: &[Read]) {
        if reads.is_empty() {
            return;
        }
        let mut state = self.state();
        self.trace.event(|| format!("{partition} read {} from {from}", reads.len()));
        state.counts.read += reads.len() as u64;
        let promise = self.promise;
        state.check(partition, |log| log.read(from, reads, promise));
    }

    /// A consumer that had read everything below the offset was told that there is none.
    pub fn out_of_range(&self, partition: &Partition, offset: i64) {
        let mut state = self.state();
        self.trace.event(|| format!("{partition} has no offset {offset}"));
        if self.promise.durable {
            state.accuse(Kind::Vanished, format!("{partition}: {offset} is out of range"));
        }
    }

    /// Where the log of a partition ends at least, if nothing is lost. A leader that was just
    /// elected tells for a while that it ends earlier.
    #[must_use]
    pub fn end(&self, partition: &Partition) -> i64 {
        let mut state = self.state();
        if self.promise.durable { state.of(partition).end() } else { 0 }
    }

    /// Everything of a partition was read after all faults ended.
    pub fn read_finally(&self, partition: &Partition, reads: &[Read]) {
        let mut state = self.state();
        let promise = self.promise;
        state.check(partition, |log| log.finish(reads, promise));
    }

    /// An offset is about to be committed.
    pub fn committing(&self, group: &str, partition: &Partition, offset: i64) {
        self.state().commits.committing(group, partition, offset);
    }

    /// A commit was acknowledged.
    pub fn committed(&self, group: &str, partition: &Partition, offset: i64) {
        let mut state = self.state();
        self.trace.event(|| format!("{group} committed {offset}"));
        state.counts.committed += 1;
        state.commits.committed(group, partition, offset);
    }

    /// A committed offset was asked for; -1: there is none.
    pub fn fetched_commit(&self, group: &str, partition: &Partition, offset: i64) {
        let mut state = self.state();
        self.trace.event(|| format!("{group} has {offset}"));
        let found = state.commits.fetched(group, partition, offset, self.promise);
        if let Some((kind, text)) = found {
            state.accuse(kind, text);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn of(&mut self, partition: &Partition) -> &mut PartitionHistory {
        self.partitions.entry(partition.clone()).or_default()
    }

    fn check(
        &mut self,
        partition: &Partition,
        check: impl FnOnce(&mut PartitionHistory) -> Vec<(Kind, String)>,
    ) {
        for (kind, text) in check(self.of(partition)) {
            self.accuse(kind, format!("{partition}: {text}"));
        }
    }

    fn accuse(&mut self, kind: Kind, text: String) {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { kind, text });
        }
    }
}

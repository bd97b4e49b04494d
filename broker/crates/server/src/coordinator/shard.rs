//! One partition of `__consumer_offsets` that this broker leads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_groups::{Coordinator, Record, Reply, Step, Ticket};
use barnabas_records::{BatchBuilder, BatchOptions, EncodedBatch};
use barnabas_replication::{AckOutcome, WaitingProduce};
use barnabas_storage::Origin;
use barnabas_wire::ErrorCode;
use tokio::sync::oneshot;

use super::GroupSettings;
use super::load::load;
use super::schedule::Schedule;
use crate::clock::Clock;
use crate::machine;
use crate::partition::{Fault, PartitionKey, Replica, Source, Waiters};

/// How long to wait before a partition that failed is loaded again.
const RELOAD_DELAY: Duration = Duration::from_secs(1);

/// Room that a batch's header and the frame of its last record take, in bytes.
const BATCH_OVERHEAD: usize = 256;

/// Time as groups see it: that of the wall when the broker started, from then on never jumping.
#[derive(Clone, Debug)]
pub(super) struct GroupTime {
    clock: Arc<dyn Clock>,
    offset_ms: i64,
}

/// A partition's groups, with its log and the requests that wait.
///
/// Every change is appended while the lock is held, so the log has them in the order in which they
/// happened. Every answer is given out when all that was appended before it is below the high
/// watermark: what a client is told is never lost.
#[derive(Debug)]
pub struct Shard {
    parts: ShardParts,
    state: Mutex<State>,
}

/// What a shard is made of.
#[derive(Debug)]
pub(super) struct ShardParts {
    pub(super) replica: Arc<Replica>,
    pub(super) leader_epoch: i32,
    pub(super) settings: Arc<GroupSettings>,
    pub(super) waiters: Arc<Waiters>,
    pub(super) time: GroupTime,
    pub(super) schedule: Arc<Schedule>,
}

#[derive(Debug)]
enum State {
    /// Made, and not asked to load yet.
    New,
    /// The log is being read.
    Loading,
    /// Serving.
    Active(Box<Active>),
    /// This broker leads the partition no longer.
    Unloaded,
}

#[derive(Debug)]
struct Active {
    core: Coordinator,
    waiting: BTreeMap<Ticket, oneshot::Sender<Reply>>,
    next_ticket: u64,
    /// Where the log ends, as far as this shard has written it.
    end_offset: i64,
}

impl GroupTime {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let offset_ms = clock.wall_ms() - clock.monotonic_ms();
        Self { clock, offset_ms }
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.clock.monotonic_ms() + self.offset_ms
    }
}

impl Shard {
    pub(super) fn new(parts: ShardParts) -> Self {
        Self { parts, state: Mutex::new(State::New) }
    }

    /// Asks the core something that may change groups and append records.
    ///
    /// # Errors
    /// Why nothing was done, or that it is not known whether it lasts.
    pub async fn change<T>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Coordinator, i64, &mut Step) -> T,
    ) -> Result<T, ErrorCode> {
        let (answer, end_offset) = {
            let mut state = self.state();
            let active = self.writable(&mut state)?;
            let mut step = Step::default();
            let answer = run(&mut active.core, self.parts.time.now_ms(), &mut step);
            (answer, self.settle(&mut state, step)?)
        };
        self.committed(end_offset).await?;
        Ok(answer)
    }

    /// Asks the core something that it may answer later.
    ///
    /// # Errors
    /// Why nothing was done, or that the answer was lost because the coordinator moved.
    pub async fn ask(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Coordinator, Ticket, i64, &mut Step),
    ) -> Result<Reply, ErrorCode> {
        let answer = {
            let mut state = self.state();
            let active = self.writable(&mut state)?;
            let ticket = Ticket(active.next_ticket);
            active.next_ticket += 1;
            let (sender, answer) = oneshot::channel();
            active.waiting.insert(ticket, sender);
            let mut step = Step::default();
            run(&mut active.core, ticket, self.parts.time.now_ms(), &mut step);
            self.settle(&mut state, step)?;
            answer
        };
        answer.await.map_err(|_| ErrorCode::NOT_COORDINATOR)
    }

    /// Asks the core something that appends nothing, as long as that is about the present.
    ///
    /// # Errors
    /// Why it cannot be answered.
    pub async fn look<T>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Coordinator, i64) -> T,
    ) -> Result<T, ErrorCode> {
        let (answer, end_offset) = {
            let mut state = self.state();
            let active = self.readable(&mut state)?;
            let answer = run(&mut active.core, self.parts.time.now_ms());
            self.parts.schedule.set(self.partition(), active.core.next_deadline());
            (answer, active.end_offset)
        };
        self.committed(end_offset).await?;
        Ok(answer)
    }

    /// How many groups and offsets it has; none while it is not active.
    #[must_use]
    pub fn sizes(&self) -> (usize, usize) {
        match &*self.state() {
            State::Active(active) => (active.core.groups_len(), active.core.offsets_len()),
            _ => (0, 0),
        }
    }

    pub(super) fn is_of(&self, key: &PartitionKey, leader_epoch: i32) -> bool {
        self.parts.replica.key == *key && self.parts.leader_epoch == leader_epoch
    }

    /// Starts to read the log, once.
    pub(super) fn start_loading(self: &Arc<Self>) {
        let mut state = self.state();
        if matches!(*state, State::New) {
            *state = State::Loading;
            drop(state);
            machine::spawn(Arc::clone(self).load());
        }
    }

    /// Stops serving; whoever waits is told to look for the new coordinator.
    pub(super) fn unload(&self) {
        let mut state = self.state();
        let before = std::mem::replace(&mut *state, State::Unloaded);
        drop(state);
        self.parts.schedule.set(self.partition(), None);
        if let State::Active(active) = before {
            active.dismiss();
        }
    }

    pub(super) fn expire(self: &Arc<Self>) {
        self.alone(Coordinator::expire);
    }

    pub(super) fn topics_deleted(self: &Arc<Self>, topics: &BTreeSet<String>) {
        self.alone(|core, _, step| core.topics_deleted(topics, step));
    }

    /// Runs something that nobody asked for.
    fn alone(self: &Arc<Self>, run: impl FnOnce(&mut Coordinator, i64, &mut Step)) {
        let mut state = self.state();
        let Ok(active) = active(&mut state) else { return };
        let mut step = Step::default();
        run(&mut active.core, self.parts.time.now_ms(), &mut step);
        // What fails is undone by loading again, which also brings the timers back.
        let _ = self.settle(&mut state, step);
    }

    async fn load(self: Arc<Self>) {
        let threads = self.parts.replica.dir().threads.clone();
        let shard = Arc::clone(&self);
        let loaded =
            threads.run(move || load(&shard.parts.replica.log, &shard.parts.settings)).await;
        let core = match loaded {
            Ok(Ok(core)) => core,
            Ok(Err(error)) => {
                let partition = self.partition();
                tracing::error!(partition, %error, "cannot load groups");
                return self.load_later();
            }
            Err(_) => return self.load_later(),
        };
        let mut state = self.state();
        if !matches!(*state, State::Loading) {
            return;
        }
        let end_offset = self.parts.replica.log.end_offset();
        let mut active = Active { core, waiting: BTreeMap::new(), next_ticket: 0, end_offset };
        let mut step = Step::default();
        active.core.loaded(self.parts.time.now_ms(), &mut step);
        *state = State::Active(Box::new(active));
        let _ = self.settle(&mut state, step);
    }

    fn load_later(self: Arc<Self>) {
        machine::spawn(async move {
            tokio::time::sleep(RELOAD_DELAY).await;
            if matches!(*self.state(), State::Loading) {
                machine::spawn(Arc::clone(&self).load());
            }
        });
    }

    /// The core, unless its log is lost: then another broker coordinates, or soon will, and what
    /// was loaded here may be old.
    fn readable<'a>(&self, state: &'a mut State) -> Result<&'a mut Active, ErrorCode> {
        if self.parts.replica.is_offline() {
            return Err(ErrorCode::NOT_COORDINATOR);
        }
        active(state)
    }

    /// The core, if records could be appended now: it must not change otherwise.
    fn writable<'a>(&self, state: &'a mut State) -> Result<&'a mut Active, ErrorCode> {
        let active = self.readable(state)?;
        let checked = self.parts.replica.inspect(barnabas_replication::Partition::check_min_isr);
        checked.map_err(|_| ErrorCode::COORDINATOR_NOT_AVAILABLE)?;
        Ok(active)
    }

    /// Appends what a step wants appended and gives out its replies when that is committed.
    /// Returns what has to be committed before anything about it is told.
    fn settle(self: &Arc<Self>, state: &mut State, step: Step) -> Result<i64, ErrorCode> {
        let Ok(active) = active(state) else { return Err(ErrorCode::NOT_COORDINATOR) };
        match self.append(&step.records) {
            Ok(None) => {}
            Ok(Some(end_offset)) => active.end_offset = end_offset,
            Err(fault) => return Err(self.abandon(state, &fault)),
        }
        self.parts.schedule.set(self.partition(), active.core.next_deadline());
        let end_offset = active.end_offset;
        let replies: Vec<_> = step
            .replies
            .into_iter()
            .filter_map(|(ticket, reply)| Some((active.waiting.remove(&ticket)?, reply)))
            .collect();
        if replies.is_empty() {
            return Ok(end_offset);
        }
        if self.parts.replica.high_watermark() >= end_offset {
            give(replies);
        } else {
            let shard = Arc::clone(self);
            machine::spawn(async move {
                // Dropped senders tell those who wait that the answer is lost.
                if shard.committed(end_offset).await.is_ok() {
                    give(replies);
                }
            });
        }
        Ok(end_offset)
    }

    /// The state has gone ahead of the log: it is given up and read again.
    fn abandon(self: &Arc<Self>, state: &mut State, fault: &Fault) -> ErrorCode {
        let partition = self.partition();
        tracing::warn!(partition, error = %fault, "cannot append group records");
        let lost = matches!(fault, Fault::NotLeader);
        let next = if lost { State::Unloaded } else { State::Loading };
        if let State::Active(active) = std::mem::replace(state, next) {
            active.dismiss();
        }
        self.parts.schedule.set(partition, None);
        if lost {
            return ErrorCode::NOT_COORDINATOR;
        }
        Arc::clone(self).load_later();
        ErrorCode::COORDINATOR_NOT_AVAILABLE
    }

    fn append(&self, records: &[Record]) -> Result<Option<i64>, Fault> {
        if records.is_empty() {
            return Ok(None);
        }
        let limit = self.parts.replica.settings().rules.max_message_bytes;
        let options = BatchOptions { codec: self.parts.settings.codec, ..BatchOptions::default() };
        let batches = batches(records, options, self.parts.time.now_ms(), limit);
        let source = Source {
            origin: Origin::Coordinator,
            acks_all: true,
            leader_epoch: Some(self.parts.leader_epoch),
        };
        let (info, _) = self.parts.replica.append(
            &batches,
            source,
            self.parts.time.clock.as_ref(),
            &self.parts.waiters,
        )?;
        Ok(Some(info.last_offset + 1))
    }

    /// Waits until everything below `end_offset` is committed.
    async fn committed(&self, end_offset: i64) -> Result<(), ErrorCode> {
        let replicated = self.parts.replica.high_watermark() >= end_offset;
        if replicated || is_seeded(Bug::CommitWithoutReplicas) {
            return Ok(());
        }
        let wait =
            WaitingProduce { partition: self.parts.replica.key, required_offset: end_offset };
        let deadline_ms =
            self.parts.time.clock.monotonic_ms() + self.parts.settings.commit_timeout_ms;
        let replicas = [Arc::clone(&self.parts.replica)];
        let outcomes = self.parts.waiters.produce(vec![wait], deadline_ms, &replicas).await;
        match outcomes.first().map(|(_, outcome)| outcome) {
            Some(AckOutcome::Acknowledged) => Ok(()),
            Some(AckOutcome::NotEnoughReplicas | AckOutcome::TimedOut) => {
                Err(ErrorCode::COORDINATOR_NOT_AVAILABLE)
            }
            Some(AckOutcome::LeadershipLost) | None => Err(ErrorCode::NOT_COORDINATOR),
        }
    }

    fn partition(&self) -> i32 {
        self.parts.replica.key.partition
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Active {
    /// Answers everybody who waits: the coordinator moves.
    fn dismiss(mut self) {
        let step = self.core.unload();
        let replies = step.replies.into_iter();
        let waiting = &mut self.waiting;
        give(replies.filter_map(|(ticket, reply)| Some((waiting.remove(&ticket)?, reply))));
    }
}

fn active(state: &mut State) -> Result<&mut Active, ErrorCode> {
    match state {
        State::Active(active) => Ok(active),
        State::New | State::Loading => Err(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS),
        State::Unloaded => Err(ErrorCode::NOT_COORDINATOR),
    }
}

/// A client that has gone does not take its answer.
fn give(replies: impl IntoIterator<Item = (oneshot::Sender<Reply>, Reply)>) {
    for (sender, reply) in replies {
        let _ = sender.send(reply);
    }
}

/// Records in as few batches as the largest message permits.
fn batches(
    records: &[Record],
    options: BatchOptions,
    now_ms: i64,
    max_bytes: usize,
) -> Vec<EncodedBatch> {
    let mut batches = Vec::new();
    let mut builder = BatchBuilder::new(options);
    for record in records {
        let size = record.key.len() + record.value.as_ref().map_or(0, bytes::Bytes::len);
        if !builder.is_empty() && builder.uncompressed_size() + size + BATCH_OVERHEAD > max_bytes {
            let full = std::mem::replace(&mut builder, BatchBuilder::new(options));
            batches.push(full.build());
        }
        builder.append(now_ms, Some(&record.key), record.value.as_deref());
    }
    batches.push(builder.build());
    batches
}

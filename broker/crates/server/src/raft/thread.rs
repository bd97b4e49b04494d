//! The metadata thread: one event after the other, one sync for all that came together.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use barnabas_controller::{Controller, ControllerConfig, RECORDS_PER_BATCH_MAX, Request, Response};
use barnabas_metadata::image::Published;
use barnabas_metadata::record::MetadataRecord;
use barnabas_quorum::{Epoch, Event, Leadership, LogPosition, LogView, QuorumView};
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{Driver, Happening};
use super::{MetadataError, MetadataOptions, courier, snapshot};
use crate::disk::DiskThreads;
use crate::machine;

/// Commands that may wait; senders wait beyond.
const QUEUE: usize = 4_096;
/// Commands handled between two syncs at most.
const GROUP_MAX: usize = 1_024;
/// Images that may wait to be applied by the broker; the thread waits beyond.
const PUBLISHED: usize = 64;
/// How long an idle node may leave its NoOp records unsynced: nobody waits for them.
const IDLE_FLUSH_MS: u64 = 5_000;

/// The answer of the controller, and the offset from which an image shows its effect.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer.
    pub response: Response,
    /// An image that ends at or above has the effect.
    pub end_offset: i64,
}

/// What the thread can be asked to do. A reply that is dropped means: not the controller.
#[derive(Debug)]
pub(crate) enum Command {
    Ask {
        request: Box<Request>,
        reply: oneshot::Sender<Answer>,
    },
    Describe {
        reply: oneshot::Sender<QuorumView>,
    },
    Peer {
        request: barnabas_quorum::Request,
        reply: oneshot::Sender<barnabas_quorum::Response>,
    },
    /// A peer answered a request of this node, or did not.
    Answered(Event),
    Shutdown {
        reply: oneshot::Sender<()>,
    },
}

/// A running metadata thread.
#[derive(Debug)]
pub struct MetadataThread {
    pub(crate) commands: mpsc::Sender<Command>,
    /// Images as they are committed; to be applied in turn.
    pub published: mpsc::Receiver<Published>,
    /// The leader of the quorum, as far as this node knows.
    pub leadership: watch::Receiver<Leadership>,
    /// The level of `kraft.version` in its log.
    pub kraft_version: watch::Receiver<i16>,
    /// Says why the thread stopped, if it did not have to.
    pub failure: watch::Receiver<Option<Arc<MetadataError>>>,
}

/// Opens the metadata log and starts its thread. A quorum of one has elected itself on return, and
/// is active as soon as that is durable.
///
/// The receiver of images has to be read until the thread is gone: it waits for its reader.
///
/// # Errors
/// If the log cannot be opened or the thread not be started.
pub fn start(mut options: MetadataOptions) -> Result<MetadataThread, MetadataError> {
    let (commands, mut queue) = mpsc::channel(QUEUE);
    let (publish, published) = mpsc::channel(PUBLISHED);
    let (fail, failure) = watch::channel(None);
    let courier = options
        .dialer
        .as_ref()
        .map(|dialer| courier::start(dialer, &options.quorum, commands.downgrade()));
    let driver = Driver::start(&mut options, courier)?;
    let now_ms = driver.now_ms();
    let (leader, leadership) = watch::channel(driver.raft.leadership());
    let (show_version, kraft_version) = watch::channel(driver.raft.history().kraft_version());
    let mut state = State {
        first_offset: driver.log.end().offset,
        driver,
        controller: None,
        epoch: Epoch(0),
        config: options.controller.clone(),
        pending: VecDeque::new(),
        publish,
        leader,
        kraft_version: show_version,
        unpublished: Vec::new(),
        snapshots: DiskThreads::start("metadata-snapshot", 1).map_err(MetadataError::Thread)?,
        snapshotting: None,
        last_snapshot_ms: now_ms,
        idle_flush_ms: None,
        raft_due_ms: None,
        urgent: true,
        stopping: None,
        stopped: false,
        options,
    };
    let body = async move {
        if let Err(error) = state.run(&mut queue).await {
            let place = super::driver::place(&state.driver);
            tracing::error!(%error, place, "the metadata log failed");
            let _ = fail.send(Some(Arc::new(error)));
        }
    };
    machine::spawn_thread("metadata", body).map_err(MetadataError::Thread)?;
    Ok(MetadataThread { commands, published, leadership, kraft_version, failure })
}

/// An answer that waits until its records are committed.
#[derive(Debug)]
struct Pending {
    end_offset: i64,
    answer: Answer,
    reply: oneshot::Sender<Answer>,
}

#[derive(Debug)]
struct State {
    driver: Driver,
    /// Where the log ended when this process began.
    first_offset: i64,
    controller: Option<Controller>,
    epoch: Epoch,
    config: ControllerConfig,
    pending: VecDeque<Pending>,
    publish: mpsc::Sender<Published>,
    leader: watch::Sender<Leadership>,
    kraft_version: watch::Sender<i16>,
    /// Images to publish before anything else is done.
    unpublished: Vec<Published>,
    /// Writes snapshots, one at a time.
    snapshots: DiskThreads,
    /// Hears of the snapshot that is being written.
    snapshotting: Option<oneshot::Receiver<Result<LogPosition, MetadataError>>>,
    last_snapshot_ms: u64,
    idle_flush_ms: Option<u64>,
    /// When the quorum core wants to be looked at.
    raft_due_ms: Option<u64>,
    /// Somebody waits for what was appended since the last sync.
    urgent: bool,
    stopping: Option<oneshot::Sender<()>>,
    stopped: bool,
    options: MetadataOptions,
}

impl State {
    async fn run(&mut self, queue: &mut mpsc::Receiver<Command>) -> Result<(), MetadataError> {
        self.settle()?;
        self.publish().await;
        while !self.stopped {
            let wait = self.wait();
            tokio::select! {
                biased;
                written = written(&mut self.snapshotting) => self.snapshot_written(written)?,
                command = queue.recv() => match command {
                    Some(command) => self.handle(command)?,
                    None => break,
                },
                () = tokio::time::sleep(wait) => {}
            }
            for _ in 0..GROUP_MAX {
                match queue.try_recv() {
                    Ok(command) => self.handle(command)?,
                    Err(_) => break,
                }
            }
            self.tick()?;
            self.settle()?;
            self.publish().await;
        }
        self.driver.flush()?;
        self.driver.log.close()?;
        if let Some(reply) = self.stopping.take() {
            let _ = reply.send(());
        }
        Ok(())
    }

    async fn publish(&mut self) {
        for published in self.unpublished.drain(..) {
            // Fails only when nobody wants to know any more.
            let _ = self.publish.send(published).await;
        }
    }

    /// Until something has to be done without being asked.
    fn wait(&mut self) -> Duration {
        let now_ms = self.driver.now_ms();
        self.raft_due_ms = self.driver.raft.deadline(now_ms);
        let controller = self.controller.as_ref().and_then(Controller::deadline);
        let deadline =
            [self.raft_due_ms, controller, self.idle_flush_ms].into_iter().flatten().min();
        deadline.map_or(Duration::from_secs(3600), |at| {
            Duration::from_millis(at.saturating_sub(now_ms))
        })
    }

    fn handle(&mut self, command: Command) -> Result<(), MetadataError> {
        match command {
            Command::Ask { request, reply } => self.ask(&request, reply)?,
            Command::Describe { reply } => {
                let now_ms = self.driver.now_ms();
                if let Some(view) = self.driver.raft.describe(now_ms, &self.driver.log) {
                    let _ = reply.send(self.in_wall_time(view, now_ms));
                }
            }
            Command::Peer { request, reply } => {
                // A change of the voters is waited for.
                self.urgent |= request.changes_voters();
                self.driver.peer(request, reply)?;
            }
            Command::Answered(event) => {
                // What a follower fetched is acknowledged by its next Fetch: leaders wait for it.
                self.urgent = true;
                self.driver.step(event)?;
            }
            Command::Shutdown { reply } => {
                self.stopping = Some(reply);
                self.driver.step(Event::Shutdown)?;
            }
        }
        self.follow()
    }

    fn ask(
        &mut self,
        request: &Request,
        reply: oneshot::Sender<Answer>,
    ) -> Result<(), MetadataError> {
        let now_ms = self.driver.now_ms();
        let Some(controller) = &mut self.controller else { return Ok(()) };
        controller.set_next_offset(self.driver.log.end().offset);
        let outcome = match controller.handle(now_ms, request) {
            Ok(outcome) => outcome,
            Err(fault) => return self.resign(&fault.into()),
        };
        let mut end_offset = self.pending.back().map_or(-1, |pending| pending.end_offset);
        if !outcome.records.is_empty() {
            match self.propose(outcome.records)? {
                Some(end) => end_offset = end,
                None => return Ok(()),
            }
            self.urgent = true;
        }
        let answer = Answer { response: outcome.response, end_offset };
        if end_offset <= self.driver.raft.high_watermark().unwrap_or(-1) {
            let _ = reply.send(answer);
        } else {
            self.pending.push_back(Pending { end_offset, answer, reply });
        }
        Ok(())
    }

    /// Appends records, in as many batches as they need; returns where they end.
    fn propose(&mut self, mut records: Vec<MetadataRecord>) -> Result<Option<i64>, MetadataError> {
        let Some(controller) = &self.controller else { return Ok(None) };
        let version = controller.state().features.metadata_version_or_oldest();
        loop {
            let rest = records.split_off(records.len().min(RECORDS_PER_BATCH_MAX));
            let end = self.driver.propose(self.epoch, records, version)?;
            if end.is_none() {
                // This node resigned. The controller took the records for written: asked once more,
                // it would say that everything is done.
                self.lose();
            }
            if rest.is_empty() || end.is_none() {
                return Ok(end);
            }
            records = rest;
        }
    }

    /// A controller that contradicts itself starts over from what is committed.
    fn resign(&mut self, error: &MetadataError) -> Result<(), MetadataError> {
        tracing::error!(%error, "the controller resigns");
        self.lose();
        let epoch = self.epoch;
        self.driver.step(Event::Resign { epoch })
    }

    fn show_active(&self, active: bool) {
        if let Some(gauge) = &self.options.active_controller {
            gauge.set(active.into());
        }
    }

    fn show_leader(&self) {
        show(&self.leader, self.driver.raft.leadership());
        show(&self.kraft_version, self.driver.raft.history().kraft_version());
    }

    fn lose(&mut self) {
        self.controller = None;
        self.show_active(false);
        // Dropped replies tell that this is not the controller.
        self.pending.clear();
    }

    fn tick(&mut self) -> Result<(), MetadataError> {
        let now_ms = self.driver.now_ms();
        // As it was before the wait: what is due by now is no deadline any more.
        if self.raft_due_ms.is_some_and(|at| at <= now_ms) {
            self.driver.step(Event::Tick)?;
        }
        if let Some(controller) = &mut self.controller
            && controller.deadline().is_some_and(|at| at <= now_ms)
        {
            controller.set_next_offset(self.driver.log.end().offset);
            match controller.tick(now_ms) {
                Ok(batches) => {
                    for records in batches {
                        self.urgent |= !matches!(records[..], [MetadataRecord::NoOp(_)]);
                        self.propose(records)?;
                    }
                }
                Err(fault) => self.resign(&fault.into())?,
            }
        }
        self.follow()
    }

    /// Syncs what was appended, and everything that follows from it being durable.
    fn settle(&mut self) -> Result<(), MetadataError> {
        self.follow()?;
        while self.driver.flush_due {
            let now_ms = self.driver.now_ms();
            if !self.urgent {
                let at = *self.idle_flush_ms.get_or_insert(now_ms + IDLE_FLUSH_MS);
                if at > now_ms {
                    return Ok(());
                }
            }
            self.urgent = false;
            self.idle_flush_ms = None;
            self.driver.flush()?;
            self.follow()?;
        }
        Ok(())
    }

    /// Acts on what happened in the quorum.
    fn follow(&mut self) -> Result<(), MetadataError> {
        loop {
            self.show_leader();
            let happenings = self.driver.take_happenings();
            if happenings.is_empty() {
                return Ok(());
            }
            for happening in happenings {
                match happening {
                    Happening::Committed { offset, published } => {
                        self.committed(offset, published)?;
                    }
                    Happening::Established(epoch) => self.activate(epoch)?,
                    Happening::LeaderChanged => {
                        // The records of an epoch start are waited for.
                        self.urgent = true;
                        self.lose();
                    }
                    Happening::ShutdownComplete => self.stopped = true,
                }
            }
        }
    }

    fn committed(
        &mut self,
        offset: i64,
        published: Option<Published>,
    ) -> Result<(), MetadataError> {
        if let Some(published) = published {
            self.unpublished.push(published);
        }
        while self.pending.front().is_some_and(|pending| pending.end_offset <= offset) {
            if let Some(pending) = self.pending.pop_front() {
                let _ = pending.reply.send(pending.answer);
            }
        }
        self.snapshot_if_due()
    }

    /// Everything before this epoch is committed and in the image.
    fn activate(&mut self, epoch: Epoch) -> Result<(), MetadataError> {
        self.epoch = epoch;
        let config = ControllerConfig {
            kraft_version: self.driver.raft.history().kraft_version(),
            voters: self.driver.raft.voters().iter().map(|voter| voter.key.id.0).collect(),
            node_id: self.driver.raft.leadership().leader.map_or(0, |leader| leader.0),
            ..self.config.clone()
        };
        let now_ms = self.driver.now_ms();
        let open = self.driver.in_transaction();
        let next_offset = self.driver.log.end().offset + i64::from(open);
        let image = self.driver.image().as_ref().clone();
        // What registered before this process began is of an earlier one.
        let ended = self.options.local_broker.filter(|id| {
            image.cluster.broker(*id).is_some_and(|broker| broker.epoch < self.first_offset)
        });
        let mut controller = Controller::new(config, image, next_offset, now_ms, ended);
        let records = controller.activate()?;
        self.controller = Some(controller);
        self.show_active(true);
        if open {
            self.propose(vec![Controller::abort_record()])?;
        }
        if !records.is_empty() {
            self.propose(records)?;
        }
        self.urgent = true;
        tracing::info!(%epoch, "active controller");
        Ok(())
    }

    fn snapshot_if_due(&mut self) -> Result<(), MetadataError> {
        let now_ms = self.driver.now_ms();
        let interval_ms = self.options.snapshot_interval_ms;
        let large = self.driver.applied_bytes >= self.options.snapshot_bytes;
        let old = interval_ms > 0
            && self.driver.applied_bytes > 0
            && now_ms >= self.last_snapshot_ms + interval_ms;
        if self.snapshotting.is_some() || !(large || old) {
            return Ok(());
        }
        let Some((image, mut contents)) = self.driver.snapshot_contents() else { return Ok(()) };
        self.last_snapshot_ms = now_ms;
        self.driver.applied_bytes = 0;
        let (disk, dir) = (Arc::clone(&self.driver.log.disk), self.driver.log.dir.clone());
        let (report, written) = oneshot::channel();
        let job = move || {
            contents.records = image.records();
            let written = snapshot::write(disk.as_ref(), &dir, &contents).map(|()| contents.id);
            // The thread may have stopped; the next start finds the file.
            let _ = report.send(written);
        };
        // There is never more than one to write.
        if self.snapshots.submit(job).is_ok() {
            self.snapshotting = Some(written);
        }
        Ok(())
    }

    fn snapshot_written(
        &mut self,
        result: Result<LogPosition, MetadataError>,
    ) -> Result<(), MetadataError> {
        match result {
            Ok(id) => {
                tracing::info!(offset = id.offset, epoch = %id.epoch, "metadata snapshot");
                self.driver.log.add_snapshot(id)?;
                let options = &self.options;
                let now_ms = self.driver.wall_ms();
                self.driver.log.clean(options.retention_bytes, options.retention_ms, now_ms)
            }
            Err(error) => {
                // The log still has everything.
                tracing::error!(%error, "cannot write a metadata snapshot");
                Ok(())
            }
        }
    }

    /// The quorum's times are monotonic; peers and people want the clock on the wall.
    fn in_wall_time(&self, mut view: QuorumView, now_ms: u64) -> QuorumView {
        let wall_ms = u64::try_from(self.driver.wall_ms()).unwrap_or(0);
        let convert = |at: &mut Option<u64>| {
            *at = at.map(|at| wall_ms.saturating_sub(now_ms.saturating_sub(at)));
        };
        for replica in view.voters.iter_mut().chain(&mut view.observers) {
            convert(&mut replica.last_fetch_ms);
            convert(&mut replica.last_caught_up_ms);
        }
        view
    }
}

/// Waits until the snapshot that is being written is.
async fn written(
    snapshotting: &mut Option<oneshot::Receiver<Result<LogPosition, MetadataError>>>,
) -> Result<LogPosition, MetadataError> {
    let Some(writing) = snapshotting else { return std::future::pending().await };
    let written = writing.await;
    *snapshotting = None;
    match written {
        Ok(written) => written,
        Err(_) => std::future::pending().await,
    }
}

fn show<T: PartialEq>(shown: &watch::Sender<T>, now: T) {
    shown.send_if_modified(|shown| {
        let changed = *shown != now;
        *shown = now;
        changed
    });
}

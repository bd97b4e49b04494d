//! Executes what the quorum core wants done, and follows what is committed.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_metadata::feature::MetadataVersion;
use barnabas_metadata::image::{Image, Loader, Published};
use barnabas_metadata::record::MetadataRecord;
use barnabas_quorum::{
    Action, Epoch, Event, FetchBody, FetchRead, FetchResponse, FetchSnapshotResponse, Initial,
    LogPosition, LogView, Raft, Request, Response, SnapshotRead, Token, VoterHistory,
};
use barnabas_storage::disk::{OpenMode, read_file};
use barnabas_wire::ErrorCode;
use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};

use super::batch::{Content, Decoded, control_batch, metadata_batch};
use super::courier::Outgoing;
use super::log::{METADATA_DIR, MetadataLog};
use super::snapshot::{self, Contents, Snapshot};
use super::{MetadataError, MetadataOptions, state};
use crate::clock::Clock;

/// Requests of peers that may wait for an answer.
const WAITING_MAX: usize = 4_096;

/// What the thread above has to know.
#[derive(Debug)]
pub(super) enum Happening {
    /// The image has everything committed; absent inside a metadata transaction.
    Committed { offset: i64, published: Option<Published> },
    /// This node leads and has applied everything before its epoch.
    Established(Epoch),
    /// Somebody else leads, or nobody.
    LeaderChanged,
    /// The graceful shutdown is over.
    ShutdownComplete,
}

/// Records of this node that are not committed yet.
#[derive(Debug)]
struct Recent {
    base_offset: i64,
    epoch: i32,
    timestamp_ms: i64,
    records: Arc<Vec<MetadataRecord>>,
}

#[derive(Debug)]
pub(super) struct Driver {
    pub(super) raft: Raft,
    pub(super) log: MetadataLog,
    clock: Arc<dyn Clock>,
    /// Carries requests to peers; none in a quorum that nobody else belongs to.
    courier: Option<mpsc::Sender<Outgoing>>,
    loader: Loader,
    /// The first offset that is not in the image.
    applied: i64,
    recent: VecDeque<Recent>,
    waiting: BTreeMap<Token, oneshot::Sender<Response>>,
    next_token: u64,
    next_proposal: u64,
    accepted: Option<u64>,
    pub(super) flush_due: bool,
    happenings: Vec<Happening>,
    /// Bytes applied since the last snapshot.
    pub(super) applied_bytes: u64,
}

impl Driver {
    pub(super) fn start(
        options: &mut MetadataOptions,
        courier: Option<mpsc::Sender<Outgoing>>,
    ) -> Result<Self, MetadataError> {
        let log = MetadataLog::open(options)?;
        let election = state::load(log.disk.as_ref(), &log.dir)?;
        let mut voters = initial_voters(options, &log)?;
        let mut loader = Loader::default();
        let mut applied = log.start_offset();
        let mut happenings = Vec::new();
        if let Some(id) = log.latest_snapshot()
            && let Some(snapshot) = log.read_snapshot(id)?
        {
            for record in &snapshot.control {
                voters.apply(id.offset - 1, record);
            }
            let published = load_snapshot(&mut loader, id, &snapshot)?;
            happenings.push(Happening::Committed { offset: id.offset, published });
            applied = id.offset;
        }
        let mut applied_bytes = 0;
        log.replay(applied, log.end().offset, |batch| {
            applied_bytes += batch.bytes as u64;
            if let Content::Control(records) = &batch.content {
                for (offset, record) in (batch.base_offset..).zip(records) {
                    voters.apply(offset, record);
                }
            }
            Ok(())
        })?;
        let clock = Arc::clone(&options.clock);
        let initial =
            Initial { election, voters, high_watermark: log.latest_snapshot().map(|id| id.offset) };
        let (raft, actions) =
            Raft::start(options.quorum.clone(), initial, now_ms(clock.as_ref()), &log);
        let mut driver = Self {
            raft,
            log,
            clock,
            courier,
            loader,
            applied,
            recent: VecDeque::new(),
            waiting: BTreeMap::new(),
            next_token: 0,
            next_proposal: 0,
            accepted: None,
            flush_due: false,
            happenings,
            applied_bytes,
        };
        let mut events = VecDeque::new();
        driver.execute(actions, &mut events)?;
        driver.run(events)?;
        Ok(driver)
    }

    pub(super) fn now_ms(&self) -> u64 {
        now_ms(self.clock.as_ref())
    }

    pub(super) fn wall_ms(&self) -> i64 {
        self.clock.wall_ms()
    }

    /// The committed metadata.
    pub(super) fn image(&self) -> &Arc<Image> {
        self.loader.image()
    }

    pub(super) fn in_transaction(&self) -> bool {
        self.loader.in_transaction()
    }

    pub(super) fn take_happenings(&mut self) -> Vec<Happening> {
        std::mem::take(&mut self.happenings)
    }

    pub(super) fn step(&mut self, event: Event) -> Result<(), MetadataError> {
        self.run(VecDeque::from([event]))
    }

    /// A request of a peer; the answer may take a while.
    pub(super) fn peer(
        &mut self,
        request: Request,
        reply: oneshot::Sender<Response>,
    ) -> Result<(), MetadataError> {
        self.waiting.retain(|_, waiting| !waiting.is_closed());
        if self.waiting.len() >= WAITING_MAX {
            return Ok(());
        }
        self.next_token += 1;
        let token = Token(self.next_token);
        self.waiting.insert(token, reply);
        self.step(Event::Request { token, request })
    }

    /// Appends records as one batch if this node leads in the epoch; the offset after them.
    pub(super) fn propose(
        &mut self,
        epoch: Epoch,
        records: Vec<MetadataRecord>,
        version: MetadataVersion,
    ) -> Result<Option<i64>, MetadataError> {
        let base_offset = self.log.end().offset;
        let timestamp_ms = self.wall_ms();
        let batch = metadata_batch(base_offset, epoch, timestamp_ms, &records, version)?;
        self.next_proposal += 1;
        let proposal = self.next_proposal;
        self.applied_bytes += batch.len() as u64;
        self.step(Event::Propose { proposal, epoch, batch })?;
        if self.accepted != Some(proposal) {
            return Ok(None);
        }
        let end = base_offset + records.len() as i64;
        let records = Arc::new(records);
        self.recent.push_back(Recent { base_offset, epoch: epoch.0, timestamp_ms, records });
        Ok(Some(end))
    }

    /// Makes the log durable and lets the core commit.
    pub(super) fn flush(&mut self) -> Result<(), MetadataError> {
        self.flush_due = false;
        let end_offset = if is_seeded(Bug::SkipMetadataSync) {
            self.log.end().offset
        } else {
            self.log.flush()?
        };
        self.step(Event::Flushed { end_offset })
    }

    fn run(&mut self, mut events: VecDeque<Event>) -> Result<(), MetadataError> {
        while let Some(event) = events.pop_front() {
            let actions = self.raft.step(self.now_ms(), &self.log, event);
            self.execute(actions, &mut events)?;
        }
        Ok(())
    }

    fn execute(
        &mut self,
        actions: Vec<Action>,
        events: &mut VecDeque<Event>,
    ) -> Result<(), MetadataError> {
        for action in actions {
            match action {
                Action::Send { id, to, endpoint, request } => {
                    let outgoing = Outgoing { id, to, endpoint, request };
                    let courier = self.courier.as_ref();
                    if courier.is_none_or(|courier| courier.try_send(outgoing).is_err()) {
                        events.push_back(Event::Unreachable { id });
                    }
                }
                Action::Respond { token, response } => self.answer(token, response),
                Action::RespondFetch { token, read } => self.answer_fetch(token, &read)?,
                Action::RespondSnapshot { token, read } => self.answer_snapshot(token, &read)?,
                Action::Refuse { .. } => self.accepted = None,
                Action::Flush => self.flush_due = true,
                Action::HighWatermark { offset } => self.commit(offset)?,
                Action::LeaderChanged { epoch, leader } => {
                    let leader = leader.map(|id| id.0);
                    tracing::debug!(%epoch, ?leader, "leader of the metadata quorum");
                    self.recent.clear();
                    self.happenings.push(Happening::LeaderChanged);
                }
                Action::LeadershipEstablished { epoch } => {
                    self.happenings.push(Happening::Established(epoch));
                }
                Action::ShutdownComplete => self.happenings.push(Happening::ShutdownComplete),
                Action::Fatal(fault) => return Err(fault.into()),
                change => self.change(change, events)?,
            }
        }
        Ok(())
    }

    /// Changes of the disk; done on return, as the core expects.
    fn change(
        &mut self,
        action: Action,
        events: &mut VecDeque<Event>,
    ) -> Result<(), MetadataError> {
        let now_ms = self.wall_ms();
        match action {
            Action::WriteQuorumState(election) => {
                let history = self.raft.history();
                let voters = history.voters().iter().map(|voter| voter.key.id);
                let disk = self.log.disk.as_ref();
                state::store(disk, &self.log.dir, &election, history.kraft_version(), voters)?;
            }
            Action::AppendControl { epoch, records } => {
                let batch = control_batch(self.log.end().offset, epoch, now_ms, &records);
                self.append(&batch, epoch, events)?;
            }
            Action::Append { proposal, epoch, batch } => {
                self.accepted = Some(proposal);
                self.append(&batch, epoch, events)?;
            }
            Action::AppendFetched { epoch, records } => {
                if let Err(error) = self.append(&records, epoch, events) {
                    // A bad batch is fetched again.
                    tracing::warn!(%error, "dropped fetched metadata");
                    events.push_front(Event::LogChanged { control: Vec::new() });
                }
            }
            Action::Truncate { end_offset } => {
                self.log.truncate(end_offset, now_ms)?;
                events.push_front(Event::LogChanged { control: Vec::new() });
            }
            Action::WriteSnapshot { id, position, bytes } => {
                self.log.write_incoming(id, position, &bytes)?;
            }
            Action::InstallSnapshot { .. } => {
                let control = self.install(now_ms)?;
                events.push_front(Event::SnapshotInstalled { control });
            }
            _ => {}
        }
        Ok(())
    }

    fn append(
        &mut self,
        records: &Bytes,
        epoch: Epoch,
        events: &mut VecDeque<Event>,
    ) -> Result<(), MetadataError> {
        let control = self.log.append(records, epoch, self.wall_ms())?;
        events.push_front(Event::LogChanged { control });
        Ok(())
    }

    fn install(
        &mut self,
        now_ms: i64,
    ) -> Result<Vec<barnabas_quorum::ControlRecord>, MetadataError> {
        let Some((id, snapshot)) = self.log.install_incoming(now_ms)? else {
            return Ok(Vec::new());
        };
        self.loader = Loader::default();
        let published = load_snapshot(&mut self.loader, id, &snapshot)?;
        self.applied = id.offset;
        self.happenings.push(Happening::Committed { offset: id.offset, published });
        Ok(snapshot.control)
    }

    /// Applies everything below the offset and publishes it as one image.
    fn commit(&mut self, offset: i64) -> Result<(), MetadataError> {
        while self.applied < offset {
            let recent = self.recent.front().map_or(offset, |recent| recent.base_offset);
            if recent > self.applied {
                let until = recent.min(offset);
                let loader = &mut self.loader;
                let log = &self.log;
                log.replay(self.applied, until, |batch| load_batch(loader, &batch))?;
                self.applied = until;
            } else if let Some(recent) = self.recent.pop_front() {
                let Recent { base_offset, epoch, timestamp_ms, records } = recent;
                let kept = records.len() - usize::from(is_seeded(Bug::LoseRecordOfImage));
                self.loader.load(base_offset, epoch, timestamp_ms, &records[..kept])?;
                self.applied = base_offset + records.len() as i64;
            }
        }
        let published = self.loader.publish();
        self.happenings.push(Happening::Committed { offset, published });
        Ok(())
    }

    fn answer(&mut self, token: Token, response: Response) {
        if let Some(reply) = self.waiting.remove(&token) {
            // A peer that is gone asks again.
            let _ = reply.send(response);
        }
    }

    fn answer_fetch(&mut self, token: Token, read: &FetchRead) -> Result<(), MetadataError> {
        let end = self.log.end().offset;
        let records = self.log.read(read.offset, end, read.max_bytes as usize)?;
        let response = FetchResponse {
            error: ErrorCode::NONE,
            leadership: read.leadership.clone(),
            high_watermark: read.high_watermark,
            log_start_offset: read.log_start_offset,
            body: FetchBody::Records(records),
        };
        self.answer(token, Response::Fetch(response));
        Ok(())
    }

    fn answer_snapshot(&mut self, token: Token, read: &SnapshotRead) -> Result<(), MetadataError> {
        let path = self.log.dir.join(snapshot::file_name(read.id));
        let file = self.log.disk.open(&path, OpenMode::Read)?;
        let left = read.size.saturating_sub(read.position).min(u64::from(read.max_bytes));
        let mut buffer = vec![0; usize::try_from(left).unwrap_or(0)];
        let mut done = 0;
        while done < buffer.len() {
            match file.read_at(&mut buffer[done..], read.position + done as u64)? {
                0 => break,
                count => done += count,
            }
        }
        buffer.truncate(done);
        let response = FetchSnapshotResponse {
            error: ErrorCode::NONE,
            leadership: read.leadership.clone(),
            snapshot: read.id,
            size: read.size,
            position: read.position,
            bytes: buffer.into(),
        };
        self.answer(token, Response::FetchSnapshot(response));
        Ok(())
    }

    /// What a snapshot of the committed image holds; absent when there is nothing new in it.
    pub(super) fn snapshot_contents(&self) -> Option<(Arc<Image>, Contents)> {
        let image = Arc::clone(self.image());
        let provenance = image.provenance;
        let id = LogPosition { offset: provenance.end_offset(), epoch: Epoch(provenance.epoch) };
        if id.offset <= self.log.latest_snapshot().map_or(0, |latest| latest.offset) {
            return None;
        }
        let history = self.raft.history();
        let control = if history.kraft_version() > 0 {
            vec![
                barnabas_quorum::ControlRecord::KraftVersion(history.kraft_version()),
                barnabas_quorum::ControlRecord::Voters(history.voters_at(id.offset).clone()),
            ]
        } else {
            Vec::new()
        };
        let contents = Contents {
            id,
            timestamp_ms: provenance.last_contained_log_timestamp,
            control,
            records: Vec::new(),
            version: image.features.metadata_version_or_oldest(),
        };
        Some((image, contents))
    }
}

/// Kept small so that the core's clock is never negative.
fn now_ms(clock: &dyn Clock) -> u64 {
    u64::try_from(clock.monotonic_ms()).unwrap_or(0)
}

/// Static voters, or those that formatting wrote to the bootstrap snapshot.
fn initial_voters(
    options: &MetadataOptions,
    log: &MetadataLog,
) -> Result<VoterHistory, MetadataError> {
    let path = log.dir.join(snapshot::file_name(LogPosition::BOOTSTRAP));
    let exists = read_file(log.disk.as_ref(), &path, u64::MAX)?.is_some();
    let mut history = VoterHistory::new(options.static_voters.clone(), 0);
    if let (true, Some(snapshot)) = (exists, log.read_snapshot(LogPosition::BOOTSTRAP)?) {
        let mut version = 0;
        let mut voters = barnabas_quorum::VoterSet::default();
        for record in snapshot.control {
            match record {
                barnabas_quorum::ControlRecord::KraftVersion(found) => version = found,
                barnabas_quorum::ControlRecord::Voters(found) => voters = found,
                _ => {}
            }
        }
        history = VoterHistory::new(voters, version);
    }
    Ok(history)
}

/// Replays a snapshot so that its last record has the last offset that the snapshot covers.
fn load_snapshot(
    loader: &mut Loader,
    id: LogPosition,
    snapshot: &Snapshot,
) -> Result<Option<Published>, MetadataError> {
    let base = id.offset - snapshot.records.len() as i64;
    loader.load(base, id.epoch.0, snapshot.timestamp_ms, &snapshot.records)?;
    loader.pass(id.offset - 1, id.epoch.0, snapshot.timestamp_ms);
    Ok(loader.publish())
}

fn load_batch(loader: &mut Loader, batch: &Decoded) -> Result<(), MetadataError> {
    match &batch.content {
        Content::Control(_) => loader.pass(batch.last_offset, batch.epoch, batch.timestamp_ms),
        Content::Metadata(records) => {
            loader.load(batch.base_offset, batch.epoch, batch.timestamp_ms, records)?;
        }
    }
    Ok(())
}

/// Where the log lies, for messages.
pub(super) fn place(driver: &Driver) -> String {
    format!("{METADATA_DIR} in {}", driver.log.dir.display())
}

//! The producer of one partition: batches in sequence, five on the way, and after a failure one
//! at a time in the old order, as Kafka's idempotent producer.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use barnabas_records::{BatchBuilder, BatchOptions, ProducerFields};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::produce::ProduceResponse;
use bytes::Bytes;
use futures::StreamExt;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout_at};

use super::client::{Client, Leader, View};
use super::history::{Ack, History};
use super::link::NoAnswer;
use super::record::Id;
use crate::kafka::{self, PRODUCE_VERSION};

/// `max.in.flight.requests.per.connection`, here for each partition.
const IN_FLIGHT: usize = 5;
/// `batch.size`.
const BATCH_BYTES: usize = 16 * 1024;

/// Records that are due for a partition, and since when.
#[derive(Debug)]
pub struct Due {
    /// When the first of them was due.
    pub at: Instant,
    /// The records.
    pub ids: Vec<Id>,
}

/// The producer of one partition.
pub struct Lane {
    client: Arc<Client>,
    history: Arc<Mutex<History>>,
    partition: i32,
    record_bytes: usize,
    producer: (i64, i16),
    due: mpsc::UnboundedReceiver<Due>,
    next_sequence: i32,
    /// In no batch yet, each with the time when it was due.
    fresh: VecDeque<(Instant, Id)>,
    /// Failed and to be sent again, in the order of their sequence.
    waiting: VecDeque<Batch>,
    under_way: FuturesUnordered<BoxFuture<'static, Sent>>,
    /// Failed, while others are still on the way.
    back: Vec<Batch>,
    hold: Option<Hold>,
    /// A batch was given up: the broker waits for its sequence, and refuses all that follow.
    has_gap: bool,
}

struct Batch {
    sequence: i32,
    ids: Vec<Id>,
    bytes: Bytes,
    due: Instant,
    attempts: u32,
}

/// Nothing is sent before a time, or before there is another leader.
#[derive(Clone, Copy)]
struct Hold {
    until: Instant,
    leader: Option<Leader>,
}

struct Sent {
    batch: Batch,
    leader: Leader,
    answer: Result<ProduceResponse, NoAnswer>,
}

impl Lane {
    /// A producer that sends what comes through `due`.
    pub fn new(
        client: &Arc<Client>,
        history: &Arc<Mutex<History>>,
        partition: i32,
        record_bytes: usize,
        producer: (i64, i16),
        due: mpsc::UnboundedReceiver<Due>,
    ) -> Self {
        Self {
            client: Arc::clone(client),
            history: Arc::clone(history),
            partition,
            record_bytes,
            producer,
            due,
            next_sequence: 0,
            fresh: VecDeque::new(),
            waiting: VecDeque::new(),
            under_way: FuturesUnordered::new(),
            back: Vec::new(),
            hold: None,
            has_gap: false,
        }
    }

    /// Until everything is acknowledged or given up, and nothing more will come.
    pub async fn run(mut self) {
        let mut views = self.client.view();
        let mut open = true;
        loop {
            self.dispatch();
            let idle = self.waiting.is_empty() && self.under_way.is_empty();
            if idle && self.fresh.is_empty() && !open {
                return;
            }
            tokio::select! {
                biased;
                Some(sent) = self.under_way.next(), if !self.under_way.is_empty() => {
                    self.settle(sent);
                }
                () = turn(&mut views, self.hold, self.partition), if self.hold.is_some() => {
                    self.hold = None;
                }
                due = self.due.recv(), if open => match due {
                    Some(due) => self.fresh.extend(due.ids.iter().map(|id| (due.at, *id))),
                    None => open = false,
                },
            }
        }
    }

    fn dispatch(&mut self) {
        while self.hold.is_none() && self.back.is_empty() {
            // What failed goes alone.
            let limit = if self.waiting.is_empty() { IN_FLIGHT } else { 1 };
            let nothing = self.waiting.is_empty() && self.fresh.is_empty();
            if nothing || self.under_way.len() >= limit {
                return;
            }
            let Some(leader) = self.client.leader(self.partition) else {
                self.client.renew();
                self.pause(0, None);
                return;
            };
            let Some(batch) = self.waiting.pop_front().or_else(|| self.build()) else { return };
            let client = Arc::clone(&self.client);
            let partition = self.partition;
            self.under_way.push(Box::pin(async move {
                let request =
                    kafka::produce_request(client.topic(), partition, batch.bytes.clone());
                let answer = client.call(leader.id, &request, PRODUCE_VERSION).await;
                Sent { batch, leader, answer }
            }));
        }
    }

    /// The next batch: all that is due, up to its size.
    fn build(&mut self) -> Option<Batch> {
        let (due, _) = *self.fresh.front()?;
        let (id, epoch) = self.producer;
        let fields = ProducerFields { id, epoch, base_sequence: self.next_sequence };
        let mut builder =
            BatchBuilder::new(BatchOptions { producer: fields, ..BatchOptions::default() });
        let now = kafka::now_ms();
        let mut ids = Vec::new();
        while builder.uncompressed_size() + self.record_bytes < BATCH_BYTES || ids.is_empty() {
            let Some((_, id)) = self.fresh.pop_front() else { break };
            builder.append(now, Some(&id.key.to_be_bytes()), Some(&id.value(self.record_bytes)));
            ids.push(id);
        }
        let sequence = self.next_sequence;
        self.next_sequence += builder.count();
        Some(Batch { sequence, bytes: builder.build().to_bytes(), ids, due, attempts: 0 })
    }

    fn settle(&mut self, sent: Sent) {
        let Sent { batch, leader, answer } = sent;
        let code = match &answer {
            Ok(response) => match kafka::acknowledged(response) {
                Ok(offset) => return self.acked(&batch, Some(offset)),
                Err(ErrorCode::DUPLICATE_SEQUENCE_NUMBER) => return self.acked(&batch, None),
                Err(code) => Some(code),
            },
            Err(NoAnswer) => None,
        };
        if let Ok(response) = &answer {
            self.learn(response);
        }
        self.client.renew();
        let is_first = self.is_oldest(&batch);
        let out_of_order = code == Some(ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
        // One that was sent behind a batch that failed is refused until that one is in the log.
        let may_retry = code.is_none_or(ErrorCode::is_retriable) || (out_of_order && !is_first);
        let patience = self.client.patience();
        if !may_retry || batch.due.elapsed() > patience.delivery {
            self.lock().failed(&batch.ids);
            if let Some(code) = code.filter(|_| !may_retry && !self.has_gap) {
                let (partition, sequence) = (self.partition, batch.sequence);
                self.lock().wrong(format!("{code:?} for {partition} sequence {sequence}"));
            }
            self.has_gap = true;
        } else {
            self.back.push(Batch { attempts: batch.attempts + 1, ..batch });
        }
        if self.under_way.is_empty() {
            self.take_back(leader);
        }
    }

    /// When nothing is on the way any more, what failed goes before what waits.
    fn take_back(&mut self, leader: Leader) {
        self.back.sort_by_key(|batch| std::cmp::Reverse(batch.sequence));
        let attempts = self.back.iter().map(|batch| batch.attempts).max();
        for batch in self.back.drain(..) {
            self.waiting.push_front(batch);
        }
        if let Some(attempts) = attempts {
            let now = self.client.leader(self.partition);
            if now.is_none_or(|now| now == leader) {
                self.pause(attempts - 1, Some(leader));
            }
        }
    }

    fn acked(&mut self, batch: &Batch, offset: Option<i64>) {
        let ack = Ack {
            partition: self.partition,
            due: batch.due.into_std(),
            at: std::time::Instant::now(),
            records: u32::try_from(batch.ids.len()).unwrap_or(u32::MAX),
        };
        self.lock().acked(ack, &batch.ids, offset.filter(|offset| *offset >= 0));
        if self.under_way.is_empty() && !self.back.is_empty() {
            let leader = self.client.leader(self.partition).unwrap_or(Leader { id: -1, epoch: -1 });
            self.take_back(leader);
        }
    }

    fn learn(&self, response: &ProduceResponse) {
        for answer in response.responses.iter().flat_map(|topic| &topic.partition_responses) {
            let leader = &answer.current_leader;
            if leader.leader_id >= 0 {
                let leader = Leader { id: leader.leader_id, epoch: leader.leader_epoch };
                self.client.learn(answer.index, leader);
            }
        }
    }

    fn is_oldest(&self, batch: &Batch) -> bool {
        self.back.iter().all(|other| other.sequence > batch.sequence) && self.under_way.is_empty()
    }

    fn pause(&mut self, attempts: u32, leader: Option<Leader>) {
        let until = Instant::now() + self.client.patience().retry.after(attempts);
        self.hold = Some(Hold { until, leader });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Until a hold ends.
async fn turn(views: &mut watch::Receiver<View>, hold: Option<Hold>, partition: i32) {
    let Some(hold) = hold else { return };
    let moved = views.wait_for(|view| {
        let leader = view.leader(partition);
        leader.is_some() && leader != hold.leader
    });
    // The time being over ends it as well.
    let _over = timeout_at(hold.until, moved).await;
}

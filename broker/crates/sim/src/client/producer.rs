//! A producer of one partition, with several batches in flight and Java's retries.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use barnabas_records::{BatchBuilder, BatchOptions, ProducerFields};
use barnabas_wire::ErrorCode;
use barnabas_wire::api::init_producer_id::InitProducerIdRequest;
use barnabas_wire::api::produce::{
    PartitionProduceData, PartitionProduceResponse, ProduceRequest, TopicProduceData,
};
use tokio::sync::watch;
use tokio::time::Instant;

use super::connection::Answer;
use super::{Lost, Router};
use crate::history::{Guarantee, History, Partition, Value};

const VERSION: i16 = 9;
const INIT_VERSION: i16 = 4;
/// `max.in.flight.requests.per.connection` of an idempotent producer.
const WINDOW_MAX: u64 = 5;
/// `retry.backoff.ms`, about.
const BACKOFF: Duration = Duration::from_millis(100);
/// `request.timeout.ms`.
const REQUEST: Duration = Duration::from_secs(10);
/// `delivery.timeout.ms`.
const DELIVERY: Duration = Duration::from_secs(40);

/// Produces values that are never repeated, until it is stopped.
#[derive(Debug)]
pub struct Producer {
    /// The way to the brokers.
    pub router: Router,
    /// Where it writes down what it did.
    pub history: Arc<History>,
    /// Its number; makes its values unique.
    pub number: u32,
    /// The partition.
    pub partition: Partition,
    /// What it asks for.
    pub guarantee: Guarantee,
    /// Mean pause between two rounds, ms.
    pub pause_ms: u64,
    /// Says when to stop.
    pub stop: watch::Receiver<bool>,
}

#[derive(Debug)]
struct Batch {
    values: Vec<Value>,
    sequence: i32,
    since: Instant,
    /// Whether a broker may have appended it.
    uncertain: bool,
}

/// Producer id and epoch, and what follows in sequence.
#[derive(Clone, Copy, Debug)]
struct Session {
    fields: ProducerFields,
    next_sequence: i32,
}

enum Verdict {
    Acked(Option<i64>),
    Retry {
        uncertain: bool,
    },
    /// The broker does not know this producer as it should.
    Fatal(ErrorCode),
}

impl Producer {
    /// Runs until stopped; what is in flight then is still finished or given up.
    pub async fn run(mut self) {
        let mut next_value = 0;
        let mut window: VecDeque<Batch> = VecDeque::new();
        let mut session: Option<Session> = None;
        loop {
            let stopping = *self.stop.borrow();
            if stopping && window.is_empty() {
                return;
            }
            let Some(fields) = self.session(&mut session).await else { continue };
            if let Some(session) = session.as_mut().filter(|_| !stopping) {
                self.fill(&mut window, session, &mut next_value);
            }
            match self.round(&mut window, fields).await {
                Ok(()) => {
                    let pause = self.router.random().millis(0..self.pause_ms * 2 + 1);
                    tokio::time::sleep(pause).await;
                }
                Err(end) => {
                    self.router.forget_leader(&self.partition);
                    if let Some(code) = end {
                        self.history.sequence_lost(&self.partition, code, self.guarantee);
                    }
                    let expired = window.front().is_some_and(|b| b.since.elapsed() > DELIVERY);
                    if end.is_some() || expired {
                        self.give_up(&mut window);
                        session = None;
                    }
                    tokio::time::sleep(BACKOFF).await;
                }
            }
        }
    }

    async fn session(&mut self, session: &mut Option<Session>) -> Option<ProducerFields> {
        if session.is_none() {
            let fields = match self.guarantee.idempotent {
                false => ProducerFields::NONE,
                true => match self.init_producer_id().await {
                    Ok(fields) => fields,
                    Err(Lost) => {
                        tokio::time::sleep(BACKOFF).await;
                        return None;
                    }
                },
            };
            *session = Some(Session { fields, next_sequence: 0 });
        }
        session.map(|session| session.fields)
    }

    async fn init_producer_id(&mut self) -> Result<ProducerFields, Lost> {
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        let response = self.router.any(INIT_VERSION, &request, REQUEST).await?;
        if response.error_code != ErrorCode::NONE {
            self.history.refused("a producer id", response.error_code);
            return Err(Lost);
        }
        self.history.producer_id(response.producer_id, response.producer_epoch);
        Ok(ProducerFields {
            id: response.producer_id,
            epoch: response.producer_epoch,
            base_sequence: 0,
        })
    }

    fn fill(&self, window: &mut VecDeque<Batch>, session: &mut Session, next_value: &mut u32) {
        let random = self.router.random();
        let max = if self.guarantee.idempotent { random.within(1..WINDOW_MAX + 1) } else { 1 };
        while (window.len() as u64) < max {
            let count = random.within(1..4);
            let values = (0..count).map(|_| {
                let value = Value { producer: self.number, number: *next_value };
                *next_value += 1;
                self.history.sent(&self.partition, value, self.guarantee);
                value
            });
            let values: Vec<Value> = values.collect();
            let sequence = session.next_sequence;
            session.next_sequence += i32::try_from(values.len()).unwrap_or(0);
            window.push_back(Batch { values, sequence, since: Instant::now(), uncertain: false });
        }
    }

    /// Sends everything in the window and takes the answers.
    async fn round(
        &mut self,
        window: &mut VecDeque<Batch>,
        fields: ProducerFields,
    ) -> Result<(), Option<ErrorCode>> {
        let connection = self.router.leader(&self.partition).await.map_err(|_| None)?;
        let mut answers: Vec<Answer<ProduceRequest>> = Vec::new();
        let mut failed = None;
        for batch in window.iter_mut() {
            let request = self.request(batch, fields);
            let sent = tokio::time::timeout(REQUEST, connection.send(VERSION, &request)).await;
            match sent {
                Ok(Ok(answer)) => answers.push(answer),
                _ => {
                    batch.uncertain = true;
                    failed = Some(None);
                    break;
                }
            }
        }
        let mut acked = Vec::new();
        let mut first = true;
        for (index, answer) in answers.into_iter().enumerate() {
            let answer = answer.receive(REQUEST).await.ok();
            let answer = answer
                .as_ref()
                .and_then(|answer| answer.responses.first()?.partition_responses.first());
            let verdict =
                answer.map_or(Verdict::Retry { uncertain: true }, |answer| judge(answer, first));
            match verdict {
                Verdict::Acked(offset) => {
                    self.history.acked(&self.partition, &window[index].values, offset);
                    acked.push(index);
                }
                Verdict::Retry { uncertain } => {
                    window[index].uncertain |= uncertain;
                    failed.get_or_insert(None);
                    first = false;
                }
                Verdict::Fatal(code) => {
                    failed = Some(failed.flatten().or(Some(code)));
                    first = false;
                }
            }
        }
        for index in acked.into_iter().rev() {
            window.remove(index);
        }
        failed.map_or(Ok(()), Err)
    }

    fn request(&self, batch: &Batch, fields: ProducerFields) -> ProduceRequest {
        let sequence = if self.guarantee.idempotent { batch.sequence } else { -1 };
        let producer = ProducerFields { base_sequence: sequence, ..fields };
        let options = BatchOptions { producer, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options);
        for value in &batch.values {
            builder.append(value.timestamp_ms(), None, Some(value.to_string().as_bytes()));
        }
        let records = Some(builder.build().to_bytes());
        ProduceRequest {
            acks: self.guarantee.acks,
            timeout_ms: 5_000,
            topic_data: vec![TopicProduceData {
                name: self.partition.topic.to_string(),
                partition_data: vec![PartitionProduceData {
                    index: self.partition.number,
                    records,
                }],
                ..TopicProduceData::default()
            }],
            ..ProduceRequest::default()
        }
    }

    fn give_up(&self, window: &mut VecDeque<Batch>) {
        for batch in window.drain(..) {
            self.history.gave_up(&self.partition, &batch.values, batch.uncertain);
        }
    }
}

/// `first`: everything before it in sequence is acknowledged.
fn judge(answer: &PartitionProduceResponse, first: bool) -> Verdict {
    match answer.error_code {
        ErrorCode::NONE => Verdict::Acked(Some(answer.base_offset)),
        ErrorCode::DUPLICATE_SEQUENCE_NUMBER => Verdict::Acked(None),
        code @ (ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER
        | ErrorCode::UNKNOWN_PRODUCER_ID
        | ErrorCode::INVALID_PRODUCER_EPOCH) => {
            if first {
                Verdict::Fatal(code)
            } else {
                Verdict::Retry { uncertain: true }
            }
        }
        ErrorCode::NOT_ENOUGH_REPLICAS => Verdict::Retry { uncertain: false },
        _ => Verdict::Retry { uncertain: true },
    }
}

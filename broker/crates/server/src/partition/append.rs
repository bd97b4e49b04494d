//! Appends by this broker as leader.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;

use barnabas_bugs::{Bug, is_seeded};
use barnabas_records::validation::validate;
use barnabas_records::{EncodedBatch, Rules};
use barnabas_replication::Progress;
use barnabas_storage::{AppendInfo, Appended, Origin};
use barnabas_wire::ErrorCode;
use bytes::Bytes;

use super::{Fault, Purpose, Replica, Waiters};
use crate::clock::Clock;

/// Who appends and what that implies.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// What the log checks.
    pub origin: Origin,
    /// Refuse when fewer replicas than `min.insync.replicas` are in sync.
    pub acks_all: bool,
    /// The leader epoch that the caller relies on; any if `None`.
    pub leader_epoch: Option<i32>,
}

/// Outcome of a produced batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Produced {
    /// Where it is.
    pub info: AppendInfo,
    /// The append time that the client is told; -1 with `CreateTime`.
    pub log_append_time_ms: i64,
    /// The high watermark that acknowledges it to acks=all (exclusive end of the batch).
    pub required_offset: i64,
    /// Whether the high watermark has reached that already.
    pub acknowledged: bool,
    /// Whoever waits for the partition has to be told, see [`Replica::announce`].
    news: Option<News>,
}

/// What an append means to those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct News {
    progress: Progress,
    high_watermark_moved: bool,
}

impl Replica {
    /// Validates what a client produced, and appends it. Nobody is woken: the caller does that
    /// with [`Replica::announce`] when it has appended all that a request brought, so that a
    /// follower fetches all of it at once.
    ///
    /// The records are not copied: they go from the frame to the file. Blocks on the page cache
    /// only, unless the topic asks for syncs.
    ///
    /// # Errors
    /// Why nothing was appended.
    pub fn produce(
        &self,
        records: &Bytes,
        acks_all: bool,
        allow_zstd: bool,
        clock: &dyn Clock,
    ) -> Result<Produced, Fault> {
        let produced = self.validate_and_append(records, acks_all, allow_zstd, clock);
        match &produced {
            Ok(Produced { info, .. }) => {
                let count = info.last_offset - info.first_offset + 1;
                self.counters.produced(count.unsigned_abs(), records.len() as u64);
            }
            Err(fault) => {
                self.counters.produce_failed();
                if fault.code() == ErrorCode::MESSAGE_TOO_LARGE {
                    self.counters.rejected(records.len() as u64);
                }
            }
        }
        produced
    }

    fn validate_and_append(
        &self,
        records: &Bytes,
        acks_all: bool,
        allow_zstd: bool,
        clock: &dyn Clock,
    ) -> Result<Produced, Fault> {
        let now_ms = clock.wall_ms();
        let rules = Rules { allow_zstd, ..self.settings.load().rules };
        let validated = validate(records, &rules, now_ms)?;
        if validated.batch.header().is_transactional() {
            // Without a transaction coordinator nobody would ever end the transaction.
            let producer_id = validated.batch.header().producer_id;
            return Err(no_transactions(producer_id));
        }
        let source = Source { origin: Origin::Client, acks_all, leader_epoch: None };
        let (info, acknowledged, news) = self.append_quietly(&[validated.batch], source, clock)?;
        Ok(Produced {
            info,
            log_append_time_ms: validated.log_append_time,
            required_offset: info.last_offset + 1,
            acknowledged,
            news,
        })
    }

    /// Wakes those who wait for what was produced.
    pub fn announce(&self, produced: &Produced, waiters: &Waiters) {
        if let Some(news) = produced.news {
            waiters.progressed(self, news.progress, news.high_watermark_moved);
        }
    }

    /// Appends batches that need no validation. Returns where they are and whether the high
    /// watermark has passed them.
    ///
    /// # Errors
    /// Why nothing was appended.
    pub fn append(
        &self,
        batches: &[EncodedBatch],
        source: Source,
        clock: &dyn Clock,
        waiters: &Waiters,
    ) -> Result<(AppendInfo, bool), Fault> {
        let (info, acknowledged, news) = self.append_quietly(batches, source, clock)?;
        if let Some(news) = news {
            waiters.progressed(self, news.progress, news.high_watermark_moved);
        }
        Ok((info, acknowledged))
    }

    fn append_quietly(
        &self,
        batches: &[EncodedBatch],
        source: Source,
        clock: &dyn Clock,
    ) -> Result<(AppendInfo, bool, Option<News>), Fault> {
        let now_ms = clock.monotonic_ms();
        let bytes = batches.iter().map(|batch| batch.size() as u64).sum();
        let appending = self.appending.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.may_append(source)?;
        let purpose = if source.origin == Origin::Client { Purpose::Records } else { Purpose::Own };
        self.dir().admit(bytes, purpose)?;
        let wall_ms = clock.wall_ms();
        let appended = self
            .log
            .append_as_leader(batches, epoch, source.origin, wall_ms)
            .map_err(Fault::from)
            .inspect_err(|fault| self.judge(fault))?;
        let info = *appended.info();
        let mut core = self.core();
        if matches!(appended, Appended::Duplicate(_)) {
            return Ok((info, core.high_watermark() > info.last_offset, None));
        }
        let advanced = core.appended(info.log_end_offset, info.bytes, now_ms);
        let high_watermark = core.high_watermark();
        if advanced {
            self.log.set_high_watermark(high_watermark);
        }
        let progress = core.progress();
        drop(core);
        drop(appending);
        self.after_append(&info);
        let news = News { progress, high_watermark_moved: advanced };
        Ok((info, high_watermark > info.last_offset, Some(news)))
    }

    fn may_append(&self, source: Source) -> Result<i32, Fault> {
        let core = self.core();
        let epoch = core.leader_epoch().0;
        let other_epoch = source.leader_epoch.is_some_and(|wanted| wanted != epoch);
        let leads = core.is_leader() || is_seeded(Bug::StaleLeaderAppends);
        if !leads || other_epoch {
            return Err(Fault::NotLeader);
        }
        if source.acks_all {
            core.check_min_isr()?;
        }
        Ok(epoch)
    }

    /// Hands to the disk threads what an append leaves to be done.
    pub(super) fn after_append(&self, info: &AppendInfo) {
        let records = info.last_offset - info.first_offset + 1;
        let unflushed = self.unflushed.fetch_add(records, Ordering::Relaxed) + records;
        let settings = self.settings.load();
        if settings.flush_ms < i64::MAX {
            let delay = Duration::from_millis(settings.flush_ms.unsigned_abs());
            self.dir().flush_within(self.key, delay);
        }
        let due = unflushed >= settings.flush_messages;
        if info.rolled || due {
            let upto = if due { info.log_end_offset } else { info.first_offset };
            self.dir().flush_soon(self.key, upto);
        }
    }
}

fn no_transactions(producer_id: i64) -> Fault {
    barnabas_storage::AppendError::from(barnabas_storage::ProducerError::InvalidTxnState {
        producer_id,
    })
    .into()
}

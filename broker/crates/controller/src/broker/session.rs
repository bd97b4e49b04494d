//! Who was heard of, and when. Lost with the controller, and rebuilt by the next one.

use std::collections::BTreeMap;

/// The session of one broker process.
#[derive(Clone, Copy, Debug)]
struct Session {
    epoch: i64,
    last_contact_ms: u64,
    /// The metadata that it has applied, by its last heartbeat.
    metadata_offset: i64,
    /// Where the log ended when its controlled shutdown began.
    shutdown_offset: Option<i64>,
}

/// Sessions by broker id.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    brokers: BTreeMap<i32, Session>,
}

impl Sessions {
    pub(crate) fn touch(&mut self, broker: i32, epoch: i64, now_ms: u64) {
        let session = self.brokers.entry(broker).or_insert(Session {
            epoch,
            last_contact_ms: now_ms,
            metadata_offset: -1,
            shutdown_offset: None,
        });
        if session.epoch != epoch {
            *session =
                Session { epoch, last_contact_ms: 0, metadata_offset: -1, shutdown_offset: None };
        }
        session.last_contact_ms = session.last_contact_ms.max(now_ms);
    }

    pub(crate) fn is_live(&self, broker: i32, epoch: i64, now_ms: u64, timeout_ms: u64) -> bool {
        self.brokers.get(&broker).is_some_and(|session| {
            session.epoch == epoch && session.last_contact_ms + timeout_ms > now_ms
        })
    }

    pub(crate) fn set_metadata_offset(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.brokers.get_mut(&broker) {
            session.metadata_offset = offset;
        }
    }

    pub(crate) fn metadata_offset(&self, broker: i32) -> i64 {
        self.brokers.get(&broker).map_or(-1, |session| session.metadata_offset)
    }

    /// The first offset told counts.
    pub(crate) fn begin_shutdown(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.brokers.get_mut(&broker) {
            session.shutdown_offset.get_or_insert(offset);
        }
    }

    pub(crate) fn shutdown_offset(&self, broker: i32) -> Option<i64> {
        self.brokers.get(&broker)?.shutdown_offset
    }
}

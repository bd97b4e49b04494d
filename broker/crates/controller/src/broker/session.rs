//! Who was heard of, and when. Lost with the controller, and rebuilt by the next one.

use std::collections::BTreeMap;

/// The session of one broker process.
#[derive(Clone, Copy, Debug, Default)]
struct Session {
    epoch: i64,
    last_contact_ms: u64,
    /// The process said that it stops, or is known to have ended.
    ended: bool,
    /// Where its latest registration is, when this controller wrote it.
    registration_offset: Option<i64>,
    /// The metadata that it has applied, by its last heartbeat; none before.
    metadata_offset: Option<i64>,
    /// The last record that its controlled shutdown began with.
    shutdown_offset: Option<i64>,
    /// When it was last taken for gone because it could not be reached.
    suspected_ms: Option<u64>,
}

/// Sessions by broker id.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    brokers: BTreeMap<i32, Session>,
}

impl Sessions {
    pub(crate) fn touch(&mut self, broker: i32, epoch: i64, now_ms: u64) {
        let session = self.brokers.entry(broker).or_default();
        if session.epoch != epoch {
            *session = Session { epoch, ..Session::default() };
        }
        session.ended = false;
        session.last_contact_ms = session.last_contact_ms.max(now_ms);
    }

    /// The process will not be heard of again.
    pub(crate) fn end(&mut self, broker: i32) {
        if let Some(session) = self.brokers.get_mut(&broker) {
            session.ended = true;
        }
    }

    /// The broker is no longer registered.
    pub(crate) fn forget(&mut self, broker: i32) {
        self.brokers.remove(&broker);
    }

    pub(crate) fn is_live(&self, broker: i32, epoch: i64, now_ms: u64, timeout_ms: u64) -> bool {
        self.expiry_ms(broker, epoch, timeout_ms) > now_ms
    }

    /// When the session ends if nothing is heard any more; 0 when there is none.
    pub(crate) fn expiry_ms(&self, broker: i32, epoch: i64, timeout_ms: u64) -> u64 {
        match self.brokers.get(&broker) {
            Some(session) if session.epoch == epoch && !session.ended => {
                session.last_contact_ms + timeout_ms
            }
            _ => 0,
        }
    }

    pub(crate) fn set_metadata_offset(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.brokers.get_mut(&broker) {
            session.metadata_offset = Some(offset);
        }
    }

    /// -1 when nothing was heard since this controller took over.
    pub(crate) fn metadata_offset(&self, broker: i32) -> i64 {
        self.brokers.get(&broker).and_then(|session| session.metadata_offset).unwrap_or(-1)
    }

    pub(crate) fn set_registration_offset(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.brokers.get_mut(&broker) {
            session.registration_offset = Some(offset);
        }
    }

    pub(crate) fn registration_offset(&self, broker: i32) -> Option<i64> {
        self.brokers.get(&broker)?.registration_offset
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

    /// Notes that a process seems to be gone. Returns whether that is to be believed: not of one
    /// that was suspected wrongly in the last `pause_ms`.
    pub(crate) fn suspect(&mut self, broker: i32, now_ms: u64, pause_ms: u64) -> bool {
        let Some(session) = self.brokers.get_mut(&broker) else { return true };
        if session.suspected_ms.is_some_and(|at| now_ms < at + pause_ms) {
            return false;
        }
        session.suspected_ms = Some(now_ms);
        session.ended = true;
        true
    }
}

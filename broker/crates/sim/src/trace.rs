//! What happened, as a hash: the same seed must yield the same one.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

/// Everything that happened so far; clones share it.
#[derive(Clone, Debug)]
pub struct Trace {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    start: Instant,
    hash: u64,
    events: u64,
    print: bool,
}

impl Trace {
    /// An empty trace; `print` shows each event on standard output.
    #[must_use]
    pub fn new(print: bool) -> Self {
        // FNV-1a.
        let hash = 0xcbf2_9ce4_8422_2325;
        let inner = Inner { start: Instant::now(), hash, events: 0, print };
        Self { inner: Arc::new(Mutex::new(inner)) }
    }

    /// Something happened now.
    pub fn event(&self, describe: impl FnOnce() -> String) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let at_ms = inner.start.elapsed().as_millis() as u64;
        let text = describe();
        inner.events += 1;
        inner.mix(&at_ms.to_le_bytes());
        inner.mix(text.as_bytes());
        if inner.print {
            println!("{at_ms:>8} {text}");
        }
    }

    /// Hash and number of the events.
    #[must_use]
    pub fn digest(&self) -> (u64, u64) {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        (inner.hash, inner.events)
    }
}

impl Inner {
    fn mix(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

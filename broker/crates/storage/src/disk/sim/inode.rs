//! A file's content: what is durable, and the changes since.

use super::random::Random;

/// The unit that a device writes whole.
const SECTOR: usize = 512;

#[derive(Clone, Debug, Default)]
pub(super) struct Inode {
    content: Vec<u8>,
    durable: Vec<u8>,
    unsynced: Vec<Change>,
    pub(super) modified_ms: i64,
}

#[derive(Clone, Debug)]
pub(super) enum Change {
    Write { position: u64, bytes: Vec<u8> },
    Resize(u64),
}

impl Inode {
    pub(super) fn size(&self) -> u64 {
        self.content.len() as u64
    }

    pub(super) fn read(&self, buffer: &mut [u8], position: u64) -> usize {
        let from = index(position).min(self.content.len());
        let len = buffer.len().min(self.content.len() - from);
        buffer[..len].copy_from_slice(&self.content[from..from + len]);
        len
    }

    pub(super) fn growth(&self, change: &Change) -> u64 {
        let end = match change {
            Change::Write { position, bytes } => position + bytes.len() as u64,
            Change::Resize(_) => 0,
        };
        end.saturating_sub(self.size())
    }

    pub(super) fn apply(&mut self, change: Change, now_ms: i64) {
        change.apply(&mut self.content);
        self.unsynced.push(change);
        self.modified_ms = now_ms;
    }

    pub(super) fn sync(&mut self) {
        for change in self.unsynced.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    pub(super) fn flip(&mut self, position: u64, bit: u8) {
        let at = index(position);
        self.content[at] ^= 1 << bit;
        if let Some(byte) = self.durable.get_mut(at) {
            *byte ^= 1 << bit;
        }
    }

    /// The content that the page cache keeps when only the process dies.
    pub(super) fn after_kill(&self) -> Self {
        Self { durable: self.content.clone(), unsynced: Vec::new(), ..self.clone() }
    }

    /// The content after the power went: each change since the last sync reached the medium whole,
    /// torn or not at all, in any order.
    pub(super) fn after_power_loss(&self, random: &mut Random) -> Self {
        let mut content = self.durable.clone();
        for change in &self.unsynced {
            match random.up_to(2) {
                0 => {}
                1 => change.apply(&mut content),
                _ => change.tear(random).apply(&mut content),
            }
        }
        Self {
            durable: content.clone(),
            content,
            unsynced: Vec::new(),
            modified_ms: self.modified_ms,
        }
    }
}

impl Change {
    fn apply(&self, content: &mut Vec<u8>) {
        match self {
            Self::Resize(size) => content.resize(index(*size), 0),
            Self::Write { position, bytes } => {
                let from = index(*position);
                let to = from + bytes.len();
                if content.len() < to {
                    content.resize(to, 0);
                }
                content[from..to].copy_from_slice(bytes);
            }
        }
    }

    /// A part of the change: a resize that did not happen, a write of which the end is missing or
    /// of which a sector in the middle is zero.
    pub(super) fn tear(&self, random: &mut Random) -> Self {
        match self {
            Self::Resize(size) => Self::Resize(*size),
            Self::Write { position, bytes } => {
                let mut torn = bytes.clone();
                if random.coin() || torn.len() <= SECTOR {
                    let keep = random.up_to(torn.len().saturating_sub(1) as u64);
                    torn.truncate(index(keep));
                } else {
                    let sectors = (torn.len() / SECTOR) as u64;
                    let hole = index(random.up_to(sectors - 1)) * SECTOR;
                    torn[hole..hole + SECTOR].fill(0);
                }
                Self::Write { position: *position, bytes: torn }
            }
        }
    }
}

fn index(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

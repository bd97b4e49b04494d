//! A file of fixed-size entries in key order, appended at the end, looked up by binary search.

use std::io::IoSlice;
use std::sync::Arc;

use crate::disk::{DiskError, DiskFile, Home, OpenMode, read_full};

/// Bytes read or written at a time.
const PAGE: usize = 4096;

/// An index cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IndexError {
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The content contradicts itself: rebuild it from the log.
    #[error("the index {name} is corrupt")]
    Corrupt { name: String },
}

/// `N` is the size of an entry in bytes.
#[derive(Debug)]
pub(crate) struct Entries<const N: usize> {
    name: String,
    file: Option<Arc<dyn DiskFile>>,
    /// Entries in the file.
    written: u64,
    /// Entries that follow those in the file.
    pending: Vec<[u8; N]>,
    last: Option<[u8; N]>,
    /// The page of the file where the last lookup ended, and the number of its first entry: a
    /// reader that goes on looks there next.
    near: (u64, Vec<[u8; N]>),
    loaded: bool,
    /// The file has entries that were not synced.
    dirty: bool,
}

impl<const N: usize> Entries<N> {
    /// An index whose file is read when it is first needed.
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            file: None,
            written: 0,
            pending: Vec::new(),
            last: None,
            near: (0, Vec::new()),
            loaded: false,
            dirty: false,
        }
    }

    pub(crate) fn is_loaded(&self) -> bool {
        self.loaded
    }

    pub(crate) fn len(&self) -> u64 {
        self.written + self.pending.len() as u64
    }

    /// The last entry. [`Entries::load`] must have been called.
    pub(crate) fn last(&self) -> Option<&[u8; N]> {
        self.last.as_ref()
    }

    /// Reads how many entries there are, and the last one. An absent file has none.
    pub(crate) fn load(&mut self, home: &Home) -> Result<(), IndexError> {
        if self.loaded {
            return Ok(());
        }
        match home.disk().open(&home.path(&self.name), OpenMode::Write) {
            Ok(file) => self.file = Some(file),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
        let size = self.file.as_ref().map_or(Ok(0), |file| file.size())?;
        if size % N as u64 != 0 {
            self.file = None;
            return Err(self.corrupt());
        }
        self.written = size / N as u64;
        self.last = self.read_last()?;
        self.loaded = true;
        Ok(())
    }

    pub(crate) fn corrupt(&self) -> IndexError {
        IndexError::Corrupt { name: self.name.clone() }
    }

    pub(crate) fn push(&mut self, home: &Home, entry: [u8; N]) -> Result<(), IndexError> {
        self.load(home)?;
        self.pending.push(entry);
        self.last = Some(entry);
        if self.pending.len() * N >= PAGE {
            self.write(home)?;
        }
        Ok(())
    }

    /// Writes what is pending. After a failure it stays pending.
    pub(crate) fn write(&mut self, home: &Home) -> Result<(), DiskError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let file = self.open(home)?;
        let bytes = self.pending.as_flattened();
        file.write_at(&[IoSlice::new(bytes)], self.written * N as u64)?;
        self.written += self.pending.len() as u64;
        self.pending = Vec::new();
        self.dirty = true;
        Ok(())
    }

    /// Writes what is pending and returns the file if it needs a sync.
    pub(crate) fn write_for_sync(
        &mut self,
        home: &Home,
    ) -> Result<Option<Arc<dyn DiskFile>>, DiskError> {
        self.write(home)?;
        if !std::mem::take(&mut self.dirty) {
            return Ok(None);
        }
        self.open(home).map(Some)
    }

    /// Drops everything, for a rebuild.
    pub(crate) fn reset(&mut self, home: &Home) -> Result<(), DiskError> {
        let file = home.disk().open(&home.path(&self.name), OpenMode::Truncate)?;
        *self = Self::new(std::mem::take(&mut self.name));
        self.file = Some(file);
        self.loaded = true;
        self.dirty = true;
        Ok(())
    }

    /// Keeps the first `len` entries.
    pub(crate) fn truncate(&mut self, home: &Home, len: u64) -> Result<(), IndexError> {
        self.load(home)?;
        if len >= self.len() {
            return Ok(());
        }
        if len < self.written {
            self.open(home)?.truncate(len * N as u64)?;
            self.written = len;
            self.near = (0, Vec::new());
            self.dirty = true;
        }
        let keep = usize::try_from(len - self.written).unwrap_or(usize::MAX);
        self.pending.truncate(keep);
        self.last = match self.pending.last() {
            Some(entry) => Some(*entry),
            None => self.read_last()?,
        };
        Ok(())
    }

    /// Keeps the longest prefix whose entries all pass `check`, which sees them in order; for a
    /// file of which the end may be anything.
    pub(crate) fn keep_while(
        &mut self,
        home: &Home,
        mut check: impl FnMut(&[u8; N]) -> bool,
    ) -> Result<(), IndexError> {
        self.load_torn(home)?;
        let mut number = 0;
        loop {
            let page = self.page(home, number)?;
            let good = page.iter().take_while(|entry| check(entry)).count();
            number += good as u64;
            if page.is_empty() || good < page.len() {
                return self.truncate(home, number);
            }
        }
    }

    /// Loads a file that may end in part of an entry.
    fn load_torn(&mut self, home: &Home) -> Result<(), IndexError> {
        if let Err(IndexError::Corrupt { .. }) = self.load(home) {
            let file = self.open(home)?;
            let size = file.size()?;
            file.truncate(size - size % N as u64)?;
            self.load(home)?;
        }
        Ok(())
    }

    /// Forgets handle and memory; the next use reads the file again.
    pub(crate) fn release(&mut self, home: &Home) -> Result<(), DiskError> {
        self.write(home)?;
        if !self.dirty {
            *self = Self::new(std::mem::take(&mut self.name));
        }
        Ok(())
    }

    /// Drops the handle only, for a file that is being deleted.
    pub(crate) fn close(&mut self) {
        *self = Self::new(std::mem::take(&mut self.name));
    }

    /// The last entry for which `fits` holds, and its number, given that it holds for a prefix.
    pub(crate) fn floor(
        &mut self,
        home: &Home,
        fits: impl Fn(&[u8; N]) -> bool,
    ) -> Result<Option<(u64, [u8; N])>, IndexError> {
        self.load(home)?;
        let in_memory = self.pending.partition_point(&fits);
        if in_memory > 0 {
            let number = self.written + in_memory as u64 - 1;
            return Ok(Some((number, self.pending[in_memory - 1])));
        }
        self.floor_in_file(fits)
    }

    /// Entries from number `from` on, a page at most, empty at the end.
    pub(crate) fn page(&mut self, home: &Home, from: u64) -> Result<Vec<[u8; N]>, IndexError> {
        self.load(home)?;
        if from >= self.written {
            let skip = usize::try_from(from - self.written).unwrap_or(usize::MAX);
            return Ok(self.pending.get(skip..).unwrap_or_default().to_vec());
        }
        let count = (self.written - from).min((PAGE / N) as u64);
        self.read(from, count)
    }

    fn floor_in_file(
        &mut self,
        fits: impl Fn(&[u8; N]) -> bool,
    ) -> Result<Option<(u64, [u8; N])>, IndexError> {
        if let Some(found) = self.floor_nearby(&fits) {
            return Ok(Some(found));
        }
        let per_page = (PAGE / N) as u64;
        let (mut low, mut high) = (0, self.written);
        while high - low > per_page {
            let middle = low + (high - low) / 2;
            let fitting = self.read(middle, 1)?.first().is_some_and(&fits);
            if fitting {
                low = middle;
            } else {
                high = middle;
            }
        }
        let from = low - low % per_page;
        self.near = (from, self.read(from, (self.written - from).min(per_page))?);
        if let Some(found) = self.floor_nearby(&fits) {
            return Ok(Some(found));
        }
        // The wanted entries lie on both sides of a page's end.
        let page = self.read(low, high - low)?;
        let count = page.partition_point(fits);
        Ok(count.checked_sub(1).map(|at| (low + at as u64, page[at])))
    }

    /// The answer if it is certain from the last page alone: an entry of it fits, and the next one
    /// does not or does not exist.
    fn floor_nearby(&self, fits: impl Fn(&[u8; N]) -> bool) -> Option<(u64, [u8; N])> {
        let (from, page) = &self.near;
        let at = page.partition_point(fits).checked_sub(1)?;
        let reaches_end = from + page.len() as u64 == self.written;
        (at + 1 < page.len() || reaches_end).then(|| (from + at as u64, page[at]))
    }

    fn read_last(&self) -> Result<Option<[u8; N]>, IndexError> {
        match self.written {
            0 => Ok(None),
            written => Ok(self.read(written - 1, 1)?.pop()),
        }
    }

    fn read(&self, from: u64, count: u64) -> Result<Vec<[u8; N]>, IndexError> {
        let Some(file) = self.file.as_ref().filter(|_| count > 0) else {
            return Ok(Vec::new());
        };
        let count = usize::try_from(count).unwrap_or(0).min(PAGE / N);
        let mut entries = vec![[0; N]; count];
        let bytes = entries.as_flattened_mut();
        if read_full(file.as_ref(), bytes, from * N as u64)? < bytes.len() {
            return Err(self.corrupt());
        }
        Ok(entries)
    }

    fn open(&mut self, home: &Home) -> Result<Arc<dyn DiskFile>, DiskError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = home.disk().open(&home.path(&self.name), OpenMode::Create)?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

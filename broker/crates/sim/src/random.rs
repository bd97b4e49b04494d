//! Where every choice of a simulation comes from.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A seeded generator; clones share it.
#[derive(Clone, Debug)]
pub struct Random {
    inner: Arc<Mutex<StdRng>>,
}

impl Random {
    /// A generator that yields the same for the same seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { inner: Arc::new(Mutex::new(StdRng::seed_from_u64(seed))) }
    }

    /// A generator of its own, seeded by this one.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::new(self.number())
    }

    /// Any number.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.with(Rng::random)
    }

    /// A number of the range, which must not be empty.
    #[must_use]
    pub fn within(&self, range: Range<u64>) -> u64 {
        self.with(|random| random.random_range(range))
    }

    /// An index below `len`, which must not be 0.
    #[must_use]
    pub fn index(&self, len: usize) -> usize {
        self.with(|random| random.random_range(0..len))
    }

    /// True with this probability.
    #[must_use]
    pub fn chance(&self, probability: f64) -> bool {
        self.with(|random| random.random_bool(probability))
    }

    /// A duration between so many milliseconds.
    #[must_use]
    pub fn millis(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.within(range))
    }

    /// One of the choices, of which there must be one.
    #[must_use]
    pub fn pick<T: Copy>(&self, choices: &[T]) -> T {
        choices[self.index(choices.len())]
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

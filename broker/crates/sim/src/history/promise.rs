//! What may be expected.

/// What a producer asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guarantee {
    /// `acks`.
    pub acks: i16,
    /// `enable.idempotence`.
    pub idempotent: bool,
}

/// What a cluster promises under the faults of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// What is below the high watermark stays: no fault takes all copies of it.
    pub durable: bool,
}

impl Promise {
    /// Whether what is acknowledged under this guarantee stays.
    #[must_use]
    pub fn keeps(self, guarantee: Guarantee) -> bool {
        self.durable && guarantee.acks == -1
    }
}

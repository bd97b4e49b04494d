//! What the probes are told.

use std::sync::atomic::{AtomicU8, Ordering};

/// Where a broker is in its life (Kafka: `BrokerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerState {
    /// Nothing is started.
    NotRunning,
    /// Logs are being loaded, the quorum is being found.
    Starting,
    /// Registered, catching up with the metadata log.
    Recovery,
    /// Unfenced: it serves.
    Running,
    /// Leaders are moving away.
    PendingControlledShutdown,
    /// Connections drain, logs close.
    ShuttingDown,
}

/// The node's state, for probes.
#[derive(Debug, Default)]
pub struct Health {
    state: AtomicU8,
}

impl BrokerState {
    /// Kafka's number of the state.
    #[must_use]
    pub fn value(self) -> u8 {
        match self {
            Self::NotRunning => 0,
            Self::Starting => 1,
            Self::Recovery => 2,
            Self::Running => 3,
            Self::PendingControlledShutdown => 6,
            Self::ShuttingDown => 7,
        }
    }

    fn from_value(value: u8) -> Self {
        match value {
            1 => Self::Starting,
            2 => Self::Recovery,
            3 => Self::Running,
            6 => Self::PendingControlledShutdown,
            7 => Self::ShuttingDown,
            _ => Self::NotRunning,
        }
    }

    /// What the probe says about it.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::NotRunning => "not running",
            Self::Starting => "starting: loading logs and finding the quorum",
            Self::Recovery => "registered, catching up with the metadata log",
            Self::Running => "ready",
            Self::PendingControlledShutdown => "stopping: moving leaders away",
            Self::ShuttingDown => "stopping: draining connections and closing logs",
        }
    }
}

impl Health {
    /// Moves on to a state.
    pub fn set(&self, state: BrokerState) {
        self.state.store(state.value(), Ordering::Release);
    }

    /// The state now.
    #[must_use]
    pub fn state(&self) -> BrokerState {
        BrokerState::from_value(self.state.load(Ordering::Acquire))
    }

    /// Whether clients are served.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.state() == BrokerState::Running
    }
}

//! The node's configuration: the properties file, what it means, and what changes at run time.

mod bounds;
mod broker;
mod error;
mod listener;
mod live;
mod properties;
mod settings;
mod voter;

#[cfg(test)]
mod tests;

pub use bounds::RequestBounds;
pub use broker::{BrokerConfig, Quorum, Roles};
pub use error::{Origin, SettingsError};
pub use listener::{AdvertisedListener, Listener};
pub use live::LiveConfig;
pub use properties::{Property, SyntaxError, parse};
pub use settings::Settings;
pub use voter::{Voter, parse_voters};

//! The operator's Kafka client: what it administers topics with, many in one request.

mod admin;
mod connection;
mod error;
#[cfg(test)]
mod tests;

pub use admin::{Admin, Answers, ConfigChange, Configs, NewTopic, TopicState};
pub use connection::Connection;
pub use error::{Error, Refusal};

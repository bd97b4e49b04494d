//! The HTTP listener: `/livez`, `/readyz`, `/metrics`.

mod health;
mod node;
mod routes;

#[cfg(test)]
mod tests;

pub use health::{BrokerState, Health};
pub use routes::{HttpServer, serve};

//! Several brokers that replicate one partition over loopback, with a controller that only commits
//! what leaders ask for.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod cluster;
mod consumers;
mod failover;
mod followers;

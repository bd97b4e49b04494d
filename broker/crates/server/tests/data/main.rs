//! The data path as clients see it: produce, fetch, offsets, over real sockets and files.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod fetch;
mod offsets;
mod produce;
mod support;

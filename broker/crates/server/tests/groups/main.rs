//! Groups as clients see them: requests and answers as bytes, `__consumer_offsets` on a disk.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod broker;
mod client;
mod failures;
mod lifecycle;
mod versions;

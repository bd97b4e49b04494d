//! Test bed, scenarios, client matrix and benchmark.

pub mod bed;
pub mod cache;
pub mod failure;
pub mod image;
pub mod program;
pub mod progress;

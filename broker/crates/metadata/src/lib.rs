//! Metadata records, the immutable image, configs and feature levels.
//!
//! Pure: no I/O, no clock, no threads. What it does not do: decide what to write to the log
//! (the controller does) and store it (the quorum does).

pub mod config;
pub mod feature;
pub mod image;
pub mod record;

pub use image::Image;
pub use record::MetadataRecord;

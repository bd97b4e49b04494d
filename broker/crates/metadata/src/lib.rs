//! Metadata records, the immutable image, configs and feature levels.

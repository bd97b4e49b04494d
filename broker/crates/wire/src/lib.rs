//! Kafka protocol messages, headers and error codes: a bounded codec without I/O.

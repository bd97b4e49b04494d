//! The derive macro of Kafka protocol messages.

//! Kafka protocol messages, headers and error codes: a bounded codec without I/O.
//!
//! * [`api`]: the requests and responses, one file per API, with the names of Kafka's message
//!   definitions; [`consumer_protocol`]: what consumers exchange through JoinGroup and SyncGroup.
//! * [`Decoder`]: reads hostile bytes. Each length is checked against the bytes that remain, and
//!   each allocation against a budget, before it is made; it never panics.
//! * [`Encoder`]: writes; record data that lies in files is left out and marked by a [`Cut`].
//! * `#[derive(Message)]`: the encoding of a struct in all its versions, for messages and for the
//!   records of Kafka's internal topics alike.

// The derive names this crate by its own name.
extern crate self as barnabas_wire;

#[allow(missing_docs, reason = "the fields are Kafka's; each module says what the API is for")]
pub mod api;
mod api_key;
mod arbitrary;
#[allow(missing_docs, reason = "the fields are Kafka's")]
pub mod consumer_protocol;
mod decoder;
mod encoder;
mod error;
mod error_code;
mod frame;
mod header;
mod message;
mod records;
mod uuid;
mod value;
mod varint;

pub use api_key::{ApiKey, Listeners, UnknownApiKey};
#[cfg(feature = "arbitrary")]
pub use arbitrary::{Arbitrary, Source};
pub use barnabas_wire_derive::Message;
pub use decoder::Decoder;
pub use encoder::{Cut, Encoder};
pub use error::{DecodeError, EncodeError};
pub use error_code::ErrorCode;
pub use frame::{Frame, Part, encode_request, encode_response};
pub use header::{RequestHeader, ResponseHeader};
pub use message::{Message, Request, Version, VersionRange};
pub use records::Records;
pub use uuid::{ParseUuidError, Uuid};
pub use value::{Nullable, Struct, Value};

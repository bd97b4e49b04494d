//! What the tests of all messages share.

use barnabas_wire::{DecodeError, Decoder, Encoder, Message};
use bytes::Bytes;

/// The bytes of a message.
pub fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).unwrap();
    encoder.into_bytes()
}

/// The message that all of the bytes are.
pub fn decode<M: Message>(bytes: Bytes, version: i16) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.finish()?;
    Ok(message)
}

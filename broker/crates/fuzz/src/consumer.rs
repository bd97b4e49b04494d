//! What a consumer puts into JoinGroup and SyncGroup: two bytes of version, then the message.

use barnabas_wire::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use barnabas_wire::{Arbitrary, Decoder, Encoder, Message, Source};
use bytes::Bytes;

use crate::api::check;

/// Reads the bytes as both messages.
pub fn run(data: &[u8]) {
    let Some((version, message)) = data.split_first_chunk::<2>() else { return };
    let version = i16::from_be_bytes(*version);
    let message = Bytes::copy_from_slice(message);
    check::<ConsumerProtocolSubscription>(&mut Decoder::new(message.clone()), version);
    check::<ConsumerProtocolAssignment>(&mut Decoder::new(message), version);
}

/// A random subscription or assignment.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let version = source.below(4) as i16;
    let mut encoder = Encoder::new();
    encoder.put(&version.to_be_bytes());
    if source.chance(2) {
        put::<ConsumerProtocolSubscription>(&mut encoder, source, version);
    } else {
        put::<ConsumerProtocolAssignment>(&mut encoder, source, version);
    }
    encoder.into_bytes().into()
}

fn put<M: Message + Arbitrary>(encoder: &mut Encoder, source: &mut Source, version: i16) {
    // What cannot be encoded is a poor seed, no more.
    let _ = M::arbitrary(source, M::version(version)).encode(encoder, version);
}

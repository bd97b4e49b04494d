//! What a connection to a peer reads: the response to a request that was sent.

use std::fmt::Debug;

use barnabas_wire::{
    ApiKey, Arbitrary, Decoder, Encoder, Message, Request, ResponseHeader, Source,
};
use bytes::Bytes;

use crate::api::{Visitor, check, pick, visit};
use crate::memory::proportional;

/// Reads the key and the version of the request, two bytes each, then the response's frame
/// without its leading size.
pub fn run(data: &[u8]) {
    let Some((prefix, frame)) = data.split_first_chunk::<4>() else { return };
    let [k0, k1, v0, v1] = *prefix;
    let Ok(key) = ApiKey::try_from(i16::from_be_bytes([k0, k1])) else { return };
    let version = i16::from_be_bytes([v0, v1]);
    let mut decoder = Decoder::new(Bytes::copy_from_slice(frame));
    let header = proportional(frame.len(), || ResponseHeader::decode(&mut decoder, key, version));
    if header.is_ok() {
        visit(key, &mut Decode { decoder, version });
    }
}

struct Decode {
    decoder: Decoder,
    version: i16,
}

impl Visitor for Decode {
    fn visit<R>(&mut self)
    where
        R: Request + Arbitrary + PartialEq + Debug,
        R::Response: Arbitrary + PartialEq + Debug,
    {
        check::<R::Response>(&mut self.decoder, self.version);
    }
}

/// A random response.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let (key, version) = pick(source);
    let mut encoder = Encoder::new();
    encoder.put(&(key as i16).to_be_bytes());
    encoder.put(&version.to_be_bytes());
    ResponseHeader { correlation_id: 7 }.encode(&mut encoder, key, version);
    let mut write = Write { encoder, source, version };
    visit(key, &mut write);
    write.encoder.into_bytes().into()
}

struct Write<'a> {
    encoder: Encoder,
    source: &'a mut Source,
    version: i16,
}

impl Visitor for Write<'_> {
    fn visit<R>(&mut self)
    where
        R: Request + Arbitrary + PartialEq + Debug,
        R::Response: Arbitrary + PartialEq + Debug,
    {
        let message = R::Response::arbitrary(self.source, R::Response::version(self.version));
        // What cannot be encoded is a poor seed, no more.
        let _ = message.encode(&mut self.encoder, self.version);
    }
}

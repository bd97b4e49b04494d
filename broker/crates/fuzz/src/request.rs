//! What a listener reads: a header and the request that it announces.

use std::fmt::Debug;

use barnabas_wire::{Arbitrary, Decoder, Encoder, Request, RequestHeader, Source};
use bytes::Bytes;

use crate::api::{Visitor, check, pick, visit};
use crate::memory::proportional;

/// Reads a frame without its leading size.
pub fn run(data: &[u8]) {
    let frame = Bytes::copy_from_slice(data);
    let mut decoder = Decoder::new(frame);
    let Ok(header) = proportional(data.len(), || RequestHeader::decode(&mut decoder)) else {
        return;
    };
    visit(header.api_key, &mut Decode { decoder, version: header.api_version });
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
        check::<R>(&mut self.decoder, self.version);
    }
}

/// A random request.
pub fn seed(source: &mut Source) -> Vec<u8> {
    let (api_key, api_version) = pick(source);
    let client_id = source.chance(2).then(|| "client".to_owned());
    let header = RequestHeader { api_key, api_version, correlation_id: 7, client_id };
    let mut encoder = Encoder::new();
    // What cannot be encoded is a poor seed, no more.
    let _ = header.encode(&mut encoder);
    let mut write = Write { encoder, source, version: api_version };
    visit(api_key, &mut write);
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
        let message = R::arbitrary(self.source, R::version(self.version));
        let _ = message.encode(&mut self.encoder, self.version);
    }
}

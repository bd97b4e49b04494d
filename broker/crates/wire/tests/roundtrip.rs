//! Every message in every version reads back as it was written.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fmt::Debug;

use barnabas_wire::{Arbitrary, DecodeError, Decoder, Encoder, Message, Request, Source};
use bytes::Bytes;
use support::{Visitor, visit_all};

const ROUNDS: u64 = 20;

fn encode<M: Message>(message: &M, version: i16) -> Bytes {
    let mut encoder = Encoder::new();
    message.encode(&mut encoder, version).unwrap();
    encoder.into_bytes()
}

fn decode<M: Message>(bytes: Bytes, version: i16) -> Result<M, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let message = M::decode(&mut decoder, version)?;
    decoder.finish()?;
    Ok(message)
}

struct RoundTrip;

impl Visitor for RoundTrip {
    fn visit<R>(&mut self)
    where
        R: Request + Arbitrary + PartialEq + Debug,
        R::Response: Arbitrary + PartialEq + Debug,
    {
        round_trip::<R>();
        round_trip::<R::Response>();
    }
}

fn round_trip<M: Message + Arbitrary + PartialEq + Debug>() {
    for version in M::VERSIONS.iter() {
        for seed in 0..ROUNDS {
            let mut source = Source::new(seed);
            let message = M::arbitrary(&mut source, M::version(version));
            let bytes = encode(&message, version);
            let again = decode::<M>(bytes.clone(), version);
            let context = format!("{} {version}, seed {seed}", M::NAME);
            assert_eq!(again.as_ref(), Ok(&message), "{context}");
            assert_eq!(encode(&again.unwrap(), version), bytes, "{context}");
        }
    }
}

#[test]
fn every_version_reads_back() {
    visit_all(&mut RoundTrip);
}

struct Table;

impl Visitor for Table {
    fn visit<R>(&mut self)
    where
        R: Request + Arbitrary + PartialEq + Debug,
        R::Response: Arbitrary + PartialEq + Debug,
    {
        assert_eq!(R::KEY.versions(), R::VERSIONS, "{}", R::KEY);
        assert_eq!(R::KEY.versions(), <R::Response as Message>::VERSIONS, "{}", R::KEY);
        for version in R::VERSIONS.iter() {
            assert_eq!(R::KEY.is_flexible(version), R::version(version).flexible, "{}", R::KEY);
            let response = <R::Response as Message>::version(version);
            assert_eq!(R::KEY.is_flexible(version), response.flexible, "{}", R::KEY);
        }
        assert_eq!(R::NAME, format!("{}Request", R::KEY));
    }
}

#[test]
fn messages_agree_with_the_table_of_apis() {
    visit_all(&mut Table);
}

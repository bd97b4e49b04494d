//! Hostile bytes: an error or a value, never a panic, and memory in proportion to the frame.
//!
//! One test only: the allocator counts for the whole process.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::alloc::System;
use std::fmt::Debug;

use barnabas_wire::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use barnabas_wire::{
    ApiKey, Arbitrary, Decoder, Encoder, Message, Request, RequestHeader, Source, api,
};
use bytes::Bytes;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{decode, encode};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What decoding may allocate: four times the frame, and a constant.
const MEMORY_PER_BYTE: usize = 4;
const MEMORY_SLACK: usize = 64 * 1024 + 256;

const SEEDS: u64 = 3;
const FLIPS: u64 = 100;
const LARGE: usize = 1 << 20;

macro_rules! visit {
    ($($request:ident)*) => {$(
        attack::<api::$request>();
        attack::<<api::$request as Request>::Response>();
    )*};
}

#[test]
fn hostile_bytes_neither_panic_nor_fill_memory() {
    barnabas_wire::for_each_request!(visit);
    attack::<ConsumerProtocolSubscription>();
    attack::<ConsumerProtocolAssignment>();
    attack_headers();
}

fn attack<M: Message + Arbitrary + PartialEq + Debug>() {
    for version in M::VERSIONS.iter() {
        for seed in 0..SEEDS {
            let mut source = Source::new(seed);
            let message = M::arbitrary(&mut source, M::version(version));
            let bytes = encode(&message, version);
            truncate::<M>(&bytes, version);
            for _ in 0..FLIPS {
                let flipped = flip(&bytes, &mut source);
                check::<M>(flipped, version, seed);
            }
        }
        for fill in [0x00, 0x01, 0x02, 0x7f, 0x80, 0xff] {
            fill_frame::<M>(fill, version);
        }
    }
}

/// No message is a proper prefix of another.
fn truncate<M: Message + PartialEq + Debug>(bytes: &Bytes, version: i16) {
    for length in 0..bytes.len() {
        let result = measured(bytes.slice(..length), |bytes| decode::<M>(bytes, version));
        assert!(result.is_err(), "{} {version}, {length} of {}", M::NAME, bytes.len());
    }
}

fn flip(bytes: &[u8], source: &mut Source) -> Bytes {
    let mut bytes = bytes.to_vec();
    for _ in 0..=source.below(3) {
        if !bytes.is_empty() {
            let index = source.below(bytes.len() as u64) as usize;
            bytes[index] = if source.chance(2) {
                bytes[index] ^ (1 << source.below(8))
            } else {
                [0, 1, 2, 0x7f, 0x80, 0xff][source.below(6) as usize]
            };
        }
    }
    bytes.into()
}

/// Whatever is accepted can be said again, and then reads the same.
fn check<M: Message + PartialEq + Debug>(bytes: Bytes, version: i16, seed: u64) {
    if let Ok(message) = measured(bytes, |bytes| decode::<M>(bytes, version)) {
        let again = encode(&message, version);
        let context = format!("{} {version}, seed {seed}", M::NAME);
        assert_eq!(decode::<M>(again, version).as_ref(), Ok(&message), "{context}");
    }
}

/// Long arrays of the smallest elements, at every place where an array can be.
fn fill_frame<M: Message + PartialEq + Debug>(fill: u8, version: i16) {
    let mut frame = vec![fill; LARGE];
    let length = (LARGE as u32 / 16).to_be_bytes();
    for at in [None, Some(0), Some(2), Some(4), Some(6), Some(8), Some(12)] {
        if let Some(at) = at {
            frame[at..at + 4].copy_from_slice(&length);
        }
        let _ = measured(frame.clone().into(), |bytes| decode::<M>(bytes, version));
        // An unsigned variable-length integer of about 2^18.
        if let Some(at) = at {
            frame[at..at + 4].copy_from_slice(&[0xff, 0xff, 0x0f, fill]);
        }
        let _ = measured(frame.clone().into(), |bytes| decode::<M>(bytes, version));
    }
}

fn attack_headers() {
    let header = RequestHeader {
        api_key: ApiKey::Metadata,
        api_version: 12,
        correlation_id: 7,
        client_id: Some("client".to_owned()),
    };
    let mut encoder = Encoder::new();
    header.encode(&mut encoder).unwrap();
    let bytes = encoder.into_bytes();
    let mut source = Source::new(1);
    for _ in 0..10_000 {
        let flipped = flip(&bytes, &mut source);
        let _ = measured(flipped, |bytes| RequestHeader::decode(&mut Decoder::new(bytes)));
    }
}

/// Runs `decode` on the frame, and holds what it allocates against the bound.
fn measured<T>(frame: Bytes, decode: impl FnOnce(Bytes) -> T) -> T {
    let bound = frame.len() * MEMORY_PER_BYTE + MEMORY_SLACK;
    let region = Region::new(ALLOCATOR);
    let result = decode(frame);
    let change = region.change();
    let allocated = change.bytes_allocated.cast_signed() + change.bytes_reallocated;
    assert!(allocated <= bound.cast_signed(), "allocated {allocated}, bound {bound}");
    result
}

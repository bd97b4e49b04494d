//! Every message in every version reads back as it was written.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::fmt::Debug;

use barnabas_wire::consumer_protocol::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use barnabas_wire::{Arbitrary, Message, Request, Source, api};
use support::{decode, encode};

const ROUNDS: u64 = 20;

macro_rules! visit {
    ($($request:ident)*) => {$(
        round_trip::<api::$request>();
        round_trip::<<api::$request as Request>::Response>();
    )*};
}

#[test]
fn every_version_reads_back() {
    barnabas_wire::for_each_request!(visit);
    round_trip::<ConsumerProtocolSubscription>();
    round_trip::<ConsumerProtocolAssignment>();
}

fn round_trip<M: Message + Arbitrary + PartialEq + Debug>() {
    for version in M::VERSIONS.iter() {
        for seed in 0..ROUNDS {
            let message = M::arbitrary(&mut Source::new(seed), M::version(version));
            let bytes = encode(&message, version);
            let again = decode::<M>(bytes.clone(), version);
            let context = format!("{} {version}, seed {seed}", M::NAME);
            assert_eq!(again.as_ref(), Ok(&message), "{context}");
            assert_eq!(encode(&again.unwrap(), version), bytes, "{context}");
        }
    }
}

macro_rules! check_table {
    ($($request:ident)*) => { $(agrees_with_table::<api::$request>();)* };
}

#[test]
fn messages_agree_with_the_table_of_apis() {
    barnabas_wire::for_each_request!(check_table);
}

macro_rules! count {
    ($($request:ident)*) => { [$(stringify!($request)),*].len() };
}

#[test]
fn no_request_is_left_out() {
    let modules = include_str!("../src/api/mod.rs").matches("\npub mod ").count();
    assert_eq!(barnabas_wire::for_each_request!(count), modules);
}

fn agrees_with_table<R: Request>() {
    assert_eq!(R::KEY.versions(), R::VERSIONS, "{}", R::KEY);
    assert_eq!(R::KEY.versions(), <R::Response as Message>::VERSIONS, "{}", R::KEY);
    for version in R::VERSIONS.iter() {
        assert_eq!(R::KEY.is_flexible(version), R::version(version).flexible, "{}", R::KEY);
        let response = <R::Response as Message>::version(version);
        assert_eq!(R::KEY.is_flexible(version), response.flexible, "{}", R::KEY);
    }
    assert_eq!(R::NAME, format!("{}Request", R::KEY));
}

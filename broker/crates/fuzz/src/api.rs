//! The messages of all APIs, by key.

use std::fmt::Debug;

use barnabas_wire::{ApiKey, Arbitrary, Decoder, Encoder, Message, Request, Source, api};

use crate::memory::proportional;

/// What fuzzing does with a request type, its response type implied.
pub trait Visitor {
    /// Called with the request type of the API that was asked for.
    fn visit<R>(&mut self)
    where
        R: Request + Arbitrary + PartialEq + Debug,
        R::Response: Arbitrary + PartialEq + Debug;
}

macro_rules! dispatch {
    ($($request:ident)*) => {
        /// The APIs that have messages.
        pub const KEYS: &[ApiKey] = &[$(<api::$request as Request>::KEY),*];

        /// Shows the request type of `key` to `visitor`, if it has one.
        pub fn visit(key: ApiKey, visitor: &mut impl Visitor) {
            $(if key == <api::$request as Request>::KEY {
                visitor.visit::<api::$request>();
            })*
        }
    };
}

barnabas_wire::for_each_request!(dispatch);

/// Decodes a message within the bound on memory; one that is accepted must encode, and read back
/// as the same.
///
/// # Panics
/// It does not.
pub fn check<M: Message + PartialEq + Debug>(decoder: &mut Decoder, version: i16) {
    let Ok(message) = proportional(decoder.remaining(), || M::decode(decoder, version)) else {
        return;
    };
    let mut encoder = Encoder::new();
    let encoded = message.encode(&mut encoder, version);
    assert_eq!(encoded, Ok(()), "{} {version}: {message:?}", M::NAME);
    // Room for what the bound on memory may refuse the second time: unknown tags are gone, and
    // with them bytes of the frame.
    let mut again = Decoder::new(encoder.into_bytes());
    match M::decode(&mut again, version) {
        Ok(same) => assert_eq!(same, message, "{} {version}", M::NAME),
        Err(error) => assert!(
            matches!(error, barnabas_wire::DecodeError::OverBudget { .. }),
            "{} {version}: {error}",
            M::NAME
        ),
    }
}

/// Some API and one of its versions.
pub fn pick(source: &mut Source) -> (ApiKey, i16) {
    let key = KEYS[source.below(KEYS.len() as u64) as usize];
    let versions = key.versions();
    let count = (versions.max - versions.min) as u64 + 1;
    (key, versions.min + source.below(count) as i16)
}

//! A seeded source of values.

use bytes::Bytes;

use crate::{ErrorCode, Records, Uuid, Version};

/// The most elements of an array, and bytes of a short string.
const SMALL: u64 = 4;

/// A type with random values.
pub trait Arbitrary: Sized {
    /// A value that the version can carry.
    fn arbitrary(source: &mut Source, version: Version) -> Self;
}

/// Pseudo-random numbers (SplitMix64): the same for the same seed, everywhere.
#[derive(Clone, Debug)]
pub struct Source(u64);

impl Source {
    /// A source that repeats itself for the same seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`, which is not zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number() % bound
    }

    /// True once in `n` times, on average.
    pub fn chance(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// Random bytes: few, and once in a while more than one byte of length can say.
    pub fn bytes(&mut self) -> Vec<u8> {
        let length = if self.chance(16) { self.below(300) } else { self.below(SMALL * 4) };
        (0..length).map(|_| self.number() as u8).collect()
    }
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Arbitrary for $type {
            fn arbitrary(source: &mut Source, _: Version) -> Self {
                match source.below(8) {
                    0 => 0,
                    1 => <$type>::MAX,
                    2 => <$type>::MIN,
                    _ => source.number() as $type,
                }
            }
        }
    )*};
}

numbers!(i8, i16, u16, i32, u32, i64);

impl Arbitrary for f64 {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        source.number() as Self / 3.0
    }
}

impl Arbitrary for bool {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        source.chance(2)
    }
}

impl Arbitrary for ErrorCode {
    fn arbitrary(source: &mut Source, version: Version) -> Self {
        Self(i16::arbitrary(source, version))
    }
}

impl Arbitrary for Uuid {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        let (high, low) = (u128::from(source.number()), u128::from(source.number()));
        if source.chance(8) { Self::ZERO } else { Self((high << 64 | low).to_be_bytes()) }
    }
}

impl Arbitrary for String {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        String::from_utf8_lossy(&source.bytes()).into_owned()
    }
}

impl Arbitrary for Bytes {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        source.bytes().into()
    }
}

impl Arbitrary for Records {
    fn arbitrary(source: &mut Source, _: Version) -> Self {
        Self::Inline(source.bytes().into())
    }
}

impl<T: Arbitrary> Arbitrary for Vec<T> {
    fn arbitrary(source: &mut Source, version: Version) -> Self {
        (0..source.below(SMALL)).map(|_| T::arbitrary(source, version)).collect()
    }
}

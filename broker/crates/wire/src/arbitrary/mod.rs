//! Random messages for tests: behind the feature `arbitrary`.

#[cfg(feature = "arbitrary")]
mod source;
#[cfg(feature = "arbitrary")]
pub use source::{Arbitrary, Source};

/// Used by the derive: keeps its argument if this crate has the feature `arbitrary`.
#[cfg(feature = "arbitrary")]
#[doc(hidden)]
#[macro_export]
macro_rules! arbitrary {
    ($($item:tt)*) => { $($item)* };
}

/// Used by the derive: keeps its argument if this crate has the feature `arbitrary`.
#[cfg(not(feature = "arbitrary"))]
#[doc(hidden)]
#[macro_export]
macro_rules! arbitrary {
    ($($item:tt)*) => {};
}

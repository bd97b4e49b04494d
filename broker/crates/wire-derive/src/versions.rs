//! Version ranges in Kafka's notation: `3`, `3-12`, `3+`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::LitStr;

/// An inclusive range of message versions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Versions {
    pub(crate) min: i16,
    pub(crate) max: i16,
}

impl Versions {
    pub(crate) const ALL: Self = Self { min: 0, max: i16::MAX };

    pub(crate) fn parse(literal: &LitStr) -> syn::Result<Self> {
        let text = literal.value();
        let number = |part: &str| {
            part.parse::<i16>().map_err(|_| {
                syn::Error::new(literal.span(), "expected a version range: `3`, `3-12` or `3+`")
            })
        };
        if let Some(min) = text.strip_suffix('+') {
            return Ok(Self { min: number(min)?, max: i16::MAX });
        }
        if let Some((min, max)) = text.split_once('-') {
            return Ok(Self { min: number(min)?, max: number(max)? });
        }
        let only = number(&text)?;
        Ok(Self { min: only, max: only })
    }

    /// A condition on `version`, or `None` when the range holds every version.
    pub(crate) fn condition(self) -> Option<TokenStream> {
        let Self { min, max } = self;
        match (min > 0, max < i16::MAX) {
            (false, false) => None,
            (true, false) => Some(quote!(version.number >= #min)),
            (false, true) => Some(quote!(version.number <= #max)),
            (true, true) if min == max => Some(quote!(version.number == #min)),
            (true, true) => Some(quote!((#min..=#max).contains(&version.number))),
        }
    }
}

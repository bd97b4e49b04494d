//! `#[derive(Message)]`: Kafka's versioned encoding of a struct, from attributes on its fields.
//!
//! On the struct, `#[message(versions = "0-4", flexible = "3+")]` makes it a message of its own
//! (`barnabas_wire::Message`); without the attribute it is a struct nested in messages. `flexible`
//! may be absent (never flexible). Either way the struct gets `Default` with Kafka's defaults.
//!
//! On a field, `#[field(…)]` with any of:
//! * `versions = "3+"`: the versions that carry the field (all, when absent);
//! * `nullable = "7+"`: the versions in which an `Option` may be null (all, when absent);
//! * `tag = 0`: the field is written in the tagged section, unless it has its default;
//! * `default = -1`: an expression for the default, `Default::default()` when absent;
//! * `ignorable`: a value set for a version without the field is dropped, not an error.

mod attributes;
mod expand;
mod versions;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Derives the versioned encoding of a Kafka message or of a struct nested in one.
#[proc_macro_derive(Message, attributes(message, field))]
pub fn derive_message(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand::expand(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}

//! The code of the impls.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Expr, Fields, Ident};

use crate::attributes::{MessageAttributes, MessageField};
use crate::versions::Versions;

pub(crate) fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = named_fields(input)?;
    let default = default_impl(input, &fields);
    let value = value_impl(input, &fields);
    let message = message_impl(input)?;
    Ok(quote!(#default #value #message))
}

fn named_fields(input: &DeriveInput) -> syn::Result<Vec<MessageField>> {
    let Data::Struct(data) = &input.data else {
        return Err(syn::Error::new_spanned(input, "a message is a struct"));
    };
    match &data.fields {
        Fields::Named(named) => named.named.iter().map(MessageField::parse).collect(),
        Fields::Unit | Fields::Unnamed(_) => {
            Err(syn::Error::new_spanned(input, "a message has named fields"))
        }
    }
}

fn default_impl(input: &DeriveInput, fields: &[MessageField]) -> TokenStream {
    let name = &input.ident;
    let inits = fields.iter().map(|field| {
        let ident = &field.ident;
        let default = default_value(field);
        quote!(#ident: #default)
    });
    quote! {
        impl ::core::default::Default for #name {
            fn default() -> Self {
                Self { #(#inits),* }
            }
        }
    }
}

fn default_value(field: &MessageField) -> TokenStream {
    match &field.default {
        Some(expression) => quote!(#expression),
        // Kafka's default of a nullable field is the empty value, unless it says null.
        None if field.nullable.is_some() => {
            quote!(::core::option::Option::Some(::core::default::Default::default()))
        }
        None => quote!(::core::default::Default::default()),
    }
}

fn value_impl(input: &DeriveInput, fields: &[MessageField]) -> TokenStream {
    let name = &input.ident;
    let mut tagged: Vec<&MessageField> = fields.iter().filter(|f| f.tag.is_some()).collect();
    tagged.sort_by_key(|field| field.tag);
    let reads = fields.iter().map(read_field);
    let read_tags = read_tags(&tagged);
    let writes = fields.iter().map(|field| write_field(name, field));
    let write_tags = write_tags(name, &tagged);
    let filled = fields.iter().map(differs);
    let arbitrary = arbitrary_impl(name, fields);
    quote! {
        impl ::barnabas_wire::Value for #name {
            fn read(
                decoder: &mut ::barnabas_wire::Decoder,
                version: ::barnabas_wire::Version,
            ) -> ::core::result::Result<Self, ::barnabas_wire::DecodeError> {
                #[allow(unused_mut)]
                let mut value = <Self as ::core::default::Default>::default();
                #(#reads)*
                #read_tags
                ::core::result::Result::Ok(value)
            }

            fn write(
                &self,
                encoder: &mut ::barnabas_wire::Encoder,
                version: ::barnabas_wire::Version,
            ) -> ::core::result::Result<(), ::barnabas_wire::EncodeError> {
                #(#writes)*
                #write_tags
                ::core::result::Result::Ok(())
            }

            fn is_filled(&self) -> bool {
                false #(|| #filled)*
            }
        }
        impl ::barnabas_wire::Struct for #name {}
        #arbitrary
    }
}

fn read_field(field: &MessageField) -> TokenStream {
    if field.tag.is_some() {
        return TokenStream::new();
    }
    let read = read_value(field);
    match field.versions.condition() {
        Some(condition) => quote!(if #condition { #read }),
        None => read,
    }
}

fn read_value(field: &MessageField) -> TokenStream {
    let (ident, ty) = (&field.ident, &field.value);
    let plain = quote!(<#ty as ::barnabas_wire::Value>::read(decoder, version)?);
    let null = quote!(<#ty as ::barnabas_wire::Nullable>::read_nullable(decoder, version)?);
    let Some(nullable) = field.nullable else {
        return quote!(value.#ident = #plain;);
    };
    match nullable.condition() {
        None => quote!(value.#ident = #null;),
        Some(condition) => quote! {
            value.#ident = if #condition {
                #null
            } else {
                ::core::option::Option::Some(#plain)
            };
        },
    }
}

fn read_tags(tagged: &[&MessageField]) -> TokenStream {
    if tagged.is_empty() {
        return quote!(if version.flexible {
            decoder.skip_tags()?;
        });
    }
    let arms = tagged.iter().map(|field| {
        let tag = field.tag;
        let read = read_value(field);
        let guard = field.versions.condition().map(|condition| quote!(if #condition));
        quote!(#tag #guard => { #read })
    });
    quote! {
        if version.flexible {
            decoder.read_tags(|tag, decoder| {
                match tag {
                    #(#arms)*
                    _ => return ::core::result::Result::Ok(false),
                }
                ::core::result::Result::Ok(true)
            })?;
        }
    }
}

fn write_field(name: &Ident, field: &MessageField) -> TokenStream {
    let write = if field.tag.is_some() { TokenStream::new() } else { write_value(name, field) };
    let ident = &field.ident;
    let Some(condition) = field.versions.condition() else { return write };
    if field.ignorable {
        return quote!(if #condition { #write });
    }
    let differs = differs(field);
    let (struct_name, field_name) = (name.to_string(), ident.to_string());
    let refuse = quote! {
        if #differs {
            return ::core::result::Result::Err(::barnabas_wire::EncodeError::unsupported(
                #struct_name, #field_name, version,
            ));
        }
    };
    quote!(if #condition { #write } else { #refuse })
}

/// Whether the field of `self` has another value than its default.
fn differs(field: &MessageField) -> TokenStream {
    let ident = &field.ident;
    if field.default.is_none() {
        let filled = quote!(::barnabas_wire::Value::is_filled);
        return match field.nullable {
            None => quote!(#filled(&self.#ident)),
            Some(_) => quote!(self.#ident.as_ref().is_none_or(|value| #filled(value))),
        };
    }
    if is_none(field) {
        return quote!(self.#ident.is_some());
    }
    let default = default_value(field);
    quote!(self.#ident != #default)
}

fn is_none(field: &MessageField) -> bool {
    matches!(&field.default, Some(Expr::Path(path)) if path.path.is_ident("None"))
}

fn write_value(name: &Ident, field: &MessageField) -> TokenStream {
    let (ident, ty) = (&field.ident, &field.value);
    let Some(nullable) = field.nullable else {
        return quote!(::barnabas_wire::Value::write(&self.#ident, encoder, version)?;);
    };
    let null = quote! {
        <#ty as ::barnabas_wire::Nullable>::write_nullable(
            self.#ident.as_ref(), encoder, version,
        )?;
    };
    let (struct_name, field_name) = (name.to_string(), ident.to_string());
    match nullable.condition() {
        None => null,
        Some(condition) => quote! {
            if #condition {
                #null
            } else {
                let value = self.#ident.as_ref().ok_or_else(|| {
                    ::barnabas_wire::EncodeError::null(#struct_name, #field_name, version)
                })?;
                ::barnabas_wire::Value::write(value, encoder, version)?;
            }
        },
    }
}

fn write_tags(name: &Ident, tagged: &[&MessageField]) -> TokenStream {
    if tagged.is_empty() {
        return quote!(if version.flexible {
            encoder.put_uvarint(0);
        });
    }
    let present = |field: &MessageField| {
        let differs = differs(field);
        match field.versions.condition() {
            Some(condition) => quote!(#condition && #differs),
            None => differs,
        }
    };
    let counts = tagged.iter().map(|field| present(field));
    let writes = tagged.iter().map(|field| {
        let tag = field.tag;
        let present = present(field);
        let write = write_value(name, field);
        quote! {
            if #present {
                encoder.put_tag(#tag, |encoder| {
                    #write
                    ::core::result::Result::Ok(())
                })?;
            }
        }
    });
    quote! {
        if version.flexible {
            let count = 0u32 #(+ u32::from(#counts))*;
            encoder.put_uvarint(count);
            #(#writes)*
        }
    }
}

fn message_impl(input: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &input.ident;
    let Some(MessageAttributes { versions, flexible }) = MessageAttributes::parse(&input.attrs)?
    else {
        return Ok(TokenStream::new());
    };
    let Versions { min, max } = versions;
    let flexible = match flexible {
        Some(Versions { min, .. }) => quote!(::core::option::Option::Some(#min)),
        None => quote!(::core::option::Option::None),
    };
    let text = name.to_string();
    Ok(quote! {
        impl ::barnabas_wire::Message for #name {
            const NAME: &'static str = #text;
            const VERSIONS: ::barnabas_wire::VersionRange =
                ::barnabas_wire::VersionRange { min: #min, max: #max };
            const FLEXIBLE: ::core::option::Option<i16> = #flexible;
        }
    })
}

/// Random values for tests. `barnabas_wire::arbitrary!` is empty unless the feature of that name
/// is on, in that crate: a feature cannot be asked for from here.
fn arbitrary_impl(name: &Ident, fields: &[MessageField]) -> TokenStream {
    let values = fields.iter().map(|field| {
        let (ident, ty) = (&field.ident, &field.value);
        let plain = quote!(<#ty as ::barnabas_wire::Arbitrary>::arbitrary(source, version));
        let some = quote!(::core::option::Option::Some(#plain));
        let value = match field.nullable.map(Versions::condition) {
            None => plain,
            Some(None) => quote! {
                if source.chance(4) { ::core::option::Option::None } else { #some }
            },
            Some(Some(condition)) => quote! {
                if #condition && source.chance(4) { ::core::option::Option::None } else { #some }
            },
        };
        let absent = field.versions.condition().map(|condition| quote!(!(#condition)));
        let flexible = field.tag.map(|_| quote!(!version.flexible));
        let conditions: Vec<_> = absent.into_iter().chain(flexible).collect();
        let default = default_value(field);
        if conditions.is_empty() {
            quote!(#ident: #value)
        } else {
            quote!(#ident: if #(#conditions)||* { #default } else { #value })
        }
    });
    quote! {
        ::barnabas_wire::arbitrary! {
            impl ::barnabas_wire::Arbitrary for #name {
                #[allow(unused_variables)]
                fn arbitrary(
                    source: &mut ::barnabas_wire::Source,
                    version: ::barnabas_wire::Version,
                ) -> Self {
                    Self { #(#values),* }
                }
            }
        }
    }
}

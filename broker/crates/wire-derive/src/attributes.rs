//! The attributes of a message and of its fields, parsed.

use syn::{Attribute, Expr, Field, GenericArgument, Ident, LitInt, LitStr, PathArguments, Type};

use crate::versions::Versions;

/// `#[message(…)]` on a struct.
pub(crate) struct MessageAttributes {
    pub(crate) versions: Versions,
    pub(crate) flexible: Option<Versions>,
}

impl MessageAttributes {
    /// `None` when the struct has no such attribute: it is nested in messages.
    pub(crate) fn parse(attributes: &[Attribute]) -> syn::Result<Option<Self>> {
        let Some(attribute) = attributes.iter().find(|a| a.path().is_ident("message")) else {
            return Ok(None);
        };
        let (mut versions, mut flexible) = (None, None);
        attribute.parse_nested_meta(|meta| {
            let range = Versions::parse(&meta.value()?.parse::<LitStr>()?)?;
            if meta.path.is_ident("versions") {
                versions = Some(range);
            } else if meta.path.is_ident("flexible") {
                flexible = Some(range);
            } else {
                return Err(meta.error("expected `versions` or `flexible`"));
            }
            Ok(())
        })?;
        let versions = versions
            .ok_or_else(|| syn::Error::new_spanned(attribute, "`versions` is required here"))?;
        Ok(Some(Self { versions, flexible }))
    }
}

/// A field with its `#[field(…)]`.
pub(crate) struct MessageField {
    pub(crate) ident: Ident,
    /// The type, without its `Option` when nullable.
    pub(crate) value: Type,
    pub(crate) versions: Versions,
    /// The versions that admit null, when the type is an `Option`.
    pub(crate) nullable: Option<Versions>,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<Expr>,
    pub(crate) ignorable: bool,
}

impl MessageField {
    pub(crate) fn parse(field: &Field) -> syn::Result<Self> {
        let ident = field
            .ident
            .clone()
            .ok_or_else(|| syn::Error::new_spanned(field, "expected a named field"))?;
        let optional = option_argument(&field.ty);
        let mut parsed = Self {
            ident,
            value: optional.unwrap_or(&field.ty).clone(),
            versions: Versions::ALL,
            nullable: optional.map(|_| Versions::ALL),
            tag: None,
            default: None,
            ignorable: false,
        };
        for attribute in field.attrs.iter().filter(|a| a.path().is_ident("field")) {
            parsed.parse_attribute(attribute, optional.is_some())?;
        }
        Ok(parsed)
    }

    fn parse_attribute(&mut self, attribute: &Attribute, optional: bool) -> syn::Result<()> {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("versions") {
                self.versions = Versions::parse(&meta.value()?.parse::<LitStr>()?)?;
            } else if meta.path.is_ident("nullable") {
                if !optional {
                    return Err(meta.error("only an `Option` can be null"));
                }
                self.nullable = Some(Versions::parse(&meta.value()?.parse::<LitStr>()?)?);
            } else if meta.path.is_ident("tag") {
                self.tag = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
            } else if meta.path.is_ident("default") {
                self.default = Some(meta.value()?.parse()?);
            } else if meta.path.is_ident("ignorable") {
                self.ignorable = true;
            } else {
                return Err(meta.error("unknown field attribute"));
            }
            Ok(())
        })
    }
}

fn option_argument(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|segment| segment.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first()? {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    }
}

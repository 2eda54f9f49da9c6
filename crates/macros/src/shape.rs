//! `derive(Shape)`.

use crate::attributes::{Arguments, documentation};
use crate::field::{camel, kind, unwrap};
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

/// Greatest number of members of a list that does not say its own.
const MOST: i64 = 100;

pub(crate) fn expand(item: &DeriveInput) -> syn::Result<TokenStream> {
    let name = &item.ident;
    let text = name.to_string();
    let description = documentation(&item.attrs);
    if description.is_empty() {
        return Err(syn::Error::new_spanned(name, "a shape needs a doc comment: it is the API's description"));
    }
    let declared = match &item.data {
        Data::Struct(body) => match &body.fields {
            Fields::Named(fields) => fields.named.iter().collect(),
            Fields::Unit => Vec::new(),
            Fields::Unnamed(_) => return Err(syn::Error::new_spanned(name, "a shape's fields have names")),
        },
        _ => return Err(syn::Error::new_spanned(name, "Shape is for structs")),
    };
    let mut definitions = Vec::new();
    let mut idents = Vec::new();
    for field in declared {
        definitions.push(definition(field)?);
        idents.push(&field.ident);
    }
    let (first, second) = (&idents, &idents);
    Ok(quote! {
        impl ::clientela_model::ShapeValue for #name {
            fn from_content(content: ::clientela_model::Content) -> ::core::option::Option<Self> {
                let ::clientela_model::Content::Shape(fields) = content else { return ::core::option::Option::None };
                let mut fields = fields.into_iter();
                let made = #name { #(#first: ::clientela_model::ShapeValue::from_content(fields.next()?)?),* };
                fields.next().is_none().then_some(made)
            }
            fn into_content(self) -> ::clientela_model::Content {
                ::clientela_model::Content::Shape(vec![#(::clientela_model::ShapeValue::into_content(self.#second)),*])
            }
        }
        impl ::clientela_model::Shape for #name {
            fn definition() -> ::clientela_model::ShapeDef {
                ::clientela_model::ShapeDef { name: #text.into(), description: #description.into(), fields: vec![#(#definitions),*] }
            }
        }
    })
}

/// The expression of a `ShapeField`.
fn definition(field: &syn::Field) -> syn::Result<TokenStream> {
    let ident = field.ident.as_ref().ok_or_else(|| syn::Error::new_spanned(field, "a shape's fields have names"))?;
    let declared = ident.to_string();
    let description = documentation(&field.attrs);
    if description.is_empty() {
        return Err(syn::Error::new_spanned(ident, "a field needs a doc comment: it is the API's description"));
    }
    let mut arguments = Arguments::of_field(&field.attrs)?;
    let name = arguments.text("name")?.unwrap_or_else(|| camel(&declared));
    let (optional, inner) = unwrap(&field.ty, "Option");
    let inner_type = syn::Type::Path(inner.clone());
    let (many, inner) = unwrap(&inner_type, "Vec");
    if optional && many {
        return Err(syn::Error::new_spanned(ident, "a list is never absent, only empty: leave out the Option"));
    }
    let most = arguments.number("most")?.unwrap_or(MOST);
    let most = usize::try_from(most).map_err(|_| syn::Error::new_spanned(ident, "most is a positive number"))?;
    let required = !optional;
    let record = arguments.text("record")?;
    let holds = if let Some(resource) = record {
        if many {
            quote! { Records { resource: #resource.into(), most: #most } }
        } else {
            quote! { Record { resource: #resource.into() } }
        }
    } else if let Some(schema) = arguments.text("document")? {
        quote! { Document { schema: #schema.into() } }
    } else if arguments.flag("shape") {
        let shape = quote! { ::std::sync::Arc::new(<#inner as ::clientela_model::Shape>::definition()) };
        if many {
            quote! { Shapes { shape: #shape, most: #most } }
        } else {
            quote! { Shape(#shape) }
        }
    } else {
        let type_name = inner.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        let type_name = if type_name == "RecordKey" { "AnyId".to_owned() } else { type_name };
        let (kind, natural) = kind(&type_name, &inner, &mut arguments, &declared)?;
        let example = match arguments.text("example")? {
            Some(example) => quote! { #example },
            None => {
                natural.ok_or_else(|| syn::Error::new_spanned(ident, "a field needs an example: #[field(example = …)], as JSON text"))?
            }
        };
        let secret = arguments.flag("secret");
        if secret && !optional {
            return Err(syn::Error::new_spanned(ident, "what is shown once is absent later: make it an Option"));
        }
        let default = match arguments.text("default")? {
            Some(json) => quote! { ::core::option::Option::Some(#json.into()) },
            None => quote! { ::core::option::Option::None },
        };
        let value = quote! {
            ::clientela_model::FieldDef {
                required: #required,
                default: #default,
                secret: #secret,
                ..::clientela_model::FieldDef::new(#name, #declared, #kind, #description, #example)
            }
        };
        if many {
            quote! { Values { item: #value, most: #most } }
        } else {
            quote! { Value(#value) }
        }
    };
    arguments.finish()?;
    Ok(quote! {
        ::clientela_model::ShapeField {
            name: #name.into(),
            description: #description.into(),
            required: #required,
            holds: ::clientela_model::Holds::#holds,
        }
    })
}

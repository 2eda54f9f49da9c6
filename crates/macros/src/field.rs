//! One field of a resource: its column in the entity and its definition.

use crate::attributes::{Arguments, documentation};
use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::{Field, GenericArgument, PathArguments, Type};

pub(crate) struct Expanded {
    /// Fields of the sea-orm model.
    pub(crate) entity: TokenStream,
    /// Expression of the `FieldDef`.
    pub(crate) definition: TokenStream,
}

pub(crate) fn expand(field: &Field) -> syn::Result<Expanded> {
    let ident = field.ident.as_ref().ok_or_else(|| syn::Error::new_spanned(field, "a resource has named fields"))?;
    let declared = ident.to_string();
    let description = documentation(&field.attrs);
    if description.is_empty() {
        return Err(syn::Error::new_spanned(ident, "a field needs a doc comment: it is the API's description"));
    }
    let mut arguments = Arguments::of_field(&field.attrs)?;
    let name = arguments.text("name")?.unwrap_or_else(|| camel(&declared));
    let (optional, inner) = unwrap(&field.ty, "Option");
    let kind_name = inner.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
    // A reference to any record takes two columns, named after the relation: `record_id` is `record_resource` and `record_id`.
    let column = match declared.strip_suffix("_id") {
        Some(stem) if kind_name == "AnyId" => stem.to_owned(),
        _ => declared,
    };
    let (kind, default_example) = kind(&kind_name, &inner, &mut arguments, &column)?;
    let example = match arguments.text("example")? {
        Some(example) => quote! { #example },
        None => default_example
            .ok_or_else(|| syn::Error::new_spanned(ident, "a field needs an example: #[field(example = …)], as JSON text"))?,
    };
    let required = !optional;
    let write = match arguments.text("write")?.as_deref() {
        None => quote! { Writable },
        Some("immutable") => quote! { Immutable },
        Some("read_only") => quote! { ReadOnly },
        Some(other) => return Err(syn::Error::new_spanned(ident, format!("write = \"{other}\" is not immutable or read_only"))),
    };
    let (folded, secret, derived) = (arguments.flag("folded"), arguments.flag("secret"), arguments.flag("derived"));
    let (sensitive, same_id) = (arguments.flag("sensitive"), arguments.flag("same_id"));
    let (no_filter, no_sort) =
        (arguments.flag("no_filter") || secret, arguments.flag("no_sort") || secret || matches!(kind_name.as_str(), "TextSet" | "AnyId"));
    let default = match arguments.text("default")? {
        Some(json) => quote! { ::core::option::Option::Some(#json.into()) },
        // A set is never absent, only empty.
        None if kind_name == "TextSet" => quote! { ::core::option::Option::Some("[]".into()) },
        None => quote! { ::core::option::Option::None },
    };
    let copy_of = match arguments.text("copy_of")? {
        None => quote! { ::core::option::Option::None },
        Some(path) => {
            let (relation, original) =
                path.split_once('.').ok_or_else(|| syn::Error::new_spanned(ident, "copy_of is \"relation.field\""))?;
            quote! {
                ::core::option::Option::Some(::clientela_model::CopyDef { relation: #relation.into(), field: #original.into() })
            }
        }
    };
    let search = match arguments.text("search")? {
        None => quote! { ::core::option::Option::None },
        Some(weight) if kind_name == "String" && matches!(weight.as_str(), "name" | "detail" | "text") => {
            let weight = format_ident!("{}", pascal(&weight));
            quote! { ::core::option::Option::Some(::clientela_model::SearchWeight::#weight) }
        }
        Some(other) => return Err(syn::Error::new_spanned(ident, format!("search = \"{other}\" is not name, detail or text, of a text"))),
    };
    arguments.finish()?;
    let definition = quote! {
        ::clientela_model::FieldDef {
            required: #required,
            write: ::clientela_model::WriteMode::#write,
            filter: !#no_filter,
            sort: !#no_sort,
            folded: #folded,
            secret: #secret,
            sensitive: #sensitive,
            same_id: #same_id,
            default: #default,
            derived: #derived,
            copy_of: #copy_of,
            search: #search,
            ..::clientela_model::FieldDef::new(#name, #column, #kind, #description, #example)
        }
    };
    let ty = &field.ty;
    let entity = match kind_name.as_str() {
        // Its column type differs by database; the generic reader alone reads it.
        "TextSet" => quote! {},
        "AnyId" => {
            let (resource, id) = (format_ident!("{column}_resource"), format_ident!("{column}_id"));
            let (resource_doc, id_doc) = (format!("Resource of the record in `{name}`."), format!("Identity of the record in `{name}`."));
            let (text, key) = (quote! { ::std::string::String }, quote! { ::clientela_kernel::Id });
            let (text, key) =
                if optional { (quote! { ::core::option::Option<#text> }, quote! { ::core::option::Option<#key> }) } else { (text, key) };
            quote! {
                #[doc = #resource_doc] pub #resource: #text,
                #[doc = #id_doc] pub #id: #key,
            }
        }
        "Money" => {
            let (minor, currency) = (format_ident!("{ident}_minor"), format_ident!("{ident}_currency"));
            let (minor_doc, currency_doc) = (format!("Minor units of `{column}`."), format!("Currency of `{column}`."));
            let wrap = |inner: TokenStream| {
                if optional {
                    quote! { ::core::option::Option<#inner> }
                } else {
                    inner
                }
            };
            let (number, text) = (wrap(quote! { i64 }), wrap(quote! { ::std::string::String }));
            quote! {
                #[doc = #minor_doc] pub #minor: #number,
                #[doc = #currency_doc] pub #currency: #text,
            }
        }
        _ => quote! { #[doc = #description] pub #ident: #ty, },
    };
    Ok(Expanded { entity, definition })
}

/// The field type, and an example where the type alone gives a good one.
pub(crate) fn kind(
    name: &str,
    path: &syn::TypePath,
    arguments: &mut Arguments,
    column: &str,
) -> syn::Result<(TokenStream, Option<TokenStream>)> {
    let model = quote! { ::clientela_model::FieldType };
    Ok(match name {
        "String" => {
            let max = arguments.number("max")?.unwrap_or(200);
            let max = u32::try_from(max).map_err(|_| syn::Error::new_spanned(path, "max is a positive number"))?;
            let format = format_ident!("{}", pascal(&arguments.text("format")?.unwrap_or_else(|| "plain".to_owned())));
            (quote! { #model::Text { max: #max, format: ::clientela_model::TextFormat::#format } }, None)
        }
        "TextSet" => {
            let (max_items, max_length) = (arguments.number("max_items")?.unwrap_or(50), arguments.number("max")?.unwrap_or(100));
            let limit =
                |limit: i64| u32::try_from(limit).map_err(|_| syn::Error::new(Span::call_site(), "a limit is a small whole number"));
            let (max_items, max_length) = (limit(max_items)?, limit(max_length)?);
            (quote! { #model::TextSet { max_items: #max_items, max_length: #max_length } }, Some(quote! { "[\"vip\"]" }))
        }
        "bool" => (quote! { #model::Boolean }, Some(quote! { "true" })),
        "i64" if arguments.flag("duration") => (quote! { #model::Duration }, Some(quote! { "\"PT30M\"" })),
        "i64" if let Some(places) = arguments.number("decimal")? => decimal(path, arguments, places)?,
        "i64" => {
            let (min, max) = (arguments.number("min")?.unwrap_or(i64::MIN), arguments.number("max")?.unwrap_or(i64::MAX));
            (quote! { #model::Integer { min: #min, max: #max } }, None)
        }
        "Date" => (quote! { #model::Date }, Some(quote! { "\"2026-01-31\"" })),
        "Timestamp" => (quote! { #model::Instant }, Some(quote! { "\"2026-01-31T08:15:00.000Z\"" })),
        "Money" => (quote! { #model::Money }, Some(quote! { "{\"amount\":\"1234.50\",\"currency\":\"EUR\"}" })),
        "Id" => reference(arguments, column)?,
        "AnyId" => any_reference(path, arguments)?,
        _ => (
            quote! { #model::Choice(<#path as ::clientela_model::Choice>::definition()) },
            Some(
                quote! { ::std::format!("\"{}\"", <#path as ::clientela_model::Choice>::definition().options.first().map_or("", |option| option.name.as_ref())) },
            ),
        ),
    })
}

/// A decimal number of so many places; `min` and `max` are decimal texts, or whole.
fn decimal(path: &syn::TypePath, arguments: &mut Arguments, places: i64) -> syn::Result<(TokenStream, Option<TokenStream>)> {
    let wrong = |text: &str| syn::Error::new_spanned(path, text);
    let places =
        u32::try_from(places).ok().filter(|places| *places <= 12).ok_or_else(|| wrong("decimal is a number of places, 0 to 12"))?;
    let mut bound = |name: &str| {
        let text = arguments.literal(name)?.ok_or_else(|| wrong("a decimal number says its min and max"))?;
        let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
        let width = usize::try_from(places).unwrap_or(0);
        let digits = format!("{whole}{fraction:0<width$}");
        let fits = digits.parse::<i64>().ok().filter(|_| fraction.len() <= width);
        fits.ok_or_else(|| wrong("min and max are numbers of at most so many places that fit into 64 bits"))
    };
    let (min, max) = (bound("min")?, bound("max")?);
    Ok((quote! { ::clientela_model::FieldType::Decimal { places: #places, min: #min, max: #max } }, None))
}

fn reference(arguments: &mut Arguments, column: &str) -> syn::Result<(TokenStream, Option<TokenStream>)> {
    let target = arguments.required_text("refers")?;
    let relation = camel(column.strip_suffix("_id").unwrap_or(column));
    let personal = match arguments.text("personal")?.as_deref() {
        None => quote! { AsDeleted },
        Some("own") => quote! { Own },
        Some("named") => quote! { Named },
        Some("shared") => quote! { Shared },
        Some(other) => {
            return Err(syn::Error::new(proc_macro2::Span::call_site(), format!("personal = \"{other}\" is not own, named or shared")));
        }
    };
    let (inverse, inverse_description, on_delete) = other_side(arguments)?;
    let kind = quote! {
        ::clientela_model::FieldType::Reference(::clientela_model::ReferenceDef {
            target: #target.into(),
            relation: #relation.into(),
            inverse: #inverse,
            inverse_description: #inverse_description.into(),
            on_delete: ::clientela_model::OnDelete::#on_delete,
            personal: ::clientela_model::Personal::#personal,
            prefix: "".into(),
            table: "".into(),
            also_accepts: ::std::vec::Vec::new(),
        })
    };
    Ok((kind, None))
}

fn any_reference(path: &syn::TypePath, arguments: &mut Arguments) -> syn::Result<(TokenStream, Option<TokenStream>)> {
    if !arguments.flag("refers_any") {
        return Err(syn::Error::new_spanned(path, "say what it refers to: #[field(refers_any, …)]"));
    }
    let (inverse, inverse_description, on_delete) = other_side(arguments)?;
    let kind = quote! {
        ::clientela_model::FieldType::AnyReference(::clientela_model::AnyReferenceDef {
            inverse: #inverse,
            inverse_description: #inverse_description.into(),
            on_delete: ::clientela_model::OnDelete::#on_delete,
            targets: ::std::sync::Arc::from([]),
        })
    };
    Ok((kind, None))
}

/// The relation on the other side, what it holds, and what its record's deletion does.
fn other_side(arguments: &mut Arguments) -> syn::Result<(TokenStream, String, syn::Ident)> {
    let inverse = match arguments.text("inverse")? {
        Some(name) => quote! { ::core::option::Option::Some(#name.into()) },
        None => quote! { ::core::option::Option::None },
    };
    let inverse_description = arguments.text("inverse_description")?.unwrap_or_default();
    let on_delete = format_ident!("{}", pascal(&arguments.text("on_delete")?.unwrap_or_else(|| "restrict".to_owned())));
    Ok((inverse, inverse_description, on_delete))
}

/// Whether a type is the wrapper of another, and that other.
pub(crate) fn unwrap(ty: &Type, wrapper: &str) -> (bool, syn::TypePath) {
    let Type::Path(path) = ty else {
        return (false, syn::parse_quote!(Unknown));
    };
    let Some(last) = path.path.segments.last() else { return (false, path.clone()) };
    if last.ident == wrapper
        && let PathArguments::AngleBracketed(inner) = &last.arguments
        && let Some(GenericArgument::Type(Type::Path(inner))) = inner.args.first()
    {
        return (true, inner.clone());
    }
    (false, path.clone())
}

pub(crate) fn camel(snake: &str) -> String {
    let pascal = pascal(snake);
    let mut letters = pascal.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

fn pascal(snake: &str) -> String {
    snake
        .split('_')
        .flat_map(|word| {
            let mut letters = word.chars();
            letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect::<Vec<_>>()
        })
        .collect()
}

//! `derive(Choice)`.

use crate::attributes::documentation;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Fields};

pub(crate) fn expand(item: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(body) = &item.data else {
        return Err(syn::Error::new_spanned(&item.ident, "Choice is for enums"));
    };
    let name = &item.ident;
    let text = name.to_string();
    let description = documentation(&item.attrs);
    if description.is_empty() {
        return Err(syn::Error::new_spanned(name, "a choice needs a doc comment: it is the API's description"));
    }
    let mut options = Vec::new();
    let mut to_text = Vec::new();
    let mut from_text = Vec::new();
    for variant in &body.variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(syn::Error::new_spanned(variant, "a choice's variants carry no data"));
        }
        let ident = &variant.ident;
        let wire = upper_snake(&ident.to_string());
        let description = documentation(&variant.attrs);
        if description.is_empty() {
            return Err(syn::Error::new_spanned(variant, "an option needs a doc comment: it is the API's description"));
        }
        options.push(quote! { ::clientela_model::ChoiceOption { name: #wire.into(), description: #description.into(), labels: ::core::option::Option::None } });
        to_text.push(quote! { #name::#ident => #wire });
        from_text.push(quote! { #wire => ::core::option::Option::Some(#name::#ident) });
    }
    Ok(quote! {
        impl ::clientela_model::Choice for #name {
            fn definition() -> ::clientela_model::ChoiceDef {
                ::clientela_model::ChoiceDef { name: #text.into(), description: #description.into(), options: vec![#(#options),*] }
            }
            fn as_str(&self) -> &'static str {
                match self { #(#to_text),* }
            }
        }
        impl #name {
            fn from_wire(text: &str) -> ::core::option::Option<Self> {
                match text { #(#from_text,)* _ => ::core::option::Option::None }
            }
        }
        impl ::clientela_model::ShapeValue for #name {
            fn from_content(content: ::clientela_model::Content) -> ::core::option::Option<Self> {
                #name::from_wire(content.into_value()?.as_text()?)
            }
            fn into_content(self) -> ::clientela_model::Content {
                ::clientela_model::Content::Value(::clientela_model::Choice::as_str(&self).into())
            }
        }
        impl ::core::convert::From<#name> for ::sea_orm::Value {
            fn from(value: #name) -> Self {
                ::sea_orm::Value::from(::clientela_model::Choice::as_str(&value))
            }
        }
        impl ::sea_orm::sea_query::ValueType for #name {
            fn try_from(value: ::sea_orm::Value) -> ::core::result::Result<Self, ::sea_orm::sea_query::ValueTypeErr> {
                let text = <::std::string::String as ::sea_orm::sea_query::ValueType>::try_from(value)?;
                #name::from_wire(&text).ok_or(::sea_orm::sea_query::ValueTypeErr)
            }
            fn type_name() -> ::std::string::String { #text.to_owned() }
            fn array_type() -> ::sea_orm::sea_query::ArrayType { ::sea_orm::sea_query::ArrayType::String }
            fn column_type() -> ::sea_orm::sea_query::ColumnType { ::sea_orm::sea_query::ColumnType::Text }
        }
        impl ::sea_orm::sea_query::Nullable for #name {
            fn null() -> ::sea_orm::Value { <::std::string::String as ::sea_orm::sea_query::Nullable>::null() }
        }
        impl ::sea_orm::TryGetable for #name {
            fn try_get_by<I: ::sea_orm::ColIdx>(row: &::sea_orm::QueryResult, index: I) -> ::core::result::Result<Self, ::sea_orm::TryGetError> {
                let text = <::std::string::String as ::sea_orm::TryGetable>::try_get_by(row, index)?;
                #name::from_wire(&text).ok_or_else(|| ::sea_orm::TryGetError::DbErr(::sea_orm::DbErr::Type(::std::format!("{text} is not a {}", #text))))
            }
        }
    })
}

fn upper_snake(pascal: &str) -> String {
    let mut out = String::new();
    for (index, letter) in pascal.chars().enumerate() {
        if index > 0 && letter.is_uppercase() {
            out.push('_');
        }
        out.extend(letter.to_uppercase());
    }
    out
}

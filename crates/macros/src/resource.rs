//! `#[resource]`.

use crate::attributes::{Arguments, documentation};
use crate::field;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Fields, ItemStruct};

pub(crate) fn expand(arguments: TokenStream, item: &ItemStruct) -> syn::Result<TokenStream> {
    let Fields::Named(declared) = &item.fields else {
        return Err(syn::Error::new_spanned(item, "a resource is a struct with named fields"));
    };
    if item.ident != "Model" {
        return Err(syn::Error::new_spanned(&item.ident, "the struct is called Model, as sea-orm asks; the module carries the name"));
    }
    let description = documentation(&item.attrs);
    let mut arguments = Arguments::parse(arguments)?;
    let name = arguments.required_text("name")?;
    let prefix = arguments.required_text("prefix")?;
    let label = arguments.text("label")?.unwrap_or_default();
    let plural = arguments.text("plural")?;
    let table = arguments.text("table")?.unwrap_or_else(|| snake(&name));
    let face = arguments.text("face")?;
    let (owned, tagged) = (arguments.flag("owned"), arguments.flag("tagged"));
    let (read_only, mirror) = (arguments.flag("read_only"), arguments.flag("mirror"));
    let unattachable = arguments.flag("unattachable");
    let administrators_only = arguments.flag("administrators_only");
    let common = arguments.flag("common");
    let checks_duplicates = arguments.flag("checks_duplicates");
    let creatable = !(arguments.flag("no_create") || read_only || mirror);
    let updatable = !(arguments.flag("no_update") || read_only || mirror);
    let deletable = !(arguments.flag("no_delete") || read_only || mirror);
    let content = match arguments.text("content")?.as_deref() {
        None => None,
        Some("received") => Some(quote! { definition.content = ::core::option::Option::Some(::clientela_model::ContentRole::Received); }),
        Some("given") => Some(quote! { definition.content = ::core::option::Option::Some(::clientela_model::ContentRole::Given); }),
        Some(other) => {
            return Err(syn::Error::new_spanned(&item.ident, format!("content is \"received\" or \"given\", and not {other:?}")));
        }
    };
    let reveals = arguments.lists("reveals")?;
    let external_keys = arguments.lists("external_keys")?;
    let unique = arguments.lists("unique")?;
    let owner = arguments.text("owner")?.or_else(|| owned.then(|| "ownerId".to_owned()));
    let owner = owner.map(|field| quote! { definition.owner = ::core::option::Option::Some(#field.into()); });
    let digest = arguments.text("digest")?.map(|field| quote! { definition.digest = ::core::option::Option::Some(#field.into()); });
    let timeline = arguments.nested("timeline")?.map(timeline).transpose()?;
    arguments.finish()?;

    let mut added: Vec<syn::Field> = Vec::new();
    if owned {
        let parse = <syn::Field as NamedField>::parse;
        added.push(parse(quote! {
            /// The user who is responsible for the record.
            #[field(refers = "user", on_delete = "clear", example = "\"usr_01h455vb4pex5vsknk084sn02q\"")]
            pub owner_id: Option<::clientela_kernel::Id>
        })?);
    }
    if tagged {
        let parse = <syn::Field as NamedField>::parse;
        added.push(parse(quote! {
            /// Free labels, each once, sorted.
            #[field()]
            pub tags: TextSet
        })?);
    }
    let mut entity = Vec::new();
    let mut definitions = Vec::new();
    for declared in declared.named.iter().chain(&added) {
        let expanded = field::expand(declared)?;
        entity.push(expanded.entity);
        definitions.push(expanded.definition);
    }
    let plural = plural.map(|plural| {
        quote! {
            definition.path = ::clientela_model::naming::kebab(#plural).into();
            definition.plural = #plural.into();
        }
    });
    let face = face.map(|face| quote! { definition.face = ::core::option::Option::Some(#face.into()); });
    let reveals = reveals.iter().map(|pair| {
        let (name, text) = (pair.first(), pair.get(1));
        quote! { definition.reveals = ::core::option::Option::Some((#name.into(), #text.into())); }
    });
    let external_keys = external_keys.iter().map(|parts| {
        let (system, value, record) = (parts.first(), parts.get(1), parts.get(2));
        quote! {
            definition.external_keys = ::core::option::Option::Some(::clientela_model::ExternalKeyDef {
                system: #system.into(),
                value: #value.into(),
                record: #record.into(),
            });
        }
    });
    let unique = unique.iter().map(|parts| {
        let (index, fields) = (parts.first(), parts.get(1..).unwrap_or_default());
        quote! { definition.unique.push(::clientela_model::UniqueDef { index: #index.into(), fields: vec![#(#fields.into()),*] }); }
    });
    let attributes = item.attrs.iter().filter(|attribute| !attribute.path().is_ident("doc"));
    Ok(quote! {
        // What sea-orm's derive names without a path.
        use ::sea_orm::{DerivePrimaryKey, EntityTrait, EnumIter, PrimaryKeyTrait};

        #(#attributes)*
        #[doc = #description]
        #[derive(Clone, Debug, PartialEq, ::sea_orm::DeriveEntityModel)]
        #[sea_orm(table_name = #table)]
        pub struct Model {
            /// The tenant; in no API.
            #[sea_orm(primary_key, auto_increment = false)]
            pub tenant_id: ::clientela_kernel::TenantId,
            /// The record's id.
            #[sea_orm(primary_key, auto_increment = false)]
            pub id: ::clientela_kernel::Id,
            /// Counts the changes.
            pub version: i64,
            /// When it was created.
            pub created_at: ::clientela_kernel::Timestamp,
            /// Who created it.
            pub created_by: ::std::string::String,
            /// When it was last changed.
            pub updated_at: ::clientela_kernel::Timestamp,
            /// Who last changed it.
            pub updated_by: ::std::string::String,
            /// When it was deleted.
            pub deleted_at: ::core::option::Option<::clientela_kernel::Timestamp>,
            #(#entity)*
        }

        /// Relations live in the registry.
        #[derive(Copy, Clone, Debug, EnumIter, ::sea_orm::DeriveRelation)]
        pub enum Relation {}

        impl ::sea_orm::ActiveModelBehavior for ActiveModel {}

        impl ::clientela_model::Resource for Model {
            fn definition() -> ::clientela_model::ResourceDef {
                let mut definition = ::clientela_model::ResourceDef::named(#name);
                definition.prefix = #prefix.into();
                definition.table = #table.into();
                definition.description = #description.into();
                definition.label = #label.into();
                definition.creatable = #creatable;
                definition.updatable = #updatable;
                definition.deletable = #deletable;
                definition.mirror = #mirror;
                definition.unattachable = #unattachable;
                definition.administrators_only = #administrators_only;
                definition.common = #common;
                definition.checks_duplicates = #checks_duplicates;
                definition.fields = ::clientela_model::system::fields(#prefix);
                definition.fields.extend([#(#definitions),*]);
                #plural
                #face
                #digest
                #owner
                #timeline
                #content
                #(#reveals)*
                #(#external_keys)*
                #(#unique)*
                definition
            }
        }
    })
}

/// `timeline(of = "…", at = "…", title = "…", sort = "…", shows = "…")`.
fn timeline(mut arguments: Arguments) -> syn::Result<TokenStream> {
    let (of, at) = (arguments.required_text("of")?, arguments.required_text("at")?);
    let mut optional = |name: &str| {
        arguments.text(name).map(|text| match text {
            Some(text) => quote! { ::core::option::Option::Some(#text.into()) },
            None => quote! { ::core::option::Option::None },
        })
    };
    let (title, sort, shows) = (optional("title")?, optional("sort")?, optional("shows")?);
    arguments.finish()?;
    Ok(quote! {
        definition.timeline = ::core::option::Option::Some(::clientela_model::TimelineDef {
            of: #of.into(),
            at: #at.into(),
            title: #title,
            sort: #sort,
            shows: #shows,
        });
    })
}

/// Parses `name: Type` with attributes, as it stands in a struct.
trait NamedField: Sized {
    fn parse(tokens: TokenStream) -> syn::Result<Self>;
}

impl NamedField for syn::Field {
    fn parse(tokens: TokenStream) -> syn::Result<Self> {
        syn::parse::Parser::parse2(syn::Field::parse_named, tokens)
    }
}

fn snake(camel: &str) -> String {
    let mut out = String::new();
    for letter in camel.chars() {
        if letter.is_uppercase() {
            out.push('_');
        }
        out.extend(letter.to_lowercase());
    }
    out
}

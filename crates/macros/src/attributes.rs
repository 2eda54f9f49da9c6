//! Reading attribute arguments and doc comments.

use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, ExprLit, Lit, Meta, Token};

/// `name = literal`, `flag` and `list(…)` arguments, each taken once; what is left over is an error.
pub(crate) struct Arguments {
    span: Span,
    rest: Vec<Meta>,
}

impl Arguments {
    /// Parses a comma-separated argument list.
    pub(crate) fn parse(tokens: TokenStream) -> syn::Result<Self> {
        let rest = Punctuated::<Meta, Token![,]>::parse_terminated.parse2(tokens)?.into_iter().collect();
        Ok(Arguments { span: Span::call_site(), rest })
    }

    /// The arguments of the `#[field(…)]` attribute, or none.
    pub(crate) fn of_field(attributes: &[Attribute]) -> syn::Result<Self> {
        match attributes.iter().find(|attribute| attribute.path().is_ident("field")) {
            Some(attribute) => Arguments::parse(attribute.meta.require_list()?.tokens.clone()),
            None => Ok(Arguments { span: Span::call_site(), rest: Vec::new() }),
        }
    }

    fn take(&mut self, name: &str) -> Option<Meta> {
        let at = self.rest.iter().position(|meta| meta.path().is_ident(name))?;
        Some(self.rest.remove(at))
    }

    /// Whether a bare word is there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        self.take(name).is_some()
    }

    /// A text argument.
    pub(crate) fn text(&mut self, name: &str) -> syn::Result<Option<String>> {
        match self.take(name) {
            None => Ok(None),
            Some(Meta::NameValue(pair)) => match pair.value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(Some(text.value())),
                other => Err(syn::Error::new_spanned(other, "expected a text in quotes")),
            },
            Some(other) => Err(syn::Error::new_spanned(other, format!("expected {name} = \"…\""))),
        }
    }

    /// A text argument that must be there.
    pub(crate) fn required_text(&mut self, name: &str) -> syn::Result<String> {
        let span = self.span;
        self.text(name)?.ok_or_else(|| syn::Error::new(span, format!("missing argument {name} = \"…\"")))
    }

    /// The arguments of a `name(…)`, if it is there.
    pub(crate) fn nested(&mut self, name: &str) -> syn::Result<Option<Self>> {
        let Some(meta) = self.take(name) else { return Ok(None) };
        Arguments::parse(meta.require_list()?.tokens.clone()).map(Some)
    }

    /// A number argument.
    pub(crate) fn number(&mut self, name: &str) -> syn::Result<Option<i64>> {
        match self.take(name) {
            None => Ok(None),
            Some(Meta::NameValue(pair)) => {
                let value = pair.value;
                syn::parse2::<Lit>(quote::quote!(#value))
                    .and_then(|literal| match literal {
                        Lit::Int(number) => number.base10_parse(),
                        other => Err(syn::Error::new_spanned(other, "expected a whole number")),
                    })
                    .map(Some)
            }
            Some(other) => Err(syn::Error::new_spanned(other, format!("expected {name} = number"))),
        }
    }

    /// A number argument, or a text in quotes, as it is written.
    pub(crate) fn literal(&mut self, name: &str) -> syn::Result<Option<String>> {
        match self.rest.iter().find(|meta| meta.path().is_ident(name)) {
            Some(Meta::NameValue(pair)) if matches!(&pair.value, Expr::Lit(ExprLit { lit: Lit::Str(_), .. })) => self.text(name),
            _ => Ok(self.number(name)?.map(|number| number.to_string())),
        }
    }

    /// Every `name("a", "b", …)` list.
    pub(crate) fn lists(&mut self, name: &str) -> syn::Result<Vec<Vec<String>>> {
        let mut lists = Vec::new();
        while let Some(meta) = self.take(name) {
            let list = meta.require_list()?;
            let texts = Punctuated::<syn::LitStr, Token![,]>::parse_terminated.parse2(list.tokens.clone())?;
            lists.push(texts.iter().map(syn::LitStr::value).collect());
        }
        Ok(lists)
    }

    /// Fails on anything nobody took.
    pub(crate) fn finish(self) -> syn::Result<()> {
        match self.rest.first() {
            Some(meta) => Err(syn::Error::new_spanned(meta, "unknown argument")),
            None => Ok(()),
        }
    }
}

/// The doc comment as one text: lines joined by spaces, paragraphs by blank lines.
pub(crate) fn documentation(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("doc")) {
        let Meta::NameValue(pair) = &attribute.meta else { continue };
        let Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) = &pair.value else { continue };
        let line = line.value();
        let line = line.trim();
        if line.is_empty() {
            text.push_str("\n\n");
        } else {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push(' ');
            }
            text.push_str(line);
        }
    }
    text.trim().to_owned()
}

//! `#[resource]` and `#[resource_template]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::ext::IdentExt as _;
use syn::{Error, LitStr, Result};

use crate::attributes::{Keys, option};
use crate::function::{Function, optional};

/// Keys of `#[resource(…)]` and `#[resource_template(…)]`.
pub(crate) const KEYS: [&str; 4] = ["uri", "mime", "name", "title"];

/// What the macro makes of one resource or family.
pub(crate) struct Resource {
    pub(crate) uri: LitStr,
    pub(crate) descriptor: TokenStream,
    pub(crate) arm: TokenStream,
}

pub(crate) fn resource(keys: &Keys, function: &Function) -> Result<Resource> {
    let docs = function.required_docs("resource")?;
    let uri = keys.required_text("uri")?;
    if let Some(parameter) = function.values().next() {
        let message = "a resource takes nothing but `ctx: &Ctx`: use `#[resource_template]` for one with variables";
        return Err(Error::new(parameter.ident.span(), message));
    }
    let (common, mime) = common(keys, function, docs)?;
    let cfgs = &function.cfgs;
    let descriptor = quote! {
        #(#cfgs)*
        list.push(::tandem_sdk::ResourceDescriptor { uri: ::std::string::String::from(#uri), #common });
    };
    let invocation = function.invocation(|_| TokenStream::new());
    let arm = quote! {
        #(#cfgs)*
        if uri == #uri {
            let read = || -> ::tandem_sdk::Result<_> { let value = #invocation; ::core::result::Result::Ok(value) };
            return ::core::option::Option::Some(
                read().map(|value| ::tandem_sdk::expansion::IntoResource::into_contents(value, uri, #mime)),
            );
        }
    };
    Ok(Resource { uri, descriptor, arm })
}

pub(crate) fn template(keys: &Keys, function: &Function) -> Result<Resource> {
    let docs = function.required_docs("resource")?;
    let uri = keys.required_text("uri")?;
    let (before, variables, last) = split(&uri)?;
    for parameter in function.values() {
        if optional(&parameter.ty).is_some() {
            return Err(Error::new_spanned(&parameter.ty, "a URI's variable is always there: remove the `Option`"));
        }
        if !variables.contains(&parameter.name) {
            let message = format!("the URI has no variable `{{{}}}`", parameter.name);
            return Err(Error::new(parameter.ident.span(), message));
        }
    }
    if let Some(unused) = variables.iter().find(|name| function.values().all(|p| p.name != **name)) {
        return Err(Error::new(uri.span(), format!("the function has no parameter `{unused}` for `{{{unused}}}`")));
    }
    let (common, mime) = common(keys, function, docs)?;
    let cfgs = &function.cfgs;
    let descriptor = quote! {
        #(#cfgs)*
        list.push(::tandem_sdk::ResourceTemplate { uri_template: ::std::string::String::from(#uri), #common });
    };
    let slots: Vec<_> = variables.iter().map(|name| format_ident!("variable_{}", name)).collect();
    let invocation = function.invocation(|parameter| {
        let (name, slot) = (&parameter.name, format_ident!("variable_{}", parameter.name));
        let ty = &parameter.ty;
        quote!(::tandem_sdk::expansion::variable::<#ty>(uri, #name, &#slot)?)
    });
    let arm = quote! {
        #(#cfgs)*
        if let ::core::option::Option::Some([#(#slots),*]) =
            ::tandem_sdk::expansion::match_template(uri, [#(#before),*], #last)
        {
            let read = || -> ::tandem_sdk::Result<_> { let value = #invocation; ::core::result::Result::Ok(value) };
            return ::core::option::Option::Some(
                read().map(|value| ::tandem_sdk::expansion::IntoResource::into_contents(value, uri, #mime)),
            );
        }
    };
    Ok(Resource { uri, descriptor, arm })
}

/// The fields that resources and families share, and the media type as an option of text.
fn common(keys: &Keys, function: &Function, docs: &str) -> Result<(TokenStream, TokenStream)> {
    let name = keys.text("name")?.map_or_else(|| function.ident.unraw().to_string(), |name| name.value());
    let title = option(keys.text("title")?);
    let mime = keys.text("mime")?;
    let mime_type = option(mime);
    let fields = quote! {
        name: ::std::string::String::from(#name),
        title: #title,
        description: ::core::option::Option::Some(::std::string::String::from(#docs)),
        mime_type: #mime_type,
    };
    let mime = match mime {
        Some(mime) => quote!(::core::option::Option::Some(#mime)),
        None => quote!(::core::option::Option::None),
    };
    Ok((fields, mime))
}

/// The text before each variable, the variables, and the text after the last one.
fn split(uri: &LitStr) -> Result<(Vec<String>, Vec<String>, String)> {
    let text = uri.value();
    let (mut before, mut variables) = (Vec::new(), Vec::new());
    let mut rest = text.as_str();
    while let Some((literal, tail)) = rest.split_once('{') {
        let Some((name, tail)) = tail.split_once('}') else {
            return Err(Error::new(uri.span(), "a `{` of this URI has no `}`"));
        };
        if syn::parse_str::<syn::Ident>(name).is_err() {
            let message = format!("`{{{name}}}` is no variable: only names of parameters stand in braces");
            return Err(Error::new(uri.span(), message));
        }
        if !before.is_empty() && literal.is_empty() {
            return Err(Error::new(uri.span(), "put some text between two variables: else no URI can be taken apart"));
        }
        if variables.iter().any(|known| known == name) {
            return Err(Error::new(uri.span(), format!("the variable `{{{name}}}` is there twice")));
        }
        before.push(literal.to_owned());
        variables.push(name.to_owned());
        rest = tail;
    }
    if variables.is_empty() {
        return Err(Error::new(uri.span(), "this URI has no `{variable}`: use `#[resource]`"));
    }
    Ok((before, variables, rest.to_owned()))
}

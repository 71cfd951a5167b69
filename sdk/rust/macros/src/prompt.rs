//! `#[prompt]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::{Error, Result};

use crate::attributes::{Keys, docs, option};
use crate::function::{Function, optional};

/// Keys of `#[prompt(…)]`.
pub(crate) const KEYS: [&str; 2] = ["name", "title"];

/// What the macro makes of one prompt.
pub(crate) struct Prompt {
    pub(crate) name: String,
    pub(crate) ident: syn::Ident,
    pub(crate) arguments: Vec<String>,
    pub(crate) descriptor: TokenStream,
    pub(crate) arm: TokenStream,
}

pub(crate) fn prompt(keys: &Keys, function: &Function) -> Result<Prompt> {
    let description = function.required_docs("prompt")?;
    let name = keys.text("name")?.map_or_else(|| function.ident.unraw().to_string(), |name| name.value());
    let title = option(keys.text("title")?);
    let mut declared = TokenStream::new();
    let mut names = Vec::new();
    for parameter in function.values() {
        if parameter.keys.optional_value("default").is_some() {
            return Err(Error::new(parameter.ident.span(), "an argument of a prompt has no default: take an `Option`"));
        }
        let (argument, required) = (&parameter.name, optional(&parameter.ty).is_none());
        let text = match docs(&parameter.docs) {
            Some(text) => quote!(::core::option::Option::Some(::std::string::String::from(#text))),
            None => quote!(::core::option::Option::None),
        };
        declared.extend(quote! {
            ::tandem_sdk::PromptArgument {
                name: ::std::string::String::from(#argument),
                description: #text,
                required: #required,
            },
        });
        names.push(argument.clone());
    }
    let cfgs = &function.cfgs;
    let descriptor = quote! {
        #(#cfgs)*
        list.push(::tandem_sdk::PromptDescriptor {
            name: ::std::string::String::from(#name),
            title: #title,
            description: ::core::option::Option::Some(::std::string::String::from(#description)),
            arguments: ::std::vec![#declared],
        });
    };
    let invocation = function.invocation(|parameter| {
        let argument = &parameter.name;
        match optional(&parameter.ty) {
            Some(inner) => quote!(::tandem_sdk::expansion::optional::<#inner>(arguments, #argument)?),
            None => {
                let ty = &parameter.ty;
                quote!(::tandem_sdk::expansion::required::<#ty>(arguments, #argument)?)
            }
        }
    });
    let arm = quote! {
        #(#cfgs)*
        #name => {
            ::tandem_sdk::expansion::only(arguments, &[#(#names),*])?;
            let value = #invocation;
            ::tandem_sdk::expansion::IntoPrompt::into_prompt(value, #description)
        }
    };
    Ok(Prompt { name, ident: function.ident.clone(), arguments: names, descriptor, arm })
}

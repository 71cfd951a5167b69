//! `#[complete]`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Error, LitStr, Result, Type};

use crate::attributes::Keys;
use crate::function::Function;

/// Keys of `#[complete(…)]`.
pub(crate) const KEYS: [&str; 3] = ["prompt", "template", "argument"];

/// What an argument belongs to.
pub(crate) enum Target {
    Prompt(LitStr),
    Template(LitStr),
}

/// What the macro makes of one completion.
pub(crate) struct Complete {
    pub(crate) target: Target,
    pub(crate) argument: LitStr,
    pub(crate) arm: TokenStream,
}

pub(crate) fn complete(keys: &Keys, function: &Function) -> Result<Complete> {
    let argument = keys.required_text("argument")?;
    let target = match (keys.text("prompt")?, keys.text("template")?) {
        (Some(prompt), None) => Target::Prompt(prompt.clone()),
        (None, Some(template)) => Target::Template(template.clone()),
        _ => return Err(Error::new(keys.span(), "give one of `prompt = \"…\"` and `template = \"…\"`")),
    };
    let pattern = match &target {
        Target::Prompt(name) => quote!(::tandem_sdk::CompletionReference::Prompt(name) if name == #name),
        Target::Template(uri) => quote!(::tandem_sdk::CompletionReference::ResourceTemplate(uri) if uri == #uri),
    };
    for parameter in function.values() {
        let known = matches!(parameter.ident.to_string().as_str(), "value" | "settled");
        if !known || !parameter.by_reference {
            let message =
                "a completion takes `value: &str`, what was typed so far, and `settled: &Arguments`, if it needs them";
            return Err(Error::new(parameter.ident.span(), message));
        }
    }
    // Both are references already, so that `&` is put before what they point to.
    let invocation =
        function.invocation(|parameter| if is_settled(parameter) { quote!(*settled) } else { quote!(*value) });
    let cfgs = &function.cfgs;
    let arm = quote! {
        #(#cfgs)*
        if argument == #argument && ::core::matches!(reference, #pattern) {
            let list = || -> ::tandem_sdk::Result<_> { let value = #invocation; ::core::result::Result::Ok(value) };
            return ::core::option::Option::Some(
                list().map(::tandem_sdk::expansion::IntoCompletion::into_completion),
            );
        }
    };
    Ok(Complete { target, argument, arm })
}

fn is_settled(parameter: &crate::function::Parameter) -> bool {
    matches!(&parameter.ty, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Arguments"))
}

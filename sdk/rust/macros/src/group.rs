//! `#[tools]`: reads an `impl` block and writes its `Plugin`.

use proc_macro2::TokenStream;
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Error, Ident, ImplItem, ImplItemFn, ItemImpl, Result};

use crate::attributes::Keys;
use crate::complete::{self, Complete, Target};
use crate::function::{Errors, Function};
use crate::prompt::{self, Prompt};
use crate::resource::{self, Resource};
use crate::tool::{self, Tool};

const MARKS: [&str; 6] = ["tool", "resource", "resource_template", "prompt", "complete", "check"];

/// What an `impl` block holds.
#[derive(Default)]
struct Group {
    tools: Vec<Tool>,
    resources: Vec<Resource>,
    templates: Vec<Resource>,
    prompts: Vec<Prompt>,
    completions: Vec<Complete>,
    check: Option<Ident>,
}

pub(crate) fn expand(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let mut block: ItemImpl = match syn::parse2(item.clone()) {
        Ok(block) => block,
        Err(error) => {
            let error =
                Error::new(error.span(), format!("#[tools] stands on an `impl` block: {error}")).into_compile_error();
            return quote!(#error #item);
        }
    };
    let mut errors = Errors::default();
    if !arguments.is_empty() {
        errors.push(Error::new_spanned(arguments, "#[tools] takes no arguments"));
    }
    if let Some((path, _)) = &block.trait_ {
        errors.push(Error::new_spanned(path, "#[tools] stands on the type's own `impl`, not on a trait's"));
    }
    if !block.generics.params.is_empty() {
        errors.add(block.generics.span(), "a group of tools cannot be generic: name the types");
    }
    let mut group = Group::default();
    for item in &mut block.items {
        if let ImplItem::Fn(function) = item
            && let Err(error) = group.read(function)
        {
            errors.push(error);
        }
    }
    group.refuse_duplicates(&mut errors);
    group.refuse_lost_completions(&mut errors);
    let implementation = match errors.finish() {
        Ok(()) => group.implementation(&block),
        Err(error) => {
            // An empty group, so that nothing complains but what is wrong.
            let (error, ty) = (error.into_compile_error(), &block.self_ty);
            quote!(impl ::tandem_sdk::Plugin for #ty {} #error)
        }
    };
    quote!(#block #implementation)
}

impl Group {
    /// Takes a function in, if it is marked.
    fn read(&mut self, function: &mut ImplItemFn) -> Result<()> {
        let marked = |attribute: &syn::Attribute| attribute.path().get_ident().map(Ident::to_string);
        let position = function.attrs.iter().position(|a| marked(a).is_some_and(|name| MARKS.contains(&name.as_str())));
        let Some(position) = position else { return Ok(()) };
        let attribute = function.attrs.remove(position);
        let mark = marked(&attribute).unwrap_or_default();
        let function = Function::take(function)?;
        match mark.as_str() {
            "tool" => self.tools.push(tool::tool(&Keys::parse(&attribute, &tool::KEYS)?, &function)?),
            "resource" => {
                self.resources.push(resource::resource(&Keys::parse(&attribute, &resource::KEYS)?, &function)?);
            }
            "resource_template" => {
                self.templates.push(resource::template(&Keys::parse(&attribute, &resource::KEYS)?, &function)?);
            }
            "prompt" => self.prompts.push(prompt::prompt(&Keys::parse(&attribute, &prompt::KEYS)?, &function)?),
            "complete" => {
                self.completions.push(complete::complete(&Keys::parse(&attribute, &complete::KEYS)?, &function)?);
            }
            _ => self.read_check(&Keys::parse(&attribute, &[])?, &function)?,
        }
        Ok(())
    }

    fn read_check(&mut self, keys: &Keys, function: &Function) -> Result<()> {
        if self.check.is_some() {
            return Err(Error::new(keys.span(), "there is another #[check]: a group has one"));
        }
        if !function.params.is_empty() || !function.fallible {
            return Err(Error::new(function.ident.span(), "a check takes nothing and returns `Result<()>`"));
        }
        self.check = Some(function.ident.clone());
        Ok(())
    }

    fn refuse_duplicates(&self, errors: &mut Errors) {
        let tools = self.tools.iter().map(|tool| (tool.name.clone(), tool.ident.span(), "tool"));
        let prompts = self.prompts.iter().map(|prompt| (prompt.name.clone(), prompt.ident.span(), "prompt"));
        let resources = self.resources.iter().chain(&self.templates);
        let resources = resources.map(|resource| (resource.uri.value(), resource.uri.span(), "resource"));
        let mut seen: Vec<(String, &str)> = Vec::new();
        for (name, span, what) in tools.chain(prompts).chain(resources) {
            if seen.iter().any(|(known, kind)| *known == name && *kind == what) {
                errors.add(span, format!("there is another {what} `{name}`: each needs its own"));
            }
            seen.push((name, what));
        }
    }

    fn refuse_lost_completions(&self, errors: &mut Errors) {
        for completion in &self.completions {
            let argument = completion.argument.value();
            match &completion.target {
                Target::Prompt(name) => match self.prompts.iter().find(|prompt| prompt.name == name.value()) {
                    None => errors.add(name.span(), format!("there is no prompt `{}` in this block", name.value())),
                    Some(prompt) if !prompt.arguments.contains(&argument) => {
                        errors.add(completion.argument.span(), format!("the prompt has no argument `{argument}`"));
                    }
                    Some(_) => {}
                },
                Target::Template(uri) => {
                    if self.templates.iter().all(|template| template.uri.value() != uri.value()) {
                        errors.add(uri.span(), "there is no resource template of this URI in this block");
                    } else if !uri.value().contains(&format!("{{{argument}}}")) {
                        errors.add(completion.argument.span(), format!("the URI has no variable `{{{argument}}}`"));
                    }
                }
            }
        }
    }

    fn implementation(&self, block: &ItemImpl) -> TokenStream {
        let ty = &block.self_ty;
        let items = self.tools.iter().map(|tool| &tool.items);
        let methods =
            [self.tools(), self.resources(), self.templates(), self.prompts(), self.completions(), self.check()];
        quote! {
            const _: () = {
                #(#items)*
                #[automatically_derived]
                impl ::tandem_sdk::Plugin for #ty { #(#methods)* }
            };
        }
    }

    fn tools(&self) -> TokenStream {
        if self.tools.is_empty() {
            return TokenStream::new();
        }
        let descriptors = self.tools.iter().map(|tool| &tool.descriptor);
        let arms = self.tools.iter().map(|tool| &tool.arm);
        quote! {
            fn tools() -> ::std::vec::Vec<::tandem_sdk::ToolDescriptor> {
                let mut list = ::std::vec::Vec::new();
                #(#descriptors)*
                list
            }

            #[allow(clippy::unit_arg, clippy::let_unit_value)]
            fn call(
                ctx: &::tandem_sdk::Ctx,
                name: &str,
                arguments: &str,
            ) -> ::core::option::Option<::tandem_sdk::Result<::tandem_sdk::ToolOutput>> {
                let run = || -> ::tandem_sdk::Result<::core::option::Option<::tandem_sdk::ToolOutput>> {
                    let output: ::tandem_sdk::Result<::tandem_sdk::ToolOutput> = match name {
                        #(#arms)*
                        _ => return ::core::result::Result::Ok(::core::option::Option::None),
                    };
                    output.map(::core::option::Option::Some)
                };
                run().transpose()
            }
        }
    }

    fn resources(&self) -> TokenStream {
        if self.resources.is_empty() && self.templates.is_empty() {
            return TokenStream::new();
        }
        let resources = self.resources.iter().map(|resource| &resource.descriptor);
        // Fixed URIs go before families that might match them.
        let arms = self.resources.iter().chain(&self.templates).map(|resource| &resource.arm);
        quote! {
            fn resources() -> ::std::vec::Vec<::tandem_sdk::ResourceDescriptor> {
                #[allow(unused_mut)]
                let mut list = ::std::vec::Vec::new();
                #(#resources)*
                list
            }

            fn read(
                ctx: &::tandem_sdk::Ctx,
                uri: &str,
            ) -> ::core::option::Option<::tandem_sdk::Result<::std::vec::Vec<::tandem_sdk::ResourceContents>>> {
                #(#arms)*
                ::core::option::Option::None
            }
        }
    }

    fn templates(&self) -> TokenStream {
        if self.templates.is_empty() {
            return TokenStream::new();
        }
        let templates = self.templates.iter().map(|template| &template.descriptor);
        quote! {
            fn resource_templates() -> ::std::vec::Vec<::tandem_sdk::ResourceTemplate> {
                let mut list = ::std::vec::Vec::new();
                #(#templates)*
                list
            }
        }
    }

    fn prompts(&self) -> TokenStream {
        if self.prompts.is_empty() {
            return TokenStream::new();
        }
        let descriptors = self.prompts.iter().map(|prompt| &prompt.descriptor);
        let arms = self.prompts.iter().map(|prompt| &prompt.arm);
        quote! {
            fn prompts() -> ::std::vec::Vec<::tandem_sdk::PromptDescriptor> {
                let mut list = ::std::vec::Vec::new();
                #(#descriptors)*
                list
            }

            fn prompt(
                ctx: &::tandem_sdk::Ctx,
                name: &str,
                arguments: &::tandem_sdk::Arguments,
            ) -> ::core::option::Option<::tandem_sdk::Result<::tandem_sdk::PromptOutput>> {
                let run = || -> ::tandem_sdk::Result<::core::option::Option<::tandem_sdk::PromptOutput>> {
                    let output = match name {
                        #(#arms)*
                        _ => return ::core::result::Result::Ok(::core::option::Option::None),
                    };
                    ::core::result::Result::Ok(::core::option::Option::Some(output))
                };
                run().transpose()
            }
        }
    }

    fn completions(&self) -> TokenStream {
        if self.completions.is_empty() {
            return TokenStream::new();
        }
        let arms = self.completions.iter().map(|completion| &completion.arm);
        quote! {
            fn complete(
                ctx: &::tandem_sdk::Ctx,
                reference: &::tandem_sdk::CompletionReference,
                argument: &str,
                value: &str,
                settled: &::tandem_sdk::Arguments,
            ) -> ::core::option::Option<::tandem_sdk::Result<::tandem_sdk::Completion>> {
                #(#arms)*
                ::core::option::Option::None
            }
        }
    }

    fn check(&self) -> TokenStream {
        let Some(check) = &self.check else { return TokenStream::new() };
        quote! {
            fn check() -> ::tandem_sdk::Result<()> {
                Self::#check()?;
                ::core::result::Result::Ok(())
            }
        }
    }
}

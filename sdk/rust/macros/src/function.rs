//! A marked function: its parameters, its documentation and its result, and what a mark can refuse of them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    Attribute, Error, FnArg, GenericArgument, Ident, ImplItemFn, Pat, PathArguments, Result, ReturnType, Type,
    parse_quote,
};

use crate::attributes::{Keys, docs};

/// Keys of `#[arg(…)]`.
const ARG_KEYS: [&str; 8] = ["default", "name", "header", "min", "max", "min_length", "max_length", "pattern"];

/// What a marked function takes.
pub(crate) enum Param {
    /// `ctx: &Ctx`.
    Ctx,
    /// A value from the outside.
    Value(Box<Parameter>),
}

/// A parameter that becomes an argument.
pub(crate) struct Parameter {
    /// The Rust name.
    pub(crate) ident: Ident,
    /// The name on the outside.
    pub(crate) name: String,
    /// The owned type.
    pub(crate) ty: Type,
    /// Whether the function takes it by reference.
    pub(crate) by_reference: bool,
    /// Its doc comments, as attributes.
    pub(crate) docs: Vec<Attribute>,
    /// Its `#[arg(…)]`.
    pub(crate) keys: Keys,
}

/// A marked function.
pub(crate) struct Function {
    pub(crate) ident: Ident,
    pub(crate) docs: Option<String>,
    pub(crate) cfgs: Vec<Attribute>,
    pub(crate) params: Vec<Param>,
    /// Whether it returns a `Result`.
    pub(crate) fallible: bool,
    /// What it returns, without the `Result`.
    pub(crate) output: Type,
}

impl Function {
    /// Reads a function and takes off it what only these macros understand.
    pub(crate) fn take(function: &mut ImplItemFn) -> Result<Self> {
        let mut errors = Errors::default();
        let signature = &function.sig;
        if let Some(asyncness) = signature.asyncness {
            errors.add(
                asyncness.span(),
                "a plugin's function is not async: host calls wait by themselves; remove `async`",
            );
        }
        if !signature.generics.params.is_empty() {
            errors.add(signature.generics.span(), "a plugin's function cannot be generic: name the types");
        }
        let mut params = Vec::new();
        for input in &mut function.sig.inputs {
            errors.take(param(input), &mut params);
        }
        let (fallible, output) = returned(&function.sig.output);
        errors.finish()?;
        // The parameters are a schema: there are as many as it has properties.
        function.attrs.push(parse_quote!(#[allow(clippy::too_many_arguments)]));
        Ok(Self {
            ident: function.sig.ident.clone(),
            docs: docs(&function.attrs),
            cfgs: function.attrs.iter().filter(|a| a.path().is_ident("cfg")).cloned().collect(),
            params,
            fallible,
            output,
        })
    }

    /// The values that come from the outside.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Parameter> {
        self.params.iter().filter_map(|param| match param {
            Param::Ctx => None,
            Param::Value(value) => Some(value.as_ref()),
        })
    }

    /// The doc comment, without which the mark is refused.
    pub(crate) fn required_docs(&self, what: &str) -> Result<&str> {
        self.docs.as_deref().ok_or_else(|| {
            let message =
                format!("`{}` needs a doc comment: it is the description of the {what} that a model reads", self.ident);
            Error::new(self.ident.span(), message)
        })
    }

    /// Calls the function, each value taken from the expression that `from` gives; `?` is applied.
    pub(crate) fn invocation(&self, mut from: impl FnMut(&Parameter) -> TokenStream) -> TokenStream {
        let arguments = self.params.iter().map(|param| match param {
            Param::Ctx => quote!(ctx),
            Param::Value(value) => {
                let expression = from(value);
                if value.by_reference { quote!(&#expression) } else { expression }
            }
        });
        let ident = &self.ident;
        let question = self.fallible.then(|| quote!(?));
        quote!(Self::#ident(#(#arguments),*) #question)
    }
}

fn param(input: &mut FnArg) -> Result<Param> {
    let typed = match input {
        FnArg::Receiver(receiver) => {
            return Err(Error::new_spanned(
                receiver,
                "a plugin's function has no receiver: each call may get a fresh instance; keep state in `kv` or `cache`",
            ));
        }
        FnArg::Typed(typed) => typed,
    };
    let (own, rest): (Vec<Attribute>, Vec<Attribute>) =
        typed.attrs.drain(..).partition(|a| a.path().is_ident("doc") || a.path().is_ident("arg"));
    typed.attrs = rest;
    if is_ctx(&typed.ty) {
        return Ok(Param::Ctx);
    }
    let Pat::Ident(pattern) = typed.pat.as_ref() else {
        return Err(Error::new_spanned(&typed.pat, "name this parameter: its name is the argument's name"));
    };
    if pattern.subpat.is_some() || pattern.by_ref.is_some() {
        return Err(Error::new_spanned(pattern, "name this parameter plainly: its name is the argument's name"));
    }
    let keys = match own.iter().find(|a| a.path().is_ident("arg")) {
        Some(attribute) => Keys::parse(attribute, &ARG_KEYS)?,
        None => Keys::none(),
    };
    let (ty, by_reference) = owned(&typed.ty)?;
    let name = keys.text("name")?.map_or_else(|| pattern.ident.unraw().to_string(), |name| name.value());
    let docs = own.into_iter().filter(|a| a.path().is_ident("doc")).collect();
    Ok(Param::Value(Box::new(Parameter { ident: pattern.ident.clone(), name, ty, by_reference, docs, keys })))
}

/// The type that holds a parameter's value: `&str` is read into a `String`, `&[T]` into a `Vec<T>`.
fn owned(ty: &Type) -> Result<(Type, bool)> {
    match ty {
        Type::Reference(reference) if reference.mutability.is_none() => match reference.elem.as_ref() {
            Type::Path(path) if path.path.is_ident("str") => Ok((parse_quote!(::std::string::String), true)),
            Type::Slice(slice) => {
                let element = &slice.elem;
                Ok((parse_quote!(::std::vec::Vec<#element>), true))
            }
            other => Ok((other.clone(), true)),
        },
        Type::Reference(_) => {
            Err(Error::new_spanned(ty, "an argument is read, not written: take it by value or by `&`"))
        }
        Type::ImplTrait(_) => Err(Error::new_spanned(ty, "an argument has one type: name it instead of `impl`")),
        _ => Ok((ty.clone(), false)),
    }
}

fn is_ctx(ty: &Type) -> bool {
    let Type::Reference(reference) = ty else { return false };
    matches!(reference.elem.as_ref(), Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Ctx"))
}

fn returned(output: &ReturnType) -> (bool, Type) {
    let ReturnType::Type(_, ty) = output else { return (false, parse_quote!(())) };
    if let Type::Path(path) = ty.as_ref()
        && let Some(last) = path.path.segments.last()
        && last.ident == "Result"
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (true, inner.clone());
    }
    (false, ty.as_ref().clone())
}

/// Whether a type is `Option<…>`, by its name.
pub(crate) fn optional(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last().filter(|last| last.ident == "Option")?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
    match arguments.args.first() {
        Some(GenericArgument::Type(inner)) => Some(inner),
        _ => None,
    }
}

/// Errors that are reported together.
#[derive(Default)]
pub(crate) struct Errors(Option<Error>);

impl Errors {
    pub(crate) fn add(&mut self, span: proc_macro2::Span, message: impl std::fmt::Display) {
        self.push(Error::new(span, message));
    }

    pub(crate) fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    pub(crate) fn take<T>(&mut self, result: Result<T>, into: &mut Vec<T>) {
        match result {
            Ok(value) => into.push(value),
            Err(error) => self.push(error),
        }
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.0.map_or(Ok(()), Err)
    }
}

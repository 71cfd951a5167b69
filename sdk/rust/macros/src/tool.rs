//! `#[tool]`: a descriptor, and an arm of the dispatch.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Error, Expr, ExprLit, Ident, Lit, PathArguments, Result, Type};

use crate::attributes::{Keys, option};
use crate::function::{Function, Parameter};

/// Keys of `#[tool(…)]`.
pub(crate) const KEYS: [&str; 10] = [
    "name",
    "title",
    "read_only",
    "destructive",
    "idempotent",
    "open_world",
    "task",
    "meta",
    "input_schema",
    "output_schema",
];

/// Characters of a tool's name at most.
const MAX_NAME: usize = 64;

/// What the macro makes of one tool.
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) ident: Ident,
    /// The type of its arguments, and what belongs to it.
    pub(crate) items: TokenStream,
    pub(crate) descriptor: TokenStream,
    pub(crate) arm: TokenStream,
}

pub(crate) fn tool(keys: &Keys, function: &Function) -> Result<Tool> {
    let docs = function.required_docs("tool")?;
    let name = name(keys, function)?;
    let raw = keys.expression("input_schema")?;
    let (items, input_schema, arguments) = match raw {
        Some(schema) => raw_input(schema, function)?,
        None => typed_input(function)?,
    };
    let kind = Kind::of(&function.output);
    let output_schema = output_schema(keys, &kind, &function.output)?;
    let title = option(keys.text("title")?);
    let annotations = annotations(keys)?;
    let meta = meta(keys)?;
    let cfgs = &function.cfgs;
    let descriptor = quote! {
        #(#cfgs)*
        list.push(::tandem_sdk::ToolDescriptor {
            name: ::std::string::String::from(#name),
            title: #title,
            description: ::std::string::String::from(#docs),
            input_schema: #input_schema,
            output_schema: #output_schema,
            annotations: #annotations,
            meta: #meta,
        });
    };
    let invocation = function.invocation(|parameter| match raw {
        Some(_) => quote!(arguments),
        None => {
            let ident = &parameter.ident;
            quote!(arguments.#ident)
        }
    });
    let result = kind.result(&function.output);
    let arm = quote! {
        #(#cfgs)*
        #name => {
            let arguments = #arguments;
            let value = #invocation;
            #result
        }
    };
    Ok(Tool { name, ident: function.ident.clone(), items, descriptor, arm })
}

fn name(keys: &Keys, function: &Function) -> Result<String> {
    use syn::ext::IdentExt as _;
    let Some(given) = keys.text("name")? else { return Ok(function.ident.unraw().to_string()) };
    let name = given.value();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(fits) {
        return Err(Error::new(given.span(), "a tool's name is 1 to 64 of `A-Z`, `a-z`, `0-9`, `_`, `.` and `-`"));
    }
    Ok(name)
}

fn annotations(keys: &Keys) -> Result<TokenStream> {
    let read_only = keys.flag("read_only")?;
    let destructive = keys.flag("destructive")?;
    if read_only && destructive {
        return Err(Error::new(keys.span(), "a tool cannot be `read_only` and `destructive`: remove one"));
    }
    let idempotent = keys.flag("idempotent")?;
    let open_world = keys.flag("open_world")?;
    Ok(quote! {
        ::tandem_sdk::ToolAnnotations {
            read_only: #read_only,
            destructive: #destructive,
            idempotent: #idempotent,
            open_world: #open_world,
        }
    })
}

/// `_meta`, with what is said of tasks in it.
fn meta(keys: &Keys) -> Result<TokenStream> {
    let meta = keys.expression("meta")?;
    let task = match keys.optional_value("task") {
        None => None,
        Some(None) => Some("optional".to_owned()),
        Some(Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })))
            if ["forbidden", "optional", "required"].contains(&text.value().as_str()) =>
        {
            Some(text.value())
        }
        Some(Some(other)) => {
            let message =
                "`task` stands alone (for `\"optional\"`) or is `\"forbidden\"`, `\"optional\"` or `\"required\"`";
            return Err(Error::new(other.span(), message));
        }
    };
    Ok(match (meta, task) {
        (None, None) => quote!(::core::option::Option::None),
        (Some(meta), None) => quote!(::core::option::Option::Some(::std::string::ToString::to_string(&(#meta)))),
        (None, Some(task)) => {
            let meta = quote!(::tandem_sdk::serde_json::Value::Null);
            quote!(::core::option::Option::Some(::tandem_sdk::expansion::with_task(#meta, #task)))
        }
        (Some(meta), Some(task)) => {
            quote!(::core::option::Option::Some(::tandem_sdk::expansion::with_task(#meta, #task)))
        }
    })
}

/// A schema written by hand; the function takes the whole object of arguments, or nothing.
fn raw_input(schema: &Expr, function: &Function) -> Result<(TokenStream, TokenStream, TokenStream)> {
    let mut values = function.values();
    let ty = values.next().map_or_else(|| quote!(::tandem_sdk::serde_json::Value), |only| only.ty.to_token_stream());
    if let Some(second) = values.next() {
        let message = "with `input_schema` the function takes all arguments as one value: remove this parameter";
        return Err(Error::new(second.ident.span(), message));
    }
    let arguments = quote!(::tandem_sdk::expansion::arguments::<#ty>(arguments)?);
    Ok((TokenStream::new(), quote!(::std::string::ToString::to_string(&(#schema))), arguments))
}

/// A type of which the parameters are the fields.
fn typed_input(function: &Function) -> Result<(TokenStream, TokenStream, TokenStream)> {
    let struct_name = format_ident!("Arguments_{}", function.ident);
    let cfgs = &function.cfgs;
    let mut defaults = TokenStream::new();
    let mut fields = TokenStream::new();
    for parameter in function.values() {
        fields.extend(field(function, parameter, &mut defaults)?);
    }
    let items = quote! {
        #(#cfgs)*
        #[derive(::tandem_sdk::serde::Deserialize, ::tandem_sdk::schemars::JsonSchema)]
        #[serde(crate = "::tandem_sdk::serde", deny_unknown_fields)]
        #[schemars(crate = "::tandem_sdk::schemars")]
        #[allow(non_camel_case_types)]
        struct #struct_name { #fields }
        #defaults
    };
    let schema = quote!(::tandem_sdk::expansion::input_schema::<#struct_name>());
    let binding = if function.values().next().is_some() {
        quote!(::tandem_sdk::expansion::arguments::<#struct_name>(arguments)?)
    } else {
        quote!({ ::tandem_sdk::expansion::arguments::<#struct_name>(arguments)?; })
    };
    Ok((items, schema, binding))
}

fn field(function: &Function, parameter: &Parameter, defaults: &mut TokenStream) -> Result<TokenStream> {
    let Parameter { ident, name, ty, docs, keys, .. } = parameter;
    let default = match keys.optional_value("default") {
        None => TokenStream::new(),
        Some(None) => quote!(#[serde(default)]),
        Some(Some(value)) => {
            let maker = format_ident!("default_{}_{}", function.ident, ident);
            let path = maker.to_string();
            let cfgs = &function.cfgs;
            let value = match value {
                Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => quote!(::core::convert::Into::into(#text)),
                other => other.to_token_stream(),
            };
            defaults.extend(quote_spanned! { ty.span() => #(#cfgs)* fn #maker() -> #ty { #value } });
            quote!(#[serde(default = #path)])
        }
    };
    let mut extra = TokenStream::new();
    for (key, keyword) in [
        ("header", "x-mcp-header"),
        ("min", "minimum"),
        ("max", "maximum"),
        ("min_length", "minLength"),
        ("max_length", "maxLength"),
        ("pattern", "pattern"),
    ] {
        if let Some(value) = keys.expression(key)? {
            extra.extend(quote!(#[schemars(extend(#keyword = #value))]));
        }
    }
    Ok(quote! {
        #(#docs)*
        #[serde(rename = #name)]
        #default
        #extra
        #ident: #ty,
    })
}

/// How a result reaches the client.
enum Kind {
    /// Blocks.
    Content,
    /// A JSON object.
    Structured,
    /// Some other JSON value, put into an object.
    Wrapped,
}

impl Kind {
    fn of(ty: &Type) -> Self {
        match ty {
            Type::Tuple(tuple) if tuple.elems.is_empty() => Self::Content,
            Type::Tuple(_) | Type::Array(_) | Type::Slice(_) => Self::Wrapped,
            Type::Reference(reference) => Self::of(&reference.elem),
            Type::Path(path) => path
                .path
                .segments
                .last()
                .map_or(Self::Structured, |last| Self::of_name(&last.ident.to_string(), &last.arguments)),
            _ => Self::Structured,
        }
    }

    fn of_name(name: &str, arguments: &PathArguments) -> Self {
        match name {
            "String" | "str" | "Content" | "ToolOutput" => Self::Content,
            "Vec" if arguments.to_token_stream().to_string().contains("Content") => Self::Content,
            "Vec" | "VecDeque" | "Option" | "HashSet" | "BTreeSet" | "bool" | "char" | "f32" | "f64" | "u8" | "u16"
            | "u32" | "u64" | "u128" | "usize" | "i8" | "i16" | "i32" | "i64" | "i128" | "isize" => Self::Wrapped,
            _ => Self::Structured,
        }
    }

    fn result(&self, ty: &Type) -> TokenStream {
        match self {
            Self::Content => {
                quote_spanned!(ty.span()=> ::tandem_sdk::expansion::content(value))
            }
            Self::Structured => quote_spanned!(ty.span()=> ::tandem_sdk::expansion::structured::<#ty>(&value)),
            Self::Wrapped => quote_spanned!(ty.span()=> ::tandem_sdk::expansion::wrapped::<#ty>(&value)),
        }
    }
}

fn output_schema(keys: &Keys, kind: &Kind, ty: &Type) -> Result<TokenStream> {
    if let Some(schema) = keys.expression("output_schema")? {
        return Ok(quote!(::core::option::Option::Some(::std::string::ToString::to_string(&(#schema)))));
    }
    Ok(match kind {
        Kind::Content => quote!(::core::option::Option::None),
        Kind::Structured => quote_spanned!(ty.span()=> ::tandem_sdk::expansion::output_schema::<#ty>()),
        Kind::Wrapped => quote_spanned!(ty.span()=> ::tandem_sdk::expansion::wrapped_output_schema::<#ty>()),
    })
}

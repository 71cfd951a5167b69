//! The keys of an attribute: `#[tool(read_only, title = "Add")]`.

use proc_macro2::{Span, TokenStream};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token};

/// How unlike a known key may be and still be suggested (Jaro-Winkler, 1 is equal).
const SIMILAR: f64 = 0.7;

struct Entry {
    key: Ident,
    value: Option<Expr>,
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let key = input.call(Ident::parse_any)?;
        let value = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { key, value })
    }
}

/// The keys of one attribute, each of which is known and given once.
pub(crate) struct Keys {
    entries: Vec<Entry>,
    span: Span,
}

impl Keys {
    /// No keys.
    pub(crate) fn none() -> Self {
        Self { entries: Vec::new(), span: Span::call_site() }
    }

    pub(crate) fn parse(attribute: &Attribute, known: &[&str]) -> Result<Self> {
        let span = attribute.path().span();
        let entries = match &attribute.meta {
            Meta::Path(_) => Vec::new(),
            Meta::List(list) => {
                let parsed = list.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated)?;
                parsed.into_iter().collect()
            }
            Meta::NameValue(pair) => {
                return Err(Error::new_spanned(pair, "write the keys in parentheses: `#[name(key = value)]`"));
            }
        };
        let mut seen: Vec<String> = Vec::new();
        for entry in &entries {
            let key = entry.key.to_string();
            if !known.contains(&key.as_str()) {
                return Err(Error::new(entry.key.span(), unknown(&key, known)));
            }
            if seen.contains(&key) {
                return Err(Error::new(entry.key.span(), format!("`{key}` is given twice")));
            }
            seen.push(key);
        }
        Ok(Self { entries, span })
    }

    /// Where the attribute stands.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// Whether a key without a value is there.
    pub(crate) fn flag(&self, key: &str) -> Result<bool> {
        match self.find(key) {
            Some(Entry { value: None, .. }) => Ok(true),
            Some(Entry { value: Some(value), .. }) => {
                Err(Error::new(value.span(), format!("`{key}` takes no value: leave it away for false")))
            }
            None => Ok(false),
        }
    }

    /// The text of a key.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&LitStr>> {
        match self.expression(key)? {
            None => Ok(None),
            Some(Expr::Lit(ExprLit { lit: Lit::Str(text), .. })) => Ok(Some(text)),
            Some(other) => Err(Error::new(other.span(), format!("`{key}` takes a text: `{key} = \"…\"`"))),
        }
    }

    /// The text of a key that must be there.
    pub(crate) fn required_text(&self, key: &str) -> Result<LitStr> {
        self.text(key)?.cloned().ok_or_else(|| Error::new(self.span, format!("`{key} = \"…\"` is missing")))
    }

    /// The value of a key.
    pub(crate) fn expression(&self, key: &str) -> Result<Option<&Expr>> {
        match self.find(key) {
            Some(Entry { key: ident, value: None }) => {
                Err(Error::new(ident.span(), format!("`{key}` needs a value: `{key} = …`")))
            }
            Some(Entry { value, .. }) => Ok(value.as_ref()),
            None => Ok(None),
        }
    }

    /// The value of a key that may stand alone.
    pub(crate) fn optional_value(&self, key: &str) -> Option<Option<&Expr>> {
        self.find(key).map(|entry| entry.value.as_ref())
    }

    fn find(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }
}

fn unknown(key: &str, known: &[&str]) -> String {
    let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let near = known.iter().map(|k| (strsim::jaro_winkler(key, k), k)).max_by(|a, b| a.0.total_cmp(&b.0));
    match near {
        Some((similarity, near)) if similarity >= SIMILAR => {
            format!("unknown key `{key}`: did you mean `{near}`? There are {list}")
        }
        _ if known.is_empty() => format!("unknown key `{key}`: there are none here"),
        _ => format!("unknown key `{key}`: there are {list}"),
    }
}

/// The text of doc comments; none when there is none.
pub(crate) fn docs(attributes: &[Attribute]) -> Option<String> {
    let mut lines: Vec<String> = Vec::new();
    for attribute in attributes.iter().filter(|a| a.path().is_ident("doc")) {
        if let Meta::NameValue(pair) = &attribute.meta
            && let Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) = &pair.value
        {
            lines.extend(text.value().lines().map(|line| line.strip_prefix(' ').unwrap_or(line).trim_end().to_owned()));
            if text.value().is_empty() {
                lines.push(String::new());
            }
        }
    }
    let text = lines.join("\n").trim().to_owned();
    (!text.is_empty()).then_some(text)
}

/// `Some("…".into())` or `None`.
pub(crate) fn option(text: Option<&LitStr>) -> TokenStream {
    match text {
        Some(text) => quote::quote!(::core::option::Option::Some(::std::string::String::from(#text))),
        None => quote::quote!(::core::option::Option::None),
    }
}

//! Jinja templates, filled with data.

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use tandem_sdk::prelude::*;

use crate::bounded::{Bounded, short};
use crate::limits::{MAX_MACRO_DEPTH, MAX_NAMES_TOLD, MAX_TEMPLATE_BYTES, TEMPLATE_FUEL};
use crate::{nesting, sizes};

/// How values are escaped.
#[data]
#[derive(Clone, Copy, Debug, Default)]
#[serde(rename_all = "lowercase")]
pub enum Escape {
    /// As they are.
    #[default]
    None,
    /// For HTML and XML.
    Html,
    /// As JSON.
    Json,
}

/// A filled template.
#[output]
#[derive(Debug)]
pub struct Filled {
    /// The text.
    pub text: String,
}

pub(crate) fn run(template: &str, data: &Value, escape: Escape, strict: bool) -> Result<Filled> {
    if template.len() > MAX_TEMPLATE_BYTES {
        return Err(Error::invalid_arguments(format!(
            "`template` has {} bytes; at most {MAX_TEMPLATE_BYTES} are compiled",
            template.len()
        )));
    }
    nesting::check(template)?;
    let mut environment = Environment::new();
    environment.set_fuel(Some(TEMPLATE_FUEL));
    environment.set_recursion_limit(MAX_MACRO_DEPTH);
    environment.set_undefined_behavior(if strict { UndefinedBehavior::Strict } else { UndefinedBehavior::Chainable });
    environment.set_auto_escape_callback(move |_| match escape {
        Escape::None => AutoEscape::None,
        Escape::Html => AutoEscape::Html,
        Escape::Json => AutoEscape::Json,
    });
    environment.remove_global("debug");
    sizes::guard(&mut environment);
    let explain = |error: minijinja::Error| explain(&error, template, data);
    let compiled = environment.template_from_named_str("template", template).map_err(explain)?;
    let mut text = Bounded::default();
    let context = minijinja::Value::from(Serde(data));
    let rendered = compiled.render_captured_to(context, &mut text).map(drop);
    Ok(Filled { text: text.finish(rendered, explain)? })
}

fn explain(error: &minijinja::Error, template: &str, data: &Value) -> Error {
    let line = error.line().map(|line| format!(" at line {line}")).unwrap_or_default();
    if error.kind() == ErrorKind::OutOfFuel {
        return Error::invalid_arguments(format!("`template`{line}: more than {TEMPLATE_FUEL} steps"));
    }
    let part = error.range().and_then(|range| template.get(range)).map(|part| format!(", in `{}`", short(part.trim())));
    let detail = error.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
    let hint = if error.kind() == ErrorKind::UndefinedError {
        let names = data.as_object().into_iter().flat_map(|members| members.keys());
        let names: Vec<&str> = names.take(MAX_NAMES_TOLD).map(String::as_str).collect();
        format!("; the data has: {}; `strict` false leaves it empty", names.join(", "))
    } else {
        String::new()
    };
    let problem = short(format!("{}{detail}", error.kind()));
    Error::invalid_arguments(format!("`template`{line}{}: {problem}{}", part.unwrap_or_default(), short(hint)))
}

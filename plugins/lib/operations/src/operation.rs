//! One operation: the shape of `operations.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The file `operations.json`: everything that an imported plugin does.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operations {
    /// The document that it was made of: its title and version.
    pub source: String,
    /// The tools by their names.
    pub tools: BTreeMap<String, Tool>,
}

/// A tool: what clients see, and the operation behind it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// A short name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What it does, for a model.
    pub description: String,
    /// It changes nothing.
    pub read_only: bool,
    /// It may destroy something.
    pub destructive: bool,
    /// Twice has the effect of once.
    pub idempotent: bool,
    /// The request.
    pub operation: Operation,
    /// JSON Schema of the arguments.
    pub input: Value,
}

impl Tool {
    /// What clients see of it.
    #[must_use]
    pub fn shown(&self) -> Shown<&Value> {
        let Self { title, description, read_only, destructive, idempotent, input, .. } = self;
        let (title, description) = (title.clone(), description.clone());
        Shown { title, description, read_only: *read_only, destructive: *destructive, idempotent: *idempotent, input }
    }
}

/// What clients see of a tool, with its schema as `S`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "as in `Tool`")]
pub struct Shown<S> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    pub description: String,
    pub read_only: bool,
    pub destructive: bool,
    pub idempotent: bool,
    pub input: S,
}

/// A request to be made of arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// The method, in capitals.
    pub method: String,
    /// The server: scheme, host, port and base path, without a slash at the end.
    pub server: String,
    /// The path below it, with parameters as `{name}`.
    pub path: String,
    /// What of the arguments goes where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parameters: Vec<Parameter>,
    /// The body, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The media types of the answer that are asked for.
    pub accept: String,
    /// The secrets that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub auth: Vec<Auth>,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// The argument that it is taken from.
    pub argument: String,
    /// Its name on the wire.
    pub name: String,
    /// Where it goes.
    #[serde(rename = "in")]
    pub location: Location,
    /// How lists and objects are written.
    pub style: Style,
    /// Whether each value of a list or an object is a parameter of its own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub explode: bool,
}

/// Where a parameter goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are OpenAPI's")]
pub enum Location {
    Path,
    Query,
    Header,
    Cookie,
}

/// How a value is written (OpenAPI 3, "Style Values").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the names are OpenAPI's")]
pub enum Style {
    Simple,
    Form,
    SpaceDelimited,
    PipeDelimited,
    DeepObject,
    /// A parameter with `content`: the value as JSON text.
    Json,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The argument that it is taken from.
    pub argument: String,
    /// Its media type.
    pub media_type: String,
    /// How it is written.
    pub form: BodyForm,
    /// Members of a multipart body that are paths of files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BodyForm {
    /// As JSON.
    Json,
    /// As `application/x-www-form-urlencoded`.
    UrlEncoded,
    /// As `multipart/form-data`.
    Multipart,
    /// A text as it is.
    Text,
    /// The bytes of a file, of which the argument is the path.
    File,
}

/// A secret that goes with a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Its name in the manifest.
    pub secret: String,
    /// Where it goes.
    #[serde(rename = "in")]
    pub place: AuthPlace,
    /// The name of the header, parameter or cookie.
    pub name: String,
    /// What stands before it, as `Bearer `.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub prefix: String,
    /// Whether the request is made without it where it is not granted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub optional: bool,
}

/// Where a secret goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs, reason = "the names are OpenAPI's")]
pub enum AuthPlace {
    Header,
    Query,
    Cookie,
}

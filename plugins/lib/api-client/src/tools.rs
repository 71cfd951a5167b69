//! The tools: those that the operations describe.

use tandem_operations::{Auth, AuthPlace, Bundle, Operation, Prepared, prepare};
use tandem_sdk::{
    Ctx, Error, Plugin, Result, ToolAnnotations, ToolDescriptor, ToolOutput,
    http::Request,
    secrets,
    serde_json::{self, Map, Value},
};

use crate::{answer, limits::MAX_ANSWER, slot, upload};

pub(crate) struct Api;

impl Plugin for Api {
    fn tools() -> Vec<ToolDescriptor> {
        let bytes = slot::all();
        // As it is built the component has none; damaged ones cannot be told here, and are told by each call.
        let Ok(shown) = Bundle::open(&bytes).and_then(|bundle| bundle.shown()) else { return Vec::new() };
        shown
            .into_iter()
            .map(|(name, tool)| ToolDescriptor {
                name: name.to_owned(),
                title: tool.title,
                description: tool.description,
                input_schema: tool.input.get().to_owned(),
                output_schema: Some(answer::SCHEMA.to_owned()),
                annotations: ToolAnnotations {
                    read_only: tool.read_only,
                    destructive: tool.destructive,
                    idempotent: tool.idempotent,
                    open_world: true,
                },
                meta: None,
            })
            .collect()
    }

    fn call(_: &Ctx, name: &str, arguments: &str) -> Option<Result<ToolOutput>> {
        let bytes = slot::first_block();
        let operation = match Bundle::open(&bytes).and_then(|bundle| bundle.operation(name)) {
            Ok(operation) => operation?,
            Err(error) => return Some(Err(Error::other(error))),
        };
        Some(perform(&operation, arguments))
    }
}

fn perform(operation: &Operation, arguments: &str) -> Result<ToolOutput> {
    let arguments: Map<String, Value> = serde_json::from_str(arguments).map_err(Error::invalid_arguments)?;
    let prepared = prepare(operation, &arguments).map_err(Error::invalid_arguments)?;
    let answer = request(operation, prepared)?.send()?;
    answer::output(answer)
}

/// The request, with its body and secrets.
fn request(operation: &Operation, prepared: Prepared) -> Result<Request> {
    let Prepared { method, url, headers, mut cookies, body } = prepared;
    let mut request = Request::new(method, url).max_bytes(MAX_ANSWER);
    for (name, value) in headers {
        request = request.header(name, value);
    }
    for auth in &operation.auth {
        let Some(value) = secret(auth)? else { continue };
        match auth.place {
            AuthPlace::Header => request = request.header(&auth.name, value),
            AuthPlace::Query => request = request.query(&auth.name, value),
            AuthPlace::Cookie => cookies.push(format!("{}={value}", auth.name)),
        }
    }
    if !cookies.is_empty() {
        request = request.header("cookie", cookies.join("; "));
    }
    Ok(match body {
        None => request,
        Some(body) => {
            let (media_type, bytes) = upload::body(body)?;
            request.header("content-type", media_type).body(bytes)
        }
    })
}

/// What stands for a secret, with its prefix; none where it is optional and not granted.
fn secret(auth: &Auth) -> Result<Option<String>> {
    match secrets::get(&auth.secret) {
        Ok(secret) => Ok(Some(format!("{}{}", auth.prefix, secret.placeholder()))),
        Err(secrets::Error::Denied(_)) if auth.optional => Ok(None),
        Err(error) => Err(error.into()),
    }
}

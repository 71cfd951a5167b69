//! Security schemes as secrets of the manifest.

use std::collections::BTreeMap;

use tandem_operations::{Auth, AuthPlace};
use tandem_types::Name;

use crate::document::{At, Document};

/// The secrets of an operation, and why each is needed.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    pub(crate) auth: Vec<Auth>,
    pub(crate) reasons: BTreeMap<String, String>,
}

/// The secrets that an operation needs: those of the first alternative that can be had. None where the document's alternatives are all
/// of kinds that no secret serves, with why.
pub(crate) fn secrets(document: &Document, operation: &At<'_>) -> Result<Secrets, String> {
    let security = operation.member("security").or_else(|| document.root().member("security"));
    let Some(security) = security else { return Ok(Secrets::default()) };
    let alternatives: Vec<At<'_>> = security.items().collect();
    let optional = alternatives.iter().any(|one| one.value.as_object().is_some_and(serde_json::Map::is_empty));
    let mut problem = None;
    for alternative in alternatives.iter().filter(|one| one.members().next().is_some()) {
        match all(document, alternative, optional) {
            Ok(secrets) => return Ok(secrets),
            Err(why) => drop(problem.get_or_insert(why)),
        }
    }
    match problem {
        Some(why) if !optional => Err(why),
        _ => Ok(Secrets::default()),
    }
}

fn all(document: &Document, alternative: &At<'_>, optional: bool) -> Result<Secrets, String> {
    let mut secrets = Secrets::default();
    for (name, _) in alternative.members() {
        let schemes = document.root().member("components").and_then(|components| components.member("securitySchemes"));
        let scheme = schemes
            .and_then(|schemes| schemes.member(name))
            .ok_or(format!("the security scheme `{name}` is not defined"))?;
        let scheme = document.resolve(scheme)?;
        let secret = secret_name(name)?;
        let (place, header, prefix, reason) = one(name, &scheme)?;
        secrets.reasons.insert(secret.clone(), reason);
        secrets.auth.push(Auth { secret, place, name: header, prefix, optional });
    }
    Ok(secrets)
}

/// Where a scheme's secret goes: the place, the name there, what stands before it, and what the operator gives.
fn one(name: &str, scheme: &At<'_>) -> Result<(AuthPlace, String, String, String), String> {
    let authorization = |prefix: &str, reason: &str| {
        Ok((AuthPlace::Header, "authorization".to_owned(), prefix.to_owned(), format!("{name}: {reason}")))
    };
    let kind = scheme.text("type").unwrap_or_default();
    match (kind, scheme.text("scheme").map(str::to_ascii_lowercase).as_deref()) {
        ("apiKey", _) => {
            let place = match scheme.text("in") {
                Some("header") => AuthPlace::Header,
                Some("query") => AuthPlace::Query,
                Some("cookie") => AuthPlace::Cookie,
                _ => return Err(format!("the security scheme `{name}` does not say where its key goes")),
            };
            let key = scheme.text("name").filter(|key| is_token(key));
            let key = key.ok_or_else(|| format!("the security scheme `{name}` has no usable name of its key"))?;
            Ok((place, key.to_owned(), String::new(), format!("{name}: the API key")))
        }
        ("http", Some("bearer")) => authorization("Bearer ", "a bearer token"),
        ("http", Some("basic")) => authorization("Basic ", "user:password, in base64"),
        ("oauth2" | "openIdConnect", _) => {
            authorization("Bearer ", "an access token; it is not fetched or renewed here")
        }
        (kind, _) => Err(format!("the security scheme `{name}` is of the kind `{kind}`, which no secret serves")),
    }
}

fn secret_name(scheme: &str) -> Result<String, String> {
    let name = crate::text::snake_case(scheme).replace('_', "-");
    let name: Name =
        name.parse().map_err(|_| format!("the security scheme `{scheme}` has no name that a secret can have"))?;
    Ok(name.to_string())
}

/// A name of a header, as RFC 9110 has it; keys of queries and cookies keep to it as well.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

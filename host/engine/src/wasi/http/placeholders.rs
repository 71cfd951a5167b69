//! Texts that stand for secrets in the requests of one call. They come from the operating system's randomness, and die
//! with the call: one that leaks is worth nothing.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use http::{HeaderValue, Request, Uri};
use url::form_urlencoded::byte_serialize;

use crate::capability::BoundSecret;

/// How a placeholder begins: nothing else is looked at twice.
const PREFIX: &str = "tandem-secret-";
const RANDOM_BYTES: usize = 16;

/// Why a secret is not put in its placeholder's place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SubstituteError {
    /// The secret of this name must not go there.
    #[error("{0}")]
    Refused(String),
    /// It has characters that no header has.
    #[error("a secret that fits no header")]
    NoHeader,
    /// With it, the query is none.
    #[error("a secret that fits no query")]
    NoQuery,
}

/// A call's placeholders, with the names of their secrets: one for each secret, so no more than are granted.
#[derive(Default)]
pub(super) struct Placeholders(Mutex<Vec<(String, String)>>);

impl Placeholders {
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn of(&self, secret: &str) -> Result<String, getrandom::Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((text, _)) = known.iter().find(|(_, name)| name == secret) {
            return Ok(text.clone());
        }
        let mut random = [0; RANDOM_BYTES];
        getrandom::fill(&mut random)?;
        let text = format!("{PREFIX}{}", hex::encode(random));
        known.push((text.clone(), secret.to_owned()));
        Ok(text)
    }

    /// Puts secrets in their placeholders' places, in the values of headers and in the query. The error names a secret
    /// that must not go there: it is not granted any more, it is another host's, or the way is not confidential.
    pub(super) fn substitute<B>(
        &self,
        request: &mut Request<B>,
        secrets: &BTreeMap<String, BoundSecret>,
        host: &str,
        confidential: bool,
    ) -> Result<(), SubstituteError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return Ok(());
        }
        let value_of = |name: &str| match secrets.get(name) {
            Some(secret) if confidential && secret.may_go_to(host) => Ok(&secret.value),
            _ => Err(SubstituteError::Refused(name.to_owned())),
        };
        for value in request.headers_mut().values_mut() {
            let Ok(text) = value.to_str() else { continue };
            let mut changed = text.to_owned();
            for (placeholder, name) in known.iter().filter(|(placeholder, _)| text.contains(placeholder)) {
                changed = changed.replace(placeholder, value_of(name)?.expose());
            }
            if changed != text {
                *value = HeaderValue::from_str(&changed).map_err(|_| SubstituteError::NoHeader)?;
                value.set_sensitive(true);
            }
        }
        let uri = request.uri().to_string();
        let Some((path, query)) = uri.split_once('?') else { return Ok(()) };
        let mut changed = query.to_owned();
        for (placeholder, name) in known.iter().filter(|(placeholder, _)| query.contains(placeholder)) {
            let secret: String = byte_serialize(value_of(name)?.expose().as_bytes()).collect();
            changed = changed.replace(placeholder, &secret);
        }
        if changed != query {
            let uri = format!("{path}?{changed}").parse::<Uri>();
            *request.uri_mut() = uri.map_err(|_| SubstituteError::NoQuery)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "api.example.com";

    fn secrets() -> BTreeMap<String, BoundSecret> {
        let hosts = vec![vec!["api.example.com".parse().unwrap(), "*.example.org".parse().unwrap()]];
        let value = tandem_types::Secret::new("s3 cret&".to_owned());
        BTreeMap::from([("token".to_owned(), BoundSecret { value, hosts })])
    }

    fn request(placeholder: &str) -> Request<()> {
        Request::get(format!("https://api.example.com/{placeholder}?key={placeholder}&a=b"))
            .header("authorization", format!("Bearer {placeholder}"))
            .body(())
            .unwrap()
    }

    #[test]
    fn a_placeholder_becomes_its_secret_in_headers_and_query_only() {
        let placeholders = Placeholders::default();
        let text = placeholders.of("token").unwrap();
        assert_eq!(placeholders.of("token").unwrap(), text, "one for each secret");
        let mut request = request(&text);
        placeholders.substitute(&mut request, &secrets(), HOST, true).unwrap();
        assert_eq!(request.headers()["authorization"], "Bearer s3 cret&");
        assert!(request.headers()["authorization"].is_sensitive());
        assert_eq!(request.uri().query(), Some("key=s3+cret%26&a=b"));
        assert!(request.uri().path().contains(&text));
    }

    #[test]
    fn it_stays_a_placeholder_where_the_secret_must_not_go() {
        let placeholders = Placeholders::default();
        let text = placeholders.of("token").unwrap();
        assert_eq!(
            placeholders.substitute(&mut request(&text), &secrets(), HOST, false),
            Err(SubstituteError::Refused("token".to_owned()))
        );
        assert_eq!(
            placeholders.substitute(&mut request(&text), &BTreeMap::new(), HOST, true),
            Err(SubstituteError::Refused("token".to_owned()))
        );
        let elsewhere = placeholders.substitute(&mut request(&text), &secrets(), "other.example.com", true);
        assert_eq!(elsewhere, Err(SubstituteError::Refused("token".to_owned())), "it is another host's");
        placeholders.substitute(&mut request(&text), &secrets(), "a.example.org", true).unwrap();
        placeholders.clear();
        let mut later = request(&text);
        placeholders.substitute(&mut later, &secrets(), HOST, true).unwrap();
        assert!(later.headers()["authorization"].to_str().unwrap().contains(&text), "worth nothing after its call");
    }
}

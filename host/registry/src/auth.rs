//! Answers what a registry asks: a password, or a token of the service that it names.
//!
//! A token is asked for with the scope that is needed and no other, whatever the registry proposes. A service is reached
//! over TLS, or as the registry itself is; what is sent to it follows no redirect.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use oci_client::secrets::RegistryAuth;
use reqwest::{StatusCode, header::HeaderValue};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use crate::{
    challenge::Challenge,
    credential::Credential,
    error::RegistryError,
    http::{Client, body, refusal},
    source::OciSource,
};

/// The largest answer of a token service. Tokens with many claims have a few thousand bytes.
const MAX_TOKEN: usize = 256 << 10;
/// Who we are for a token service that exchanges identity tokens.
const CLIENT_ID: &str = "tandem";

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Pull,
    Push,
}

impl Right {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "push",
        }
    }

    fn actions(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Push => "pull,push",
        }
    }
}

/// What opens the registry.
pub(crate) struct Opened {
    pub(crate) auth: RegistryAuth,
    /// ` to USER`, for messages.
    pub(crate) user: String,
}

impl Opened {
    /// The header of a request.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let text = match &self.auth {
            RegistryAuth::Anonymous => return None,
            RegistryAuth::Basic(user, password) => {
                format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")))
            }
            RegistryAuth::Bearer(token) => format!("Bearer {token}"),
        };
        let mut value = HeaderValue::from_str(&text).ok()?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[derive(Deserialize)]
struct Answer {
    token: Option<String>,
    access_token: Option<String>,
}

impl Client {
    /// Answers a challenge of the source's registry.
    pub(crate) async fn open(
        &self,
        source: &OciSource,
        challenge: &Challenge,
        right: Right,
    ) -> Result<Opened, RegistryError> {
        let credential = Credential::of(source.connects_to()).await?;
        let user = credential.user();
        let auth = match (challenge, credential) {
            (Challenge::Basic, Credential::Password(user, password)) => RegistryAuth::Basic(user, password),
            (Challenge::Basic, _) => return Err(unauthorized(source, right, user)),
            (Challenge::Bearer { realm, service }, credential) => {
                let token = self.token(source, (realm, service.as_deref()), &credential, right).await?;
                RegistryAuth::Bearer(token)
            }
        };
        Ok(Opened { auth, user })
    }

    async fn token(
        &self,
        source: &OciSource,
        (realm, service): (&str, Option<&str>),
        credential: &Credential,
        right: Right,
    ) -> Result<String, RegistryError> {
        let place = source.connects_to();
        let mut url = Url::parse(realm)
            .map_err(|_| RegistryError::protocol(place, "a token service whose address is not a url".to_owned()))?;
        let registry_has_tls = self.options.plain_http.scheme_of(place) == "https";
        if registry_has_tls && url.scheme() != "https" {
            return Err(RegistryError::protocol(place, "a token service without tls, to which nothing is sent"));
        }
        self.check(&url)?;
        let scope = format!("repository:{}:{}", source.repository(), right.actions());
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("scope", &scope);
        if let Some(service) = service {
            form.append_pair("service", service);
        }
        let request = match credential {
            Credential::Identity(token) => {
                form.append_pair("grant_type", "refresh_token");
                form.append_pair("client_id", CLIENT_ID);
                form.append_pair("refresh_token", token);
                let form = form.finish();
                let content = "application/x-www-form-urlencoded";
                self.strict.post(url).header(reqwest::header::CONTENT_TYPE, content).body(form)
            }
            Credential::Anonymous | Credential::Password(..) => {
                let query = url.query().filter(|query| !query.is_empty()).map(|query| format!("{query}&"));
                url.set_query(Some(&format!("{}{}", query.unwrap_or_default(), form.finish())));
                let request = self.strict.get(url);
                match credential {
                    Credential::Password(user, password) => request.basic_auth(user, Some(password)),
                    _ => request,
                }
            }
        };
        let place = format!("the token service of {place}");
        let response = self.patiently(&place, request).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                return Err(unauthorized(source, right, credential.user()));
            }
            _ => return Err(refusal(&place, response).await),
        }
        let answer = body(&place, response, MAX_TOKEN).await?;
        let answer: Option<Answer> = serde_json::from_slice(&answer).ok();
        let token = answer.and_then(|answer| answer.token.or(answer.access_token));
        token.filter(|token| !token.is_empty()).ok_or_else(|| RegistryError::protocol(&place, "no token"))
    }
}

pub(crate) fn unauthorized(source: &OciSource, right: Right, user: String) -> RegistryError {
    let (place, host) = (source.to_string(), source.host().to_owned());
    RegistryError::Unauthorized { place, host, user, what: right.as_str() }
}

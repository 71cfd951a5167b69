//! What a client is told that was not let in (RFC 6750 section 3, RFC 9728 section 5.1), and the metadata that tells it
//! where tokens come from.

use http::HeaderValue;
use reqwest::Url;
use serde_json::json;

use super::{AuthError, ResourceMetadata};

/// The path under which the metadata is (RFC 9728 section 3).
pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// Makes challenges. Without an authorization server it only names the scheme.
#[derive(Clone, Debug, Default)]
pub(super) struct Challenges {
    /// URL of the metadata and the scopes that would help.
    tokens: Option<(String, String)>,
}

impl Challenges {
    pub(super) fn new(audience: &Url, scopes: &[String]) -> Self {
        let mut metadata = audience.clone();
        metadata.set_query(None);
        metadata.set_path(&format!("{WELL_KNOWN}{}", resource_path(audience)));
        Self { tokens: Some((metadata.into(), scopes.join(" "))) }
    }

    fn header(&self, error: Option<(&str, &str)>) -> Option<HeaderValue> {
        let mut parts = match &self.tokens {
            Some((metadata, scope)) => vec![format!("resource_metadata=\"{metadata}\""), format!("scope=\"{scope}\"")],
            None => vec!["realm=\"tandem\"".to_owned()],
        };
        if let Some((error, description)) = error {
            parts.push(format!("error=\"{error}\""));
            // Quotes and backslashes cannot stand in the description (RFC 6750 section 3).
            parts.push(format!("error_description=\"{}\"", description.replace(['"', '\\'], "'")));
        }
        HeaderValue::from_str(&format!("Bearer {}", parts.join(", "))).ok()
    }

    /// No credentials were sent: that is no error of the client yet, so none is named.
    pub(super) fn missing(&self) -> AuthError {
        let what = match &self.tokens {
            Some(_) => "a token of the authorization server or an API key",
            None => "an API key",
        };
        let detail = format!("this host wants to know who calls; send `Authorization: Bearer …` with {what}");
        AuthError::Unauthenticated { detail, challenge: self.header(None) }
    }

    pub(super) fn invalid(&self, detail: impl Into<String>) -> AuthError {
        let detail = detail.into();
        let challenge = self.header(Some(("invalid_token", &detail)));
        AuthError::Unauthenticated { detail, challenge }
    }

    pub(super) fn unknown_tenant(&self) -> AuthError {
        let detail = "the token has no tenant of this host; ask its operator to add yours".to_owned();
        // Another scope or a newer token would not help, so no error of OAuth is named.
        AuthError::Forbidden { code: "unknown_tenant", detail, challenge: self.header(None) }
    }

    pub(super) fn insufficient_scope(&self) -> AuthError {
        let helpful = self.tokens.as_ref().map(|(_, scopes)| scopes.as_str()).unwrap_or_default();
        let detail = format!("no scope of the token means anything here; ask for one of: {helpful}");
        let challenge = self.header(Some(("insufficient_scope", &detail)));
        AuthError::Forbidden { code: "insufficient_scope", detail, challenge }
    }
}

/// The path of the protected resource, without the slash of an empty one.
fn resource_path(audience: &Url) -> &str {
    match audience.path() {
        "/" => "",
        path => path,
    }
}

/// The metadata document (RFC 9728 section 2).
pub(super) fn metadata(issuer: &str, audience: &str, url: &Url, scopes: &[String]) -> ResourceMetadata {
    ResourceMetadata {
        resource_path: resource_path(url).to_owned(),
        document: json!({
            "resource": audience,
            "authorization_servers": [issuer],
            "scopes_supported": scopes,
            "bearer_methods_supported": ["header"],
            "resource_name": "tandem",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_leads_to_the_metadata_of_the_resource() {
        let scopes = ["tandem".to_owned(), "data.read".to_owned()];
        let header = |audience: &str| {
            let challenges = Challenges::new(&audience.parse().unwrap(), &scopes);
            challenges.header(None).unwrap().to_str().unwrap().to_owned()
        };
        assert_eq!(
            header("https://tools.example.com/mcp"),
            "Bearer resource_metadata=\"https://tools.example.com/.well-known/oauth-protected-resource/mcp\", \
             scope=\"tandem data.read\""
        );
        assert!(header("https://a.test").contains("a.test/.well-known/oauth-protected-resource\""));
    }

    #[test]
    fn an_error_is_named_and_cannot_break_the_header() {
        let challenges = Challenges::default();
        let AuthError::Unauthenticated { challenge, .. } = challenges.invalid("a \"quoted\" \\ text") else {
            panic!("another kind of refusal")
        };
        assert_eq!(
            challenge.unwrap(),
            "Bearer realm=\"tandem\", error=\"invalid_token\", error_description=\"a 'quoted' ' text\""
        );
    }
}

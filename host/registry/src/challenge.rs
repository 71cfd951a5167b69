//! How a registry asks who we are (RFC 9110, 11.6.1; the distribution project's token specification).

use http_auth::parser::ChallengeParser;
use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A token of a token service.
    Bearer {
        /// Where the service is, a URL.
        realm: String,
        /// The name under which it knows the registry.
        service: Option<String>,
    },
    /// A user and a password.
    Basic,
}

impl Challenge {
    /// The first that we can answer, tokens before passwords.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let mut basic = None;
        for header in headers.get_all(WWW_AUTHENTICATE).iter().filter_map(|value| value.to_str().ok()) {
            for challenge in ChallengeParser::new(header).map_while(Result::ok) {
                if challenge.scheme.eq_ignore_ascii_case("basic") {
                    basic = Some(Self::Basic);
                }
                if challenge.scheme.eq_ignore_ascii_case("bearer") {
                    let parameter = |name: &str| {
                        let found = challenge.params.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
                        found.map(|(_, value)| value.to_unescaped())
                    };
                    if let Some(realm) = parameter("realm") {
                        return Some(Self::Bearer { realm, service: parameter("service") });
                    }
                }
            }
        }
        basic
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(text: &str) -> Option<Challenge> {
        let mut headers = HeaderMap::new();
        headers.insert(WWW_AUTHENTICATE, text.parse().unwrap());
        Challenge::of(&headers)
    }

    #[test]
    fn tokens_come_before_passwords_and_what_is_no_challenge_is_none() {
        let bearer =
            challenge("Basic realm=\"r\", Bearer realm=\"https://auth.example.com/t\",service=\"s\",scope=\"x\"");
        let expected =
            Challenge::Bearer { realm: "https://auth.example.com/t".to_owned(), service: Some("s".to_owned()) };
        assert_eq!(bearer, Some(expected));
        assert_eq!(challenge("basic realm=\"r\""), Some(Challenge::Basic));
        assert_eq!(challenge("Negotiate"), None);
        assert_eq!(challenge("Bearer service=\"s\""), None);
    }
}

//! Where a plugin is: `oci://host/repository:tag`, `https://…`, or a file.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use oci_client::Reference;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use url::{Host, Url};

use crate::text::shown;

/// Longest source, in bytes: longer than every reference, and long enough for signed URLs.
const MAX_SOURCE: usize = 2_048;

/// Why a text names no place of a plugin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// It has another form.
    #[error("`{text}` is not a plugin source: {reason}")]
    Form {
        /// The text.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// It would be fetched without TLS.
    #[error(
        "{host} would be reached without TLS, open to reading and changes on the way; use https, or allow it with `--plain-http {host}`"
    )]
    Plain {
        /// The host, with its port if it names one.
        host: String,
    },
}

fn form(text: &str, reason: impl Into<String>) -> SourceError {
    // A URL with credentials is not repeated.
    let text =
        if text.contains('@') && text.contains("://") && !text.contains("@sha256:") { "[redacted]" } else { text };
    SourceError::Form { text: shown(text), reason: reason.into() }
}

/// Where a plugin is. Written and read as one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An artifact in an OCI registry.
    Oci(OciSource),
    /// A file on a web server.
    Web(Url),
    /// A file of this machine.
    File(PathBuf),
}

impl Source {
    /// The same, with a relative path made absolute, so that it means the same from every directory.
    ///
    /// # Errors
    /// The file is not there.
    pub fn absolute(self) -> std::io::Result<Self> {
        Ok(match self {
            Self::File(path) => Self::File(path.canonicalize()?),
            other => other,
        })
    }

    /// Whether it can only ever mean one file.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        matches!(self, Self::Oci(oci) if oci.digest().is_some())
    }
}

impl FromStr for Source {
    type Err = SourceError;

    fn from_str(text: &str) -> Result<Self, SourceError> {
        if text.is_empty() || text.len() > MAX_SOURCE || text.chars().any(char::is_control) {
            return Err(form(text, format!("it must have 1 to {MAX_SOURCE} printable characters")));
        }
        match text.split_once("://") {
            Some(("oci", reference)) => Ok(Self::Oci(reference.parse()?)),
            Some(("https" | "http", _)) => web(text).map(Self::Web),
            Some((scheme, _)) => {
                Err(form(text, format!("`{}://` is not one of oci://, https:// and http://", shown(scheme))))
            }
            None => Ok(Self::File(text.into())),
        }
    }
}

fn web(text: &str) -> Result<Url, SourceError> {
    let url = Url::parse(text).map_err(|error| form(text, error.to_string()))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(form(text, "it holds credentials, which would end up in the lock file and in logs"));
    }
    Ok(url)
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Oci(oci) => oci.fmt(f),
            Self::Web(url) => f.write_str(url.as_str()),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Source {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// A repository of a registry, with a tag, a digest, or neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OciSource {
    reference: Reference,
    /// Whether the text had a tag; the parser puts `latest` in the place of none.
    tagged: bool,
}

impl OciSource {
    /// `host` or `host:port`, as written.
    #[must_use]
    pub fn host(&self) -> &str {
        self.reference.registry()
    }

    /// `host` or `host:port` that is connected to.
    pub(crate) fn connects_to(&self) -> &str {
        self.reference.resolve_registry()
    }

    pub(crate) fn repository(&self) -> &str {
        self.reference.repository()
    }

    pub(crate) fn reference(&self) -> &Reference {
        &self.reference
    }

    /// The tag, if it was written.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.reference.tag().filter(|_| self.tagged)
    }

    /// The digest of the artifact's manifest.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.reference.digest()
    }

    /// The same repository with a tag.
    #[must_use]
    pub fn with_tag(&self, tag: &str) -> Self {
        let (registry, repository) = (self.host().to_owned(), self.repository().to_owned());
        Self { reference: Reference::with_tag(registry, repository, tag.to_owned()), tagged: true }
    }

    /// The same repository with the digest of a manifest.
    #[must_use]
    pub fn with_digest(&self, digest: &str) -> Self {
        let (registry, repository) = (self.host().to_owned(), self.repository().to_owned());
        Self { reference: Reference::with_digest(registry, repository, digest.to_owned()), tagged: false }
    }

    /// What stands for the tag or digest in URLs; `latest` where there is neither.
    pub(crate) fn wanted(&self) -> &str {
        self.digest().or(self.reference.tag()).unwrap_or("latest")
    }
}

impl FromStr for OciSource {
    type Err = SourceError;

    /// Reads what follows `oci://`.
    fn from_str(text: &str) -> Result<Self, SourceError> {
        // Without this, `oci://words:1` would be a stranger's repository on Docker Hub.
        let host = text.split('/').next().unwrap_or_default();
        let named = text.contains('/') && (host == "localhost" || host.contains(['.', ':']));
        if !named {
            return Err(form(text, "write the registry's host too, as `oci://ghcr.io/owner/words:1.0.0`"));
        }
        let reference: Reference =
            text.parse().map_err(|error: oci_client::ParseError| form(text, error.to_string()))?;
        if reference.digest().is_some_and(|digest| digest.parse::<tandem_package::Sha256Digest>().is_err()) {
            return Err(form(text, "digests are `sha256:` and 64 hexadecimal digits"));
        }
        let name = text.split('@').next().unwrap_or_default();
        let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
        Ok(Self { reference, tagged })
    }
}

impl fmt::Display for OciSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}/{}", self.host(), self.repository())?;
        if let Some(tag) = self.tag() {
            write!(f, ":{tag}")?;
        }
        self.digest().map_or(Ok(()), |digest| write!(f, "@{digest}"))
    }
}

/// Which hosts may be asked without TLS: those of loopback, and those that the operator names.
#[derive(Clone, Debug, Default)]
pub struct PlainHttp(Vec<String>);

impl PlainHttp {
    /// `hosts` as `host` (every port) or `host:port`.
    #[must_use]
    pub fn new(hosts: Vec<String>) -> Self {
        Self(hosts)
    }

    /// `http` or `https`, for a registry.
    pub(crate) fn scheme_of(&self, authority: &str) -> &'static str {
        let allowed =
            Url::parse(&format!("http://{authority}/")).is_ok_and(|url| self.names(&url) || is_loopback(&url));
        if allowed { "http" } else { "https" }
    }

    /// Whether a URL may be asked for.
    pub(crate) fn permits(&self, url: &Url) -> bool {
        match url.scheme() {
            "https" => true,
            "http" => self.names(url) || is_loopback(url),
            _ => false,
        }
    }

    /// # Errors
    /// It may not.
    pub(crate) fn check(&self, url: &Url) -> Result<(), SourceError> {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = || format!("{}{port}", url.host_str().unwrap_or_default());
        if self.permits(url) { Ok(()) } else { Err(SourceError::Plain { host: host() }) }
    }

    fn names(&self, url: &Url) -> bool {
        let Some(host) = url.host_str() else { return false };
        let with_port = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        self.0.iter().any(|named| named.eq_ignore_ascii_case(host) || named.eq_ignore_ascii_case(&with_port))
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        text.parse().unwrap()
    }

    #[test]
    fn every_source_is_written_as_it_is_read() {
        let digest = format!("sha256:{}", "0a".repeat(32));
        for text in [
            "oci://ghcr.io/acme/words:1.0.0",
            "oci://127.0.0.1:5000/words",
            &format!("oci://localhost/a/b@{digest}"),
            &format!("oci://ghcr.io/a/b:1@{digest}"),
            "https://example.com/words.wasm?v=1",
            "plugins/words.wasm",
        ] {
            assert_eq!(source(text).to_string(), text);
        }
        assert!(source(&format!("oci://localhost/a/b@{digest}")).is_pinned());
        assert!(!source("oci://localhost/a/b:1").is_pinned());
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        for (text, why) in [
            ("oci://words:1", "write the registry's host"),
            ("oci://acme/words:1", "write the registry's host"),
            ("oci://ghcr.io/Acme/words:1", "is not a plugin source"),
            ("oci://ghcr.io/a/b@sha256:00", "is not a plugin source"),
            ("ftp://example.com/words.wasm", "is not one of oci://"),
            ("https://user:secret@example.com/w.wasm", "credentials"),
            ("", "printable"),
        ] {
            let error = text.parse::<Source>().unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn without_tls_only_loopback_and_what_is_named() {
        let plain = PlainHttp::new(vec!["registry.lan".to_owned(), "10.0.0.1:5000".to_owned()]);
        for (authority, scheme) in [
            ("127.0.0.1:5000", "http"),
            ("localhost:1", "http"),
            ("[::1]:5000", "http"),
            ("127.0.0.1.example.com", "https"),
            ("localhost.example.com", "https"),
            ("registry.lan:5000", "http"),
            ("10.0.0.1:5000", "http"),
            ("10.0.0.1:5001", "https"),
            ("ghcr.io", "https"),
        ] {
            assert_eq!(plain.scheme_of(authority), scheme, "{authority}");
        }
        let url = Url::parse("http://example.com:8080/w.wasm").unwrap();
        assert!(plain.check(&url).unwrap_err().to_string().contains("--plain-http example.com:8080"));
    }
}

//! A repository of an OCI registry (distribution specification 1.1).
//!
//! What is fetched goes through [`Client`]'s own requests, which are bounded and continue; what is published goes through
//! `oci-client`, with the credential that was found here.

use std::{cell::RefCell, time::Duration};

use bytes::Bytes;
use oci_client::{
    errors::OciDistributionError,
    manifest::{
        IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
    },
    secrets::RegistryAuth,
};
use reqwest::{
    Response, StatusCode,
    header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue},
};
use tandem_package::{Package, Sha256Digest};

use crate::{
    artifact::{Artifact, layer},
    auth::{Opened, Right, unauthorized},
    challenge::Challenge,
    download::{Expected, Fetched, Meter},
    error::RegistryError,
    http::{Client, body, refusal},
    push::push,
    source::OciSource,
    text::shown,
};

/// The largest manifest: what the distribution specification asks registries to take.
const MAX_MANIFEST: usize = 4 << 20;
/// How often a publication is tried again while the registry is busy; blobs that it has are not sent again.
const MAX_TRIES: u32 = 5;
/// The wait before it; doubled each time, so that half a minute is bridged. `oci-client` does not tell what the registry asks for.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// What a manifest may be; the last two only to say so.
const MANIFESTS: [&str; 4] =
    [OCI_IMAGE_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE];

/// The file of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// The digest of the plugin's file.
    pub digest: Sha256Digest,
    /// Its length in bytes, where a manifest says it.
    pub size: Option<u64>,
}

/// What a tag or a digest means now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// The digest of the artifact's manifest.
    pub manifest: Sha256Digest,
    /// The plugin's file.
    pub layer: Layer,
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// By its digest; the same for ever.
    pub reference: OciSource,
    /// Whether the registry had it under this tag already.
    pub was_there: bool,
}

/// A repository, and who we are for it. Logs in when it is asked to.
pub struct Repository<'c> {
    client: &'c Client,
    source: OciSource,
    right: Right,
    opened: RefCell<Option<Opened>>,
}

/// Never the credentials.
impl std::fmt::Debug for Repository<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Repository").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Client {
    /// The repository of a source, to fetch from.
    #[must_use]
    pub fn repository(&self, source: &OciSource) -> Repository<'_> {
        Repository { client: self, source: source.clone(), right: Right::Pull, opened: RefCell::default() }
    }
}

impl Repository<'_> {
    /// What the source means now.
    ///
    /// # Errors
    /// There is none, it is not a plugin, or the registry refuses.
    pub async fn resolve(&self) -> Result<Resolved, RegistryError> {
        let place = self.source.to_string();
        let (manifest, bytes) = self.manifest(self.source.wanted()).await?;
        if let Some(wanted) = self.source.digest().and_then(|digest| digest.parse::<Sha256Digest>().ok())
            && wanted != manifest
        {
            return Err(RegistryError::Digest { place, expected: wanted, found: manifest });
        }
        let (digest, size) = layer(&place, &bytes)?;
        Ok(Resolved { manifest, layer: Layer { digest, size: Some(size) } })
    }

    /// Fetches a layer. The answer has its digest.
    ///
    /// # Errors
    /// The registry does not have it, refuses, or delivers something else.
    pub async fn fetch(&self, layer: Layer, meter: &dyn Meter) -> Result<Fetched, RegistryError> {
        let url = self.url(&format!("blobs/{}", layer.digest));
        let expected = Expected { digest: Some(layer.digest), size: layer.size };
        let place = self.source.to_string();
        self.client.download(&place, async |headers| self.get(&url, headers).await, expected, meter).await
    }

    /// Publishes a plugin's file under the source's tag. One that is there already is left as it is. The meter is told how much
    /// of the file was sent, from nothing again with each attempt.
    ///
    /// # Errors
    /// The tag names something else and `force` is not given; the registry refuses.
    pub async fn publish(
        mut self,
        package: &Package,
        file: Vec<u8>,
        force: bool,
        meter: &dyn Meter,
    ) -> Result<Published, RegistryError> {
        let artifact = Artifact::of(package, &file)?;
        self.right = Right::Push;
        self.log_in().await?;
        let digest = artifact.manifest_digest.to_string();
        let published = |was_there| Published { reference: self.source.with_digest(&digest), was_there };
        match self.manifest(self.source.wanted()).await {
            Ok((found, _)) if found == artifact.manifest_digest => return Ok(published(true)),
            Ok((found, _)) if !force => {
                return Err(RegistryError::TagTaken { tag: self.source.to_string(), found: found.to_string() });
            }
            Ok(_) | Err(RegistryError::NotFound(_)) => {}
            Err(error) => return Err(error),
        }
        let file = Bytes::from(file);
        let mut tries = 0;
        let auth = self.opened.borrow().as_ref().map_or(RegistryAuth::Anonymous, |opened| opened.auth.clone());
        while let Err(error) = push(self.client, &self.source, auth.clone(), &artifact, file.clone(), meter).await {
            if !matches!(error, OciDistributionError::ServerError { code: 429 | 503, .. }) || tries >= MAX_TRIES {
                return Err(self.pushed(error));
            }
            tokio::time::sleep(FIRST_WAIT * 2_u32.pow(tries)).await;
            tries += 1;
        }
        // Some registries rewrite manifests; then the digest would be of something that is not there.
        let (found, _) = self.manifest(&digest).await?;
        if found != artifact.manifest_digest {
            let (place, expected) = (self.source.to_string(), artifact.manifest_digest);
            return Err(RegistryError::Digest { place, expected, found });
        }
        Ok(published(false))
    }

    /// What an error of a publication is.
    fn pushed(&self, error: OciDistributionError) -> RegistryError {
        let place = self.source.to_string();
        match error {
            OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_)
            | OciDistributionError::ServerError { code: 401 | 403, .. } => self.unauthorized(),
            OciDistributionError::ServerError { code, message, .. } => {
                RegistryError::Status { place, status: code, message: format!(": {}", shown(&message)) }
            }
            OciDistributionError::RequestError(error) => crate::http::unreachable(&place, error),
            OciDistributionError::IoError(error) => RegistryError::unreachable(&place, &error),
            other => RegistryError::protocol(&place, shown(&other.to_string())),
        }
    }

    /// A manifest with its digest.
    async fn manifest(&self, wanted: &str) -> Result<(Sha256Digest, Vec<u8>), RegistryError> {
        let place = self.source.to_string();
        let mut headers = HeaderMap::new();
        for kind in MANIFESTS {
            headers.append(ACCEPT, HeaderValue::from_static(kind));
        }
        let response = self.get(&self.url(&format!("manifests/{wanted}")), headers).await?;
        if response.status() != StatusCode::OK {
            return Err(refusal(&place, response).await);
        }
        let bytes = body(&place, response, MAX_MANIFEST).await?;
        Ok((Sha256Digest::of(&bytes), bytes))
    }

    /// Asks, and logs in where the registry wants that.
    pub(crate) async fn get(&self, url: &str, headers: HeaderMap) -> Result<Response, RegistryError> {
        let place = self.source.to_string();
        let request = || {
            let mut headers = headers.clone();
            if let Some(value) = self.opened.borrow().as_ref().and_then(Opened::header) {
                headers.insert(AUTHORIZATION, value);
            }
            self.client.http.get(url).headers(headers)
        };
        let response = self.client.patiently(&place, request()).await?;
        // What is answered by whom we were sent to is not the registry's word.
        let asked = response.status() == StatusCode::UNAUTHORIZED && response.url().as_str() == url;
        let Some(challenge) = Challenge::of(response.headers()).filter(|_| asked) else {
            return match response.status() {
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.unauthorized()),
                _ => Ok(response),
            };
        };
        let opened = self.client.open(&self.source, &challenge, self.right).await?;
        self.opened.replace(Some(opened));
        let response = self.client.patiently(&place, request()).await?;
        match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(self.unauthorized()),
            _ => Ok(response),
        }
    }

    /// Logs in before anything is refused, for those requests that others make.
    async fn log_in(&self) -> Result<(), RegistryError> {
        let host = self.source.connects_to();
        let url = format!("{}://{host}/v2/", self.client.options.plain_http.scheme_of(host));
        let response = self.client.patiently(&self.source.to_string(), self.client.strict.get(url)).await?;
        if response.status() == StatusCode::UNAUTHORIZED
            && let Some(challenge) = Challenge::of(response.headers())
        {
            let opened = self.client.open(&self.source, &challenge, self.right).await?;
            self.opened.replace(Some(opened));
        }
        Ok(())
    }

    fn unauthorized(&self) -> RegistryError {
        let user = self.opened.borrow().as_ref().map(|opened| opened.user.clone());
        unauthorized(&self.source, self.right, user.unwrap_or_default())
    }

    pub(crate) fn source(&self) -> &OciSource {
        &self.source
    }

    pub(crate) fn url(&self, rest: &str) -> String {
        let host = self.source.connects_to();
        let scheme = self.client.options.plain_http.scheme_of(host);
        format!("{scheme}://{host}/v2/{}/{rest}", self.source.repository())
    }
}

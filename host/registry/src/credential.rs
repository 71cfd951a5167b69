//! Who we are for a registry: what `docker login` wrote, or a credential helper says.

use std::{path::PathBuf, time::Duration};

use docker_credential::{CredentialRetrievalError, DockerCredential};
use tokio::sync::oneshot;

use crate::{error::RegistryError, text::shown};

/// How long a credential helper may take; some ask the user to unlock a key chain.
const HELPER: Duration = Duration::from_secs(60);
/// The whole answer of a credential helper that knows none for a host.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Who asks.
pub(crate) enum Credential {
    /// Nobody in particular.
    Anonymous,
    /// A user with a password or an access token.
    Password(String, String),
    /// A token that is exchanged for others (docker's `identitytoken`).
    Identity(String),
}

/// Never the secrets.
impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Anonymous => "Anonymous",
            Self::Password(..) => "Password(..)",
            Self::Identity(_) => "Identity(..)",
        })
    }
}

impl Credential {
    /// ` as USER`, for messages.
    pub(crate) fn user(&self) -> String {
        match self {
            Self::Anonymous => " to those who are not logged in".to_owned(),
            Self::Password(user, _) => format!(" to `{}`", shown(user)),
            Self::Identity(_) => " to the identity that is logged in".to_owned(),
        }
    }

    /// From docker's configuration: `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. One that is not there, or that
    /// does not know the host, is [`Credential::Anonymous`].
    pub(crate) async fn of(host: &str) -> Result<Self, RegistryError> {
        let failed = |reason: String| RegistryError::Credential { host: host.to_owned(), reason };
        if !configuration().is_some_and(|path| path.exists()) {
            return Ok(Self::Anonymous);
        }
        // The name under which docker itself keeps those of its hub.
        let server = if host == "index.docker.io" { "https://index.docker.io/v1/" } else { host }.to_owned();
        let (tell, told) = oneshot::channel();
        // Not on the runtime: a helper that never ends would keep it from ending.
        std::thread::spawn(move || drop(tell.send(docker_credential::get_credential(&server))));
        let found = tokio::time::timeout(HELPER, told).await;
        let found =
            found.map_err(|_| failed(format!("the credential helper timed out after {} s", HELPER.as_secs())))?;
        match found.map_err(|_| failed("the credential helper crashed".to_owned()))? {
            Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Self::Password(user, password)),
            Ok(DockerCredential::IdentityToken(token)) => Ok(Self::Identity(token)),
            Err(CredentialRetrievalError::NoCredentialConfigured | CredentialRetrievalError::ConfigNotFound) => {
                Ok(Self::Anonymous)
            }
            // What helpers answer who know of no credentials for a host. Their protocol has no other sign of it: `get` prints this
            // text to standard output and ends with 1, as for every other error, and docker itself compares the text
            // (docker-credential-helpers, `credentials/error.go`: `errCredentialsNotFoundMessage`, and `client/client.go`).
            Err(CredentialRetrievalError::HelperFailure { stdout, stderr, .. })
                if stdout.trim() == NOT_FOUND || stderr.trim() == NOT_FOUND =>
            {
                Ok(Self::Anonymous)
            }
            Err(CredentialRetrievalError::HelperFailure { helper, stderr, .. }) => {
                Err(failed(format!("`{helper}` failed: {}", shown(&stderr))))
            }
            Err(CredentialRetrievalError::ConfigReadError) => {
                Err(failed("docker's config.json cannot be read; it must be json".to_owned()))
            }
            Err(other) => Err(failed(format!("docker's config.json: {}", shown(&other.to_string())))),
        }
    }
}

fn configuration() -> Option<PathBuf> {
    let directory = std::env::var_os("DOCKER_CONFIG").map(PathBuf::from);
    let directory = directory.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".docker")))?;
    Some(directory.join("config.json"))
}

//! Where the registry is.

use std::time::Duration;

use tandem_config::{HttpUrl, RepositoryName};
use tandem_types::Secret;

/// The label by which the issue is found when no number is given. Only collaborators can label.
pub const LABEL: &str = "tandem-peers";

/// Where the registry is.
#[derive(Clone, Debug)]
pub struct GithubSettings {
    /// The API: `https://api.github.com`, or an enterprise server's `https://…/api/v3`.
    pub api_base: HttpUrl,
    /// The repository.
    pub repository: RepositoryName,
    /// The issue's number; without one, the first open issue with [`LABEL`].
    pub issue: Option<u64>,
    /// A token that may write issues; reading a public repository needs none.
    pub token: Option<Secret>,
    /// How long one request may take.
    pub timeout: Duration,
}

//! What was asked for, what was given, and why not more.

use std::fmt;

use serde::Serialize;

use crate::http::HttpRule;

/// One requested capability and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// Its name, as `fs.data`.
    pub capability: String,
    /// What the manifest asks for.
    pub requested: String,
    /// What the plugin gets; none when that is nothing.
    pub granted: Option<String>,
    /// Why it gets less than it asked for; none when it gets everything.
    pub reason: Option<String>,
    /// Why the author says that it is needed.
    pub purpose: Option<String>,
}

/// What is granted and why it is not all, or why nothing is.
pub(crate) type Outcome = Result<(String, Option<String>), String>;

impl Explained {
    pub(crate) fn new(capability: String, requested: String, outcome: Outcome, purpose: Option<String>) -> Self {
        let (granted, reason) = match outcome {
            Ok((granted, reason)) => (Some(granted), reason),
            Err(reason) => (None, Some(reason)),
        };
        Self { capability, requested, granted, reason, purpose }
    }
}

/// `fs.data: asked read-write, got read-only (the operator grants it read-only)`.
impl fmt::Display for Explained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let granted = self.granted.as_deref().unwrap_or("nothing");
        write!(f, "{}: asked {}, got {granted}", self.capability, self.requested)?;
        self.reason.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

/// Who has the say after the manifest.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Party {
    Operator,
    Tenant,
}

impl Party {
    /// The reason for a capability that the party does not grant.
    pub(crate) fn withholds(self) -> String {
        match self {
            Self::Operator => "the operator's grants do not have it".to_owned(),
            Self::Tenant => "the tenant's grants do not have it".to_owned(),
        }
    }

    /// The reason for requests that the party grants in another form: at another port, by other methods, below another path.
    pub(crate) fn differs(self, grant: &HttpRule, part: &str) -> String {
        let whose = match self {
            Self::Operator => "the operator's grant",
            Self::Tenant => "the tenant's grant",
        };
        // Without a port, a request and a grant mean 80 and 443.
        format!("{whose} `{grant}` has another {part}; grant the {part} that is requested")
    }

    /// The reason for a capability that the party switched off.
    pub(crate) fn switched_off(self) -> String {
        match self {
            Self::Operator => "the operator's grants set it to false".to_owned(),
            Self::Tenant => "the tenant's grants set it to false".to_owned(),
        }
    }

    /// The reason for a capability that the party narrows.
    pub(crate) fn narrows(self) -> String {
        match self {
            Self::Operator => "the operator's grants narrow it".to_owned(),
            Self::Tenant => "the tenant's grants narrow it".to_owned(),
        }
    }
}

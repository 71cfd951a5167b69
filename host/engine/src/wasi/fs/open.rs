//! The open descriptors of an instance.

use std::{collections::HashMap, sync::Arc};

use super::usage::Usage;
use crate::{account::Descriptors, capability::DirectoryQuota};

/// A granted directory, as an instance has it.
pub(super) struct Granted {
    pub(super) name: String,
    pub(super) quota: DirectoryQuota,
    pub(super) usage: Arc<Usage>,
}

/// An open descriptor of an instance.
pub(super) struct Opened {
    pub(super) granted: Arc<Granted>,
    /// Levels below the granted directory, as the paths say that led to it.
    pub(super) depth: usize,
    /// Its streams hold it too. What is granted is counted with the instance.
    pub(super) held: Option<Arc<Descriptors>>,
}

/// What each open descriptor of an instance is. Bounded as its resources are.
#[derive(Default)]
pub(crate) struct OpenFiles(pub(super) HashMap<u32, Opened>);

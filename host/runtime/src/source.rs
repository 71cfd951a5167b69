//! Where a command's configuration comes from.

use std::path::PathBuf;

/// Where a configuration comes from, beside the environment.
#[derive(Clone, Debug, Default)]
pub struct ConfigSource {
    /// The file; none is looked for as [`Location::of`](crate::locations::Location::of) says.
    pub file: Option<PathBuf>,
    /// The working directory is that of somebody else's project: no file is taken from it.
    pub foreign_directory: bool,
    /// Settings over file and environment, each as `server.port=9000`.
    pub set: Vec<String>,
}

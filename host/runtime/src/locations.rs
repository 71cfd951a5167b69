//! Where a command finds its configuration, plugins and data.
//!
//! **Promises.** The answer depends on the command line, the environment and where this program is installed; on the working
//! directory only where a person works in it: an MCP client starts its servers in the directory of any project, and a file there
//! is its author's, not the operator's. Nothing is written below the working directory unless the operator's file is there.

use std::{
    env,
    path::{Path, PathBuf},
};

use tandem_config::PathBases;

use crate::{errors::ConfigError, source::ConfigSource};

/// A configuration's file.
const FILE: &str = "tandem.toml";

/// The configuration that a checkout is tried out with, seen from its root.
const EXAMPLE: &str = "examples/tandem.toml";

/// Where a configuration is, and what its paths count from. All are absolute.
#[derive(Debug, PartialEq)]
pub struct Location {
    /// None is the defaults alone.
    pub file: Option<PathBuf>,
    /// The directory that belongs to the configuration, whether there is a file in it or not.
    pub directory: PathBuf,
    working: PathBuf,
    data: PathBuf,
}

impl Location {
    /// `--config`; `tandem.toml` in the working directory, where that is the user's; the user's own; the installation's.
    ///
    /// # Errors
    /// There is no working directory, or no home directory where one is needed.
    pub fn of(source: &ConfigSource) -> Result<Self, ConfigError> {
        let working = env::current_dir().map_err(ConfigError::WorkingDirectory)?;
        let user = user_directory("XDG_CONFIG_HOME", ".config");
        let data = user_directory("XDG_DATA_HOME", ".local/share");
        let absolute = |path: &Path| working.join(path);
        let own = |file: PathBuf| {
            // A pipe is in no directory.
            let is_pipe = file.exists() && !file.is_file();
            let directory = file.parent().filter(|_| !is_pipe).unwrap_or(&working).to_path_buf();
            // Configurations of a user are not the place of what a program writes.
            let data = data.clone().filter(|_| Some(&directory) == user.as_ref()).unwrap_or_else(|| directory.clone());
            Self { file: Some(file), directory, working: working.clone(), data }
        };
        if let Some(file) = &source.file {
            return Ok(own(absolute(file)));
        }
        let here = Some(working.join(FILE)).filter(|_| !source.foreign_directory);
        let of_user = user.as_ref().map(|directory| directory.join(FILE));
        if let Some(file) = here.into_iter().chain(of_user).find(|file| file.is_file()) {
            return Ok(own(file));
        }
        let data = data.ok_or(ConfigError::NoHome)?;
        if let Some(file) = env::current_exe().ok().and_then(|program| installed(&program)) {
            let directory = file.parent().unwrap_or(&working).to_path_buf();
            return Ok(Self { file: Some(file), directory, working, data });
        }
        Ok(Self { file: None, directory: data.clone(), working, data })
    }

    /// What the paths of the configuration count from.
    ///
    /// # Errors
    /// A directory's name is not UTF-8.
    pub fn bases(&self) -> Result<PathBases<'_>, ConfigError> {
        Ok(PathBases {
            file: text(&self.directory)?,
            working: text(&self.working)?,
            installed: text(&self.directory)?,
            data: text(&self.data)?,
        })
    }
}

fn text(path: &Path) -> Result<&str, ConfigError> {
    path.to_str().ok_or_else(|| ConfigError::NotUtf8(path.to_owned()))
}

/// A directory of this user by the XDG base directory specification. An environment without HOME has one too: the system's
/// list of users says which.
pub fn user_directory(variable: &str, usual: &str) -> Option<PathBuf> {
    let absolute = |path: PathBuf| Some(path).filter(|path| path.is_absolute());
    let base = env::var_os(variable).map(PathBuf::from).and_then(absolute);
    let base = base.or_else(|| Some(env::home_dir().and_then(absolute)?.join(usual)))?;
    Some(base.join("tandem"))
}

/// The configuration that a program is installed with: beside it, in `../share/tandem`, or the example of the checkout that it
/// was built in.
fn installed(program: &Path) -> Option<PathBuf> {
    let beside = program.parent()?;
    let shared = beside.parent()?;
    let checkout = shared.file_name().filter(|name| *name == "target").and_then(|_| shared.parent());
    let example = checkout.filter(|root| root.join("Cargo.toml").is_file()).map(|root| root.join(EXAMPLE));
    let all = [beside.join(FILE), shared.join("share/tandem").join(FILE)];
    all.into_iter().chain(example).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str) -> PathBuf {
        let path = root.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn an_installation_has_its_file_beside_shared_or_in_its_checkout() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path();
        let program = |place: &str| root.join(place).join("tandem");
        let example = write(root, EXAMPLE);
        assert_eq!(installed(&program("target/debug")), None, "it is no checkout");
        write(root, "Cargo.toml");
        assert_eq!(installed(&program("target/debug")), Some(example));
        assert_eq!(installed(&program("bin")), None);
        let shared = write(root, "share/tandem/tandem.toml");
        assert_eq!(installed(&program("bin")), Some(shared));
        let beside = write(root, "bin/tandem.toml");
        assert_eq!(installed(&program("bin")), Some(beside));
    }

    #[test]
    fn a_named_file_is_the_place_of_everything() {
        let source = ConfigSource { file: Some("some/where/tandem.toml".into()), ..ConfigSource::default() };
        let location = Location::of(&source).unwrap();
        let directory = env::current_dir().unwrap().join("some/where");
        assert_eq!((&location.directory, &location.data), (&directory, &directory));
    }
}

//! One project of an author: where its files are, and how it becomes a component.
//!
//! A project is built by its own `build.sh`, which makes `build/plugin.wasm` with the language's own tool; what that prints goes
//! to the terminal as it is.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal};
use tandem_package::PluginManifest;
use tokio::process::Command;

use super::{language::Language, sdk, terminal::child_output};
use crate::package;

/// The entry point of every build.
const SCRIPT: &str = "build.sh";
/// What it makes.
pub(super) const COMPONENT: &str = "build/plugin.wasm";
/// Tells a build that the next one will come soon.
const QUICK: &str = "TANDEM_DEV";

/// What a build is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be followed by others soon: what one command compiled, the next one need not.
    Again,
    /// To be given away: small and fast.
    Use,
}

/// The processes of a build, ended when it is dropped.
struct Group(Option<Pid>);

impl Group {
    /// They ended by themselves: the number may be another group's by now.
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // One that is gone needs no end.
            let _gone = rustix::process::kill_process_group(group, Signal::TERM);
        }
    }
}

/// A project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    pub(super) directory: PathBuf,
    pub(super) language: Language,
    sdk: PathBuf,
}

impl Project {
    /// Finds a project's language and its SDK.
    pub(super) fn open(directory: &Path) -> anyhow::Result<Self> {
        let directory = directory.canonicalize().with_context(|| {
            format!("there is no project {}; make one with `tandem plugin new`", directory.display())
        })?;
        let language = Language::of(&directory)?;
        for (file, use_of) in
            [("plugin.toml", "names the plugin and what it requests"), (SCRIPT, "makes build/plugin.wasm")]
        {
            if !directory.join(file).is_file() {
                let shown = directory.join(file);
                bail!("{} is missing: it {use_of}; `tandem plugin new` writes one to begin with", shown.display());
            }
        }
        let sdk = sdk::directory()?;
        sdk::link(&directory, language, &sdk)?;
        Ok(Self { directory, language, sdk })
    }

    /// Where its manifest is.
    pub(super) fn manifest_path(&self) -> PathBuf {
        self.directory.join("plugin.toml")
    }

    /// Its manifest, as it is now.
    pub(super) fn manifest(&self) -> anyhow::Result<PluginManifest> {
        package::manifest(&self.manifest_path())
    }

    /// The component that was built last.
    pub(super) fn component(&self) -> anyhow::Result<Vec<u8>> {
        package::read(&self.directory.join(COMPONENT))
            .with_context(|| format!("{SCRIPT} did not make {COMPONENT}; that is where the built component belongs"))
    }

    /// Runs the build. Its output is the compiler's, and goes where ours goes.
    ///
    /// # Errors
    /// It failed, or could not be started. Dropping the future ends it.
    pub(super) async fn build(&self, purpose: Purpose) -> anyhow::Result<()> {
        let mut command = Command::new("sh");
        command.arg(SCRIPT).current_dir(&self.directory).env(sdk::VARIABLE, &self.sdk);
        match purpose {
            Purpose::Again => command.env(QUICK, "1"),
            Purpose::Use => command.env_remove(QUICK),
        };
        command.stdin(Stdio::null()).stdout(child_output()).kill_on_drop(true);
        // A compiler has children of its own; all of them end when the author ends us.
        let mut child = command.process_group(0).spawn().context("cannot run sh")?;
        let group = Group(child.id().and_then(|id| Pid::from_raw(id.cast_signed())));
        let status = child.wait().await.context("cannot wait for the build")?;
        group.ended();
        match status.code() {
            Some(0) => Ok(()),
            Some(code) => bail!("the build failed with exit code {code}"),
            None => bail!("the build was ended by a signal"),
        }
    }
}

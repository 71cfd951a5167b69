//! Puts files into the plugin directory, and takes them out.

use std::fs;

use anyhow::Context;
use tandem_files::Staged;
use tandem_registry::Locked;
use tandem_types::Name;

use crate::{
    directory::{PluginFile, sync, target},
    installation::Installation,
};

impl Installation {
    /// Puts a file that was admitted into its place, and notes it in the lock file.
    pub(crate) fn place(&mut self, bytes: &[u8], locked: Locked, present: Option<&PluginFile>) -> anyhow::Result<()> {
        let directory = &self.load.directory;
        let target = target(directory, &locked.name, present)?;
        let cannot = || format!("cannot write {}", target.display());
        // Under a name that is not a plugin's: nobody looks at it before it is renamed.
        tandem_files::sweep(directory);
        let staged = Staged::new(&target, bytes, 0o644).with_context(cannot)?;
        let mut lock = self.lock.clone().unwrap_or_default();
        lock.plugins.insert(locked.name.clone(), locked);
        // All that is likely to fail is done; two renames are left.
        let prepared = lock.prepare(&self.lock_path)?;
        staged.put().with_context(cannot)?;
        prepared
            .commit()
            .with_context(|| format!("{} is installed, but the lock file is not updated", target.display()))?;
        self.lock = Some(lock);
        Ok(())
    }

    /// Takes a plugin's file and its entry away. Answers whether there was one.
    pub(crate) fn remove(&mut self, name: &Name) -> anyhow::Result<bool> {
        let present = PluginFile::find(&self.load, name)?;
        let mut lock = self.lock.clone().unwrap_or_default();
        let known = lock.plugins.remove(name).is_some();
        if present.is_none() && !known {
            return Ok(false);
        }
        let prepared = known.then(|| lock.prepare(&self.lock_path)).transpose()?;
        if let Some(PluginFile { path, .. }) = &present {
            fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
            sync(&self.load.directory);
        }
        if let Some(prepared) = prepared {
            prepared.commit()?;
            self.lock = Some(lock);
        }
        Ok(true)
    }
}

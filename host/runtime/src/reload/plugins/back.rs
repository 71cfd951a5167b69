//! The way back to a version that served before.
//!
//! **Promises.** A kept file is taken over as a new one is; what cannot be changes nothing. Its place in the plugin directory
//! is taken too, so that a restart does not undo it. **Bounds** are [`history`](crate::reload::history)'s.

use anyhow::bail;
use serde_json::Value;
use tandem_catalog::Category;

use super::{Plugins, RetryScope, Take};
use crate::{
    grants::Grants,
    load::{LoadOptions, read_file},
    reload::history,
    supply::{self, Supply},
};

impl Plugins {
    /// Goes back to a kept file: the one that served before, or `to`, a version or a digest. Its place in the directory
    /// is taken too. Blocking.
    pub(crate) fn roll_back(&self, plugin: &str, to: Option<&str>, actor: &str) -> anyhow::Result<Value> {
        let mut refused = self.refused();
        let Some(serving) = self.catalog.plugins().into_iter().find(|status| status.name.as_deref() == Some(plugin))
        else {
            bail!("no plugin `{plugin}` is loaded; `tandem plugin list` shows all");
        };
        let file = serving.file;
        let (old, canary) = self.catalog.of_file(&file);
        let path = self.directory().join(&file);
        if let Some(canary) = canary {
            self.roll_back_canary(&canary, "rolled back by the operator".to_owned(), actor);
            if to.is_none() {
                let kept = self.history.find(plugin, serving.digest.as_deref(), "")?;
                history::put_back(&path, &kept.read()?)?;
                self.catalog.accept(&file);
                drop(refused);
                return Ok(self.list(Some(&|other| *other == file)));
            }
        }
        let kept = self.history.find(plugin, to, serving.digest.as_deref().unwrap_or_default())?;
        let bytes = kept.read()?;
        let grants = Grants::new(self.policy.clone(), Supply::new(self.config.clone(), self.store.clone())?).back();
        let take = Take {
            options: LoadOptions::of(&self.config)?,
            grants,
            retry: RetryScope::RolledBack,
            removed: &[],
            actor,
        };
        let category = self.compiled(&file, &bytes, &take)?;
        if &*category.plugin_name != plugin {
            bail!("the kept file is of plugin `{}`", category.plugin_name);
        }
        let event = supply::loaded("plugin.rolled-back", &category.installed)
            .with("before", old.map(|old| old.version.clone()).unwrap_or_default());
        history::put_back(&path, &bytes)?;
        let displaced = self.catalog.swap(category, None).map_err(anyhow::Error::msg)?;
        refused.remove(&file);
        self.serves(&file, displaced, Some(event), actor);
        drop(refused);
        Ok(self.list(Some(&|other| *other == file)))
    }

    /// Keeps the file of what serves.
    pub(super) fn keep(&self, category: &Category) {
        let path = self.directory().join(&category.file);
        let bytes = || read_file(&path).map_err(std::io::Error::other);
        if let Err(error) = self.history.keep(&category.installed, bytes) {
            let plugin = &*category.plugin_name;
            tracing::warn!(%error, plugin, "history: cannot keep the plugin's file, so no rollback to it");
        }
    }
}

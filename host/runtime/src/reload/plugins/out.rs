//! Files that do not serve, or no more: each leaves a line in the log, a count and a record of the audit log.

use tandem_catalog::Category;
use tandem_package::Sha256Digest;

use super::{Plugins, Refused, count};
use crate::{
    failure::LoadFailure,
    supply::{self, Supply},
};

impl Plugins {
    /// Has a file compiled beside, or leaves it out.
    pub(super) fn put_off(&self, file: &str, digest: Sha256Digest, actor: &str) {
        if let Err(failure) = self.compile_later(file, digest) {
            self.refuse(file, &failure, actor);
        }
    }

    /// Leaves out what a file is now.
    pub(in crate::reload) fn leave_out(&self, file: &str, digest: Sha256Digest, failure: LoadFailure, actor: &str) {
        self.refused().insert(file.to_owned(), Refused::Content(digest));
        self.refuse(file, &failure, actor);
    }

    pub(super) fn refuse(&self, file: &str, failure: &LoadFailure, actor: &str) {
        let serving = self.catalog.of_file(file).0;
        count(serving.as_ref().map_or("unknown", |category| &category.name), "refused");
        match &serving {
            Some(old) => {
                tracing::error!(file, version = old.version, "candidate refused, the old one serves: {failure}")
            }
            None => tracing::error!(file, "plugin left out: {failure}"),
        }
        let rejected = failure.of(file.to_owned());
        self.record(supply::refused(&rejected), actor);
        self.catalog.reject(rejected);
    }

    pub(super) fn unload(&self, file: &str, reason: &str, actor: &str) -> bool {
        let displaced = self.catalog.unload(file);
        for category in &displaced {
            count(&category.name, "unloaded");
            let (plugin, version) = (&*category.plugin_name, &*category.version);
            tracing::info!(plugin, version, file, "plugin unloaded: {reason}");
            self.record(supply::loaded("plugin.unloaded", &category.installed).with("reason", reason), actor);
        }
        let any = !displaced.is_empty();
        self.draining.retire(displaced);
        any
    }

    /// What may not be loaded any more may not serve any more.
    pub(super) fn unload_revoked(&self, files: &[String], supply: &Supply, actor: &str) {
        for file in files {
            let (serving, canary) = self.catalog.of_file(file);
            let refusal = |category: &Category| supply.is_still_trusted(&category.installed).err();
            let of_canary = canary.as_ref().and_then(|canary| refusal(&canary.category));
            if let (Some(canary), Some(reason)) = (canary, of_canary) {
                self.roll_back_canary(&canary, reason.to_string(), actor);
            }
            if let Some(reason) = serving.and_then(|category| refusal(&category)) {
                self.unload(file, &reason.to_string(), actor);
            }
        }
    }
}

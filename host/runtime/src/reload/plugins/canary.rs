//! How a canary ends.
//!
//! **Promises.** A canary that meets its criteria serves, one that breaks them does not, and either is in the log, the
//! metrics and the audit log. Who gives one up says why; it is not tried again by itself.

use std::time::Instant;

use tandem_catalog::{Canary, Verdict};

use super::{Plugins, count};
use crate::{audit::HOST, supply};

impl Plugins {
    /// Looks how canaries do. Blocking.
    pub(in crate::reload) fn evaluate(&self) {
        for canary in self.catalog.canaries() {
            match canary.verdict(Instant::now()) {
                Verdict::Open => {}
                Verdict::Promote => {
                    let _order = self.refused();
                    self.promote(&canary, HOST);
                }
                Verdict::RollBack(reason) => {
                    let _order = self.refused();
                    self.roll_back_canary(&canary, reason, HOST);
                }
            }
        }
    }

    pub(super) fn promote(&self, canary: &Canary, actor: &str) {
        match self.catalog.promote(canary) {
            Ok(None) => {}
            Ok(Some(displaced)) => {
                count(&canary.category.name, "promoted");
                self.serves(&canary.category.file, displaced, None, actor);
            }
            Err(taken) => self.roll_back_canary(canary, taken.to_string(), actor),
        }
    }

    pub(super) fn roll_back_canary(&self, canary: &Canary, reason: String, actor: &str) {
        let category = &canary.category;
        if !self.catalog.roll_back(canary, format!("canary {} rolled back: {reason}", category.version)) {
            return;
        }
        self.rolled_back().insert(category.file.clone(), category.installed.digest);
        count(&category.name, "rolled-back");
        tracing::error!(plugin = &*category.plugin_name, version = category.version, "canary rolled back: {reason}");
        self.draining.retire(vec![category.clone()]);
        self.record(supply::loaded("plugin.rolled-back", &category.installed).with("reason", reason), actor);
    }
}

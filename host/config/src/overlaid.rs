//! What a plugin has for a tenant: the configuration with the changes of run time laid over it.

use std::collections::BTreeSet;

use tandem_package::{Effective, Grants, Overlay, Overlays, Request};
use tandem_types::Name;

use crate::HostConfig;

impl HostConfig {
    /// What a plugin has for a tenant, with what was changed at run time.
    #[must_use]
    pub fn effective_with(&self, plugin: &str, request: &Request, tenant: &str, overlays: &Overlays) -> Effective {
        let none = Grants::default();
        let operator = self.grants.get(plugin).unwrap_or(&none);
        let (for_all, for_one) = (overlays.of(plugin, None), overlays.of(plugin, Some(tenant)));
        let operator = for_all.map_or_else(|| operator.clone(), |overlay| overlay.over(operator.clone(), &none));
        let configured = self.tenants.get(tenant).and_then(|tenant| tenant.grants.get(plugin));
        let tenant = for_one.map_or_else(
            || configured.cloned(),
            |overlay| Some(overlay.over(configured.cloned().unwrap_or_default(), &operator)),
        );
        let mut effective = Effective::intersect(request, &operator, tenant.as_ref());
        for explained in &mut effective.explained {
            let revoked =
                |overlay: Option<&Overlay>| overlay.is_some_and(|overlay| overlay.revokes(&explained.capability));
            if explained.granted.is_none() && revoked(for_all) {
                explained.reason = Some("revoked at run time; `tandem grant add` gives it back".to_owned());
            } else if explained.granted.is_none() && revoked(for_one) {
                explained.reason =
                    Some("revoked at run time for this tenant; `tandem grant add` gives it back".to_owned());
            }
        }
        effective
    }

    /// Whether the configuration or a change has a grant of HTTP that is called so.
    #[must_use]
    pub fn has_http(&self, plugin: &str, tenant: Option<&str>, name: &str, overlays: &Overlays) -> bool {
        let none = Grants::default();
        let mut grants = self.grants.get(plugin).unwrap_or(&none).clone();
        if let Some(overlay) = overlays.of(plugin, None) {
            grants = overlay.over(grants, &none);
        }
        if let Some(tenant) = tenant {
            let configured = self.tenants.get(tenant).and_then(|tenant| tenant.grants.get(plugin)).cloned();
            let overlay = overlays.of(plugin, Some(tenant)).cloned().unwrap_or_default();
            let narrowed = overlay.over(configured.unwrap_or_default(), &grants);
            grants.http = narrowed.http.or(grants.http);
        }
        grants.http.iter().flatten().any(|rule| rule.is_named(name))
    }

    /// The tenants for whom a plugin's grants may differ from everybody's.
    #[must_use]
    pub fn tenants_of<'a>(&'a self, plugin: &'a str, overlays: &'a Overlays) -> BTreeSet<&'a str> {
        self.tenants.keys().map(Name::as_str).chain(overlays.tenants(plugin)).collect()
    }
}

#[cfg(test)]
mod tests;

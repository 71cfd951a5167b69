//! What a request and grants must keep to.

use std::collections::BTreeMap;

use tandem_document::{Check, Findings};
use tandem_types::{Name, Setting, VariableName};

use super::table::{Grants, InternalKind, Request};
use crate::{
    bounds::{MAX_ENTRIES, check_http, check_reason, check_unique, check_wanted},
    grant::EnvGrant,
};

/// Longest value of a variable or a setting, in bytes: a small configuration file fits.
const MAX_SETTING: usize = 64 << 10;

/// Most networks of one HTTP grant.
const MAX_NETWORKS: usize = 32;

impl Check for Request {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("fs", self.fs.len(), MAX_ENTRIES);
        findings.each("fs", &self.fs, |findings, entry| check_reason(entry.reason.as_ref(), findings));
        check_unique("fs", self.fs.iter().map(|entry| entry.name.as_str()), findings);
        findings.at_most("http", self.http.len(), MAX_ENTRIES);
        findings.each("http", &self.http, |findings, entry| {
            check_reason(entry.reason.as_ref(), findings);
            check_http(entry.port, entry.methods.as_ref(), findings);
        });
        check_wanted("env", &self.env, VariableName::as_str, findings);
        check_wanted("secrets", &self.secrets, Name::as_str, findings);
        check_wanted("p2p", &self.p2p, |interface| interface.as_str(), findings);
        InternalKind::all().for_each(|kind| kind.check_request(self, findings));
    }
}

impl Check for Grants {
    fn check(&self, findings: &mut Findings) {
        findings.at_most("fs", self.fs.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("env", self.env.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("secrets", self.secrets.as_ref().map_or(0, BTreeMap::len), MAX_ENTRIES);
        findings.at_most("secret-hosts", self.secret_hosts.len(), MAX_ENTRIES);
        findings.at_most("config", self.config.len(), MAX_ENTRIES);
        if let Some(http) = &self.http {
            findings.at_most("http", http.len(), MAX_ENTRIES);
            findings.each("http", http, |findings, grant| {
                check_http(grant.0.port, grant.0.methods.as_ref(), findings);
                findings.at_most("allow-cidrs", grant.0.allow_cidrs.len(), MAX_NETWORKS);
            });
        }
        findings.within("env", |findings| {
            for (name, grant) in self.env.iter().flatten() {
                if let EnvGrant::Value(value) = grant {
                    check_setting(name.as_str(), value, findings);
                }
            }
        });
        findings.within("config", |findings| {
            self.config.iter().for_each(|(name, value)| check_setting(name.as_str(), value, findings));
        });
        InternalKind::all().for_each(|kind| kind.check_grants(self, findings));
    }
}

fn check_setting(name: &str, value: &Setting, findings: &mut Findings) {
    let length = value.expose().len();
    if length > MAX_SETTING {
        findings.report(name, format!("{length} bytes; the limit is {MAX_SETTING}"));
    } else if value.expose().contains('\0') {
        findings.report(name, "a nul byte cannot be passed on; take it out");
    }
}

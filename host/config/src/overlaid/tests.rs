use std::collections::BTreeMap;

use tandem_package::{FsMode, GrantChange};
use tandem_types::Secret;

use super::*;
use crate::ConfigSources;

const CONFIG: &str = "[grants.p]\nfs.data = 'data'\nfs.more = 'more'\nhttp = ['a.test', 'b.test:8443']\nenv.LANG = 'C'\n\
    allow = ['peers']\nsecret-hosts.token = ['a.test']\nkv = { max-keys = 7 }\n[tenants.acme.grants.p]\nfs.data = 'acme'\n";

fn config() -> HostConfig {
    let sources = ConfigSources {
        file: Some(("tandem.toml", CONFIG)),
        environment: &BTreeMap::new(),
        flags: &[],
        bases: Default::default(),
        resolve: &|_| Err(crate::ReferenceError::Unavailable),
    };
    HostConfig::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn request() -> Request {
    let text = "[plugin]\nname = 'p'\nversion = '1.0.0'\ndescription = 'd'\n[request]\n\
        fs = [{ name = 'data', mode = 'read-write' }, { name = 'more' }]\nhttp = [{ host = 'c.test' }, { host = 'a.test' }, { host = 'b.test', port = 8443 }]\n\
        env = ['LANG']\nsecrets = ['token']\ncache = true\nkv = true\ninvoke = true\np2p = ['peers']\n";
    tandem_package::PluginManifest::parse("plugin.toml", text)
        .unwrap_or_else(|errors| panic!("{}", errors.render(false)))
        .request
}

/// Changes as `+fs.data=/x:rw` and `-fs.data`, for all or for a tenant.
fn changed(changes: &[(&str, Option<&str>)]) -> Overlays {
    let mut overlays = Overlays::default();
    for (change, tenant) in changes {
        let (item, change) = match change.split_at(1) {
            ("+", words) => GrantChange::from_words(words).unwrap(),
            (_, item) => (item.parse().unwrap(), GrantChange::Revoke),
        };
        // What is kept is what was meant.
        let kept = GrantChange::from_kept(&item.to_string().parse().unwrap(), change.to_kept().as_deref()).unwrap();
        assert_eq!(kept, change);
        overlays.entry("p".parse().unwrap(), tenant.map(|tenant| tenant.parse().unwrap())).record(item, kept);
    }
    overlays
}

fn effective(changes: &[(&str, Option<&str>)], tenant: &str) -> Effective {
    config().effective_with("p", &request(), tenant, &changed(changes))
}

fn names(effective: &Effective) -> Vec<String> {
    let fs = effective.fs.iter().map(|access| format!("{}@{}", access.name, access.path));
    fs.chain(effective.http.iter().map(ToString::to_string)).collect()
}

#[test]
fn without_changes_the_configuration_stands() {
    let (one, other) = (effective(&[], "acme"), config().effective("p", &request(), "acme"));
    assert_eq!(one, other);
}

#[test]
fn a_revocation_wins_over_the_file_for_all_or_for_one() {
    let all = effective(&[("-fs.data", None), ("-kv", None), ("-http.a.test", None), ("-allow.peers", None)], "acme");
    assert_eq!(names(&all), ["b.test:8443"]);
    assert!(all.internal.kv.is_none() && all.p2p.is_empty() && all.internal.invoke);
    let reason = all.explain().iter().find(|explained| explained.capability == "kv").unwrap().reason.clone();
    assert!(reason.unwrap().starts_with("revoked at run time"));
    let one = [("-fs", Some("acme")), ("-http.b.test:8443", Some("acme")), ("-invoke", Some("acme"))];
    assert_eq!(names(&effective(&one, "acme")), ["a.test"]);
    assert!(!effective(&one, "acme").internal.invoke && effective(&one, "other").internal.invoke);
    assert_eq!(names(&effective(&one, "other")), ["data@data", "more@more", "a.test", "b.test:8443"]);
}

#[test]
fn the_latest_change_counts() {
    let back = effective(&[("-kv", None), ("+kv", None), ("-fs", None), ("+fs.data=other:rw", None)], "x");
    assert_eq!(back.internal.kv.unwrap().max_keys, 7, "the bounds of the file hold");
    assert_eq!((names(&back)[0].as_str(), back.fs[0].mode, back.fs.len()), ("data@other", FsMode::ReadWrite, 1));
    assert!(effective(&[("+fs.data=other", None), ("-fs", None)], "x").fs.is_empty());
    assert_eq!(effective(&[("+http=c.test", None), ("-http.c.test", None)], "x").http.len(), 2);
    assert_eq!(effective(&[("-http.c.test", None), ("+http=c.test", None)], "x").http.len(), 3);
    assert!(effective(&[("-http.c.test", None), ("+http=c.test", None), ("-http", None)], "x").http.is_empty());
}

#[test]
fn a_tenants_grant_narrows_and_never_widens() {
    let only = effective(&[("-fs.data", None), ("+fs.data=private:rw", Some("acme"))], "acme");
    assert!(only.fs.is_empty(), "the operator does not grant it: {:?}", only.explain());
    let moved = effective(&[("+fs.more=theirs:rw", Some("acme"))], "acme");
    assert_eq!(moved.fs.iter().find(|access| access.name.as_str() == "more").unwrap().mode, FsMode::ReadOnly);
    assert!(effective(&[("+http=c.test", Some("acme"))], "acme").http.len() == 2);
}

#[test]
fn what_was_not_requested_is_not_had() {
    let request = Request::default();
    let overlays = changed(&[("+fs.data=/:rw", None), ("+http=c.test", None), ("+kv", None), ("+invoke", None)]);
    assert_eq!(config().effective_with("p", &request, "x", &overlays), Effective::default());
}

#[test]
fn secrets_come_from_elsewhere_and_do_not_print() {
    let (item, change) = GrantChange::secret("secrets.token", Secret::new("hunter2".into())).unwrap();
    assert!(!format!("{item:?} {change:?}").contains("hunter2"));
    let mut overlays = Overlays::default();
    overlays.entry("p".parse().unwrap(), None).record(item, change);
    let effective = config().effective_with("p", &request(), "x", &overlays);
    assert_eq!(effective.secrets["token"].expose(), "hunter2");
    assert!(GrantChange::secret("env.X", Secret::new("x".into())).is_err());
    let error = GrantChange::from_words("secrets.token=hunter2").unwrap_err().to_string();
    assert!(error.contains("@FILE") && !error.contains("hunter2"), "{error}");
}

#[test]
fn wrong_words_say_what_to_write() {
    for (words, expected) in [
        ("disk", "is not a kind of grant"),
        ("fs=/x", "fs.NAME=PATH"),
        ("fs.data", "fs.NAME=PATH"),
        ("fs.data=../x", "without `..`"),
        ("fs.DATA=/x", "kebab-case"),
        ("http.a.test", "http=HOST"),
        ("http=a b", "http"),
        ("kv=1", "it has no value"),
        ("kv.x", "has no names"),
        ("allow", "allow.NAME"),
        ("allow.everything", "everything"),
        ("env.A B=1", "A B"),
    ] {
        let error = GrantChange::from_words(words).unwrap_err().to_string();
        assert!(error.contains(expected), "{words}: {error}");
    }
}

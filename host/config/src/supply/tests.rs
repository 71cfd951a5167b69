use std::collections::BTreeMap;

use tandem_package::{Installed, KeyId, KeyPair, Sha256Digest};

use super::*;
use crate::{ConfigSources, HostConfig};

const LIST: &str = "[keys]\n\"0123456789abcdef\" = \"it was stolen\"\n[files]\n\
    \"sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\" = \"it spies\"\n";

fn config(plugins: &str) -> HostConfig {
    let text = format!("[plugins]\n{plugins}\n");
    let sources = ConfigSources {
        file: Some(("tandem.toml", &text)),
        environment: &BTreeMap::new(),
        flags: &[],
        bases: Default::default(),
        resolve: &|_| Err(crate::ReferenceError::Unavailable),
    };
    HostConfig::load(&sources).unwrap_or_else(|errors| panic!("{}", errors.render(false)))
}

fn file(version: &str, content: &str, signer: Option<KeyId>) -> Installed {
    let (version, digest) = (version.parse().unwrap(), Sha256Digest::of(content.as_bytes()));
    Installed { name: "dataset".to_owned(), version, digest, signer }
}

fn admit(plugins: &str, file: &Installed, before: Option<&Installed>) -> Result<Option<String>, SupplyError> {
    SupplyPolicy::new(&config(plugins), &Revoked::parse("revoked.toml", LIST).unwrap()).admit(file, before)
}

fn keys() -> (Option<KeyId>, Option<KeyId>) {
    (Some(KeyPair::generate().unwrap().id()), Some(KeyPair::generate().unwrap().id()))
}

#[test]
fn revoked_keys_and_files_are_refused_with_the_reason() {
    let stolen: KeyId = "0123456789abcdef".parse().unwrap();
    let refused = admit("", &file("1.0.0", "x", Some(stolen)), None).unwrap_err();
    assert_eq!(refused.to_string(), "its signing key 0123456789abcdef is revoked: it was stolen");
    // The digest of "test".
    let refused = admit("", &file("1.0.0", "test", None), None).unwrap_err();
    assert!(refused.to_string().ends_with("is revoked: it spies"), "{refused}");
    assert_eq!(admit("", &file("1.0.0", "x", None), None), Ok(None));
}

#[test]
fn a_list_with_an_error_is_no_list() {
    for wrong in
        ["[keys]\n\"0123\" = \"x\"", "[files]\n\"9f86\" = \"x\"", "[keys]\n\"0123456789abcdef\" = \"\"", "[key]"]
    {
        assert!(Revoked::parse("revoked.toml", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_pinned_plugin_is_the_pinned_file() {
    let pin = format!("pins.dataset = '{}'", Sha256Digest::of(b"x"));
    assert_eq!(admit(&pin, &file("1.0.0", "x", None), None), Ok(None));
    let refused = admit(&pin, &file("1.0.0", "y", None), None).unwrap_err();
    assert!(matches!(refused, SupplyError::Pin { .. }) && refused.to_string().contains("plugins.pins.dataset"));
}

#[test]
fn a_version_does_not_go_back_unless_it_may() {
    let (key, _) = keys();
    let (old, new) = (file("1.9.0", "old", key), file("1.10.0-rc.1", "new", key));
    assert_eq!(admit("", &new, Some(&old)), Ok(None));
    let refused = admit("", &old, Some(&new)).unwrap_err();
    assert!(refused.to_string().contains("`dataset` 1.9.0 is older than 1.10.0-rc.1"), "{refused}");
    assert_eq!(admit("allow-downgrade = ['dataset']", &old, Some(&new)), Ok(None));
    assert_eq!(admit("allow-downgrade = ['*']", &old, Some(&new)), Ok(None));
    assert!(admit("allow-downgrade = ['other']", &old, Some(&new)).is_err());
}

#[test]
fn a_name_keeps_its_signer_unless_the_operator_says_so() {
    let (mine, theirs) = keys();
    let before = file("1.0.0", "mine", mine);
    for taken in [file("2.0.0", "theirs", theirs), file("1.0.0", "theirs", theirs), file("2.0.0", "nobodys", None)] {
        assert!(matches!(admit("", &taken, Some(&before)), Err(SupplyError::NewSigner { .. })), "{taken:?}");
        assert!(admit("allow-new-signer = ['dataset']", &taken, Some(&before)).is_ok());
    }
    assert_eq!(admit("", &file("1.0.1", "signed", mine), Some(&file("1.0.0", "unsigned", None))), Ok(None));
}

#[test]
fn a_rebuild_by_the_same_hand_is_only_mentioned() {
    let (key, _) = keys();
    let told = admit("", &file("1.0.0", "again", key), Some(&file("1.0.0", "first", key))).unwrap();
    assert!(told.unwrap().contains("1.0.0 again"));
    assert!(admit("", &file("1.0.0", "x", key), Some(&file("1.0.0+build.7", "y", key))).unwrap().is_some());
    assert_eq!(admit("", &file("1.0.0", "first", key), Some(&file("1.0.0", "first", key))), Ok(None));
}

//! `tandem.toml`: parsed or refused, and no secret is ever printed.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use tandem_manifest::{ConfigSources, HostConfig, Revoked};

const SECRET: &str = "hunter2-hunter2-hunter2";

fuzz_target!(|text: &str| {
    let _ = Revoked::parse("revoked.toml", text);
    let environment = BTreeMap::new();
    let loaded = HostConfig::load(&ConfigSources {
        file: Some(("tandem.toml", text)),
        environment: &environment,
        flags: &[],
        resolve: &|_| Ok(SECRET.to_owned()),
    });
    match loaded {
        Ok(config) => {
            let shown: Vec<String> = config.entries().iter().map(|entry| entry.value.clone()).collect();
            assert!(!shown.iter().any(|value| value.contains(SECRET)), "a secret is shown");
        }
        Err(errors) => assert!(!errors.render(false).contains(SECRET), "a secret is shown"),
    }
});

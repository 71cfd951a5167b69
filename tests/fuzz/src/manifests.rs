//! Files of plugin authors and operators.

use std::collections::BTreeMap;

use tandem_config::{ConfigSources, HostConfig, Revoked};
use tandem_package::{
    GrantItem, HostPattern, HttpRule, Package, PathPrefix, PluginManifest, SignaturePolicy, TrustRoots,
};
use tandem_types::{ByteSize, HumanDuration};

const SECRET: &str = "hunter2-hunter2-hunter2";

/// `plugin.toml` of strangers: parsed or refused with places, and drawn without a panic.
pub fn manifest(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match PluginManifest::parse("plugin.toml", text) {
        Ok(manifest) => assert!(!manifest.plugin.name.as_str().is_empty()),
        Err(errors) => assert!(!errors.render(false).is_empty()),
    }
}

/// Plugin files of strangers, custom sections and signatures: nothing that is unsigned is ever opened as signed.
pub fn package(file: &[u8]) {
    let roots = TrustRoots::none();
    let _ = Package::inspect(file, &roots);
    let _ = Package::open(file, &roots, SignaturePolicy::AllowUnsigned);
    assert!(Package::open(file, &roots, SignaturePolicy::Required).is_err(), "nobody is trusted");
    // The same bytes as the custom sections of a component that is otherwise empty.
    let mut component = b"\0asm\x0d\0\x01\0".to_vec();
    component.extend_from_slice(file);
    let _ = Package::inspect(&component, &roots);
    assert!(Package::open(&component, &roots, SignaturePolicy::Required).is_err(), "nobody is trusted");
}

/// `tandem.toml` and `revoked.toml`: parsed or refused, and no secret is ever printed.
pub fn config(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = Revoked::parse("revoked.toml", text);
    let environment = BTreeMap::new();
    let loaded = HostConfig::load(&ConfigSources {
        file: Some(("tandem.toml", text)),
        environment: &environment,
        flags: &[],
        bases: Default::default(),
        resolve: &|_| Ok(SECRET.to_owned()),
    });
    match loaded {
        Ok(config) => {
            let shown: Vec<String> = config.entries().iter().map(|entry| entry.value.clone()).collect();
            assert!(!shown.iter().any(|value| value.contains(SECRET)), "a secret is shown");
        }
        Err(errors) => assert!(!errors.render(false).contains(SECRET), "a secret is shown"),
    }
}

/// Patterns of grants, a line each (two patterns, a path, a host, a path that is asked for, a port): parsed or refused; what
/// two rules both allow, each of them allows.
pub fn patterns(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (a, b, path, host, asked) = (line(), line(), line(), line(), line());
    let port = line().trim().parse().unwrap_or(443);
    let _ = (a.parse::<ByteSize>(), a.parse::<HumanDuration>(), a.parse::<GrantItem>());
    let rule = |pattern: &str| {
        let mut rule = HttpRule::host(pattern.parse::<HostPattern>().ok()?);
        rule.path = path.parse::<PathPrefix>().ok();
        Some(rule)
    };
    let (Some(one), Some(other)) = (rule(a), rule(b)) else { return };
    let both = one.meet(&other).is_some_and(|met| met.allows("GET", host, port, asked));
    assert!(!both || one.allows("GET", host, port, asked), "a meet is wider than one of its rules");
    assert!(!both || other.allows("GET", host, port, asked), "a meet is wider than one of its rules");
}

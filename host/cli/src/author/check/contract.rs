//! The world: which versions of which interfaces, and which imports never give anything.

use tandem_manifest::PluginManifest;

use super::{Findings, binary::Facts};

/// The version of the contract that this host speaks.
const VERSION: &str = "0.1.0";
/// What a plugin exports, the first of them always.
const EXPORTS: [&str; 4] = ["tools", "resources", "prompts", "lifecycle"];

/// Host interfaces that are had by request, and the manifest's word for it.
const REQUESTED: [(&str, &str); 8] = [
    ("tandem:host/kv@", "kv"),
    ("tandem:host/cache@", "cache"),
    ("tandem:host/invoke@", "invoke"),
    ("tandem:host/secrets@", "secrets"),
    ("wasi:http/outgoing-handler@", "http"),
    ("wasi:filesystem/preopens@", "fs"),
    ("tandem:p2p/task-queue@", "p2p"),
    ("tandem:p2p/workflow@", "p2p"),
];

pub(super) fn check(facts: &Facts, manifest: Option<&PluginManifest>, findings: &mut Findings) {
    exports(facts, findings);
    versions(facts, findings);
    never(facts, findings);
    if let Some(manifest) = manifest {
        by_request(facts, manifest, findings);
    }
}

fn exports(facts: &Facts, findings: &mut Findings) {
    let ours = |name: &str| {
        let interface = name.strip_prefix("tandem:plugin/")?.split('@').next()?;
        EXPORTS.contains(&interface).then_some(())
    };
    // Otherwise its tools are its exported functions, and the engine says which are none.
    if !facts.exports.iter().any(|name| name.starts_with("tandem:plugin/tools@")) {
        return;
    }
    // What runs an interpreter exports an entry of its own.
    for name in facts.exports.iter().filter(|name| ours(name).is_none() && facts.interpreter.is_none()) {
        findings.note(
            "exports",
            format!("`{name}` is exported, and no host calls it"),
            "leave it out, or export it for others",
        );
    }
}

fn versions(facts: &Facts, findings: &mut Findings) {
    for name in facts.imports.iter().chain(&facts.exports) {
        let Some((interface, version)) = name.split_once('@').filter(|(name, _)| name.starts_with("tandem:")) else {
            continue;
        };
        if version != VERSION {
            let message = format!("`{interface}` in version {version}; this host speaks {VERSION}");
            findings.error("world", message, "build it with the SDK that belongs to the oldest host it is for");
        }
    }
    for name in &facts.imports {
        let old = name
            .strip_prefix("wasi:")
            .and_then(|name| name.split_once('@'))
            .filter(|(_, version)| !version.starts_with("0.2."));
        if let Some((interface, version)) = old {
            let message = format!("`wasi:{interface}` in version {version}; hosts give 0.2");
            findings.error("world", message, "build it for wasm32-wasip2");
        }
    }
}

/// An interpreter imports all of WASI; what it never gets matters only to a program that tries.
fn never(facts: &Facts, findings: &mut Findings) {
    let sockets: Vec<_> = facts.imports.iter().filter(|name| name.starts_with("wasi:sockets/")).collect();
    if let Some(first) = sockets.first() {
        let message =
            format!("`{first}`{}: no host grants sockets", if sockets.len() > 1 { " and others" } else { "" });
        match facts.interpreter {
            Some(language) => {
                findings.note("imports", message, format!("{language} always imports them; use the SDK's `http`"))
            }
            None => findings.warning("imports", message, "use wasi:http, with `http` under `[request]`"),
        }
    }
}

fn by_request(facts: &Facts, manifest: &PluginManifest, findings: &mut Findings) {
    let request = &manifest.request;
    let requested = |word: &str| match word {
        "kv" => request.kv.on().is_some(),
        "cache" => request.cache.on().is_some(),
        "invoke" => request.invoke.on().is_some(),
        "secrets" => !request.secrets.is_empty(),
        "http" => !request.http.is_empty(),
        "fs" => !request.fs.is_empty(),
        _ => !request.p2p.is_empty(),
    };
    for (interface, word) in REQUESTED {
        let imported = facts.imports.iter().any(|name| name.starts_with(interface));
        let shown = interface.trim_end_matches('@');
        match (imported, requested(word)) {
            // The C library brings the file system along, and an interpreter everything.
            (true, false) if word != "fs" && facts.interpreter.is_none() => {
                let message = format!("`{shown}` is imported and `{word}` is not requested: every use is refused");
                findings.warning("request", message, format!("add `{word}` under `[request]`, or do not use it"));
            }
            (false, true) if word != "p2p" => {
                let message = format!("`{word}` is requested and `{shown}` is not imported: it cannot be used");
                findings.warning(
                    "request",
                    message,
                    format!("take `{word}` out: operators are asked for less, and grant it sooner"),
                );
            }
            _ => {}
        }
    }
}

//! The world: which versions of which interfaces, and which imports never give anything.

use tandem_package::{InternalKind, P2pInterface, PluginManifest};

use super::{binary::BinaryReport, findings::Findings};

/// The version of the contract that this host speaks.
const VERSION: &str = "0.1.0";
/// What a plugin exports, the first of them always.
const EXPORTS: [&str; 4] = ["tools", "resources", "prompts", "lifecycle"];

/// Interfaces that reach outside of the host and are had by request, and the manifest's word for it.
const REQUESTED: [(&str, &str); 3] =
    [("tandem:host/secrets@", "secrets"), ("wasi:http/outgoing-handler@", "http"), ("wasi:filesystem/preopens@", "fs")];
/// Interfaces of the network of hosts, each requested by its own name.
const NETWORK: [P2pInterface; 4] =
    [P2pInterface::TaskQueue, P2pInterface::Workflow, P2pInterface::Peers, P2pInterface::Bootstrap];

pub(super) fn check(facts: &BinaryReport, manifest: Option<&PluginManifest>, findings: &mut Findings) {
    exports(facts, findings);
    versions(facts, findings);
    never(facts, findings);
    if let Some(manifest) = manifest {
        by_request(facts, manifest, findings);
    }
}

fn exports(facts: &BinaryReport, findings: &mut Findings) {
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

fn versions(facts: &BinaryReport, findings: &mut Findings) {
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
fn never(facts: &BinaryReport, findings: &mut Findings) {
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

fn by_request(facts: &BinaryReport, manifest: &PluginManifest, findings: &mut Findings) {
    let request = &manifest.request;
    let internal = InternalKind::all()
        .map(|kind| (format!("{}@", kind.interface()), kind.as_str().to_owned(), kind.is_requested(request)));
    let host = REQUESTED.into_iter().map(|(interface, word)| {
        let requested = match word {
            "secrets" => !request.secrets.is_empty(),
            "http" => !request.http.is_empty(),
            _ => !request.fs.is_empty(),
        };
        (interface.to_owned(), word.to_owned(), requested)
    });
    let network = NETWORK.into_iter().map(|interface| {
        let requested = request.p2p.iter().any(|wanted| wanted.name == interface);
        (format!("tandem:p2p/{interface}@"), format!("p2p = [\"{interface}\"]"), requested)
    });
    for (interface, word, requested) in internal.chain(host).chain(network) {
        let imported = facts.imports.iter().any(|name| name.starts_with(&interface));
        let shown = interface.trim_end_matches('@');
        match (imported, requested) {
            // The C library brings the file system along, and an interpreter everything.
            (true, false) if word != "fs" && facts.interpreter.is_none() => {
                let message = format!("`{shown}` is imported and `{word}` is not requested: every use is refused");
                findings.warning("request", message, format!("add `{word}` under `[request]`, or do not use it"));
            }
            (false, true) => {
                let message = format!("`{word}` is requested and `{shown}` is not imported: it cannot be used");
                findings.warning(
                    "request",
                    message,
                    format!("remove `{word}`: operators grant sooner what requests less"),
                );
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::findings::Severity;

    fn facts(imports: &[&str], exports: &[&str], interpreter: Option<&'static str>) -> BinaryReport {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        BinaryReport::of(names(imports), names(exports), interpreter)
    }

    fn said(facts: &BinaryReport, request: &str) -> Vec<(Severity, String)> {
        let text = format!(
            "[plugin]\nname = \"a\"\nversion = \"0.1.0\"\ndescription = \"A.\"\n[runtime]\nrequires-p2p = true\n[request]\n{request}"
        );
        let mut findings = Findings::default();
        check(facts, Some(&PluginManifest::parse("plugin.toml", &text).unwrap()), &mut findings);
        findings.0.into_iter().map(|finding| (finding.severity, finding.message)).collect()
    }

    fn one(facts: &BinaryReport, request: &str, severity: Severity, told: &str) {
        let said = said(facts, request);
        assert!(matches!(&said[..], [(s, message)] if *s == severity && message.contains(told)), "{told}: {said:?}");
    }

    const TOOLS: &str = "tandem:plugin/tools@0.1.0";

    #[test]
    fn interfaces_of_other_versions_are_errors() {
        let now =
            facts(&["tandem:host/log@0.1.0", "wasi:clocks/wall-clock@0.2.6", "wasi:io/poll@0.2.0"], &[TOOLS], None);
        assert_eq!(said(&now, ""), []);
        one(
            &facts(&["tandem:host/log@0.2.0"], &[TOOLS], None),
            "",
            Severity::Error,
            "`tandem:host/log` in version 0.2.0",
        );
        one(&facts(&[], &["tandem:plugin/tools@9.0.0"], None), "", Severity::Error, "this host speaks 0.1.0");
        one(
            &facts(&["wasi:clocks/types@0.3.0"], &[TOOLS], None),
            "",
            Severity::Error,
            "in version 0.3.0; hosts give 0.2",
        );
    }

    #[test]
    fn sockets_are_had_by_nobody() {
        let sockets = ["wasi:sockets/tcp@0.2.6", "wasi:sockets/udp@0.2.6"];
        one(
            &facts(&sockets, &[TOOLS], None),
            "",
            Severity::Warning,
            "`wasi:sockets/tcp@0.2.6` and others: no host grants",
        );
        one(&facts(&sockets[..1], &[TOOLS], None), "", Severity::Warning, "`wasi:sockets/tcp@0.2.6`: no host grants");
        one(&facts(&sockets, &[TOOLS], Some("Python")), "", Severity::Note, "no host grants sockets");
    }

    #[test]
    fn exports_that_no_host_calls_are_noted_beside_tools() {
        let (own, ours) = ("acme:words/count@1.0.0", "tandem:plugin/prompts@0.1.0");
        one(&facts(&[], &[TOOLS, ours, own], None), "", Severity::Note, own);
        assert_eq!(said(&facts(&[], &[TOOLS, own], Some("Python")), ""), []);
        assert_eq!(said(&facts(&[], &[own], None), ""), [], "without our world they are the tools");
    }

    #[test]
    fn what_is_imported_is_requested_and_the_other_way_round() {
        let cases = [
            ("tandem:host/kv@0.1.0", "kv = true", "`kv`"),
            ("tandem:host/cache@0.1.0", "cache = true", "`cache`"),
            ("tandem:host/invoke@0.1.0", "invoke = true", "`invoke`"),
            ("tandem:host/secrets@0.1.0", "secrets = [\"a\"]", "`secrets`"),
            ("wasi:http/outgoing-handler@0.2.6", "http = [{ host = \"a.example\", reason = \"r\" }]", "`http`"),
            ("tandem:p2p/task-queue@0.1.0", "p2p = [\"task-queue\"]", "`p2p = [\"task-queue\"]`"),
            ("tandem:p2p/workflow@0.1.0", "p2p = [\"workflow\"]", "`p2p = [\"workflow\"]`"),
            ("tandem:p2p/peers@0.1.0", "p2p = [\"peers\"]", "`p2p = [\"peers\"]`"),
            ("tandem:p2p/bootstrap@0.1.0", "p2p = [\"bootstrap\"]", "`p2p = [\"bootstrap\"]`"),
        ];
        for (import, request, word) in cases {
            let (with, without) = (facts(&[import], &[TOOLS], None), facts(&[], &[TOOLS], None));
            assert_eq!(said(&with, request), [], "{import}");
            one(&with, "", Severity::Warning, &format!("{word} is not requested: every use is refused"));
            one(&without, request, Severity::Warning, &format!("{word} is requested and"));
            assert_eq!(said(&facts(&[import], &[TOOLS], Some("Python")), ""), [], "an interpreter imports everything");
        }
        let (files, request) = ("wasi:filesystem/preopens@0.2.6", "fs = [{ name = \"data\", mode = \"read-only\" }]");
        assert_eq!(said(&facts(&[files], &[TOOLS], None), ""), [], "every C library imports it");
        one(&facts(&[], &[TOOLS], None), request, Severity::Warning, "`fs` is requested and");
    }
}

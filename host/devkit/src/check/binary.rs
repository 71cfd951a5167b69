//! What stands in the component's bytes: imports and exports, memories, sections that no host needs.

use tandem_package::PluginManifest;
use wasmparser::{Parser, Payload};

use super::findings::Findings;

/// Bytes of names and debug information that are not worth a word: WASI's adapter, which authors do not build, brings 9 KiB.
const SPARE: u64 = 16 << 10;
/// An interpreter with its standard library; anything larger carries something along.
const LARGE: usize = 32 << 20;
/// One page of linear memory.
const PAGE: u64 = 64 << 10;

/// What was read.
#[derive(Debug, Default)]
pub(super) struct BinaryReport {
    pub(super) size: usize,
    /// Names of the outermost component's imports and exports.
    pub(super) imports: Vec<String>,
    pub(super) exports: Vec<String>,
    /// Bytes of all memories at the start.
    pub(super) memory: u64,
    /// Bytes of `.debug_*` and of name sections.
    debug: u64,
    names: u64,
    /// The interpreter in it, which imports all of WASI whatever the program uses.
    pub(super) interpreter: Option<&'static str>,
}

#[cfg(test)]
impl BinaryReport {
    pub(super) fn of(imports: Vec<String>, exports: Vec<String>, interpreter: Option<&'static str>) -> Self {
        Self { imports, exports, interpreter, ..Self::default() }
    }
}

/// Names that the tools which put an interpreter into a component leave in it.
const INTERPRETERS: [(&str, &str); 3] =
    [("componentize-py", "Python"), ("componentize-qjs", "JavaScript"), ("componentize-js", "JavaScript")];

/// Reads a component; none if it is none.
pub(super) fn read(bytes: &[u8], findings: &mut Findings) -> Option<BinaryReport> {
    let mut facts = BinaryReport { size: bytes.len(), ..BinaryReport::default() };
    if !Parser::is_component(bytes) {
        let what = if Parser::is_core_wasm(bytes) { "a core module, not a component" } else { "no WebAssembly" };
        findings.error(
            "file",
            format!("it is {what}"),
            "build for wasm32-wasip2, or make a component of it with `wasm-tools component new`",
        );
        return None;
    }
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = match payload {
            Ok(payload) => payload,
            Err(error) => {
                findings.error("file", format!("it is broken: {error}"), "build it again");
                return None;
            }
        };
        one(payload, &mut depth, &mut facts);
    }
    let interpreter = INTERPRETERS.into_iter().find(|(word, _)| contains(bytes, word));
    facts.interpreter = interpreter.map(|(_, language)| language);
    Some(facts)
}

fn one(payload: Payload<'_>, depth: &mut usize, facts: &mut BinaryReport) {
    match payload {
        Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => *depth += 1,
        Payload::End(_) => *depth = depth.saturating_sub(1),
        Payload::ComponentImportSection(imports) if *depth == 0 => {
            facts.imports.extend(imports.into_iter().flatten().map(|import| import.name.name.to_owned()));
        }
        Payload::ComponentExportSection(exports) if *depth == 0 => {
            facts.exports.extend(exports.into_iter().flatten().map(|export| export.name.name.to_owned()));
        }
        Payload::MemorySection(memories) => {
            let pages: u64 = memories.into_iter().flatten().map(|memory| memory.initial).sum();
            facts.memory = facts.memory.saturating_add(pages.saturating_mul(PAGE));
        }
        Payload::CustomSection(section) => {
            let (name, bytes) = (section.name(), section.data().len() as u64);
            match name {
                "name" | "component-name" => facts.names += bytes,
                _ if name.starts_with(".debug_") => facts.debug += bytes,
                _ => {}
            }
        }
        _ => {}
    }
}

fn contains(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window == word.as_bytes())
}

/// Size, memory, what could be left out, and chance that is none.
pub(super) fn check(facts: &BinaryReport, manifest: Option<&PluginManifest>, findings: &mut Findings) {
    if facts.size > LARGE {
        let message = format!("{} MiB, which each host compiles", facts.size >> 20);
        findings.warning("file", message, "import only what is used, and leave data out of the program");
    }
    if facts.debug > SPARE {
        let message = format!("{} KiB of debug information, which no host reads", facts.debug >> 10);
        findings.warning("debug", message, "strip it: `strip = true` in Cargo's profile, `-Wl,--strip-all` for clang");
    }
    // Without its names an interpreter is hardly smaller.
    if facts.names > SPARE && facts.interpreter.is_none() {
        let message = format!("{} KiB of functions' names; only the text of traps uses them", facts.names >> 10);
        findings.note("names", message, "strip them as debug information, if the size matters");
    }
    if let Some(manifest) = manifest {
        let memory = manifest.limits.memory.as_u64();
        if facts.memory > memory {
            let message = format!(
                "the memories begin with {} KiB and may have {} KiB: no instance starts",
                facts.memory >> 10,
                memory >> 10
            );
            findings.error("limits.memory", message, "ask for more, or begin with less (`--initial-memory`)");
        }
    }
    let random = facts.imports.iter().any(|import| import.starts_with("wasi:random/"));
    if let Some(language) = facts.interpreter.filter(|_| !random) {
        let message = format!(
            "{language} without wasi:random: its chance was fixed when it was built, and is the same in every call"
        );
        findings.warning(
            "imports",
            message,
            "build without stubs of WASI (`--stub-wasi`), or use no random numbers, tokens and keys",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::findings::Severity;

    /// A section of a component; all lengths are below 2^21.
    fn section(id: u8, content: &[u8]) -> Vec<u8> {
        let length = content.len();
        let low = |shift: u32| 0x80 | ((length >> shift) & 0x7f) as u8;
        [&[id, low(0), low(7), (length >> 14) as u8], content].concat()
    }

    fn text(text: &str) -> Vec<u8> {
        [&[text.len() as u8], text.as_bytes()].concat()
    }

    fn custom(name: &str, bytes: usize) -> Vec<u8> {
        section(0, &[text(name), vec![b' '; bytes]].concat())
    }

    /// An instance of no type in particular, by its name.
    fn import(name: &str) -> Vec<u8> {
        let types = section(7, &[1, 0x42, 0]);
        [types, section(10, &[&[1, 0][..], &text(name), &[5, 0]].concat())].concat()
    }

    fn found(sections: &[Vec<u8>]) -> Vec<(Severity, String, String)> {
        let bytes = [b"\0asm\x0d\0\x01\0".to_vec(), sections.concat()].concat();
        let mut findings = Findings::default();
        let facts = read(&bytes, &mut findings).unwrap();
        check(&facts, None, &mut findings);
        findings.0.into_iter().map(|finding| (finding.severity, finding.place, finding.message)).collect()
    }

    #[test]
    fn a_size_that_no_interpreter_has_is_told() {
        let sized = |size| {
            let mut findings = Findings::default();
            check(&BinaryReport { size, ..BinaryReport::default() }, None, &mut findings);
            findings.0.into_iter().map(|finding| finding.message).collect::<Vec<_>>()
        };
        assert_eq!(sized(LARGE), Vec::<String>::new());
        assert_eq!(sized(LARGE + 1), ["32 MiB, which each host compiles"]);
    }

    #[test]
    fn debug_information_and_names_count_from_a_size_on() {
        let [debug, names] = [".debug_info", "name"].map(|name| found(&[custom(name, 20_000)]));
        assert!(
            matches!(&debug[..], [(Severity::Warning, place, message)] if place == "debug" && message.contains("19 KiB")),
            "{debug:?}"
        );
        assert!(matches!(&names[..], [(Severity::Note, place, _)] if place == "names"), "{names:?}");
        assert_eq!(found(&[custom(".debug_info", 100), custom("name", 100)]), []);
        assert_eq!(
            found(&[custom("name", 20_000), custom("componentize-qjs", 1), import("wasi:random/random@0.2.6")]),
            []
        );
    }

    #[test]
    fn an_interpreter_without_chance_had_it_fixed_when_it_was_built() {
        let (clock, chance) = (import("wasi:clocks/wall-clock@0.2.6"), import("wasi:random/random@0.2.6"));
        for (tool, language) in INTERPRETERS {
            let fixed = found(&[custom(tool, 1), clock.clone()]);
            let told = format!("{language} without wasi:random");
            assert!(
                matches!(&fixed[..], [(Severity::Warning, place, message)] if place == "imports" && message.contains(&told)),
                "{fixed:?}"
            );
            assert_eq!(found(&[custom(tool, 1), clock.clone(), chance.clone()]), []);
        }
        assert_eq!(found(&[clock]), [], "a program that wants no chance needs none");
    }
}
